"""What each kind of statement does."""

from __future__ import annotations

import libcst as cst

from initlint.interpret.calls import Call
from initlint.interpret.compound import block, for_, if_, line, try_, while_, with_
from initlint.interpret.containers import ListValue
from initlint.interpret.definitions import define_class, define_function
from initlint.interpret.imports import import_from, import_names
from initlint.interpret.machine import Execute, Machine
from initlint.interpret.objects import Instance
from initlint.interpret.operators import augmented, operate
from initlint.interpret.parameters import note_dropped, write_in_place
from initlint.interpret.patterns import match
from initlint.interpret.scopes import Environment, GlobalEnvironment
from initlint.interpret.sequences import bounded, iterate
from initlint.interpret.state import Raised
from initlint.interpret.storage import COPY, Tensor
from initlint.interpret.targets import bind_target, delete
from initlint.interpret.truth import narrow
from initlint.interpret.values import Unknown, present


def expression(machine: Machine, node: cst.Expr, env: Environment) -> None:
    """A statement that is an expression; docstrings are passed over."""
    if node.value.__class__ is not cst.SimpleString:
        value = machine.evaluate(node.value, env)
        if isinstance(value, Tensor):
            note_dropped(value, node.value)


def assign(machine: Machine, node: cst.Assign, env: Environment) -> None:
    """`a = b = value`."""
    value = machine.evaluate(node.value, env)
    for target in node.targets:
        bind_target(machine, target.target, value, env)


def annotated(machine: Machine, node: cst.AnnAssign, env: Environment) -> None:
    """`a: int = value`."""
    if node.value is not None:
        bind_target(machine, node.target, machine.evaluate(node.value, env), env)


def augmented_assign(machine: Machine, node: cst.AugAssign, env: Environment) -> None:
    """`a += value`; lists, containers and parameters are changed in place."""
    left = present(machine.evaluate(node.target, env))
    right = machine.evaluate(node.value, env)
    if isinstance(left, ListValue) and isinstance(node.operator, cst.AddAssign):
        machine.state.touch(left)
        left.items.extend(item for item, _ in iterate(machine, right))
        left.open = left.open or not bounded(right)
        return
    if isinstance(left, Instance) and isinstance(node.operator, cst.AddAssign):
        method = machine.attribute(left, "extend")
        if not isinstance(method, Unknown):
            machine.call(method, Call([right], {}, machine.site(node, env)))
            return
    if isinstance(left, Tensor) and left.node is None and left.storage is not None and not _is_copy(left):
        # `w *= k` writes to the parameter; the name then stands for the same tensor.
        write_in_place(
            machine, left, type(node.operator).__name__.removesuffix("Assign").lower(), right, machine.site(node, env)
        )
        return
    kind = augmented(type(node.operator))
    value = Unknown("an operation") if kind is None else operate(machine, kind, left, right, node, env)
    bind_target(machine, node.target, value, env)


def _is_copy(tensor: Tensor) -> bool:
    """`w[[0, 2]] *= k` computes on a copy, and then assigns it to these items of `w`."""
    derived = tensor.storage.derived if tensor.storage is not None else None
    return derived is not None and derived.cause == COPY and not tensor.whole


def return_(machine: Machine, node: cst.Return, env: Environment) -> str:
    """Note what is returned, and under which conditions."""
    value = None if node.value is None else machine.evaluate(node.value, env)
    env.frame.returns.append((value, machine.state.condition))
    return "return"


def raise_(machine: Machine, node: cst.Raise, env: Environment) -> None:
    """The program ends here, or this side of a test does."""
    raise Raised


def delete_(machine: Machine, node: cst.Del, env: Environment) -> None:
    """`del a, b.c`."""
    delete(machine, node.target, env)


def assert_(machine: Machine, node: cst.Assert, env: Environment) -> None:
    """What is asserted holds."""
    if not isinstance(env, GlobalEnvironment):
        narrow(machine, node.test, env, True)


def global_(machine: Machine, node: cst.Global, env: Environment) -> None:
    """The names live in the module."""
    for item in node.names:
        env.declared[item.name.value] = env.scope.environment


def nonlocal_(machine: Machine, node: cst.Nonlocal, env: Environment) -> None:
    """The names live in the function around."""
    for item in node.names:
        owner = env.parent.owner_of(item.name.value) if env.parent is not None else None
        if owner is not None:
            env.declared[item.name.value] = owner


EXECUTE: dict[type, Execute] = {
    cst.IndentedBlock: block,
    cst.SimpleStatementSuite: block,
    cst.SimpleStatementLine: line,
    cst.Expr: expression,
    cst.Assign: assign,
    cst.AnnAssign: annotated,
    cst.AugAssign: augmented_assign,
    cst.If: if_,
    cst.For: for_,
    cst.While: while_,
    cst.With: with_,
    cst.Try: try_,
    cst.TryStar: try_,
    cst.Return: return_,
    cst.Raise: raise_,
    cst.Break: lambda m, n, e: "break",
    cst.Continue: lambda m, n, e: "continue",
    cst.Del: delete_,
    cst.Assert: assert_,
    cst.Global: global_,
    cst.Nonlocal: nonlocal_,
    cst.Match: match,
    cst.FunctionDef: define_function,
    cst.ClassDef: define_class,
    cst.Import: import_names,
    cst.ImportFrom: import_from,
}
