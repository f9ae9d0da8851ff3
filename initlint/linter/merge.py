"""Violations of many models become diagnostics of one place.

One init call serves many layers and many models: `resnet18` and `resnet50` both reach the loop in their base
class, and each yields its own violation. The user sees one, at the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from initlint.diagnostics import Applicability, Diagnostic, Fix, FixByActivation, FixOfEveryUse, Related
from initlint.linter.results import CallUsage, Key, ModelFinding
from initlint.rules import rules_by_code

_MAX_RELATED = 30
"""An init helper of a library serves hundreds of layers; nobody reads on so far."""


def merge(
    found: Iterable[ModelFinding], uses: Mapping[Key, CallUsage], parts: Set[int] = frozenset()
) -> list[Diagnostic]:
    """One diagnostic for each rule and place, in the order of first appearance.

    The first message stands, with the highest severity and the related places of all. `parts` are the numbers of the
    models that are parts of others: whether a layer's init fits what follows it is judged where the part is used.
    """
    groups: dict[tuple[str, Key], list[ModelFinding]] = {}
    for item in found:
        if item.model in parts and rules_by_code()[item.diagnostic.code].needs_context:
            continue
        groups.setdefault((item.diagnostic.code, item.location), []).append(item)
    return [_merged(group, uses.get(place, CallUsage()), parts) for (_, place), group in groups.items()]


def _merged(group: list[ModelFinding], use: CallUsage, parts: Set[int]) -> Diagnostic:
    severity = max(item.diagnostic.severity for item in group)
    fix = _agreed_fix(group, use, parts)
    merged = replace(group[0].diagnostic, severity=severity, fix=fix, related=_related(group))
    if isinstance(group[0].diagnostic.fix, FixByActivation) and len(use.asked) > 1:
        needs = ", ".join(f"`{call}` in `{model}`" for call, model in use.asked.items())
        return replace(merged, message=f"{merged.message}; models differ: {needs}", fix=None)
    return merged


def _related(group: list[ModelFinding]) -> tuple[Related, ...]:
    """Those of the first model, and what the others have elsewhere."""
    found = list(group[0].diagnostic.related)
    spans = {related.span for related in found}
    for item in group[1:]:
        new = [related for related in item.diagnostic.related if related.span not in spans]
        found += new
        spans.update(related.span for related in new)
    return tuple(found[:_MAX_RELATED])


def _agreed_fix(group: list[ModelFinding], use: CallUsage, parts: Set[int]) -> Fix | None:
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
