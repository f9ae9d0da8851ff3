"""Violations of many models become diagnostics of one place.

One init call serves many layers and many models: `resnet18` and `resnet50` both reach the loop in their base
class, and each yields its own violation. The user sees one, at the call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from initlint.diagnostics import Applicability, Diagnostic, Fix, Related
from initlint.graph import Place
from initlint.rule import Rule, Violation


@dataclass(frozen=True, slots=True)
class Found:
    """A violation as a diagnostic, and whose it is.

    `model` numbers the models of the run; None: it speaks of a whole file.
    """

    diagnostic: Diagnostic
    place: Place
    model: int | None


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


def merge(found: Iterable[Found], uses: Counter[Place]) -> list[Diagnostic]:
    """One diagnostic for each rule and place, in the order of first appearance.

    `uses` counts, for each place, the models in which a call there sets a weight in effect. The first message
    stands, with the highest severity.
    """
    groups: dict[tuple[str, Place], list[Found]] = {}
    for item in found:
        groups.setdefault((item.diagnostic.code, item.place), []).append(item)
    return [_merged(group, uses[place]) for (_, place), group in groups.items()]


def _merged(group: list[Found], uses: int) -> Diagnostic:
    severity = max(item.diagnostic.severity for item in group)
    return replace(group[0].diagnostic, severity=severity, fix=_agreed_fix(group, uses))


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
