"""The recommended init call for a layer before an activation. The distribution is kept: uniform or normal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import TypeAlias

from initlint._records import dataclass
from initlint.analysis.fan_mismatch import has_wrong_fan
from initlint.analysis.layer_activation import LayerActivation, as_number, initializer_family
from initlint.analysis.messages import short_name
from initlint.facts.activations import ACTIVATIONS
from initlint.facts.initializer_formulas import calculate_gain, scale
from initlint.graph.model import Consumer, Layer, Write
from initlint.rewrite.requests import Expression, GainExpression, Value


@dataclass(frozen=True, slots=True)
class RecommendedCall:
    """A call of a function of `torch.nn.init`, with its arguments after the tensor."""

    function: str
    arguments: Mapping[str, Value] = field(default_factory=dict)

    def suits(self, layer: Layer) -> bool:
        """Whether torch computes the fan in use from the shape of the layer's weight."""
        return not has_wrong_fan(layer, f"torch.nn.init.{self.function}", self.arguments)

    def __str__(self) -> str:
        """As in `kaiming_uniform_(..., nonlinearity='relu')`."""
        return f"{self.function}({', '.join(['...', *(f'{k}={_text(v)}' for k, v in self.arguments.items())])})"


def _text(value: Value) -> str:
    if isinstance(value, GainExpression):
        parameter = "" if value.param is None else f", {value.param:g}"
        return f"nn.init.calculate_gain('{value.nonlinearity}'{parameter})"
    return value.text if isinstance(value, Expression) else repr(value)


def has_scale_of(write: Write, call: RecommendedCall) -> bool:
    """Whether `write` already draws the weights with the variance of `call`, whatever their shape."""
    drawn = scale(write.initializer, write.arguments)
    wanted = scale(f"torch.nn.init.{call.function}", arguments_of(call))
    same_family = initializer_family(write.initializer) == initializer_family(f"torch.nn.init.{call.function}")
    return same_family and drawn is not None and wanted is not None and math.isclose(drawn, wanted, rel_tol=0.01)


def arguments_of(call: RecommendedCall) -> dict[str, object]:
    """The arguments of a call, as numbers where it has expressions."""
    return {name: _number(value) for name, value in call.arguments.items()}


def _number(value: Value) -> object:
    return calculate_gain(value.nonlinearity, value.param) if isinstance(value, GainExpression) else value


RecommendFunction: TypeAlias = Callable[[str, Consumer], "RecommendedCall | None"]
"""From an initializer and the activation that follows to a call: `replacement`, `corrected` or `start`."""


def replacement(initializer: str, activation: Consumer) -> RecommendedCall | None:
    """The call for a layer before `activation`, with the distribution of `initializer`.

    None if no call is documented for the activation, if its arguments are unknown, or if `initializer` is neither
    uniform nor normal.
    """
    name = short_name(initializer)
    distribution = next((d for d in ("uniform_", "normal_") if name.endswith(d)), None)
    if distribution is None:
        return None
    family = ACTIVATIONS[activation.op].family
    if family == "relu":
        return RecommendedCall(f"kaiming_{distribution}", {"nonlinearity": "relu"})
    if family == "leaky_relu":
        slope = _slope(activation)
        arguments: dict[str, Value] = {"a": slope, "nonlinearity": "leaky_relu"}
        return None if slope is None else RecommendedCall(f"kaiming_{distribution}", arguments)
    if family == "selu":
        return RecommendedCall(f"kaiming_{distribution}", {"nonlinearity": "linear"})
    if activation.op in _AS_TANH:
        return RecommendedCall(f"xavier_{distribution}", {"gain": GainExpression("tanh")})
    return None


_AS_TANH = ("tanh", "softsign")


def corrected(initializer: str, activation: Consumer) -> RecommendedCall | None:
    """The same function with the argument for `activation`; None as in `replacement`."""
    if initializer_family(initializer) == "kaiming":
        return replacement(initializer, activation)
    gain = _gain(activation)
    return None if gain is None else RecommendedCall(short_name(initializer), {"gain": gain})


def _gain(activation: Consumer) -> GainExpression | None:
    family = ACTIVATIONS[activation.op].family
    if family == "relu":
        return GainExpression("relu")
    if family == "leaky_relu":
        slope = _slope(activation)
        return None if slope is None else GainExpression("leaky_relu", slope)
    return GainExpression("tanh") if activation.op in _AS_TANH else None


def start(_: str, activation: Consumer) -> RecommendedCall | None:
    """The call for a layer whose init has no distribution: uniform, as PyTorch's default."""
    return replacement("kaiming_uniform_", activation)


def agreed_start(activations: Iterable[Consumer | None]) -> RecommendedCall | None:
    """The `start` of all these activations; None if they differ or one is unknown."""
    calls = [None if activation is None else start("", activation) for activation in activations]
    return calls[0] if calls and all(other == calls[0] for other in calls) else None


def _slope(activation: Consumer) -> float | None:
    """The slope below zero: the mean of a random one, the initial value of a learned one."""
    arguments = activation.arguments
    if activation.op == "leaky_relu":
        return as_number(arguments.get("negative_slope", 0.01))
    if activation.op == "prelu":
        return as_number(arguments.get("init", 0.25))
    lower, upper = as_number(arguments.get("lower", 1 / 8)), as_number(arguments.get("upper", 1 / 3))
    return None if lower is None or upper is None else round((lower + upper) / 2, 3)


def agreed(pairs: Iterable[LayerActivation], recommend: RecommendFunction = replacement) -> RecommendedCall | None:
    """The call that all pairs need; None if they differ, or one has none or would get a wrong fan by it."""
    calls = [(pair.layer, recommend(pair.write.initializer, pair.following)) for pair in pairs]
    first = calls[0][1] if calls else None
    return first if first is not None and all(call == first and first.suits(layer) for layer, call in calls) else None
