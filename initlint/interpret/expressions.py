"""What each kind of expression evaluates to."""

from __future__ import annotations

import ast

from initlint.interpret.displays import (
    comprehension,
    constant,
    dict_,
    dict_comprehension,
    formatted,
    list_,
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


def named(machine: Machine, node: ast.NamedExpr, env: Environment) -> Value:
    """`(name := value)`."""
    value = machine.evaluate(node.value, env)
    machine.assign(env, node.target.id, value)
    return value


def lambda_(machine: Machine, node: ast.Lambda, env: Environment) -> Value:
    """A function without a name."""
    return Function(
        node, "<lambda>", env.scope, env.seen_by_closures, env.frame.function.owner if env.frame.function else None
    )


def await_(machine: Machine, node: ast.Await, env: Environment) -> Value:
    """What is awaited is there at once."""
    return machine.evaluate(node.value, env)


def yield_(machine: Machine, node: ast.Yield | ast.YieldFrom, env: Environment) -> Value:
    """Collect what a generator yields; the whole of it runs at the first call."""
    if env.frame.yields is None:
        env.frame.yields = []
    if isinstance(node, ast.YieldFrom):
        value = machine.evaluate(node.value, env)
        env.frame.yields.extend(item for item, _ in iterate(machine, value))
        return None
    env.frame.yields.append(None if node.value is None else machine.evaluate(node.value, env))
    return Unknown("what is sent to a generator")


EVALUATE: dict[type, Evaluate] = {
    ast.Name: name,
    ast.Attribute: attribute,
    ast.Call: call,
    ast.Constant: constant,
    ast.JoinedStr: formatted,
    ast.Tuple: tuple_,
    ast.List: list_,
    ast.Set: list_,
    ast.Dict: dict_,
    ast.ListComp: comprehension,
    ast.SetComp: comprehension,
    ast.GeneratorExp: comprehension,
    ast.DictComp: dict_comprehension,
    ast.BinOp: binary,
    ast.UnaryOp: unary,
    ast.BoolOp: boolean,
    ast.Compare: comparison,
    ast.IfExp: conditional,
    ast.NamedExpr: named,
    ast.Lambda: lambda_,
    ast.Await: await_,
    ast.Yield: yield_,
    ast.YieldFrom: yield_,
    ast.Subscript: subscript,
}
