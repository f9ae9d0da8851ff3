"""Compound statements: `if`, loops, `with` and `try`, and the join after an undecided test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from initlint.graph.dataflow import Condition
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.lazy_iterators import use_partly
from initlint.tracers.static.machine.path_conditions import new_token
from initlint.tracers.static.syntax.assignment import bind_target
from initlint.tracers.static.syntax.conditions import decide, narrow, run_undecided
from initlint.tracers.static.tensors.known_trees import visited_items
from initlint.tracers.static.tensors.loads import record_skipped_loads
from initlint.tracers.static.values.containers import LazyIterator, ListValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.functions import GRAD_MODES, ContextManager, method_of
from initlint.tracers.static.values.iteration import iterate
from initlint.tracers.static.values.loop_indices import End, LoopIndex, last_index
from initlint.tracers.static.values.objects import Instance, as_object
from initlint.tracers.static.values.questions import has_known_length, truth, without_unbound
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Raised, Unknown, Value

_MAX_WHILE = 64
"""Iterations of a `while` loop whose condition is known each time."""


def if_(interpreter: Interpreter, node: ast.If, env: Environment) -> str | None:
    """Run the side that the test selects, or both if it is undecided."""
    verdict, token = decide(interpreter, node.test, env)
    if verdict is not None and interpreter.visits.active:
        interpreter.visits.record_test(node)
    if verdict is True:
        return interpreter.run_block(node.body, env)
    if verdict is False:
        exit_kind = interpreter.run_block(node.orelse, env)
        if exit_kind is None:
            record_skipped_loads(interpreter, node, env)
        return exit_kind

    def yes() -> str | None:
        narrow(interpreter, node.test, env, True)
        return interpreter.run_block(node.body, env)

    def no() -> str | None:
        narrow(interpreter, node.test, env, False)
        return interpreter.run_block(node.orelse, env)

    return run_undecided(interpreter, token, yes, no, env)


def for_(interpreter: Interpreter, node: ast.For | ast.AsyncFor, env: Environment) -> str | None:
    """Run the body for each item."""
    iterable = interpreter.evaluate(node.iter, env)
    if _may_stop(node):
        use_partly(interpreter, iterable)
    if not interpreter.visits.tracks(node, env.scope):
        return _run_loop(interpreter, node, iterable, env)
    with visited_items(interpreter, node, iterable, env):
        return _run_loop(interpreter, node, iterable, env)


def _may_stop(node: ast.For | ast.AsyncFor) -> bool:
    """Whether the loop may leave items over."""
    return any(isinstance(inner, (ast.Break, ast.Return)) for part in node.body for inner in ast.walk(part))


def _run_loop(interpreter: Interpreter, node: ast.For | ast.AsyncFor, iterable: Value, env: Environment) -> str | None:
    before = interpreter.state.condition
    exit_kind, unknown = None, not has_known_length(iterable)
    items = iterate(interpreter, iterable)
    end = last_index(node) if unknown else None
    if end is not None:
        items = _with_index(list(items), end)
    last_iterations = interpreter.last_iterations
    with interpreter.loop(unknown):
        for number, (item, under) in enumerate(items):
            interpreter.repetitions += unknown and number == 1
            interpreter.last_iterations = last_iterations + _is_last(item)
            interpreter.state.condition = before | env.frame.not_returned | under
            if under:
                exit_kind = _maybe_round(interpreter, node, item, under, env)
            else:
                bind_target(interpreter, node.target, item, env)
                exit_kind = interpreter.run_block(node.body, env)
            if exit_kind in ("break", "return"):
                if interpreter.visits.active and interpreter.visits.active[-1].body is node:
                    interpreter.visits.active[-1].exits_early = True
                break
    return _after_loop(interpreter, node, exit_kind, before, env)


def _with_index(items: list[tuple[Value, Condition]], end: End) -> Iterator[tuple[Value, Condition]]:
    """The items of `range` or `enumerate`, with an index that knows whether it is the last one."""
    for number, (item, under) in enumerate(items):
        index = LoopIndex(end, number == len(items) - 1)
        is_known = len(items) < 2 or under
        yield (item if is_known else (index, *item[1:]) if isinstance(item, tuple) else index), under


def _is_last(item: Value) -> bool:
    index = item[0] if isinstance(item, tuple) and item else item
    return isinstance(index, LoopIndex) and index.is_last


def _after_loop(
    interpreter: Interpreter,
    node: ast.For | ast.AsyncFor | ast.While,
    exit_kind: str | None,
    before: Condition,
    env: Environment,
) -> str | None:
    """What a loop that was left by `left` leads to: its `else`, unless it was broken off."""
    interpreter.state.condition = before | env.frame.not_returned
    if exit_kind == "return":
        return exit_kind
    return interpreter.run_block(node.orelse, env) if exit_kind != "break" else None


def _maybe_round(
    interpreter: Interpreter, node: ast.For | ast.AsyncFor, item: Any, under: Any, env: Environment
) -> str | None:
    """Run the body for an item that may be absent."""

    def run() -> str | None:
        bind_target(interpreter, node.target, item, env)
        return interpreter.run_block(node.body, env)

    token = next(iter(under))
    side = interpreter.state.run_side(token, run)
    if side is None:
        return None
    interpreter.state.join_states(side.changes, token, {}, (token[0], not token[1]))
    return None if side.result in ("break", "return") else side.result


def while_(interpreter: Interpreter, node: ast.While, env: Environment) -> str | None:
    """Run the body while the test is known to hold; if it is unknown, run it once as an undecided branch."""
    before = interpreter.state.condition
    exit_kind = None
    for _ in range(_MAX_WHILE):
        verdict, token = decide(interpreter, node.test, env)
        if verdict is None:
            exit_kind = run_undecided(
                interpreter, token, lambda: interpreter.run_block(node.body, env), lambda: None, env
            )
            break
        if verdict is False:
            break
        exit_kind = interpreter.run_block(node.body, env)
        if exit_kind in ("break", "return"):
            break
    return _after_loop(interpreter, node, exit_kind, before, env)


def with_(interpreter: Interpreter, node: ast.With | ast.AsyncWith, env: Environment) -> str | None:
    """Run the body with the effects of its context managers."""
    return _with(interpreter, node, 0, env)


def _with(interpreter: Interpreter, node: ast.With | ast.AsyncWith, at: int, env: Environment) -> str | None:
    """Enter the context managers from number `at` on, and run the body."""
    if at == len(node.items):
        return interpreter.run_block(node.body, env)
    entry = node.items[at]
    manager = without_unbound(interpreter.evaluate(entry.context_expr, env))
    if isinstance(manager, LazyIterator) and manager.is_generator and manager.is_pending:
        return _with_generator(interpreter, node, at, manager, env)
    instance = as_object(manager)
    enter = None if instance is None or instance.user_class is None else method_of(instance.user_class, "__enter__")
    if instance is not None and enter is not None:
        return _with_object(interpreter, node, at, instance, env)
    if entry.optional_vars is not None:
        bind_target(interpreter, entry.optional_vars, _entered(manager), env)
    kind = manager.kind if isinstance(manager, ContextManager) else "unknown"
    grad_mode = interpreter.grad_mode
    previous = grad_mode.enabled
    if isinstance(manager, ContextManager) and kind in GRAD_MODES:
        previous = previous if manager.previous is UNBOUND else manager.previous
        grad_mode.enabled = GRAD_MODES[kind]
    interpreter.open_guards += kind == "suppress"
    interpreter.unknown_contexts += kind == "unknown"
    try:
        return _with(interpreter, node, at + 1, env)
    except Raised:
        if kind != "suppress":
            raise
        return None
    finally:
        if kind in GRAD_MODES:
            grad_mode.enabled = previous
        interpreter.open_guards -= kind == "suppress"
        interpreter.unknown_contexts -= kind == "unknown"


def _with_generator(
    interpreter: Interpreter, node: ast.With | ast.AsyncWith, at: int, manager: LazyIterator, env: Environment
) -> str | None:
    """A generator function as a context manager: the body runs at its `yield`."""
    depth, target = len(interpreter.stack), node.items[at].optional_vars
    exits: list[str | None] = []
    conditions: list[Condition] = []

    def body(value: Value) -> None:
        if exits:
            return
        with interpreter.at_depth(depth):
            if target is not None:
                bind_target(interpreter, target, value, env)
            exits.append(_with(interpreter, node, at + 1, env))
        conditions.append(interpreter.state.condition)

    interpreter.unknown_contexts += 1
    try:
        manager.run_at_yield(body)
        if not exits:
            body(Unknown("what a context manager gives"))
    finally:
        interpreter.unknown_contexts -= 1
    interpreter.state.condition = conditions[0]
    return exits[0]


def _with_object(
    interpreter: Interpreter, node: ast.With | ast.AsyncWith, at: int, manager: Instance, env: Environment
) -> str | None:
    """An object with `__enter__` and `__exit__` of the project."""
    target, location = node.items[at].optional_vars, interpreter.location_of(node.items[at].context_expr, env)
    value = interpreter.call(manager.get_attribute(interpreter, "__enter__"), CallArguments([], {}, location))
    if target is not None:
        bind_target(interpreter, target, value, env)
    leave = manager.get_attribute(interpreter, "__exit__")
    interpreter.unknown_contexts += 1
    try:
        exit_kind = _with(interpreter, node, at + 1, env)
    except Raised:
        error: Value = Unknown("an exception")
        if truth(interpreter.call(leave, CallArguments([error, error, error], {}, location))) is not True:
            raise
        return None
    finally:
        interpreter.unknown_contexts -= 1
    interpreter.call(leave, CallArguments([None, None, None], {}, location))
    return exit_kind


def _entered(manager: Any) -> Any:
    if isinstance(manager, ListValue):
        return manager.items[0] if manager.items else None
    return manager if isinstance(manager, (Instance, Tensor)) else Unknown("what a context manager gives")


def try_(interpreter: Interpreter, node: ast.Try, env: Environment) -> str | None:
    """Run the body, which is assumed to succeed; if it surely raises, run the handler, or any of several."""
    interpreter.open_guards += 1
    exit_kind = None
    try:
        exit_kind = interpreter.run_block(node.body, env)
        failed = False
    except Raised:
        failed = True
    finally:
        interpreter.open_guards -= 1
    if failed:
        if len(node.handlers) == 1:
            exit_kind = interpreter.run_block(node.handlers[0].body, env)
        elif node.handlers:
            exit_kind = _one_of(interpreter, node.handlers, env)
    elif exit_kind is None:
        exit_kind = interpreter.run_block(node.orelse, env)
    returned = len(env.frame.returns)
    last = interpreter.run_block(node.finalbody, env)
    if last == "return" and exit_kind == "return":
        del env.frame.returns[returned - 1]  # the value of `finally` replaces that of the body
    exit_kind = last or exit_kind
    if failed and not node.handlers:
        raise Raised
    return exit_kind


def _one_of(interpreter: Interpreter, handlers: list[ast.ExceptHandler], env: Environment) -> str | None:
    first, *others = handlers
    if not others:
        return interpreter.run_block(first.body, env)
    token = (new_token(), True)
    return run_undecided(
        interpreter,
        token,
        lambda: interpreter.run_block(first.body, env),
        lambda: _one_of(interpreter, others, env),
        env,
    )
