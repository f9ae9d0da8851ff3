"""Finds the calls that draw weights, and whether the scale of these weights matters. Used by the rules on scale."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from initlint._lazy import lazy_pattern
from initlint._records import dataclass
from initlint.analysis.layer_activation import MATRICES, argument, as_number, fans_in_use, initializer_family, is_matrix
from initlint.analysis.norms import PIECEWISE_LINEAR, RESCALING, scale_is_visible
from initlint.analysis.stacked_weights import StackedWrite, matrix_writes
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Consumer, InitCall, Layer, ModelGraph, Target, memoize
from initlint.graph.words import Arguments
from initlint.project.source import Location

_MIN_INPUTS = 8
"""Sums of fewer inputs hardly grow: inputs such as coordinates and one-hot codes."""

_DATA = lazy_pattern(
    r"embed|token|quer(y|ies)(?!_?(w|proj))|prototype|centroid|centers?$|codebook|codes?$|slot|anchor|leaf|leaves|memor|bank",
    re.IGNORECASE,
)
"""Names of raw parameters that are vectors to compare with or to choose from, and no weights."""

_GATE = re.compile(r"(?:^|[^a-z])(?:gate|gates|gating)(?:[^a-z]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WeightDraw:
    """A call that sets effective weights, and the layers whose output scale depends on them.

    `layers` is empty if no model contains them, or what their outputs do is not known. `type` is then the type of the
    call's target. `served`: all layers that are known to get the values.
    """

    place: Location
    initializer: str
    arguments: Arguments
    layers: tuple[Layer, ...]
    type: str
    stacked_fan_ins: tuple[float | None, ...] = ()
    """Of layers with several matrices: for each one that the call draws."""
    served: tuple[Layer, ...] = ()

    @property
    def has_one_output(self) -> bool:
        """Whether each of the layers has a single output, so no two outputs can be equal."""
        sizes = [fans_in_use(layer) for layer in self.layers or self.served]
        return bool(sizes) and all(layer_fans is not None and layer_fans.signal_fan_out == 1 for layer_fans in sizes)

    @property
    def is_of_gates(self) -> bool:
        """Whether the layers are gates by their names."""
        layers = self.layers or self.served
        return bool(layers) and all(_GATE.search(layer.attribute) for layer in layers)

    @property
    def fan_ins(self) -> tuple[float | None, ...]:
        """For each layer the number of inputs that are summed into one output; None if unknown."""
        if self.stacked_fan_ins:
            return self.stacked_fan_ins
        sizes = map(fans_in_use, self.layers)
        return tuple(None if layer_fans is None else layer_fans.signal_fan_in for layer_fans in sizes)


@memoize
def draws(model: ModelGraph) -> Sequence[WeightDraw]:
    """Every init call and tensor constructor that certainly sets the scale of a product with data."""
    draw_by_location: dict[Location, WeightDraw] = {}
    for location, layers_and_writes in model.by_call.items():
        layers = [layer for layer, _ in layers_and_writes if _sets_scale(model, layer)]
        if layers:
            write = layers_and_writes[0][1]
            draw_by_location[location] = WeightDraw(
                location, write.initializer, write.arguments, tuple(layers), layers[0].type
            )
    for draw in _stacked_draws(model):
        draw_by_location.setdefault(draw.place, draw)
    others = [
        WeightDraw(call.location, call.initializer, call.arguments, (), types[0], (), _served(model, call.location))
        for call in model.calls
        if call.location not in draw_by_location
        if (types := [target.layer for target in call.targets if _is_matrix(target) and target.layer is not None])
        if len(types) == len(call.targets)
    ]
    if others:
        excluded = {write.location for layer in model.layers if _scale_is_undone(layer) for write in layer.writes}
        excluded |= {location for layer in model.layers for location in _overwritten_locations(layer)}
        others = [draw for draw in others if draw.place not in excluded]
    return [*draw_by_location.values(), *others]


def _served(model: ModelGraph, location: Location) -> tuple[Layer, ...]:
    return tuple(layer for layer, _ in model.by_call.get(location, ()))


def _stacked_draws(model: ModelGraph) -> Iterator[WeightDraw]:
    """The calls that draw matrices of recurrent layers and attentions that a `forward` uses."""
    by_location: dict[Location, list[tuple[Layer, StackedWrite]]] = {}
    for layer in model.layers:
        if layer.called and not layer.frozen and not layer.parametrized:
            for written in matrix_writes(layer):
                if written.fan_in is None or written.fan_in >= _MIN_INPUTS:
                    by_location.setdefault(written.write.location, []).append((layer, written))
    for location, served in by_location.items():
        write = served[0][1].write
        layers = tuple({layer.path: layer for layer, _ in served}.values())
        fan_ins = tuple(written.fan_in for _, written in served)
        yield WeightDraw(location, write.initializer, write.arguments, layers, layers[0].type, fan_ins)


def _scale_is_undone(layer: Layer) -> bool:
    """Whether the scale of the layer's weight certainly does not matter."""
    if layer.frozen or layer.parametrized or _has_few_inputs(layer):
        return True
    paths = [f.between for f in layer.followed_by if f.certain]
    onward_paths = (f.onward for f in layer.followed_by if f.certain and f.op in PIECEWISE_LINEAR)
    paths += [next_layer.between for onward in onward_paths for next_layer in onward if next_layer.certain]
    return any(not RESCALING.isdisjoint(itertools.takewhile(lambda word: word != "add", path)) for path in paths)


def _overwritten_locations(layer: Layer) -> Iterator[Location]:
    """The locations of the writes that a later certain write replaces or changes."""
    changed: set[str] = set()
    for write in reversed(layer.writes):
        if write.parameter in changed:
            yield write.location
        if write.certain or write.reads_old_value:
            changed.add(write.parameter)


def _sets_scale(model: ModelGraph, layer: Layer) -> bool:
    """Whether its weight is a matrix with several inputs, and nothing undoes its scale."""
    if _has_few_inputs(layer) or not scale_is_visible(model, layer):
        return False
    return is_matrix(layer) or (
        layer.product is not None
        and all(_is_plain(consumer) or _is_compared(model, layer, consumer) for consumer in layer.followed_by)
        and _DATA.search(layer.attribute.rpartition(".")[2]) is None
        and not _averages(model, layer)
    )


def _averages(model: ModelGraph, layer: Layer) -> bool:
    """Whether probabilities choose among the rows of a raw parameter, as the leaves of a soft decision tree."""
    return any(
        onward.layer == layer.path
        and (consumer.op == "softmax" or (consumer.op == "sigmoid" and "mul" in onward.between))
        for other in model.layers
        for consumer in other.followed_by
        for onward in consumer.onward
    )


def _is_plain(consumer: Consumer) -> bool:
    """Whether a raw parameter is certainly used as a weight there, and not as a query, key or codebook."""
    activation = ACTIVATIONS.get(consumer.op)
    return consumer.certain and (
        consumer.op in ("layer", "output") or (activation is not None and activation.family != "linear")
    )


_MAX_BEFORE_SOFTMAX = 4
"""The scale, the mask and the bias of an attention."""


def _is_compared(model: ModelGraph, layer: Layer, consumer: Consumer) -> bool:
    """Whether the output of a raw parameter is a query or key, of which an attention compares each with each."""
    if not consumer.certain or consumer.op not in ("matmul", "sdpa") or not RESCALING.isdisjoint(consumer.between):
        return False
    own = {number for number, operation in enumerate(model.operations) if operation.layer == layer.path}
    reached = _reached_through_modifiers(model, own)
    products = [number for number in reached if model.operations[number].op in ("matmul", "sdpa")]
    return bool(products) and all(_makes_probabilities(model, number, reached | own) for number in products)


def _makes_probabilities(model: ModelGraph, number: int, sources: set[int]) -> bool:
    """Whether a product goes to a softmax, or is that of an attention whose query or key is among the `sources`."""
    operation = model.operations[number]
    if operation.op == "sdpa":
        return not sources.isdisjoint(operation.inputs[:2])
    return any(model.operations[at].op == "softmax" for at in _reached_through_modifiers(model, {number}))


def _reached_through_modifiers(model: ModelGraph, starts: set[int]) -> set[int]:
    """The operations after these, up to the first on each path that is more than a modifier."""
    reached, frontier = set[int](), set(starts)
    for _ in range(_MAX_BEFORE_SOFTMAX):
        users = {at for at, operation in enumerate(model.operations) if not frontier.isdisjoint(operation.inputs)}
        reached |= users
        frontier = {at for at in users if model.operations[at].kind == "modifier"}
    return reached


def _has_few_inputs(layer: Layer) -> bool:
    sizes = fans_in_use(layer)
    return sizes is not None and sizes.signal_fan_in is not None and sizes.signal_fan_in < _MIN_INPUTS


def _is_matrix(target: Target) -> bool:
    """Whether the target is certainly the weight of a linear map."""
    return target.certain and target.parameter == "weight" and target.layer in MATRICES


def one_sided(initializer: str, arguments: Arguments) -> tuple[float, float] | None:
    """The bounds of a uniform init that do not include zero; None for other inits."""
    if initializer_family(initializer) != "uniform":
        return None
    low, high = (as_number(argument(initializer, arguments, name)) for name in ("a", "b"))
    return (low, high) if low is not None and high is not None and low < high and low * high >= 0 else None


def std_by_default(initializer: str, arguments: Arguments) -> bool:
    """Whether a normal init uses the default standard deviation and mean 0."""
    has_default_std = initializer_family(initializer) in ("normal", "trunc_normal") and "std" not in arguments
    return has_default_std and as_number(arguments.get("mean", 0.0)) == 0.0


def only_weights(call: InitCall) -> bool:
    """Whether all known targets of the call are parameters other than biases."""
    return bool(call.targets) and all(t.kind == "parameter" and t.parameter != "bias" for t in call.targets)
