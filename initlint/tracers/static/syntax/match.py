"""The `match` statement: which case is taken, and the names that its pattern binds."""

from __future__ import annotations

import ast

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.path_conditions import new_token
from initlint.tracers.static.syntax.conditions import decide, is_assumed, run_undecided, symbolic_instance
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.questions import (
    equal,
    is_instance,
    without_unbound,
)
from initlint.tracers.static.values.values import Unknown, Value

_CAPTURED = Unknown("what a pattern captures")


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
    return None


def _fits_class(interpreter: Interpreter, pattern: ast.MatchClass, subject: Value, env: Environment) -> bool | None:
    verdict = is_instance(subject, interpreter.evaluate(pattern.cls, env))
    if verdict is not True:
        return verdict
    verdicts = [
        _fits(interpreter, inner, without_unbound(interpreter.attribute(subject, name)), env)
        for name, inner in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)
    ]
    return False if False in verdicts else None if None in verdicts or pattern.patterns else True


def _bind(interpreter: Interpreter, pattern: ast.pattern, subject: Value, env: Environment) -> None:
    if isinstance(pattern, ast.MatchAs):
        if pattern.pattern is not None:
            _bind(interpreter, pattern.pattern, subject, env)
        if pattern.name is not None:
            inner = pattern.pattern
            value = _narrowed(interpreter, inner, subject, env) if isinstance(inner, ast.MatchClass) else subject
            interpreter.assign(env, pattern.name, value)
        return
    for part in ast.walk(pattern):  # the names within a pattern that is not interpreted
        if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name is not None:
            interpreter.assign(env, part.name, _CAPTURED)
        elif isinstance(part, ast.MatchMapping) and part.rest is not None:
            interpreter.assign(env, part.rest, _CAPTURED)


def _narrowed(interpreter: Interpreter, pattern: ast.MatchClass, subject: Value, env: Environment) -> Value:
    """The value of `subject` after it matched the class of `pattern`."""
    if is_assumed(subject):
        return symbolic_instance(interpreter, interpreter.evaluate(pattern.cls, env), subject)
    return subject
