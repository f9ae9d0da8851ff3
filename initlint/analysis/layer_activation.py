"""Questions that several rules ask of a model: what a layer's output meets, and by what its init scales the signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from initlint.analysis.memoize import memoize
from initlint.facts.activations import ACTIVATIONS, Activation, second_moment
from initlint.facts.fans import MODULES, Fans, default_init, fans, fans_of_product
from initlint.facts.initializer_formulas import INITIALIZERS, constant_value, scale, variance
from initlint.graph.model import UNDETERMINED, Arguments, Consumer, InitCall, Layer, Location, ModelGraph, Write

NORMS = frozenset(
    {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "local_response_norm", "weight_norm"}
)
"""The words of `Consumer.between` that stand for a normalisation."""

KEEPING_SCALE = frozenset({"pool", "concat"})
"""What may lie between a layer and its activation, or behind that, and leave the question of scale as it is."""

RELU_FAMILIES = ("relu", "leaky_relu")
"""The families of activations that let about half of the signal through."""

MATRICES = frozenset(
    module.type for module in MODULES.values() if module.family in ("linear", "conv", "conv_transpose")
)
"""The types of layers that are one linear map: Linear, a convolution, or a transposed one."""


@dataclass(frozen=True, slots=True)
class LayerActivation:
    """A layer whose output, at the scale that its init gives it, goes through one activation and on to a further layer.

    `write` is the effective init of the weight.
    """

    layer: Layer
    write: Write
    following: Consumer

    @property
    def activation(self) -> Activation:
        return ACTIVATIONS[self.following.op]

    @property
    def moment(self) -> float | None:
        """E[phi(z)^2] of the activation with its arguments, None if not known."""
        return _moment(self.following)


@dataclass(frozen=True, slots=True)
class Factors:
    """What a pair multiplies the second moment by: the signal's, and the gradient's where that is known.

    At unit variance; `at_equal_fans` if the layer's sizes are not known and fan_in = fan_out is assumed.
    """

    signal: float
    gradient: float | None
    at_equal_fans: bool


def is_matrix(layer: Layer) -> bool:
    """Whether the layer is one linear map."""
    return layer.type in MATRICES


def certain_activation(layer: Layer, between: frozenset[str]) -> Consumer | None:
    """The one activation that consumes all outputs of `layer`, with nothing but `between` on the way.

    None if there is another consumer, a second kind of activation, or any doubt.
    """
    if not layer.followed_by:
        return None
    first = layer.followed_by[0]
    for following in layer.followed_by:
        if not following.certain or following.op != first.op or following.op not in ACTIVATIONS:
            return None
        if _moment(following) != _moment(first) or not between.issuperset(following.between):
            return None
    return first


def _moment(following: Consumer) -> float | None:
    return second_moment(following.op, following.arguments)


def is_hidden(following: Consumer) -> bool:
    """Whether the signal certainly reaches a further layer behind this activation."""
    return any(reach.layer is not None and reach.certain for reach in following.onward)


def pair(layer: Layer) -> LayerActivation | None:
    """The pair that `layer` makes with its activation, if all of it is certain and nothing else sets the scale."""
    write = layer.effective_write()
    if write is None or not layer.last_write_is_certain() or not is_matrix(layer):
        return None
    if layer.residual or layer.frozen or layer.parametrized:
        return None
    following = certain_activation(layer, KEEPING_SCALE)
    if following is None or not all(map(goes_on_at_its_scale, layer.followed_by)):
        return None
    return LayerActivation(layer, write, following)


def goes_on_at_its_scale(following: Consumer) -> bool:
    """Whether the way behind an activation leads to a layer, and over no norm, gate, sum or explicit scale."""
    return is_hidden(following) and all(KEEPING_SCALE.issuperset(reach.between) for reach in following.onward)


@memoize
def pairs(model: ModelGraph) -> Sequence[tuple[Location, Sequence[LayerActivation]]]:
    """The pairs of the model by the init call that sets their weight, in order of the model."""
    calls = model.by_call.items()
    found = ((place, [made for layer, _ in served if (made := pair(layer)) is not None]) for place, served in calls)
    return [(place, made) for place, made in found if made]


def initializer_family(initializer: str) -> str | None:
    """`xavier`, `kaiming`, ...; None for a write that is no known initializer."""
    known = INITIALIZERS.get(initializer)
    return None if known is None else known.kind


def argument(initializer: str, arguments: Mapping[str, object], name: str) -> object:
    """An argument of a known initializer, torch's default where the call leaves it out."""
    return arguments.get(name, dict(INITIALIZERS[initializer].signature).get(name))


def draws_for_relu(write: Write) -> bool:
    """Whether this is Kaiming with ReLU's gain, or that of a leaky ReLU too small to tell apart from it."""
    equal = scale(write.initializer, write.arguments)
    return initializer_family(write.initializer) == "kaiming" and equal is not None and 1.8 <= equal <= 2.05


def constant(write: Write) -> float | None:
    """The one number that `write` fills the parameter with; None if it does not, or the number is not known."""
    return constant_value(write.initializer, write.arguments, UNDETERMINED)


def call_at(model: ModelGraph, place: Location) -> InitCall | None:
    """The init call that stands at `place`."""
    return next((call for call in model.calls if call.location == place), None)


def as_number(value: object) -> float | None:
    """A determined number, else None."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def fans_in_use(layer: Layer) -> Fans | None:
    """The fans of the layer's weight, torch's and those in use; None if they are not known, or it has no matrix."""
    if layer.product is not None:
        return fans_of_product(layer.shapes.get("weight"), layer.product)
    return fans(layer.type, layer.arguments, UNDETERMINED)


def effective_init(layer: Layer) -> tuple[str, Arguments] | None:
    """The initializer of the weight in effect with its arguments: torch's own by default; None if there is none."""
    write = layer.effective_write()
    if write is not None:
        return write.initializer, write.arguments
    known = MODULES.get(f"torch.nn.{layer.type}")
    return None if known is None else default_init(known.family)


def factors(found: LayerActivation) -> Factors | None:
    """The factors of a pair; None if the init has no known variance, or the activation no known second moment."""
    write = found.write
    return factors_of(found.layer, write.initializer, write.arguments, found.following)


def factors_of(layer: Layer, initializer: str, arguments: Arguments, following: Consumer | None) -> Factors | None:
    """What a layer with that init multiplies the second moments by, on the way through `following` to the next one.

    `following` is an activation; that next layer itself, or None, if nothing lies between. None as in `factors`.
    """
    activation = None if following is None or following.op == "layer" else following
    moment = 1.0 if activation is None else _moment(activation)
    sizes = fans_in_use(layer)
    if moment is None or sizes is None:
        return None
    deviation = variance(initializer, arguments, sizes.fan_in, sizes.fan_out, layer.shapes.get("weight"))
    if deviation is None or sizes.signal_fan_in is None:
        equal = None if _is_stacked(layer) else scale(initializer, arguments)
        return None if equal is None else Factors(equal * moment, None, at_equal_fans=True)
    slope = 1.0 if activation is None else _slope_moment(ACTIVATIONS[activation.op], moment)
    reached = None if "Conv" in layer.type else sizes.signal_fan_out  # in a convolution a stride thins it out
    backward = None if reached is None or slope is None else reached * deviation * slope
    return Factors(sizes.signal_fan_in * deviation * moment, backward, at_equal_fans=False)


def _is_stacked(layer: Layer) -> bool:
    """Whether torch takes several matrices for one, so that even at equal sizes its fans are others."""
    shape = layer.shapes.get("weight")
    return layer.product is not None and (shape is None or len(shape) != 2)


def _slope_moment(activation: Activation, moment: float) -> float | None:
    # Of the straight lines through zero both moments are the same number, whatever their slopes.
    return moment if activation.slope_moment == activation.second_moment else activation.slope_moment


def keeps_scale(factor: float) -> bool:
    """Whether a factor on the second moment is near enough to one for training to go on well over many layers."""
    return 0.8 <= factor <= 1.25


def predicted_factor(layer: Layer) -> float | None:
    """What a layer multiplies the signal's second moment by, by its effective init or torch's default.

    Its activation is counted if there is but one and nothing lies between. None if a part of it is not known, or the
    layer is not one linear map.
    """
    init = effective_init(layer)
    if init is None or not is_matrix(layer) or not layer.last_write_is_certain():
        return None
    found = factors_of(layer, *init, certain_activation(layer, frozenset()))
    return None if found is None or found.at_equal_fans else found.signal
