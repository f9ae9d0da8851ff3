"""Merges the findings of all models into one diagnostic for each location and rule.

One init call serves many layers and models: `resnet18` and `resnet50` both run the loop in their base class, and the
rule yields a violation for each. The user sees one diagnostic, at the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from initlint.diagnostics import Applicability, Diagnostic, Fix, FixCondition, Related
from initlint.linter.results import CallUsage, FileResult, Finding, LocationKey
from initlint.rules import rules_by_code

_MAX_RELATED = 30
"""An init helper of a library may serve hundreds of layers: more locations than this help nobody."""


def combine(
    results: Sequence[FileResult],
) -> tuple[list[Finding], dict[LocationKey, CallUsage], frozenset[int]]:
    """The findings of all files, the usage of the init calls at their locations, and the numbers of the part models.

    Models are numbered through the run. Part models are those whose class is a part or a base of another model.
    """
    findings: list[Finding] = []
    usages: dict[LocationKey, CallUsage] = {}
    roots: list[str | None] = []
    alone: set[int] = set()
    locations: dict[str, set[LocationKey]] = {}
    for finding in (finding for result in results for finding in result.findings):
        locations.setdefault(str(finding.location[0]), set()).add(finding.location)
    for result in results:
        first = len(roots)
        for finding in result.findings:
            findings.append(finding if finding.model is None else replace(finding, model=first + finding.model))
        for file in result.uses.keys() & locations.keys() if result.uses else ():
            for location in locations[file] & result.uses[file].keys():
                usages.setdefault(location, CallUsage()).add(result.uses[file][location], first)
        alone.update(first + number for number in result.alone)
        roots += result.roots
    part_classes: set[str | None] = set().union(*(result.part_classes for result in results))
    redrawn = frozenset().union(*(result.redrawn for result in results))
    findings = [item for item in findings if not _is_redrawn(item, roots, redrawn)]
    zeroed = frozenset().union(*(result.zeroed for result in results))
    findings = [item for item in findings if not _is_drawn_by_builders(item, zeroed, roots, alone)]
    findings = [item for item in findings if not _is_sized_elsewhere(item, usages.get(item.location), roots, alone)]
    return findings, usages, frozenset(number for number, root in enumerate(roots) if root in part_classes)


def _is_redrawn(item: Finding, roots: Sequence[str | None], redrawn: Set[tuple[str, LocationKey]]) -> bool:
    """Whether the finding is about copies in a class of which a builder elsewhere draws the weights again."""
    root = None if item.model is None else roots[item.model]
    return root is not None and (root, item.location) in redrawn and _is_about_whole_models(item.diagnostic)


def _is_drawn_by_builders(
    item: Finding, zeroed: Set[tuple[str, str, bool]], roots: Sequence[str | None], alone: Set[int]
) -> bool:
    """Whether all code that builds the class of the finding draws one of its zero weights again.

    What its constructor writes is a placeholder then.
    """
    if item.model is None or item.model not in alone or not rules_by_code()[item.diagnostic.code].silent_if_redrawn:
        return False
    root = roots[item.model] or ""
    uses: dict[str, set[bool]] = {}
    for model, attribute, is_redrawn in zeroed:
        if model == root or attribute.partition(".")[0] == root.rpartition(".")[2]:
            uses.setdefault(attribute, set()).add(is_redrawn)
    return any(uses.get(attribute) == {True} for attribute in item.attributes)


def _is_sized_elsewhere(item: Finding, use: CallUsage | None, roots: Sequence[str | None], alone: Set[int]) -> bool:
    """Whether the finding assumes the sizes of a layer, and all code that builds its layers gives them.

    Then its class alone tells nothing: what is found where it is built has the numbers of the real sizes.
    """
    if use is None or not item.assumes_sizes or item.model not in alone:
        return False
    for attribute in item.attributes:
        built, owner = {roots[number] for number in use.sized_in.get(attribute, ())}, attribute.partition(".")[0]
        if not built:
            return False
        for number in use.unsized_in.get(attribute, ()):
            root = roots[number] or ""
            if number not in alone or (root not in built and root.rpartition(".")[2] != owner):
                return False
    return True


def merge(
    findings: Iterable[Finding], uses: Mapping[LocationKey, CallUsage], parts: Set[int] = frozenset()
) -> list[Diagnostic]:
    """One diagnostic for each rule and location, in the order of first appearance.

    It speaks for the worst finding and names its model, and it has the related locations of all. `parts` are the
    numbers of the part models: they are linted as any other, but a fix need not suit a layer whose consumers are known
    only in the whole.
    """
    groups: dict[tuple[str, LocationKey], list[Finding]] = {}
    for item in findings:
        if item.model in parts and (
            _is_about_whole_models(item.diagnostic) or _is_residual_in_whole(item, uses.get(item.location), parts)
        ):
            continue
        groups.setdefault((item.diagnostic.code, item.location), []).append(item)
    return [_merged(group, uses.get(place, CallUsage()), parts) for (_, place), group in groups.items()]


def _is_about_whole_models(diagnostic: Diagnostic) -> bool:
    limit = rules_by_code()[diagnostic.code].whole_models
    return limit is not None and diagnostic.severity <= limit


def _is_residual_in_whole(item: Finding, use: CallUsage | None, parts: Set[int]) -> bool:
    """Whether a model that contains the layers of the finding has a skip connection around each of them."""
    if use is None or not item.attributes or not rules_by_code()[item.diagnostic.code].silent_if_residual:
        return False
    return all(use.residual_in.get(attribute, set()) - parts for attribute in item.attributes)


def _merged(group: list[Finding], use: CallUsage, parts: Set[int]) -> Diagnostic:
    group = sorted(group, key=_badness)
    fix = _agreed_fix(group, use, parts)
    first_fix = group[0].diagnostic.fix
    merged = replace(group[0].diagnostic, message=_message(group), fix=fix, related=_related(group))
    if first_fix is not None and first_fix.condition is FixCondition.ACTIVATION and len(use.wanted_calls) > 1:
        needs = ", ".join(f"`{call}` in `{model}`" for call, model in use.wanted_calls.items())
        return replace(merged, message=f"{merged.message}; models differ: {needs}", fix=None)
    return merged


def _badness(item: Finding) -> tuple[object, ...]:
    """A key that sorts the worst finding first, whatever the order of the models: the most severe, then the one whose
    numbers are the furthest from 1, then the one with the most layers, then the one that says most: where the sizes of
    a model are known, the message states a number.
    """
    diagnostic = item.diagnostic
    says = len(diagnostic.message)
    return (-diagnostic.severity, -diagnostic.numbers.distance, -len(item.layers), -says, diagnostic.model or "")


def _message(group: list[Finding]) -> str:
    """The message of the first finding, with the name of its model and the number of the others."""
    worst = group[0].diagnostic
    if worst.model is None:
        return worst.message
    named = f"`{worst.model}`" in worst.message
    others = len({item.diagnostic.model for item in group}) - 1
    more = f" and {others} more model{'' if others == 1 else 's'}" if others else ""
    return worst.message if named and not others else f"in `{worst.model}`{more}: {worst.message}"


def _related(group: list[Finding]) -> tuple[Related, ...]:
    """The related locations of the first finding, then those of the others at further locations."""
    merged = list(group[0].diagnostic.related)
    spans = {related.span for related in merged}
    for item in group[1:]:
        new = [related for related in item.diagnostic.related if related.span not in spans]
        merged += new
        spans.update(related.span for related in new)
    return tuple(merged[:_MAX_RELATED])


def _agreed_fix(group: list[Finding], use: CallUsage, parts: Set[int]) -> Fix | None:
    """The fix that all findings share. It is safe only if each is, and no other model needs the call as it is."""
    fixes = [item.diagnostic.fix for item in group]
    fix = fixes[0]
    if fix is None or any(other is None or other.change != fix.change for other in fixes):
        return None
    with_finding = {item.model for item in group if item.model is not None}
    if fix.condition is FixCondition.EVERY_USE and use.called_in - with_finding - parts:
        return None
    if fix.condition is FixCondition.ACTIVATION and use.on_vectors:
        return None
    others_need_call = bool(with_finding) and bool(use.set_weights_in - with_finding - parts)
    if others_need_call or any(other.applicability is Applicability.UNSAFE for other in fixes if other):
        return replace(fix, applicability=Applicability.UNSAFE)
    return fix
