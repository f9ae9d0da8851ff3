"""Branches are undone, then joined."""

from __future__ import annotations

import pytest

from initlint.graph.dataflow import FlowNode
from initlint.tracers.static.machine.path_conditions import BranchState, new_token
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.questions import Union, join, without_unbound
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import UNBOUND, Raised, Unknown

YES, NO = ("test", True), ("test", False)
ONE, OTHER = frozenset([YES]), frozenset([NO])


def test_a_branch_is_undone_and_handed_back() -> None:
    state, layers = BranchState([].append), ListValue(["conv"])

    def side() -> str:
        state.save_before_change(layers)
        layers.items.append("relu")
        assert state.decided_side("test") is True
        return "done"

    left = state.run_side(YES, side)
    assert left is not None
    assert (left.result, layers.items, state.decided_side("test")) == ("done", ["conv"], None)
    state.apply_changes(left.changes)
    assert layers.items == ["conv", "relu"]


def test_what_only_one_side_adds_may_be_absent() -> None:
    state, names = BranchState([].append), DictValue({"a": 1})

    def side() -> None:
        state.save_before_change(names)
        names.items["b"] = 2

    left = state.run_side(YES, side)
    assert left is not None
    state.join_states(left.changes, YES, {}, NO)
    assert names.items["a"] == 1
    assert names.items["b"].options == [(2, ONE), (UNBOUND, OTHER)]
    assert without_unbound(names.items["b"]) == 2


def test_a_branch_inside_a_branch_is_undone_with_it() -> None:
    state, layers = BranchState([].append), ListValue()

    def add(what: str) -> None:
        state.save_before_change(layers)
        layers.items.append(what)

    def outer() -> None:
        add("outer")
        left = state.run_side(("inner", True), lambda: add("inner"))
        assert left is not None
        state.apply_changes(left.changes)

    left = state.run_side(YES, outer)
    assert left is not None
    assert layers.items == []
    state.apply_changes(left.changes)
    assert layers.items == ["outer", "inner"]


def test_a_side_that_raises_does_not_happen() -> None:
    def fails() -> None:
        raise Raised

    state = BranchState([].append)
    assert state.join_values(YES, fails, lambda: 2) == 2
    assert state.join_values(YES, lambda: 1, fails) == 1
    with pytest.raises(Raised):
        state.join_values(YES, fails, fails)


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
    one, other = (Tensor(FlowNode("input", "input", (), None)) for _ in range(2))
    joined = join(one, ONE, other, OTHER)
    assert joined.node.kind == "join"
    assert joined.node.inputs == [(one.node, ONE), (other.node, OTHER)]


def test_each_alternative_is_tried_but_those_excluded() -> None:
    state, value = BranchState([].append), Union([(1, ONE), (2, OTHER)])
    both = state.map_union(value, lambda option: option * 10)
    assert sorted(both.values) == [10, 20]
    only = state.run_side(YES, lambda: state.map_union(value, lambda option: option * 10))
    assert only is not None
    assert only.result == 10


def test_conditions_are_never_the_same() -> None:
    assert new_token() != new_token()


def test_joining_long_lists_costs_steps() -> None:
    spent: list[int] = []
    state, layers = BranchState(spent.append), ListValue(["conv"] * 1_600)

    def change() -> None:
        state.save_before_change(layers)
        layers.items.append("norm")

    one, other = state.run_both(YES, change, lambda: None)
    state.join_states(one.changes, YES, other.changes, NO)
    assert sum(spent) == 100
