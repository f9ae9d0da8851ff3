"""Fixes that replace an init call: whether one may be offered, and how safe it is.

A call often initialises more than the layers that a finding speaks of. What else it reaches decides: output layers
do not stand in the way, layers that ask for another call forbid the fix, and anything else makes it unsafe.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from initlint.analysis.layer_activation import call_at, is_hidden, is_matrix
from initlint.analysis.messages import layer_names
from initlint.analysis.recommended_init import RecommendedCall, RecommendFunction, replacement, start
from initlint.diagnostics import Applicability, Fix, FixCondition
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Consumer, Layer, Location, ModelGraph, Write
from initlint.rewrite.requests import ReplaceCall


def make_fix(
    model: ModelGraph,
    place: Location,
    layers: Collection[Layer],
    wanted: RecommendedCall | None,
    *,
    choose: RecommendFunction = replacement,
    unsafe: bool = False,
) -> Fix | None:
    """The fix that makes the call at `place` the one that is `wanted` by `layers`; None if it must not be offered."""
    if wanted is None:
        return None
    paths = {layer.path for layer in layers}
    served = _written_at(model, place)
    others = [(layer, write) for layer, write in served if layer.path not in paths or write.parameter != "weight"]
    if any(_objects(layer, write, wanted, choose) for layer, write in others):
        return None
    content = all(_is_output(layer, write) for layer, write in others) and not _reaches_unknown(model, place)
    request = ReplaceCall(place.span, wanted.function, wanted.arguments)
    applicability = Applicability.SAFE if content and not unsafe else Applicability.UNSAFE
    return Fix(f"Use `{wanted.function}`", request, applicability, FixCondition.ACTIVATION)


def _written_at(model: ModelGraph, place: Location) -> Iterator[tuple[Layer, Write]]:
    return ((layer, write) for layer in model.layers for write in layer.writes if write.location == place)


def _objects(layer: Layer, write: Write, wanted: RecommendedCall, choose: RecommendFunction) -> bool:
    """Whether a parameter would raise under the new call, or its layer asks for another one."""
    shape = layer.shapes.get(write.parameter)
    if write.parameter != "weight" and (shape is None or len(shape) < 2):
        return True
    if not is_matrix(layer):
        return shape is None or len(shape) < 2
    return any(call != wanted for call in _asked_by(layer, write, choose))


def _asked_by(layer: Layer, write: Write, choose: RecommendFunction) -> Iterator[RecommendedCall]:
    """The calls that are documented for the activations that certainly follow a hidden layer."""
    if is_matrix(layer):
        hidden = (f for f in layer.followed_by if f.certain and f.op in ACTIVATIONS and is_hidden(f))
        yield from (call for f in hidden if (call := choose(write.initializer, f)) is not None)


def _is_output(layer: Layer, write: Write) -> bool:
    """Whether what the layer puts out is an output of the model, be it through a squashing function."""
    ends = any(f.certain and (f.op == "output" or _ends(f)) for f in layer.followed_by)
    return ends and write.parameter == "weight" and is_matrix(layer)


def _ends(following: Consumer) -> bool:
    return following.op in ACTIVATIONS and any(reach.op == "output" for reach in following.onward)


def _reaches_unknown(model: ModelGraph, place: Location) -> bool:
    """Whether the call also ran on something that is no parameter of a known layer."""
    call = call_at(model, place)
    return call is not None and any(target.kind != "parameter" for target in call.targets)


def asked(model: ModelGraph) -> Iterator[tuple[Location, str]]:
    """What each init call of the model is asked for, in words; a call is given once for each layer that asks."""
    for place, served in model.by_call.items():
        for layer, write in served:
            yield from ((place, str(call)) for call in _asked_by(layer, write, _documented))


def _documented(initializer: str, following: Consumer) -> RecommendedCall | None:
    return replacement(initializer, following) or start(initializer, following)


def suggestion(model: ModelGraph, place: Location, choose: RecommendFunction = replacement) -> str:
    """What to use instead of the call at `place`, to end a message; empty if no call is documented.

    It lists which layer needs what if they differ.
    """
    needs = _needs(model, place, choose)
    if len(needs) == 1:
        return f"; use `{next(iter(needs))}`"
    return "".join(f"; use `{call}` for {layer_names([*layers.values()])}" for call, layers in needs.items())


def suggestion_if_different(model: ModelGraph, place: Location, choose: RecommendFunction) -> str:
    """As `advice`, but empty where all layers need the same."""
    return suggestion(model, place, choose) if len(_needs(model, place, choose)) > 1 else ""


def _needs(model: ModelGraph, place: Location, choose: RecommendFunction) -> dict[str, dict[str, Layer]]:
    """The layers that the call at `place` sets, by path, under the call that each of them asks for."""
    needs: dict[str, dict[str, Layer]] = {}
    for layer, write in model.by_call.get(place, ()):
        for call in _asked_by(layer, write, choose):
            needs.setdefault(str(call), {})[layer.path] = layer
    return needs
