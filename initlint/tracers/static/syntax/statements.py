"""Simple statements, and the dispatch table of all statements."""

from __future__ import annotations

import ast
import sys
from typing import Any

from initlint.tracers.static.machine.interpreter import Execute, Interpreter
from initlint.tracers.static.syntax.assignment import bind_target, delete
from initlint.tracers.static.syntax.conditions import narrow
from initlint.tracers.static.syntax.control_flow import for_, if_, try_, while_, with_
from initlint.tracers.static.syntax.definitions import define_class, define_function
from initlint.tracers.static.syntax.imports import import_from, import_names
from initlint.tracers.static.syntax.match import match
from initlint.tracers.static.syntax.operators import operate, operate_in_place
from initlint.tracers.static.tensors.absent_parameters import record_use_of_none
from initlint.tracers.static.tensors.contents import write_in_place
from initlint.tracers.static.tensors.lost_values import (
    record_dropped_result,
    record_rebound_name,
    record_write_to_named_copy,
)
from initlint.tracers.static.tensors.writes import record_leaf_write, record_write_to_copy
from initlint.tracers.static.values.environment import Environment, GlobalEnvironment
from initlint.tracers.static.values.questions import add_in_place, without_unbound, write_by_unknown
from initlint.tracers.static.values.tensors import COPY, Tensor, as_tensor
from initlint.tracers.static.values.values import UNBOUND, Raised


def expression(interpreter: Interpreter, node: ast.Expr, env: Environment) -> None:
    """An expression statement; docstrings are ignored."""
    if node.value.__class__ is not ast.Constant:
        value = interpreter.evaluate(node.value, env)
        if isinstance(value, Tensor):
            record_write_to_copy(value, node.value)
            record_write_to_named_copy(interpreter, value, node.value, env)
        record_dropped_result(interpreter, value, node, env)


def assign(interpreter: Interpreter, node: ast.Assign, env: Environment) -> None:
    """`a = b = value`."""
    value = interpreter.evaluate(node.value, env)
    if isinstance(value, Tensor):
        record_rebound_name(interpreter, node, value, env)
    for target in node.targets:
        bind_target(interpreter, target, value, env)


def annotated(interpreter: Interpreter, node: ast.AnnAssign, env: Environment) -> None:
    """`a: int = value`."""
    if node.value is not None:
        bind_target(interpreter, node.target, interpreter.evaluate(node.value, env), env)


def type_alias(interpreter: Interpreter, node: Any, env: Environment) -> None:
    """`type Name = value`, of Python 3.12: the name means the type in annotations."""
    bind_target(interpreter, node.name, interpreter.evaluate(node.value, env), env)


def augmented_assign(interpreter: Interpreter, node: ast.AugAssign, env: Environment) -> None:
    """`a += value`; lists, containers and parameters are changed in place."""
    left = without_unbound(interpreter.evaluate(node.target, env))
    if left is None and isinstance(node.target, ast.Attribute):
        record_use_of_none(interpreter, node, node.target, env)
    right, location = interpreter.evaluate(node.value, env), interpreter.location_of(node, env)
    changed = operate_in_place(interpreter, type(node.op), left, right, location)
    if changed is not UNBOUND:
        bind_target(interpreter, node.target, changed, env)
        return
    if isinstance(node.op, ast.Add) and add_in_place(interpreter, left, right, location):
        return
    tensor = as_tensor(left)
    if tensor is not None and tensor.node is None and tensor.storage is not None and not _is_copy(tensor):
        # `w *= k` writes to the parameter; the name stays bound to the same tensor.
        if tensor.tracked:
            record_leaf_write(interpreter, tensor, location)
        write_in_place(interpreter, tensor, type(node.op).__name__.lower(), right, location)
        return
    write_by_unknown(interpreter, left, location)
    bind_target(interpreter, node.target, operate(interpreter, type(node.op), left, right, node, env), env)


def _is_copy(tensor: Tensor) -> bool:
    """Whether the tensor is a copy by advanced indexing: `w[[0, 2]] *= k` assigns the result to items of `w`."""
    derived = tensor.storage.derived if tensor.storage is not None else None
    return derived is not None and derived.cause == COPY and not tensor.covers_storage


def return_(interpreter: Interpreter, node: ast.Return, env: Environment) -> str:
    """Record the returned value and its condition."""
    value = None if node.value is None else interpreter.evaluate(node.value, env)
    env.frame.returns.append((value, interpreter.state.condition))
    return "return"


def raise_(interpreter: Interpreter, node: ast.Raise, env: Environment) -> None:
    """The program, or this side of an undecided condition, ends here."""
    raise Raised


def delete_(interpreter: Interpreter, node: ast.Delete, env: Environment) -> None:
    """`del a, b.c`."""
    for target in node.targets:
        delete(interpreter, target, env)


def assert_(interpreter: Interpreter, node: ast.Assert, env: Environment) -> None:
    """Evaluate the condition, and narrow names by it. `assert False` raises."""
    if isinstance(node.test, ast.Constant) and not node.test.value:
        raise Raised
    interpreter.evaluate(node.test, env)
    if not isinstance(env, GlobalEnvironment):
        narrow(interpreter, node.test, env, True)


def global_(interpreter: Interpreter, node: ast.Global, env: Environment) -> None:
    """Bind the names in the module's scope."""
    interpreter.state.record_side_effect()
    for name in node.names:
        env.declared[name] = env.scope.environment


def nonlocal_(interpreter: Interpreter, node: ast.Nonlocal, env: Environment) -> None:
    """Bind the names in the enclosing function."""
    interpreter.state.record_side_effect()
    for name in node.names:
        owner = env.parent.owner_of(name) if env.parent is not None else None
        if owner is not None:
            env.declared[name] = owner


EXECUTE: dict[type, Execute] = {
    ast.Expr: expression,
    ast.Assign: assign,
    ast.AnnAssign: annotated,
    ast.AugAssign: augmented_assign,
    getattr(ast, "TypeAlias", ast.Assign): assign if sys.version_info < (3, 12) else type_alias,
    ast.If: if_,
    ast.For: for_,
    ast.AsyncFor: for_,
    ast.While: while_,
    ast.With: with_,
    ast.AsyncWith: with_,
    ast.Try: try_,
    getattr(ast, "TryStar", ast.Try): try_,  # Python 3.10 has no `except*`
    ast.Return: return_,
    ast.Raise: raise_,
    ast.Break: lambda m, n, e: "break",
    ast.Continue: lambda m, n, e: "continue",
    ast.Delete: delete_,
    ast.Assert: assert_,
    ast.Global: global_,
    ast.Nonlocal: nonlocal_,
    ast.Match: match,
    ast.FunctionDef: define_function,
    ast.AsyncFunctionDef: define_function,
    ast.ClassDef: define_class,
    ast.Import: import_names,
    ast.ImportFrom: import_from,
}
