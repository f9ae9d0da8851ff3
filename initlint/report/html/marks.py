"""Which layers of a model a finding concerns, and so where its badge is in the drawing and the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from initlint.diagnostics import Span
from initlint.graph.model import ModelGraph
from initlint.linter.results import Finding
from initlint.report.html.drawing import Badge
from initlint.rules import rules_by_code


def concerned_layers(model: ModelGraph, finding: Finding) -> tuple[str, ...]:
    """The paths of the layers of `model` that the finding is about; empty if it is not known which they are.

    They are those that the rule names, else those that are written or constructed at its location, else those of the
    class around it.
    """
    named = finding.layers or finding.diagnostic.layers
    if named and finding.model is not None:
        return named
    span = finding.diagnostic.span
    at_location = tuple(
        layer.path
        for layer in model.layers
        if any(write.location.span == span for write in layer.writes) or _begins_in(layer.location.span, span)
    )
    if at_location or finding.owner is None:
        return at_location
    return tuple(
        layer.path
        for layer in model.layers
        if layer.owner == finding.owner and layer.location.span.file == finding.diagnostic.span.file
    )


def _begins_in(inner: Span, outer: Span) -> bool:
    return inner.file == outer.file and (outer.row, outer.column) <= (inner.row, inner.column) < (
        outer.end_row,
        outer.end_column,
    )


def badges_by_layer(
    model: ModelGraph, findings: Sequence[Finding], badges: Mapping[tuple[str, Span], Badge]
) -> tuple[dict[str, list[Badge]], dict[str, list[Badge]]]:
    """By layer path: the badges of the arrow after the layer, and those of the layer itself."""
    on_edge: dict[str, list[Badge]] = {}
    on_layer: dict[str, list[Badge]] = {}
    for finding in findings:
        code, span = finding.diagnostic.code, finding.diagnostic.span
        between_layers = rules_by_code()[code].needs_context and bool(finding.layers) and finding.model is not None
        marked = on_edge if between_layers else on_layer
        for path in concerned_layers(model, finding):
            if badges[code, span] not in marked.setdefault(path, []):
                marked[path].append(badges[code, span])
    return on_edge, on_layer
