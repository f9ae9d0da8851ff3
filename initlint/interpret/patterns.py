"""`match`: which case is taken, and the names that its pattern binds."""

from __future__ import annotations

import libcst as cst

from initlint.interpret.comparisons import equal
from initlint.interpret.compound import undecided
from initlint.interpret.machine import Machine
from initlint.interpret.objects import Instance
from initlint.interpret.scopes import Environment
from initlint.interpret.state import fresh
from initlint.interpret.truth import decide
from initlint.interpret.type_tests import is_instance, symbolic
from initlint.interpret.values import Unknown, Value, present

_CAPTURED = Unknown("what a pattern captures")


def match(machine: Machine, node: cst.Match, env: Environment) -> str | None:
    """The first case that fits; where that is not known, each that may."""
    subject = present(machine.evaluate(node.subject, env))

    def cases(at: int) -> str | None:
        if at == len(node.cases):
            return None
        case = node.cases[at]
        fits = _fits(machine, case.pattern, subject, env)
        if fits is False:
            return cases(at + 1)

        def body() -> str | None:
            _bind(machine, case.pattern, subject, env)
            if isinstance(node.subject, cst.Name) and isinstance(case.pattern, cst.MatchClass):
                machine.assign(env, node.subject.value, _narrowed(machine, case.pattern, subject, env))
            return machine.execute(case.body, env)

        token = (fresh(), True)
        if case.guard is not None:
            _bind(machine, case.pattern, subject, env)
            holds, token = decide(machine, case.guard, env)
            if holds is False:
                return cases(at + 1)
            fits = fits if holds else None
        if fits:
            return body()
        return undecided(machine, token, body, lambda: cases(at + 1), env)

    return cases(0)


def _fits(machine: Machine, pattern: cst.MatchPattern, subject: Value, env: Environment) -> bool | None:
    """Whether `subject` matches; None if that is not known."""
    if isinstance(pattern, cst.MatchAs):
        return True if pattern.pattern is None else _fits(machine, pattern.pattern, subject, env)
    if isinstance(pattern, (cst.MatchValue, cst.MatchSingleton)):
        return equal(subject, present(machine.evaluate(pattern.value, env)))
    if isinstance(pattern, cst.MatchOr):
        verdicts = [_fits(machine, choice.pattern, subject, env) for choice in pattern.patterns]
        return True if True in verdicts else None if None in verdicts else False
    if isinstance(pattern, cst.MatchClass):
        return _fits_class(machine, pattern, subject, env)
    return None


def _fits_class(machine: Machine, pattern: cst.MatchClass, subject: Value, env: Environment) -> bool | None:
    verdict = is_instance(subject, machine.evaluate(pattern.cls, env))
    if verdict is not True:
        return verdict
    verdicts = [
        _fits(machine, keyword.pattern, present(machine.attribute(subject, keyword.key.value)), env)
        for keyword in pattern.kwds
    ]
    return False if False in verdicts else None if None in verdicts or pattern.patterns else True


def _bind(machine: Machine, pattern: cst.MatchPattern, subject: Value, env: Environment) -> None:
    if isinstance(pattern, cst.MatchAs):
        if pattern.pattern is not None:
            _bind(machine, pattern.pattern, subject, env)
        if pattern.name is not None:
            whole = pattern.pattern
            value = _narrowed(machine, whole, subject, env) if isinstance(whole, cst.MatchClass) else subject
            machine.assign(env, pattern.name.value, value)
        return
    for part in pattern.children:
        _capture(machine, part, env)


def _capture(machine: Machine, node: cst.CSTNode, env: Environment) -> None:
    """Bind the names inside a pattern whose parts are not followed."""
    if isinstance(node, (cst.MatchAs, cst.MatchStar)) and node.name is not None:
        machine.assign(env, node.name.value, _CAPTURED)
    for part in node.children:
        _capture(machine, part, env)


def _narrowed(machine: Machine, pattern: cst.MatchClass, subject: Value, env: Environment) -> Value:
    """What is known of `subject` once it has matched the class of `pattern`."""
    if isinstance(subject, Unknown) or (isinstance(subject, Instance) and subject.symbolic):
        return symbolic(machine, machine.evaluate(pattern.cls, env), subject)
    return subject
