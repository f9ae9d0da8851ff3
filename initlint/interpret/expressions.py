"""What each kind of expression evaluates to."""

from __future__ import annotations

import libcst as cst

from initlint.interpret.displays import (
    comprehension,
    concatenated,
    dict_,
    dict_comprehension,
    floating,
    formatted,
    imaginary,
    integer,
    list_,
    string,
    tuple_,
)
from initlint.interpret.machine import Evaluate, Machine
from initlint.interpret.names import attribute, call, name
from initlint.interpret.operators import binary, boolean, comparison, conditional, unary
from initlint.interpret.scopes import Environment
from initlint.interpret.sequences import iterate
from initlint.interpret.subscripts import subscript
from initlint.interpret.values import (
    Function,
    Unknown,
    Value,
)


def named(machine: Machine, node: cst.NamedExpr, env: Environment) -> Value:
    """`(name := value)`."""
    value = machine.evaluate(node.value, env)
    if isinstance(node.target, cst.Name):
        machine.assign(env, node.target.value, value)
    return value


def lambda_(machine: Machine, node: cst.Lambda, env: Environment) -> Value:
    """A function without a name."""
    return Function(
        node, "<lambda>", env.scope, env.seen_by_closures, env.frame.function.owner if env.frame.function else None
    )


def await_(machine: Machine, node: cst.Await, env: Environment) -> Value:
    """What is awaited is there at once."""
    return machine.evaluate(node.expression, env)


def yield_(machine: Machine, node: cst.Yield, env: Environment) -> Value:
    """Collect what a generator yields; the whole of it runs at the first call."""
    if env.frame.yields is None:
        env.frame.yields = []
    if isinstance(node.value, cst.From):
        value = machine.evaluate(node.value.item, env)
        env.frame.yields.extend(item for item, _ in iterate(machine, value))
        return None
    env.frame.yields.append(None if node.value is None else machine.evaluate(node.value, env))
    return Unknown("what is sent to a generator")


EVALUATE: dict[type, Evaluate] = {
    cst.Name: name,
    cst.Attribute: attribute,
    cst.Call: call,
    cst.Integer: integer,
    cst.Float: floating,
    cst.Imaginary: imaginary,
    cst.SimpleString: string,
    cst.ConcatenatedString: concatenated,
    cst.FormattedString: formatted,
    cst.Tuple: tuple_,
    cst.List: list_,
    cst.Set: list_,
    cst.Dict: dict_,
    cst.ListComp: comprehension,
    cst.SetComp: comprehension,
    cst.GeneratorExp: comprehension,
    cst.DictComp: dict_comprehension,
    cst.BinaryOperation: binary,
    cst.UnaryOperation: unary,
    cst.BooleanOperation: boolean,
    cst.Comparison: comparison,
    cst.IfExp: conditional,
    cst.NamedExpr: named,
    cst.Lambda: lambda_,
    cst.Await: await_,
    cst.Yield: yield_,
    cst.Subscript: subscript,
    cst.Ellipsis: lambda m, n, e: ...,
}
