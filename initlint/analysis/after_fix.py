"""What the signal is after a run of layers once they have the recommended init, judged as everything else is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from initlint.analysis.chain_products import Chain, chains_of
from initlint.analysis.layer_activation import LayerActivation
from initlint.analysis.messages import format_number
from initlint.analysis.recommended_init import RecommendedCall, RecommendFunction, replacement
from initlint.facts.initializer_formulas import calculate_gain
from initlint.graph.model import Layer, ModelGraph, Write
from initlint.graph.words import UNDETERMINED, Arguments
from initlint.rewrite.requests import Expression, GainExpression, Value

_LEAST, _MOST = 0.5, 2.0
"""Between these nothing is said: the signal keeps its size."""


def left_after_fix(
    model: ModelGraph, pairs: Iterable[LayerActivation], chain: Chain, recommend: RecommendFunction = replacement
) -> str:
    """The end of a message: what is left after the layers of `chain` if all `pairs` get their recommended call.

    Empty if the signal keeps its size then, and for a single layer.
    """
    calls = {pair.layer.path: recommend(pair.write.initializer, pair.following) for pair in pairs}
    known = {path: call for path, call in calls.items() if call is not None}
    paths = {link.layer.path for link in chain.counted}
    if len(paths) < 2 or not known:
        return ""
    chain_by_path = chains_of(_with_calls(model, known), paths)
    product = chain_by_path[next(iter(chain_by_path))].product if chain_by_path else None
    if product is None or _LEAST <= product <= _MOST:
        return ""
    if product < _LEAST:
        return f"; with that, {format_number(product)} of the signal's mean square is left after the last of them"
    return f"; with that, the last of them passes on {format_number(product)} times the signal's mean square"


def _with_calls(model: ModelGraph, calls: Mapping[str, RecommendedCall]) -> ModelGraph:
    return replace(model, layers=tuple(_layers_with(model.layers, calls)))


def _layers_with(layers: Iterable[Layer], calls: Mapping[str, RecommendedCall]) -> Iterator[Layer]:
    for layer in layers:
        call = calls.get(layer.path)
        if call is None:
            yield layer
            continue
        write = Write("weight", f"torch.nn.init.{call.function}", _evaluated(call.arguments), layer.location)
        yield replace(layer, writes=(*layer.writes, write))


def _evaluated(arguments: Mapping[str, Value]) -> Arguments:
    return {name: _value(value) for name, value in arguments.items()}


def _value(value: Value) -> object:
    if isinstance(value, GainExpression):
        return calculate_gain(value.nonlinearity, value.param)
    return UNDETERMINED if isinstance(value, Expression) else value
