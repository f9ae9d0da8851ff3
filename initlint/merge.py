"""Violations of many models become diagnostics of one place.

One init call serves many layers and many models: `resnet18` and `resnet50` both reach the loop in their base
class, and each yields its own violation. The user sees one, at the call.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from initlint.diagnostics import Applicability, Diagnostic, Fix, Related
from initlint.graph import ModelGraph, Place, Target
from initlint.mending import FixByActivation, FixOfEveryUse, asked
from initlint.rule import Rule, Violation
from initlint.source import Site

_BY_SURROUNDINGS = ("INI2", "INI3", "INI4")
"""Codes whose verdict hangs on what lies around a layer; a call that raises does so wherever it stands."""

Key: TypeAlias = Hashable
"""Stands for a place without keeping the tree of its file in memory."""


def key(place: Place) -> Key:
    return place.key if isinstance(place, Site) else place


@dataclass(frozen=True, slots=True)
class Found:
    """A violation as a diagnostic, and whose it is.

    `model` numbers the models of the run; None: it speaks of a whole file. `layers` are the violation's.
    """

    diagnostic: Diagnostic
    place: Key
    model: int | None
    layers: tuple[str, ...] = ()


@dataclass(slots=True)
class Use:
    """What an init call does in all models of a run.

    `models`: the numbers of those in which it sets a weight in effect. `asked`: what the activations there ask for, and
    for each call the first model in which one does. `called`: the numbers of the models in which it runs on anything.
    `on_vectors`: whether it runs on a bias or another tensor that xavier and kaiming do not take.
    """

    models: set[int] = field(default_factory=set)
    asked: dict[str, str] = field(default_factory=dict)
    called: set[int] = field(default_factory=set)
    on_vectors: bool = False


def note_uses(uses: dict[Key, Use], model: ModelGraph, number: int) -> None:
    """Add the init calls of `model`, the model with that number, to `uses`."""
    for place in model.by_call:
        uses.setdefault(key(place), Use()).models.add(number)
    for place, call in asked(model):
        uses[key(place)].asked.setdefault(call, model.name)
    for init in model.calls:
        if init.targets:
            use = uses.setdefault(key(init.place), Use())
            use.called.add(number)
            use.on_vectors = use.on_vectors or any(map(_is_vector, init.targets))


def _is_vector(target: Target) -> bool:
    return target.parameter == "bias" if target.shape is None else len(target.shape) < 2


def resolve(rule: Rule, violation: Violation, model: int | None) -> Found:
    """The violation with its places turned into rows and columns."""
    diagnostic = Diagnostic(
        code=rule.code,
        name=rule.name,
        message=violation.message,
        severity=violation.severity,
        span=violation.place.span,
        related=tuple(Related(place.span, message) for place, message in violation.related),
        fix=violation.fix,
    )
    return Found(diagnostic, key(violation.place), model, violation.layers)


def merge(found: Iterable[Found], uses: Mapping[Key, Use], parts: Set[int] = frozenset()) -> list[Diagnostic]:
    """One diagnostic for each rule and place, in the order of first appearance.

    The first message stands, with the highest severity. `parts` are the numbers of the models that are parts of
    others: whether a layer's init fits what follows it is judged where the part is used.
    """
    groups: dict[tuple[str, Key], list[Found]] = {}
    for item in found:
        if item.model in parts and item.diagnostic.code.startswith(_BY_SURROUNDINGS):
            continue
        groups.setdefault((item.diagnostic.code, item.place), []).append(item)
    return [_merged(group, uses.get(place, Use()), parts) for (_, place), group in groups.items()]


def _merged(group: list[Found], use: Use, parts: Set[int]) -> Diagnostic:
    severity = max(item.diagnostic.severity for item in group)
    merged = replace(group[0].diagnostic, severity=severity, fix=_agreed_fix(group, use, parts))
    if isinstance(group[0].diagnostic.fix, FixByActivation) and len(use.asked) > 1:
        needs = ", ".join(f"`{call}` in `{model}`" for call, model in use.asked.items())
        return replace(merged, message=f"{merged.message}; models differ: {needs}", fix=None)
    return merged


def _agreed_fix(group: list[Found], use: Use, parts: Set[int]) -> Fix | None:
    """The fix that all offer. It is safe only if each says so and no model that uses the call is content with it."""
    fixes = [item.diagnostic.fix for item in group]
    fix = fixes[0]
    if fix is None or any(other is None or other.edits != fix.edits for other in fixes):
        return None
    complaining = {item.model for item in group if item.model is not None}
    if isinstance(fix, FixOfEveryUse) and use.called - complaining - parts:
        return None
    if isinstance(fix, FixByActivation) and use.on_vectors:
        return None
    someone_is_content = bool(complaining) and bool(use.models - complaining - parts)
    if someone_is_content or any(other.applicability is Applicability.UNSAFE for other in fixes if other):
        return replace(fix, applicability=Applicability.UNSAFE)
    return fix
