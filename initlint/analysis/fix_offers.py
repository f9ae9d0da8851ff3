"""Fixes that replace an init call: whether one is offered, and whether it is safe.

A call often initializes more layers than those of a finding. If the others are output layers, the fix is safe. If one
needs a different call, there is no fix. Anything else makes it unsafe.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from initlint.analysis.last_layers import is_followed_by_layer, is_last
from initlint.analysis.layer_activation import (
    RELU_FAMILIES,
    SAME_SCALE,
    call_at,
    drawn_variance,
    initializer_family,
    is_matrix,
    is_view,
)
from initlint.analysis.messages import layer_names
from initlint.analysis.norms import is_hidden
from initlint.analysis.recommended_init import (
    RecommendedCall,
    RecommendFunction,
    arguments_of,
    has_scale_of,
    replacement,
    start,
)
from initlint.diagnostics import Applicability, Fix, FixCondition
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Consumer, Layer, ModelGraph, Write
from initlint.project.source import Location
from initlint.rewrite.requests import ReplaceCall


def make_fix(
    model: ModelGraph,
    location: Location,
    layers: Collection[Layer],
    recommended: RecommendedCall | None,
    *,
    recommend: RecommendFunction = replacement,
    unsafe: bool = False,
) -> Fix | None:
    """The fix that replaces the call at `location` by the one for `layers`; None if a layer forbids it."""
    if recommended is None or not all(recommended.suits(layer) for layer in layers):
        return None
    paths = {layer.path for layer in layers}
    writes = [*_written_at(model, location)]
    if any(map(is_view, (write for _, write in writes))):
        return None  # the fans of a view are others than those that the call is recommended for
    if any(_undoes_another(layer, write, recommended) for layer, write in writes):
        return None
    others = [(layer, write) for layer, write in writes if layer.path not in paths or write.parameter != "weight"]
    if any(_forbids_fix(layer, write, recommended, recommend) for layer, write in others):
        return None
    others_are_outputs = all(_is_output(model, layer, write) for layer, write in others) and not _reaches_unknown(
        model, location
    )
    request = ReplaceCall(location.span, recommended.function, recommended.arguments)
    applicability = Applicability.SAFE if others_are_outputs and not unsafe else Applicability.UNSAFE
    return Fix(f"Use `{recommended}`", request, applicability, FixCondition.ACTIVATION)


def _undoes_another(layer: Layer, write: Write, recommended: RecommendedCall) -> bool:
    """Whether another init of the parameter, by the same function or with the same scale, matters only once this call
    draws other values."""
    arguments = arguments_of(recommended)
    new = drawn_variance(
        layer, replace(write, initializer=f"torch.nn.init.{recommended.function}", arguments=arguments)
    )
    now = drawn_variance(layer, write)
    for other in layer.writes:
        if other.parameter != write.parameter or other.location == write.location:
            continue
        old = drawn_variance(layer, other)
        if (other.initializer == write.initializer or _are_close(old, now)) and not _are_close(old, new):
            return True
    return False


def _are_close(one: float | None, other: float | None) -> bool:
    return (
        one is not None and other is not None and 0 not in (one, other) and max(one / other, other / one) < SAME_SCALE
    )


def _written_at(model: ModelGraph, location: Location) -> Iterator[tuple[Layer, Write]]:
    return ((layer, write) for layer in model.layers for write in layer.writes if write.location == location)


def outputs_beside(model: ModelGraph, location: Location, layers: Collection[Layer]) -> list[Layer]:
    """The output layers whose weights the call at `location` sets, too, beside `layers`."""
    paths = {layer.path for layer in layers}
    writes = model.by_call.get(location, ())
    return [layer for layer, write in writes if layer.path not in paths and _is_output(model, layer, write)]


def _forbids_fix(layer: Layer, write: Write, recommended: RecommendedCall, recommend: RecommendFunction) -> bool:
    """Whether the new call would raise for this parameter, or its layer needs a different call."""
    shape = layer.shapes.get(write.parameter)
    if write.parameter != "weight" and (shape is None or len(shape) < 2):
        return True
    if not is_matrix(layer):
        return shape is None or len(shape) < 2
    is_for_relu = initializer_family(f"torch.nn.init.{recommended.function}") == "kaiming"
    if is_for_relu and any(_is_unlike_relu(write, activation, recommend) for activation in _hidden_activations(layer)):
        return True
    return any(call != recommended for call in _recommended_for(layer, write, recommend))


def _is_unlike_relu(write: Write, activation: Consumer, recommend: RecommendFunction) -> bool:
    """Whether the activation, for which no call is recommended, passes on another part of the signal than ReLU."""
    is_like_relu = ACTIVATIONS[activation.op].family in RELU_FAMILIES
    return not is_like_relu and recommend(write.initializer, activation) is None


def _hidden_activations(layer: Layer) -> Iterator[Consumer]:
    """The activations that certainly follow a hidden layer."""
    return (f for f in layer.followed_by if f.certain and f.op in ACTIVATIONS and is_hidden(f))


def _recommended_for(layer: Layer, write: Write, recommend: RecommendFunction) -> Iterator[RecommendedCall]:
    """The recommended calls for the activations that certainly follow a hidden layer."""
    if is_matrix(layer):
        calls = (recommend(write.initializer, activation) for activation in _hidden_activations(layer))
        yield from (call for call in calls if call is not None and call.suits(layer))


def _is_output(model: ModelGraph, layer: Layer, write: Write) -> bool:
    """Whether the write is to the weights of a layer whose output is one of the model."""
    return write.parameter == "weight" and is_matrix(layer) and is_last(model, layer)


def _reaches_unknown(model: ModelGraph, location: Location) -> bool:
    """Whether the call also runs on anything but parameters of known layers."""
    call = call_at(model, location)
    return call is not None and any(target.kind != "parameter" for target in call.targets)


def recommended_calls(model: ModelGraph) -> Iterator[tuple[Location, str]]:
    """The recommended call for each location of an init call and each layer that it initializes, as text."""
    for location, writes in model.by_call.items():
        for layer, write in writes:
            yield from ((location, str(call)) for call in _recommended_for(layer, write, _recommend))


def _recommend(initializer: str, activation: Consumer) -> RecommendedCall | None:
    return replacement(initializer, activation) or start(initializer, activation)


def suggestion(model: ModelGraph, location: Location, recommend: RecommendFunction = replacement) -> str:
    """The end of a message: the call to use instead of the one at `location`. Empty if none is recommended.

    If layers need different calls, each is listed with its layers, except those whose init is right already. If the
    call also initializes hidden layers that need none of them, it is said that these share it.
    """
    layers_by_call = _layers_by_call(model, location, recommend)
    if len(layers_by_call) == 1:
        ((call, layers),) = layers_by_call.items()
        sharing = sum(_shares_call(model, layer, write, layers) for layer, write in model.by_call.get(location, ()))
        if not sharing:
            return f"; use `{call}`"
        others = "1 other layer" if sharing == 1 else f"{sharing} other layers"
        return f"; use `{call}` for {layer_names([*layers.values()])} alone: the call also initializes {others}"
    layers_by_call = _without_right_ones(model, location, recommend)
    return "".join(f"; use `{call}` for {layer_names([*layers.values()])}" for call, layers in layers_by_call.items())


def _shares_call(model: ModelGraph, layer: Layer, write: Write, advised: Collection[str]) -> bool:
    """Whether the call also initializes this layer, which is certainly none of the advised ones and no output."""
    if layer.path in advised or not layer.called or layer.repeated:
        return False
    if not is_matrix(layer) or _is_output(model, layer, write):
        return False
    is_hidden_layer = not model.operations or is_followed_by_layer(model, layer)
    return is_hidden_layer and bool(layer.followed_by) and all(following.certain for following in layer.followed_by)


def _is_gated(layer: Layer) -> bool:
    """Whether the output of the layer is split, or multiplied with another tensor, before or after an activation."""
    after = (reach.between for following in layer.followed_by for reach in following.onward)
    return any(not _GATES.isdisjoint(words) for words in (*(f.between for f in layer.followed_by), *after))


_GATES = frozenset({"mul", "chunk"})


def _without_right_ones(
    model: ModelGraph, location: Location, recommend: RecommendFunction
) -> dict[str, dict[str, Layer]]:
    """As `_layers_by_call`, without the layers whose weights already have the scale of their recommended call."""
    right = {
        layer.path
        for layer, write in model.by_call.get(location, ())
        if all(has_scale_of(write, call) for call in _recommended_for(layer, write, recommend))
    }
    layers_by_call = _layers_by_call(model, location, recommend)
    wrong = {call: {p: o for p, o in layers.items() if p not in right} for call, layers in layers_by_call.items()}
    return {call: layers for call, layers in wrong.items() if layers}


def suggestion_if_different(model: ModelGraph, location: Location, recommend: RecommendFunction) -> str:
    """As `suggestion`, but empty if all layers need the same call."""
    return suggestion(model, location, recommend) if len(_layers_by_call(model, location, recommend)) > 1 else ""


def _layers_by_call(model: ModelGraph, location: Location, recommend: RecommendFunction) -> dict[str, dict[str, Layer]]:
    """The layers that the call at `location` initializes: by the call that each needs, then by path."""
    layers_by_call: dict[str, dict[str, Layer]] = {}
    for layer, write in model.by_call.get(location, ()):
        for call in _recommended_for(layer, write, recommend) if not _is_gated(layer) else ():
            layers_by_call.setdefault(str(call), {})[layer.path] = layer
    return layers_by_call
