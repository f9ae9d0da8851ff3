"""Pairs a layer with the activation that consumes its output, and computes by how much its init scales the signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from initlint._records import dataclass
from initlint.analysis.norms import SCALE_PRESERVING, certain_activation, continue_at_scale
from initlint.facts.activations import ACTIVATIONS, Activation, second_moment
from initlint.facts.fans import MODULES, Fans, default_init, fans, fans_of_product, fans_of_shape
from initlint.facts.initializer_formulas import INITIALIZERS, constant_value, scale, variance
from initlint.graph.model import Consumer, InitCall, Layer, ModelGraph, Write, memoize
from initlint.graph.words import UNDETERMINED, Arguments
from initlint.project.source import Location

RELU_FAMILIES = ("relu", "leaky_relu")
"""Families of activations that pass about half of the signal."""

MATRICES = frozenset(
    module.type for module in MODULES.values() if module.family in ("linear", "conv", "conv_transpose")
)
"""Layer types that are one linear map: Linear, convolutions and transposed convolutions."""


@dataclass(frozen=True, slots=True)
class LayerActivation:
    """A layer whose output, at the scale of its init, passes one activation and reaches a further layer.

    `write`: the effective write to the weight.
    """

    layer: Layer
    write: Write
    following: Consumer

    @property
    def activation(self) -> Activation:
        return ACTIVATIONS[self.following.op]

    @property
    def moment(self) -> float | None:
        """E[phi(z)^2] of the activation with its arguments; None if unknown."""
        return _moment(self.following)


@dataclass(frozen=True, slots=True)
class Factors:
    """The factors on the mean squares of the signal that reaches a layer and of the gradient; None if unknown.

    `signal`: None also where it means nothing, since the bias or the activation sets most of the output. `weight`: the
    same without the bias. `at_equal_fans`: the layer's sizes and their ratio are unknown, as many outputs as inputs are
    assumed.
    """

    signal: float | None
    weight: float | None
    gradient: float | None
    at_equal_fans: bool


def is_matrix(layer: Layer) -> bool:
    """Whether the layer is one linear map."""
    return layer.type in MATRICES


def _moment(consumer: Consumer) -> float | None:
    return second_moment(consumer.op, consumer.arguments)


def pair(layer: Layer) -> LayerActivation | None:
    """`layer` with its activation, if everything is certain and only the init sets the scale."""
    write = layer.effective_write()
    if write is None or not layer.last_write_is_certain() or not is_matrix(layer):
        return None
    if layer.residual or layer.frozen or layer.parametrized:
        return None
    consumer = certain_activation(layer, SCALE_PRESERVING)
    if consumer is None or not continue_at_scale(layer.followed_by):
        return None
    return LayerActivation(layer, write, consumer)


@memoize
def pairs(model: ModelGraph) -> Sequence[tuple[Location, Sequence[LayerActivation]]]:
    """The layer-activation pairs of the model by the init call of their weight, in the order of the model."""
    pairs_by_call = []
    for location, layers_and_writes in model.by_call.items():
        layer_pairs = [layer_pair for layer, _ in layers_and_writes if (layer_pair := pair(layer)) is not None]
        if layer_pairs:
            pairs_by_call.append((location, layer_pairs))
    return pairs_by_call


def initializer_family(initializer: str) -> str | None:
    """`xavier`, `kaiming`, ...; None if the initializer is unknown."""
    formula = INITIALIZERS.get(initializer)
    return None if formula is None else formula.kind


def argument(initializer: str, arguments: Mapping[str, object], name: str) -> object:
    """An argument of a known initializer; torch's default if the call omits it."""
    return arguments.get(name, dict(INITIALIZERS[initializer].signature).get(name))


def draws_for_relu(write: Write) -> bool:
    """Whether this is Kaiming with the gain of ReLU, or of a leaky ReLU with a negligible slope."""
    equal_fans_factor = scale(write.initializer, write.arguments)
    return (
        initializer_family(write.initializer) == "kaiming"
        and equal_fans_factor is not None
        and 1.8 <= equal_fans_factor <= 2.05
    )


def constant(write: Write) -> float | None:
    """The number with which `write` fills the parameter; None if it is no constant or unknown."""
    return constant_value(write.initializer, write.arguments, UNDETERMINED)


def call_at(model: ModelGraph, location: Location) -> InitCall | None:
    """The init call at `location`."""
    return next((call for call in model.calls if call.location == location), None)


def as_number(value: object) -> float | None:
    """A determined number, else None."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def fans_in_use(layer: Layer) -> Fans | None:
    """The fans of the layer's weight, torch's and those in use; None if unknown, or without a weight matrix."""
    if layer.product is not None:
        return fans_of_product(layer.shapes.get("weight"), layer.product)
    return fans(layer.type, layer.arguments, UNDETERMINED)


def is_view(write: Write) -> bool:
    """Whether it writes the whole parameter in another order of axes, or with others."""
    return write.covers_tensor and (write.axes is not None or write.shape is not None)


def written_shape(layer: Layer, write: Write | None) -> tuple[int | None, ...] | None:
    """The shape of the tensor that `write` gets, a view of the weight or the weight itself."""
    shape = layer.shapes.get("weight")
    if write is not None and write.covers_tensor and write.shape is not None:
        return write.shape or None
    if shape is None or write is None or not write.covers_tensor or write.axes is None:
        return shape
    return tuple(shape[axis] for axis in write.axes) if sorted(write.axes) == [*range(len(shape))] else None


def written_fans(layer: Layer, write: Write | None) -> Fans | None:
    """As `fans_in_use`, with torch's fans for the tensor that `write`, the init of the weight, gets."""
    sizes = fans_in_use(layer)
    if sizes is None or write is None or not is_view(write):
        return sizes
    fan_in, fan_out = fans_of_shape(written_shape(layer, write))
    return replace(sizes, fan_in=fan_in, fan_out=fan_out)


SAME_SCALE = 4.0
"""Two random inits whose variances, or fans, differ by a smaller factor are equivalent."""


def drawn_variance(layer: Layer, write: Write) -> float | None:
    """The variance of the values that a write draws; None if it is unknown."""
    fans = written_fans(layer, write)
    fan_in, fan_out = (None, None) if fans is None else (fans.fan_in, fans.fan_out)
    return variance(write.initializer, write.arguments, fan_in, fan_out, written_shape(layer, write))


def effective_init(layer: Layer) -> tuple[str, Arguments] | None:
    """The effective initializer of the weight and its arguments, by default torch's own; None if there is none."""
    write = layer.effective_write()
    if write is not None:
        return write.initializer, write.arguments
    module_type = MODULES.get(f"torch.nn.{layer.type}")
    return None if module_type is None else default_init(module_type.family)


@memoize
def initialized_layers(model: ModelGraph) -> Mapping[str, Layer]:
    """The layers by path; one whose weight is that of another layer has the init of that one."""
    return {layer.path: _with_tied_init(model, layer) for layer in model.layers}


def _with_tied_init(model: ModelGraph, layer: Layer) -> Layer:
    source = None if layer.tied is None else model.by_path.get(layer.tied)
    if source is None or any(write.parameter == "weight" for write in layer.writes):
        return layer
    writes = [write for write in source.writes if write.parameter == "weight"]
    init = effective_init(source)
    if not writes and init is not None:
        writes = [Write("weight", *init, source.location)]
    return replace(layer, writes=(*layer.writes, *writes))


def keeps_scale(factor: float) -> bool:
    """Whether a factor on the mean square is close enough to 1 for many layers to train well."""
    return 0.8 <= factor <= 1.25
