"""Branches are undone, then joined."""

from __future__ import annotations

import pytest

from initlint.graph.dataflow import Node
from initlint.tracers.static.machine.branches import Raised, State, fresh
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.join import join
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import ABSENT, Union, Unknown, present

YES, NO = ("test", True), ("test", False)
ONE, OTHER = frozenset([YES]), frozenset([NO])


def test_a_branch_is_undone_and_handed_back() -> None:
    state, layers = State(), ListValue(["conv"])

    def side() -> str:
        state.touch(layers)
        layers.items.append("relu")
        assert state.known("test") is True
        return "done"

    left = state.branch(YES, side)
    assert left is not None
    assert (left.result, layers.items, state.known("test")) == ("done", ["conv"], None)
    state.adopt(left.changes)
    assert layers.items == ["conv", "relu"]


def test_what_only_one_side_adds_may_be_absent() -> None:
    state, names = State(), DictValue({"a": 1})

    def side() -> None:
        state.touch(names)
        names.items["b"] = 2

    left = state.branch(YES, side)
    assert left is not None
    state.settle(left.changes, YES, {}, NO)
    assert names.items["a"] == 1
    assert names.items["b"].options == [(2, ONE), (ABSENT, OTHER)]
    assert present(names.items["b"]) == 2


def test_a_branch_inside_a_branch_is_undone_with_it() -> None:
    state, layers = State(), ListValue()

    def add(what: str) -> None:
        state.touch(layers)
        layers.items.append(what)

    def outer() -> None:
        add("outer")
        left = state.branch(("inner", True), lambda: add("inner"))
        assert left is not None
        state.adopt(left.changes)

    left = state.branch(YES, outer)
    assert left is not None
    assert layers.items == []
    state.adopt(left.changes)
    assert layers.items == ["outer", "inner"]


def test_a_side_that_raises_does_not_happen() -> None:
    def fails() -> None:
        raise Raised

    state = State()
    assert state.either(YES, fails, lambda: 2) == 2
    assert state.either(YES, lambda: 1, fails) == 1
    with pytest.raises(Raised):
        state.either(YES, fails, fails)


def test_equal_values_join_to_one() -> None:
    assert join(3, ONE, 3, OTHER) == 3
    joined = join(1, ONE, True, OTHER)
    assert isinstance(joined, Union)
    assert joined.options == [(1, ONE), (True, OTHER)]


def test_too_many_alternatives_are_unknown() -> None:
    value: object = 0
    for at in range(1, 7):
        value = join(value, frozenset([(at, False)]), at, frozenset([(at, True)]))
    assert isinstance(value, Unknown)


def test_data_joins_in_the_flow() -> None:
    one, other = (Tensor(Node("input", "input", (), None)) for _ in range(2))
    joined = join(one, ONE, other, OTHER)
    assert joined.node.kind == "join"
    assert joined.node.inputs == [(one.node, ONE), (other.node, OTHER)]


def test_each_alternative_is_tried_but_those_excluded() -> None:
    state, value = State(), Union([(1, ONE), (2, OTHER)])
    both = state.each(value, lambda option: option * 10)
    assert sorted(both.values) == [10, 20]
    only = state.branch(YES, lambda: state.each(value, lambda option: option * 10))
    assert only is not None
    assert only.result == 10


def test_conditions_are_never_the_same() -> None:
    assert fresh() != fresh()
