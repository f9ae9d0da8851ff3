"""Literals, f-strings, lists, dictionaries and comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import partial

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.lazy_iterators import length_ahead
from initlint.tracers.static.machine.special_methods import call_special
from initlint.tracers.static.syntax.assignment import bind_target
from initlint.tracers.static.syntax.conditions import decide, narrow
from initlint.tracers.static.tensors.copying import note_equal_items
from initlint.tracers.static.tensors.known_trees import visited_items
from initlint.tracers.static.values.containers import DictValue, LazyIterator, ListValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.external_names import INT, STR, ComposedText
from initlint.tracers.static.values.iteration import iterate, truncated
from initlint.tracers.static.values.questions import (
    MAX_BITS,
    MAX_SEQUENCE,
    bound_under,
    entries,
    has_known_length,
    known_items,
    without_unbound,
)
from initlint.tracers.static.values.values import UNBOUND, AbstractValue, Unknown, Value, is_key


def constant(interpreter: Interpreter, node: ast.Constant, env: Environment) -> Value:
    """A number, a string, `None`, `True`, `False` or `...`."""
    if isinstance(node.value, int) and node.value.bit_length() > MAX_BITS:
        return Unknown("a number too large", INT)
    return node.value


def formatted(interpreter: Interpreter, node: ast.JoinedStr, env: Environment) -> Value:
    """An f-string; known if all its parts are known."""
    parts, is_known = [], True
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
            continue
        assert isinstance(part, ast.FormattedValue)
        value = interpreter.evaluate(part.value, env)
        for method in ("__format__", "__str__", "__repr__"):
            arguments: list[Value] = [""] if method == "__format__" else []
            shown = call_special(interpreter, value, method, arguments, interpreter.location_of(part, env))
            if shown is not UNBOUND:
                break
        if isinstance(value, (str, int, float)) and part.format_spec is None and part.conversion < 0:
            parts.append(str(value))
        else:
            parts.append("*")
            is_known = False
    composed = "".join(parts)
    if len(composed) > MAX_SEQUENCE:
        return Unknown("a string too long", STR)
    return composed if is_known else ComposedText(composed)


_MAX_DISPLAY = 256
"""Maximum number of evaluated elements of a list literal: longer lists contain data, such as class names."""


def elements(interpreter: Interpreter, nodes: Sequence[ast.expr], env: Environment) -> tuple[list[Value], bool]:
    """The values of a literal's elements, with starred ones unpacked, and whether there may be more."""
    values: list[Value] = []
    open = len(nodes) > _MAX_DISPLAY
    for element in nodes[:_MAX_DISPLAY]:
        if isinstance(element, ast.Starred):
            value = interpreter.evaluate(element.value, env)
            iterator = value.iterator(interpreter) if isinstance(value, AbstractValue) else UNBOUND
            value = value if iterator is UNBOUND else iterator
            open = open or not has_known_length(value)
            values.extend(known_items(value) or ())
        else:
            values.append(interpreter.evaluate(element, env))
    return truncated(values, open)


def tuple_(interpreter: Interpreter, node: ast.Tuple, env: Environment) -> Value:
    """`(a, b)`; an open list if its length is unknown."""
    items, open = elements(interpreter, node.elts, env)
    return ListValue(items, open=True) if open else tuple(items)


def list_(interpreter: Interpreter, node: ast.List | ast.Set, env: Environment) -> Value:
    """`[a, b]` and `{a, b}`."""
    items, open = elements(interpreter, node.elts, env)
    return interpreter.state.record_new(ListValue(items, open))


def dict_(interpreter: Interpreter, node: ast.Dict, env: Environment) -> Value:
    """`{key: value}`."""
    result = interpreter.state.record_new(DictValue())
    for name, content in zip(node.keys, node.values, strict=True):
        value = interpreter.evaluate(content, env)
        if name is None:
            value = without_unbound(value)
            named = entries(value)
            result.items.update(named or {})
            result.open = result.open or named is None or not has_known_length(value)
            continue
        key = interpreter.evaluate(name, env)
        call_special(interpreter, key, "__hash__", [], interpreter.location_of(name, env))
        if is_key(key):
            result.items[key] = value
        else:
            result.open = True
    return result


def comprehension(
    interpreter: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, env: Environment
) -> Value:
    """A list or set comprehension, or a generator expression, which runs when its items are used.

    What it iterates over first is evaluated at once, and outside of its scope.
    """
    iterable = interpreter.evaluate(node.generators[0].iter, env)
    if isinstance(node, ast.GeneratorExp):
        is_plain = len(node.generators) == 1 and not node.generators[0].ifs
        count = partial(length_ahead, iterable) if is_plain else None
        created = LazyIterator(lambda: _visiting(interpreter, node, iterable, env), count=count)
        return interpreter.state.record_new(created)
    return _visiting(interpreter, node, iterable, env)


def _visiting(
    interpreter: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, iterable: Value, env: Environment
) -> ListValue:
    if len(node.generators) == 1 and interpreter.visits.tracks(node, env.scope):
        with visited_items(interpreter, node, iterable, env):
            return _comprehension(interpreter, node, iterable, env)
    return _comprehension(interpreter, node, iterable, env)


def _comprehension(
    interpreter: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, iterable: Value, env: Environment
) -> ListValue:
    result = interpreter.state.record_new(ListValue())
    inner = Environment(env.scope, env.seen_by_closures, env.frame)

    before = interpreter.state.condition

    def add() -> None:
        under = interpreter.state.condition - before
        result.items.append(bound_under(under, interpreter.evaluate(node.elt, inner)))

    result.open = _for(interpreter, node.generators, iterable, inner, add)
    note_equal_items(interpreter, result, interpreter.location_of(node, env))
    if len(node.generators) == 1:
        result.select_from(iterable, (interpreter.location_of(test, env) for test in node.generators[0].ifs))
    if isinstance(node, ast.GeneratorExp):
        result.kind = "iterator"
    return result


def dict_comprehension(interpreter: Interpreter, node: ast.DictComp, env: Environment) -> Value:
    """`{key: value for ...}`."""
    result = interpreter.state.record_new(DictValue())
    iterable = interpreter.evaluate(node.generators[0].iter, env)
    inner = Environment(env.scope, env.seen_by_closures, env.frame)

    def add() -> None:
        key = interpreter.evaluate(node.key, inner)
        value = interpreter.evaluate(node.value, inner)
        if not is_key(key):
            result.open = True
            key = f"<{len(result.items)}>"  # keep the value under a made-up key
        result.items[key] = value

    result.open = _for(interpreter, node.generators, iterable, inner, add) or result.open
    return result


def _for(
    interpreter: Interpreter,
    clauses: Sequence[ast.comprehension],
    iterable: Value,
    env: Environment,
    act: Callable[[], None],
) -> bool:
    """Run `act` for each combination of a comprehension's clauses. Gives whether there may be further items.

    `iterable`: what the first of these iterates over.
    """
    clause, *inner = clauses
    open = not has_known_length(iterable)
    before = interpreter.state.condition
    unknown = open
    with interpreter.loop(unknown):
        for number, (item, under) in enumerate(iterate(interpreter, iterable)):
            interpreter.repetitions += unknown and number == 1
            interpreter.state.condition = before | under
            bind_target(interpreter, clause.target, item, env)
            verdicts = [decide(interpreter, test, env)[0] for test in clause.ifs]
            if False in verdicts:
                continue
            if None in verdicts:
                open = True
                for test in clause.ifs:
                    narrow(interpreter, test, env, True)
            if inner:
                open = _for(interpreter, inner, interpreter.evaluate(inner[0].iter, env), env, act) or open
            else:
                act()
    interpreter.state.condition = before
    return open
