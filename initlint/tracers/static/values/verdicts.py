"""Tests of a value that is one of several: which condition decides them."""

from __future__ import annotations

from collections.abc import Callable

from initlint.graph.dataflow import Condition, Token
from initlint.tracers.static.values.questions import Union, has_alternatives, options, without_unbound
from initlint.tracers.static.values.values import Value

Question = Callable[[Value], "bool | None"]


def ask(question: Question, value: Value) -> Value:
    """The answer to a question about a value: a bool, or one of both under its conditions; None if it is unknown."""
    value = without_unbound(value)
    if not has_alternatives(value):
        return question(value)
    answers = [(question(option), condition) for option, condition in options(value)]
    if all(answer is answers[0][0] for answer, _ in answers):
        return answers[0][0]
    token = _deciding_token(answers)
    if token is None:
        return None
    return Union([(True, frozenset([token])), (False, frozenset([_opposite(token)]))])


def deciding_token(question: Question, value: Value) -> Token | None:
    """The condition under which a value that is one of several gives True, if it gives False without it."""
    return _deciding_token([(question(option), condition) for option, condition in options(value)])


def _deciding_token(answers: list[tuple[bool | None, Condition]]) -> Token | None:
    """The token that all alternatives with the answer True have, and whose opposite those with False have."""
    if any(answer is None for answer, _ in answers):
        return None
    positive = [condition for answer, condition in answers if answer]
    negative = [condition for answer, condition in answers if not answer]
    if not positive or not negative:
        return None
    common = frozenset.intersection(*positive)
    return next((token for token in common if all(_opposite(token) in condition for condition in negative)), None)


def _opposite(token: Token) -> Token:
    return token[0], not token[1]
