"""Recognizes norms that are written out: `x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)`.

A value divided by its own scale is normalized whatever the operators are. The scale is followed back to the value:
each operator on the way multiplies its degree (a square is of degree 2, the inverse root of it of degree -1), and one
of them reduces it. Where nothing else uses the scale, the product becomes one modifier, as a call of `nn.RMSNorm` is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from initlint._records import dataclass
from initlint.facts.signatures import Signature, signature
from initlint.graph.dataflow import ALWAYS, FlowNode, nodes_after

PARAMETERS: Mapping[str, Signature] = {
    **{name: signature("input") for name in ("mean", "reciprocal", "rsqrt", "sqrt", "square", "std", "sum", "var")},
    **{name: signature("input min max") for name in ("clamp", "clip")},
    "clamp_min": signature("input min"),
    "norm": signature("input p"),
    "pow": signature("input exponent"),
    "vector_norm": signature("input ord"),
}
"""The operators that a scale is computed with, with the parameters that matter."""

_POWERS = {"reciprocal": -1.0, "rsqrt": -0.5, "sqrt": 0.5, "square": 2.0}
_OF_SQUARES = ("mean", "sum")
_OF_DEVIATIONS = {"std": 1.0, "var": 2.0}
_LARGEST_EPSILON = 0.01
_MAX_DEPTH = 10


def function_of(name: str, arguments: Mapping[str, Any]) -> tuple[str, Any] | None:
    """What `FlowNode.function` says of an operator with these arguments; None if it is none that a scale needs."""
    if name in ("clamp", "clip", "clamp_min"):
        is_guard = arguments.get("max") is None and _is_small(arguments.get("min"))
        return ("guard", None) if is_guard else None
    if name in ("norm", "vector_norm"):
        return ("norm", None) if arguments.get("p", arguments.get("ord")) in (None, 2, "fro") else None
    return (name, arguments.get("exponent")) if name in PARAMETERS else None


def _is_small(number: object) -> bool:
    """Whether a number is an epsilon, or not known."""
    return not isinstance(number, (int, float)) or abs(number) <= _LARGEST_EPSILON


def recognize_norms(uses: Iterable[Iterable[FlowNode]]) -> None:
    """Replace the norms that are written out after these nodes."""
    for node in nodes_after(uses):
        if node.op == "mul" and node.kind == "modifier" and node.exact and len(node.inputs) == 2:
            _recognize(node)


@dataclass(frozen=True, slots=True)
class _Scale:
    """A value computed from one base: its degree in it, how it is reduced, and a factor on it."""

    degree: float
    reduction: str = ""
    factor: float = 1.0


def _recognize(node: FlowNode) -> None:
    if any(edge for _, edge in node.inputs):
        return
    (left, _), (right, _) = node.inputs
    if node.arguments.get("operator") == "div":
        _replace(node, left, right, 1.0)
    elif node.arguments.get("operator") == "mul" and not _replace(node, left, right, -1.0):
        _replace(node, right, left, -1.0)


def _replace(node: FlowNode, value: FlowNode, scale: FlowNode, degree: float) -> bool:
    """Make `node` a norm if `scale` is of this degree in `value`, or in what `value` is multiplied with a gain from."""
    gain = None
    if value.op == "scale" and len(value.inputs) == 1 and [user for user, _ in value.users] == [node]:
        gain, value = value, value.inputs[0][0]
    centered = _centered(value)
    roots = {value.index} if centered is None else {value.index, centered.index}
    cone: dict[int, FlowNode] = {}
    found = _scale(scale, roots, cone, 0)
    if (
        found is None
        or found.degree != degree
        or not found.reduction
        or (found.reduction == "mean" and found.factor != 1)
    ):
        return False
    base = value
    if centered is not None:
        base = centered
        cone |= {value.index: value, **{other.index: other for other, _ in value.inputs if other is not centered}}
    inside = {*cone, node.index} | ({gain.index} if gain is not None else set())
    if base.index in cone or any(user.index not in inside for each in cone.values() for user, _ in each.users):
        return False
    if found.reduction == "sum":
        op, arguments = "normalize", {} if found.factor == 1 else {"number": found.factor**-degree}
    else:
        op, arguments = "rms_norm" if centered is None else "layer_norm", {}
    _rewrite(node, base, gain, inside, op, arguments)
    return True


def _rewrite(
    node: FlowNode, base: FlowNode, gain: FlowNode | None, inside: set[int], op: str, arguments: dict[str, Any]
) -> None:
    norm = node if gain is None else gain
    base.users = [(user, edge) for user, edge in base.users if user.index not in inside]
    base.users.append((norm, ALWAYS))
    if gain is not None:
        node.op, node.arguments, node.factors, node.exact = "scale", gain.arguments, gain.factors, gain.exact
        node.inputs, gain.users = [(gain, ALWAYS)], [(node, ALWAYS)]
    norm.op, norm.arguments, norm.factors, norm.exact = op, arguments, (), False
    norm.inputs = [(base, ALWAYS)]


def _centered(node: FlowNode) -> FlowNode | None:
    """The value that the node subtracts the mean of."""
    if node.op != "add" or node.arguments.get("operator") != "sub" or not node.exact or len(node.inputs) != 2:
        return None
    (value, _), (mean, _) = node.inputs
    is_mean = mean.function is not None and mean.function[0] == "mean" and [each for each, _ in mean.inputs] == [value]
    return value if is_mean else None


def _scale(node: FlowNode, roots: set[int], cone: dict[int, FlowNode], depth: int) -> _Scale | None:
    """What the node is in terms of the roots; `cone` gets the nodes on the way."""
    if node.index in roots:
        return _Scale(1.0)
    if depth > _MAX_DEPTH or any(edge for _, edge in node.inputs):
        return None
    cone[node.index] = node
    inner = [_scale(source, roots, cone, depth + 1) for source, _ in node.inputs]
    if not inner or None in inner:
        return None
    first = inner[0]
    assert first is not None
    if node.function is not None:
        return _of_function(*node.function, first) if len(inner) == 1 else None
    if node.kind != "modifier" or node.factors:
        return None
    operator, number = node.arguments.get("operator"), node.arguments.get("number")
    if node.op == "mul" and operator == "mul" and node.exact and node.inputs[0][0] is node.inputs[-1][0]:
        return _Scale(2 * first.degree, first.reduction)
    if node.op == "shift" and operator in ("add", "radd"):
        return first if _is_small(number) else None
    if node.op == "scale" and isinstance(number, (int, float)) and number > 0:
        powers = {"mul": number, "rmul": number, "div": 1 / number}
        if operator == "rdiv":
            return _Scale(-first.degree, first.reduction, number / first.factor)
        return _Scale(first.degree, first.reduction, first.factor * powers[operator]) if operator in powers else None
    return None


def _of_function(name: str, number: Any, inner: _Scale) -> _Scale | None:
    if name == "guard":
        return inner
    if name == "norm":
        is_linear = not inner.reduction and inner.degree == 1.0
        return _Scale(1.0, "sum", inner.factor) if is_linear else None
    if name in _OF_SQUARES:
        is_square = not inner.reduction and inner.degree == 2.0
        return _Scale(inner.degree, name, inner.factor) if is_square else None
    if name in _OF_DEVIATIONS:
        power = _OF_DEVIATIONS[name]
        is_linear = not inner.reduction and inner.degree == 1.0
        return _Scale(power, "mean", inner.factor**power) if is_linear else None
    power = _POWERS.get(name, number if name == "pow" and isinstance(number, (int, float)) else 0.0)
    return _Scale(inner.degree * power, inner.reduction, inner.factor**power) if power else None
