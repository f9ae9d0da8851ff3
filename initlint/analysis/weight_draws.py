"""The weights that data is multiplied with, and the calls that draw them: what the rules on the scale look at."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from initlint.analysis.layer_activation import (
    MATRICES,
    NORMS,
    argument,
    as_number,
    fans_in_use,
    initializer_family,
    is_matrix,
)
from initlint.analysis.memoize import memoize
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Arguments, Consumer, InitCall, Layer, Location, ModelGraph, Target

_RESCALED = NORMS | {"normalize", "scale", "mul"}
"""What may follow a weight and set the scale anew, so that its own does not count."""

_MEASURING = ("pow", "norm", "sqrt", "std_mean", "var_mean")
"""What a norm that is written out by hand does with its input."""

_RAYS = ("relu", "leaky_relu", "prelu", "rrelu")
_DEPTH = 3

_FEW = 8
"""Sums of fewer inputs hardly grow; coordinates and one-hot codes have so few."""


@dataclass(frozen=True, slots=True)
class WeightDraw:
    """A call that sets weights in effect, and the layers whose scale is that of their weight.

    `layers` is empty where no model of the run shows them: `type` is then what the call itself tells of its target.
    """

    place: Location
    initializer: str
    arguments: Arguments
    layers: tuple[Layer, ...]
    type: str

    @property
    def has_one_output(self) -> bool:
        """Whether each of the layers has a single output, so that none can be like another."""
        sizes = [fans_in_use(layer) for layer in self.layers]
        return bool(sizes) and all(found is not None and found.signal_fan_out == 1 for found in sizes)

    @property
    def fan_ins(self) -> tuple[float | None, ...]:
        """The number of inputs that are summed into one output, for each layer; None where not known."""
        sizes = map(fans_in_use, self.layers)
        return tuple(None if found is None else found.signal_fan_in for found in sizes)


@memoize
def draws(model: ModelGraph) -> Sequence[WeightDraw]:
    """Every call, and every constructor of a parameter, that certainly sets the scale of a hidden product."""
    found: dict[Location, WeightDraw] = {}
    for place, served in model.by_call.items():
        layers = [layer for layer, _ in served if _sets_scale(model, layer)]
        if layers:
            write = served[0][1]
            found[place] = WeightDraw(place, write.initializer, write.arguments, tuple(layers), layers[0].type)
    others = [
        WeightDraw(call.location, call.initializer, call.arguments, (), types[0])
        for call in model.calls
        if call.location not in found
        if (types := [target.layer for target in call.targets if _is_matrix(target) and target.layer is not None])
        if len(types) == len(call.targets)
    ]
    if others:
        judged = {write.location for layer in model.layers if _is_undone(layer) for write in layer.writes}
        judged |= {place for layer in model.layers for place in _replaced(layer)}
        others = [draw for draw in others if draw.place not in judged]
    return [*found.values(), *others]


def _is_undone(layer: Layer) -> bool:
    """Whether something that is known of the layer makes its scale one that does not count."""
    if layer.frozen or layer.parametrized or _has_few_inputs(layer):
        return True
    ways = [f.between for f in layer.followed_by if f.certain]
    behind = (f.onward for f in layer.followed_by if f.certain and f.op in _RAYS)
    ways += [reach.between for onward in behind for reach in onward if reach.certain]
    return any(not _RESCALED.isdisjoint(itertools.takewhile(lambda word: word != "add", way)) for way in ways)


def _replaced(layer: Layer) -> Iterator[Location]:
    """The places of the writes after which another certain init comes, or a change of what they wrote."""
    changed: set[str] = set()
    for write in reversed(layer.writes):
        if write.parameter in changed:
            yield write.location
        if write.certain or write.reads_old_value:
            changed.add(write.parameter)


def scale_is_visible(model: ModelGraph, layer: Layer) -> bool:
    """Whether the scale of the weight certainly shows further on: no norm, factor or gate is there to undo it.

    A norm behind the next layer undoes it too, if no activation or one that is a ray on either side lies between.
    """
    if layer.frozen or layer.parametrized or not layer.last_write_is_certain():
        return False
    if layer.product is not None and not layer.followed_by:
        return True
    if any(following.op in _MEASURING for following in layer.followed_by):
        return False
    return any(_shows(model, following, _DEPTH) for following in layer.followed_by)


def _shows(model: ModelGraph, following: Consumer, depth: int) -> bool:
    if not following.certain or following.op == "unknown" or not _RESCALED.isdisjoint(following.between):
        return False
    if following.op == "layer":
        return _shows_behind(model, following.layer, depth)
    if following.op not in _RAYS:
        return True
    reaches = [reach for reach in following.onward if reach.certain and reach.op != "unknown"]
    open_ways = [reach for reach in reaches if _RESCALED.isdisjoint(reach.between)]
    return any(reach.op != "layer" or _shows_behind(model, reach.layer, depth) for reach in open_ways)


def _shows_behind(model: ModelGraph, path: str | None, depth: int) -> bool:
    """Whether the scale that a layer hands to the next one shows behind that."""
    layer = model.by_path.get(path or "")
    if layer is None or depth == 0 or not layer.followed_by:
        return True
    return any(_shows(model, following, depth - 1) for following in layer.followed_by)


def _sets_scale(model: ModelGraph, layer: Layer) -> bool:
    """Whether it is a matrix that several inputs are multiplied with, and nothing undoes its scale."""
    if _has_few_inputs(layer) or not scale_is_visible(model, layer):
        return False
    return is_matrix(layer) or (layer.product is not None and all(map(_is_plain, layer.followed_by)))


def _is_plain(following: Consumer) -> bool:
    """Whether a raw parameter is certainly a layer's weight there, and no query, key or codebook."""
    activation = ACTIVATIONS.get(following.op)
    return following.certain and (
        following.op in ("layer", "output") or (activation is not None and activation.family != "linear")
    )


def _has_few_inputs(layer: Layer) -> bool:
    sizes = fans_in_use(layer)
    return sizes is not None and sizes.signal_fan_in is not None and sizes.signal_fan_in < _FEW


def _is_matrix(target: Target) -> bool:
    """Whether the call certainly runs on the weight of a linear map."""
    return target.certain and target.parameter == "weight" and target.layer in MATRICES


def one_sided(initializer: str, arguments: Arguments) -> tuple[float, float] | None:
    """The bounds of a uniform init, if zero does not lie inside them."""
    if initializer_family(initializer) != "uniform":
        return None
    low, high = (as_number(argument(initializer, arguments, name)) for name in ("a", "b"))
    return (low, high) if low is not None and high is not None and low < high and low * high >= 0 else None


def std_by_default(initializer: str, arguments: Arguments) -> bool:
    """Whether a normal init is left at the standard deviation that is the default, and at mean 0."""
    drawn_so = initializer_family(initializer) in ("normal", "trunc_normal") and "std" not in arguments
    return drawn_so and as_number(arguments.get("mean", 0.0)) == 0.0


def only_weights(call: InitCall) -> bool:
    """Whether all that the call is known to run on are parameters other than biases."""
    return bool(call.targets) and all(t.kind == "parameter" and t.parameter != "bias" for t in call.targets)
