"""The `match` statement: which case is taken, and the names that its pattern binds."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.path_conditions import new_token
from initlint.tracers.static.syntax.conditions import decide, is_assumed, run_undecided, symbolic_instance
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.questions import (
    container_kind,
    entries,
    equal,
    has_known_length,
    is_instance,
    known_items,
    without_unbound,
)
from initlint.tracers.static.values.values import Unknown, Value, is_key


def match(interpreter: Interpreter, node: ast.Match, env: Environment) -> str | None:
    """Run the first case that matches, or all that may match if that is unknown."""
    subject = without_unbound(interpreter.evaluate(node.subject, env))

    def cases(at: int) -> str | None:
        if at == len(node.cases):
            return None
        case = node.cases[at]
        fits = _fits(interpreter, case.pattern, subject, env)
        if fits is False:
            return cases(at + 1)

        def body() -> str | None:
            _bind(interpreter, case.pattern, subject, env)
            if isinstance(node.subject, ast.Name) and isinstance(case.pattern, ast.MatchClass):
                interpreter.assign(env, node.subject.id, _narrowed(interpreter, case.pattern, subject, env))
            return interpreter.run_block(case.body, env)

        token = (new_token(), True)
        if case.guard is not None:
            _bind(interpreter, case.pattern, subject, env)
            holds, token = decide(interpreter, case.guard, env)
            if holds is False:
                return cases(at + 1)
            fits = fits if holds else None
        if fits:
            return body()
        return run_undecided(interpreter, token, body, lambda: cases(at + 1), env)

    return cases(0)


def _fits(interpreter: Interpreter, pattern: ast.pattern, subject: Value, env: Environment) -> bool | None:
    """Whether `subject` matches; None if unknown."""
    if isinstance(pattern, ast.MatchAs):
        return True if pattern.pattern is None else _fits(interpreter, pattern.pattern, subject, env)
    if isinstance(pattern, ast.MatchValue):
        return equal(subject, without_unbound(interpreter.evaluate(pattern.value, env)))
    if isinstance(pattern, ast.MatchSingleton):
        return equal(subject, pattern.value)
    if isinstance(pattern, ast.MatchOr):
        verdicts = [_fits(interpreter, choice, subject, env) for choice in pattern.patterns]
        return True if True in verdicts else None if None in verdicts else False
    if isinstance(pattern, ast.MatchClass):
        return _fits_class(interpreter, pattern, subject, env)
    if isinstance(pattern, ast.MatchSequence):
        return _fits_sequence(interpreter, pattern, subject, env)
    if isinstance(pattern, ast.MatchMapping):
        return _fits_mapping(interpreter, pattern, subject, env)
    return None


def _items_of(pattern: ast.MatchSequence, subject: Value) -> list[Value] | None:
    """The items that the parts of a pattern without a star match, in order; None if they are not known."""
    is_sequence = container_kind(subject) in ("list", "tuple", "deque")
    items = known_items(subject) if is_sequence and has_known_length(subject) else None
    star = next((at for at, part in enumerate(pattern.patterns) if isinstance(part, ast.MatchStar)), None)
    if items is None or star is None:
        return items
    after = len(pattern.patterns) - star - 1
    middle = ListValue(items[star : len(items) - after])
    return [*items[:star], middle, *items[len(items) - after :]] if len(items) >= star + after else items


def _fits_sequence(
    interpreter: Interpreter, pattern: ast.MatchSequence, subject: Value, env: Environment
) -> bool | None:
    items = _items_of(pattern, subject)
    if items is None:
        return None
    if len(items) != len(pattern.patterns):
        return False
    parts = zip(pattern.patterns, items, strict=True)
    return _all(
        True if isinstance(part, ast.MatchStar) else _fits(interpreter, part, without_unbound(item), env)
        for part, item in parts
    )


def _fits_mapping(interpreter: Interpreter, pattern: ast.MatchMapping, subject: Value, env: Environment) -> bool | None:
    known, keys = entries(subject), [interpreter.evaluate(key, env) for key in pattern.keys]
    if known is None or not all(map(is_key, keys)):
        return None
    if not all(key in known for key in keys):
        return False if has_known_length(subject) else None
    parts = zip(pattern.patterns, keys, strict=True)
    return _all(_fits(interpreter, part, without_unbound(known[key]), env) for part, key in parts)


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    """Whether all are true; None if that is unknown."""
    found = set(verdicts)
    return False if False in found else None if None in found else True


def _fits_class(interpreter: Interpreter, pattern: ast.MatchClass, subject: Value, env: Environment) -> bool | None:
    verdict = is_instance(subject, interpreter.evaluate(pattern.cls, env))
    if verdict is not True:
        return verdict
    named = zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)
    fits = _all(
        _fits(interpreter, inner, without_unbound(interpreter.attribute(subject, name)), env) for name, inner in named
    )
    return None if fits and pattern.patterns else fits


def _bind(interpreter: Interpreter, pattern: ast.pattern, subject: Value, env: Environment) -> None:
    if isinstance(pattern, ast.MatchAs):
        if pattern.pattern is not None:
            _bind(interpreter, pattern.pattern, subject, env)
        if pattern.name is not None:
            inner = pattern.pattern
            value = _narrowed(interpreter, inner, subject, env) if isinstance(inner, ast.MatchClass) else subject
            interpreter.assign(env, pattern.name, value)
        return
    if isinstance(pattern, ast.MatchStar):
        if pattern.name is not None:
            interpreter.assign(env, pattern.name, subject)
        return
    items = _items_of(pattern, subject) if isinstance(pattern, ast.MatchSequence) else None
    if isinstance(pattern, ast.MatchSequence) and items is not None and len(items) == len(pattern.patterns):
        for inner_pattern, item in zip(pattern.patterns, items, strict=True):
            _bind(interpreter, inner_pattern, without_unbound(item), env)
        return
    known = entries(subject) if isinstance(pattern, ast.MatchMapping) else None
    if isinstance(pattern, ast.MatchMapping) and known is not None:
        _bind_mapping(interpreter, pattern, known, env)
        return
    captured = Unknown("what a pattern captures", origins=(subject,))
    for part in ast.walk(pattern):  # the names within a pattern that is not interpreted
        if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name is not None:
            interpreter.assign(env, part.name, captured)
        elif isinstance(part, ast.MatchMapping) and part.rest is not None:
            interpreter.assign(env, part.rest, captured)


def _bind_mapping(
    interpreter: Interpreter, pattern: ast.MatchMapping, known: dict[Any, Value], env: Environment
) -> None:
    keys = [interpreter.evaluate(key, env) for key in pattern.keys]
    for key, inner in zip(keys, pattern.patterns, strict=True):
        value = without_unbound(known[key]) if is_key(key) and key in known else Unknown("an entry")
        _bind(interpreter, inner, value, env)
    if pattern.rest is not None:
        interpreter.assign(env, pattern.rest, DictValue({k: v for k, v in known.items() if k not in keys}))


def _narrowed(interpreter: Interpreter, pattern: ast.MatchClass, subject: Value, env: Environment) -> Value:
    """The value of `subject` after it matched the class of `pattern`."""
    if is_assumed(subject):
        return symbolic_instance(interpreter, interpreter.evaluate(pattern.cls, env), subject)
    return subject
