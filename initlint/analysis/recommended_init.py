"""The init call that an activation asks for: uniform stays uniform, normal stays normal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from initlint.analysis.layer_activation import LayerActivation, as_number, initializer_family
from initlint.analysis.messages import short_name
from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import Consumer
from initlint.rewrite.requests import Expression, GainExpression, Value


@dataclass(frozen=True, slots=True)
class RecommendedCall:
    """A call of a function of `torch.nn.init`, with the arguments that it needs beside the tensor."""

    function: str
    arguments: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        """As in `kaiming_uniform_(..., nonlinearity='relu')`."""
        return f"{self.function}({', '.join(['...', *(f'{k}={_text(v)}' for k, v in self.arguments.items())])})"


def _text(value: Value) -> str:
    if isinstance(value, GainExpression):
        parameter = "" if value.param is None else f", {value.param:g}"
        return f"nn.init.calculate_gain('{value.nonlinearity}'{parameter})"
    return value.text if isinstance(value, Expression) else repr(value)


RecommendFunction: TypeAlias = Callable[[str, Consumer], "RecommendedCall | None"]
"""From an initializer and what follows to the call to use: `replacement`, `corrected` or `start`."""


def replacement(initializer: str, following: Consumer) -> RecommendedCall | None:
    """The call for a layer before `following`, of the distribution of `initializer`.

    None where no call is documented for the activation, where its arguments are not known, or where `initializer`
    is neither uniform nor normal.
    """
    name = short_name(initializer)
    distribution = next((d for d in ("uniform_", "normal_") if name.endswith(d)), None)
    if distribution is None:
        return None
    activation = ACTIVATIONS[following.op]
    if activation.family == "relu":
        return RecommendedCall(f"kaiming_{distribution}", {"nonlinearity": "relu"})
    if activation.family == "leaky_relu":
        slope = _slope(following)
        wanted: dict[str, Value] = {"a": slope, "nonlinearity": "leaky_relu"}
        return None if slope is None else RecommendedCall(f"kaiming_{distribution}", wanted)
    if activation.family == "selu":
        return RecommendedCall(f"kaiming_{distribution}", {"nonlinearity": "linear"})
    if following.op in _AS_TANH:
        return RecommendedCall(f"xavier_{distribution}", {"gain": GainExpression("tanh")})
    return None


_AS_TANH = ("tanh", "softsign")


def corrected(initializer: str, following: Consumer) -> RecommendedCall | None:
    """The same function with the argument that `following` asks for; None as in `replacement`."""
    if initializer_family(initializer) == "kaiming":
        return replacement(initializer, following)
    if ACTIVATIONS[following.op].family == "relu":
        return RecommendedCall(short_name(initializer), {"gain": GainExpression("relu")})
    if ACTIVATIONS[following.op].family == "leaky_relu":
        slope = _slope(following)
        return (
            None
            if slope is None
            else RecommendedCall(short_name(initializer), {"gain": GainExpression("leaky_relu", slope)})
        )
    return (
        RecommendedCall(short_name(initializer), {"gain": GainExpression("tanh")}) if following.op in _AS_TANH else None
    )


def start(_: str, following: Consumer) -> RecommendedCall | None:
    """The call for a layer that had no distribution: uniform, as PyTorch's own default."""
    return replacement("kaiming_uniform_", following)


def agreed_start(followings: Iterable[Consumer | None]) -> RecommendedCall | None:
    """The one `start` for all of these activations; None if they differ, or one is not known."""
    wanted = [None if following is None else start("", following) for following in followings]
    return wanted[0] if wanted and all(other == wanted[0] for other in wanted) else None


def _slope(following: Consumer) -> float | None:
    """The slope below zero: of a random one the mean, of a learned one where it starts."""
    given = following.arguments
    if following.op == "leaky_relu":
        return as_number(given.get("negative_slope", 0.01))
    if following.op == "prelu":
        return as_number(given.get("init", 0.25))
    lower, upper = as_number(given.get("lower", 1 / 8)), as_number(given.get("upper", 1 / 3))
    return None if lower is None or upper is None else round((lower + upper) / 2, 3)


def agreed(pairs: Iterable[LayerActivation], choose: RecommendFunction = replacement) -> RecommendedCall | None:
    """The one call that all the pairs ask for; None if they differ, or one asks for none."""
    wanted = [choose(pair.write.initializer, pair.following) for pair in pairs]
    return wanted[0] if wanted and all(other == wanted[0] for other in wanted) else None
