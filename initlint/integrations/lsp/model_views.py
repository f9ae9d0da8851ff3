"""What editors show of models beside findings: code lenses, inlay hints and document symbols."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lsprotocol import types

from initlint._records import dataclass
from initlint.analysis.layer_activation import Factors
from initlint.analysis.messages import effect_on_signal, format_number, format_range, stated_factors
from initlint.analysis.operating_factors import operating_factors
from initlint.analysis.signal_propagation import model_output, output_is_constant
from initlint.diagnostics import Span
from initlint.graph.model import Layer, ModelGraph
from initlint.integrations.lsp.documents import Document, OpenFile, PositionEncoder

MAX_NAMES = 3
"""A loop may build hundreds of layers on one line."""


@dataclass(frozen=True)
class ModelViews:
    """The models of `file` as they are shown in one of its documents, `document`."""

    file: OpenFile
    document: Document
    models: Sequence[ModelGraph]
    encoder: PositionEncoder

    def code_lenses(self) -> Iterator[types.CodeLens]:
        """A line above each model, but for those that are parts of others."""
        parts = frozenset().union(*(model.parts for model in self.models))
        shown = [model for model in self.models if model.layers and model.root not in parts]
        texts: dict[Span, dict[str, None]] = {}
        for model in shown:
            span = self._place(model)
            if self._contains(span):
                texts.setdefault(span, {})[_summary(model)] = None
        for span, summaries in texts.items():
            start = self._range(span).start
            for summary in summaries:
                # Without a command, the editor shows the text only.
                yield types.CodeLens(types.Range(start, start), types.Command(summary, ""))

    def inlay_hints(self, visible: types.Range) -> Iterator[types.InlayHint]:
        """Behind the constructor of each layer the factor by which it multiplies the signal."""
        factors_by_span: dict[Span, list[Factors]] = {}
        for model in self.models:
            factors = operating_factors(model)
            for layer in model.layers:
                if layer.path in factors and self._contains(layer.location.span):
                    factors_by_span.setdefault(layer.location.span, []).append(factors[layer.path])
        for span, group in factors_by_span.items():
            end = self._range(span).end
            if stated_factors(group) and visible.start.line <= end.line <= visible.end.line:
                effect = effect_on_signal(group)
                tooltip = f"With its activation, {effect}." if len(group) == 1 else f"With their activations, {effect}."
                text = f"×{format_range(stated_factors(group))}"
                yield types.InlayHint(end, text, tooltip=tooltip, padding_left=True)

    def symbols(self) -> Iterator[types.DocumentSymbol]:
        """The models, each with the layers that are constructed inside of it."""
        models_by_span: dict[Span, list[ModelGraph]] = {}
        for model in self.models:
            span = model.location.span
            if model.layers and self._contains(self._place(model)):
                models_by_span.setdefault(span, []).append(model)
        for span, models in models_by_span.items():
            selection = self._range(self._place(models[0]))
            extent = self._range(span) if _is_extended(span) else self._whole_range()
            yield types.DocumentSymbol(
                models[0].name,
                types.SymbolKind.Class if models[0].root else types.SymbolKind.Function,
                extent,
                selection if _is_within(selection, extent) else extent,
                detail=_layer_count(models[0]),
                children=list(self._layer_symbols(models, extent)),
            )

    def _layer_symbols(self, models: Iterable[ModelGraph], extent: types.Range) -> Iterator[types.DocumentSymbol]:
        layers_by_span: dict[Span, dict[str, Layer]] = {}
        for model in models:
            for layer in model.layers:
                if self._contains(layer.location.span):
                    layers_by_span.setdefault(layer.location.span, {})[layer.path] = layer
        for span, layers in sorted(layers_by_span.items()):
            place = self._range(span)
            if _is_within(place, extent):
                types_of_layers = ", ".join(dict.fromkeys(layer.type for layer in layers.values()))
                yield types.DocumentSymbol(_names([*layers]), types.SymbolKind.Field, place, place, types_of_layers)

    def _place(self, model: ModelGraph) -> Span:
        """Where a model is shown; one that is built at module level has no location but its first layer's."""
        span = model.location.span
        if _is_extended(span):
            return span
        own = [layer.location.span for layer in model.layers if layer.location.span.file == span.file]
        return min(own, default=span)

    def _contains(self, span: Span) -> bool:
        return span.file == str(self.file.path) and self.file.document_at(span) is self.document

    def _range(self, span: Span) -> types.Range:
        return self.encoder.range(self.document.source_lines, span)

    def _whole_range(self) -> types.Range:
        rows = len(self.document.source_lines) + 1
        return types.Range(types.Position(0, 0), self._range(Span(str(self.file.path), 1, 1, rows, 1)).end)


def flat(symbols: Iterable[types.DocumentSymbol], uri: str) -> Iterator[types.SymbolInformation]:
    """The symbols one after the other, for editors that show no tree."""
    for symbol in symbols:
        yield types.SymbolInformation(types.Location(uri, symbol.range), symbol.name, symbol.kind)
        for child in symbol.children or ():
            location = types.Location(uri, child.range)
            yield types.SymbolInformation(location, child.name, child.kind, container_name=symbol.name)


def _summary(model: ModelGraph) -> str:
    """What a code lens says: `12 layers, 3.5e-05 of the signal's mean square left`."""
    moment = model_output(model)
    if moment is None:
        return _layer_count(model)
    if moment == 0:
        return f"{_layer_count(model)}, the output is zero"
    if output_is_constant(model):
        return f"{_layer_count(model)}, the biases set most of the output"
    left = "of the signal's mean square left" if moment <= 1 else "times the signal's mean square"
    return f"{_layer_count(model)}, {format_number(moment)} {left}"


def _layer_count(model: ModelGraph) -> str:
    count = len(model.layers)
    plural = "" if count == 1 else "s"
    return f"{count} layer{plural}{' or more' if any(layer.repeated for layer in model.layers) else ''}"


def _names(paths: Sequence[str]) -> str:
    omitted = len(paths) - MAX_NAMES
    return ", ".join(paths[:MAX_NAMES]) + (f" and {omitted} more" if omitted > 0 else "")


def _is_extended(span: Span) -> bool:
    return (span.row, span.column) != (span.end_row, span.end_column)


def _is_within(inner: types.Range, outer: types.Range) -> bool:
    return _key(outer.start) <= _key(inner.start) and _key(inner.end) <= _key(outer.end)


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
