"""Violations of many models become diagnostics of one place.

One init call serves many layers and many models: `resnet18` and `resnet50` both reach the loop in their base
class, and each yields its own violation. The user sees one, at the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from initlint.diagnostics import Applicability, Diagnostic, Fix, Related
from initlint.graph import ModelGraph, Place
from initlint.mending import FixByActivation, asked
from initlint.rule import Rule, Violation


@dataclass(frozen=True, slots=True)
class Found:
    """A violation as a diagnostic, and whose it is.

    `model` numbers the models of the run; None: it speaks of a whole file.
    """

    diagnostic: Diagnostic
    place: Place
    model: int | None


@dataclass(slots=True)
class Use:
    """What an init call does in all models of a run.

    `models`: in how many it sets a weight in effect. `asked`: what the activations there ask for, and for each call
    the first model in which one does.
    """

    models: int = 0
    asked: dict[str, str] = field(default_factory=dict)


def note_uses(uses: dict[Place, Use], model: ModelGraph) -> None:
    """Add the init calls of `model` to `uses`."""
    for place in model.by_call:
        uses.setdefault(place, Use()).models += 1
    for place, call in asked(model):
        uses[place].asked.setdefault(call, model.name)


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
    return Found(diagnostic, violation.place, model)


def merge(found: Iterable[Found], uses: Mapping[Place, Use]) -> list[Diagnostic]:
    """One diagnostic for each rule and place, in the order of first appearance.

    The first message stands, with the highest severity.
    """
    groups: dict[tuple[str, Place], list[Found]] = {}
    for item in found:
        groups.setdefault((item.diagnostic.code, item.place), []).append(item)
    return [_merged(group, uses.get(place, Use())) for (_, place), group in groups.items()]


def _merged(group: list[Found], use: Use) -> Diagnostic:
    severity = max(item.diagnostic.severity for item in group)
    merged = replace(group[0].diagnostic, severity=severity, fix=_agreed_fix(group, use.models))
    if isinstance(merged.fix, FixByActivation) and len(use.asked) > 1:
        needs = ", ".join(f"`{call}` in `{model}`" for call, model in use.asked.items())
        return replace(merged, message=f"{merged.message}; models differ: {needs}", fix=None)
    return merged


def _agreed_fix(group: list[Found], uses: int) -> Fix | None:
    """The fix that all offer. It is safe only if each says so and no model that uses the call is content with it."""
    fixes = [item.diagnostic.fix for item in group]
    fix = fixes[0]
    if fix is None or any(other is None or other.edits != fix.edits for other in fixes):
        return None
    complaining = {item.model for item in group if item.model is not None}
    someone_is_content = 0 < len(complaining) < uses
    if someone_is_content or any(other.applicability is Applicability.UNSAFE for other in fixes if other):
        return replace(fix, applicability=Applicability.UNSAFE)
    return fix
