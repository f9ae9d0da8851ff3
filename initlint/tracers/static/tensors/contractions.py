"""Products of data with weights: matrix products, einsums, and products that are summed (`(x * w).sum(-1)`)."""

from __future__ import annotations

from itertools import chain

from initlint.facts.equations import Equation
from initlint.facts.fans import AxisRoles
from initlint.graph.dataflow import FlowNode
from initlint.project.source import Location
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.dataflow import (
    are_data,
    data_of,
    factors_of,
    in_products_of,
    is_layer,
    new_node,
    source_parameters,
)
from initlint.tracers.static.values.axes import Axes, einsum_roles, matmul_roles, sum_roles
from initlint.tracers.static.values.tensors import Storage, Tensor, as_tensor
from initlint.tracers.static.values.values import Value


def product(
    interpreter: Interpreter,
    values: list[Value],
    location: Location,
    equation: Equation | None = None,
    is_matrix_product: bool = True,
) -> Tensor:
    """A product of two values. With a parameter it is a layer; a product of data only ends the path."""
    data = [value for value in values if data_of([value])]
    weights = [value for value in values if not data_of([value]) and source_parameters([value])]
    if weights and not data and len(values) == 2:
        return combined(interpreter, "matmul", values[0], values[1], location)
    if not data or not weights:
        return new_node(interpreter, "sink", "matmul", values, location, exact=len(values) == 2 and are_data(*values))
    if len(weights) > 1 and len(weights) + len(data) == len(values):
        return _multiply_by_all(interpreter, weights, data, location)
    used = None
    if len(values) == 2:
        position = values.index(weights[0])
        axes = _axes(weights[0])
        if equation is not None:
            used = einsum_roles(equation, position, axes)
        elif is_matrix_product:
            used = matmul_roles(axes, position == 1)
    return multiply_by_weight(interpreter, weights[0], data, location, used)


def _multiply_by_all(interpreter: Interpreter, weights: list[Value], data: list[Value], location: Location) -> Tensor:
    """Data multiplied by several parameters at once: `einsum('bd,dr,re->be', x, a, b)`."""
    factors = [factors_of(weight) for weight in weights]
    sources = source_parameters(weights)
    product_of_all = Tensor(
        sources=sources, factors=tuple(chain(*factors)) if all(factors) else (), in_products=sources
    )
    return multiply_by_weight(interpreter, product_of_all if all(factors) else weights[0], data, location)


def _axes(value: Value) -> Axes:
    tensor = as_tensor(value)
    return None if tensor is None else tensor.axes


def einsum(interpreter: Interpreter, operands: list[Value], location: Location, equation: Equation) -> Value:
    """An einsum, taken as products of two: the data first, then each operand that shares an axis with the result."""
    terms = equation.terms
    start = next((at for at, operand in enumerate(operands) if data_of([operand])), 0)
    if len(operands) < 3 or len(terms) != len(operands):
        return product(interpreter, operands, location, equation)
    _, *others = order = equation.order(start)
    result = operands[start]
    labels = terms[start]
    for number, at in enumerate(others, 2):
        needed = {label for other in order[number:] for label in terms[other]} | set(equation.output)
        kept = [label for label in dict.fromkeys([*labels, *terms[at]]) if label in needed]
        step = equation.step(labels, terms[at], kept)
        result, labels = product(interpreter, [result, operands[at]], location, step), kept
    return result


def sum_of_product(interpreter: Interpreter, tensor: Tensor, dim: object, location: Location) -> Tensor | None:
    """`(x * w).sum(dim)` with a weight `w`, or `(x * y).sum(-1)`, as the matrix product that it is.

    None for any other sum.
    """
    elementwise = tensor.elementwise
    if elementwise is None or elementwise.node is not tensor.node:
        return None
    one, other = elementwise.factors
    if are_data(one, other):
        return new_node(interpreter, "sink", "matmul", [one, other], location, exact=True) if dim == -1 else None
    data, weight = (one, other) if one.node is not None else (other, one)
    roles = sum_roles(weight.axes, dim, data.inserted)
    return None if roles is None else multiply_by_weight(interpreter, weight, [data], location, roles)


def multiply_by_weight(
    interpreter: Interpreter, weight: Value, data: list[Value], location: Location, used: AxisRoles | None = None
) -> Tensor:
    """Data multiplied by a weight: a use of the layer that owns it, or of a raw parameter.

    `used`: the roles of the raw parameter's axes in the product.
    """
    factors = factors_of(weight)
    outside_products = source_parameters([weight]) - in_products_of(weight)
    storages = sorted(factors or outside_products, key=_weight_order)
    if not storages:
        return new_node(interpreter, "layer", "unknown", data, location)
    storage = storages[0]
    tensor = as_tensor(weight)
    storage.products.add(used if tensor is not None and tensor.storage is storage else None)
    owner = storage.owner
    if tensor is not None and tensor.storage is None and len(factors) < 2:
        # The weight is standardized, normalized or masked before use, so its own scale has no effect.
        storage.used_transformed = True
    exact = bool(factors) and are_data(*data)
    if owner is not None and is_layer(owner) and storage.name == "weight":
        return new_node(interpreter, "layer", owner.class_name, data, location, layer=owner)
    others = factors if exact and len(factors) > 1 else ()
    return new_node(interpreter, "layer", "Parameter", data, location, layer=storage, exact=exact, factors=others)


def _weight_order(storage: Storage) -> tuple[bool, bool, str]:
    """Sort key that puts first the parameter that is most likely the weight."""
    rank = None if storage.shape is None else len(storage.shape)
    return (storage.name != "weight", rank is not None and rank < 2, storage.name)


def combined(interpreter: Interpreter, name: str, left: Value, right: Value, location: Location) -> Tensor:
    """The result of an operation on parameters. A product of several ones adds a node to the data flow."""
    left_factors, right_factors = factors_of(left), factors_of(right)
    sources = source_parameters([left, right])
    if left_factors and right_factors and name in ("mul", "matmul"):
        factors = (*left_factors, *right_factors)
        node = FlowNode(
            "factor", name, (), location, interpreter.state.condition, exact=len(set(factors)) > 1, factors=factors
        )
        for factor in dict.fromkeys(factors):
            interpreter.log.nodes.setdefault(id(factor), []).append(node)
        return Tensor(sources=sources, factors=factors, in_products=sources, computed=True)
    outside = frozenset[Storage]().union(*(source_parameters([side]) - in_products_of(side) for side in (left, right)))
    is_scaled = name in ("mul", "div", "neg") and None in (as_tensor(left), as_tensor(right))
    factors = left_factors or right_factors if is_scaled else ()
    return Tensor(sources=sources, factors=factors, in_products=sources - outside, computed=True)
