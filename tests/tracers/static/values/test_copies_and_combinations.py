"""Copies of values, lists and dictionaries combined by operators, and the questions of Python's built-in functions."""

from __future__ import annotations

from typing import cast

import pytest

from initlint.project.user_tables import UserTables
from initlint.tracers.static.machine.interpreter import Imports, Interpreter
from initlint.tracers.static.project import HANDLERS
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.external_names import external
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import (
    Union,
    combine,
    has_attribute,
    is_callable,
    text,
)
from initlint.tracers.static.values.tensors import Storage, Tensor
from initlint.tracers.static.values.values import UNBOUND, AbstractValue, Copier, Unknown, Value

LINEAR = external("torch.nn.Linear")
YES, NO = frozenset([("test", True)]), frozenset([("test", False)])


@pytest.fixture
def machine() -> Interpreter:
    return Interpreter(HANDLERS, cast(Imports, None), UserTables())


def layer(symbolic: bool = False) -> Instance:
    return Instance(LINEAR, None, torch_name="torch.nn.Linear", symbolic=symbolic)


def test_a_deep_copy_has_new_modules_and_memory() -> None:
    model = Instance(external("torch.nn.Module"), None, torch_name="torch.nn.Module")
    weight = Storage((2, 3))
    weight.parameter, weight.owner, weight.name = True, model, "weight"
    model.fields.update(weight=Tensor(storage=weight, leaf=True), alias=Tensor(storage=weight), child=layer(), width=3)
    copier = Copier(frozenset(), [])
    copy = copier.copy(ListValue([model, (model, 1)], kind="set"))
    assert isinstance(copy, ListValue)
    assert copy.kind == "set"
    first, pair = copy.items
    assert isinstance(first, Instance)
    assert pair == (first, 1)
    assert first is not model
    assert copier.modules == [first, first.fields["child"]]
    new, alias = first.fields["weight"], first.fields["alias"]
    assert isinstance(new, Tensor)
    assert isinstance(alias, Tensor)
    assert new.storage is alias.storage
    assert new.storage is not None
    assert new.storage is not weight
    assert (new.storage.owner, new.storage.name, new.leaf) == (first, "weight", True)
    assert first.fields["width"] == 3


def test_what_cannot_be_changed_is_not_copied() -> None:
    for value in (LINEAR, Unknown("x"), Tensor(), "a", 1):
        assert Copier(frozenset(), []).copy(value) is value


def test_a_shallow_copy_shares_its_items() -> None:
    item = layer()
    copy = ListValue([item], open=True).shallow_copy()
    assert isinstance(copy, ListValue)
    assert copy.open
    assert copy.items[0] is item
    table = DictValue({"a": item}).shallow_copy()
    assert isinstance(table, DictValue)
    assert table.items["a"] is item
    assert item.shallow_copy() is not item
    assert item.shallow_copy().fields["weight"] is item.fields["weight"]


@pytest.mark.parametrize(
    ("operator", "left", "right", "items", "open"),
    [
        ("add", ListValue([1]), ListValue([2]), [1, 2], False),
        ("add", ListValue([1]), (2,), [1, 2], False),
        ("add", (1,), ListValue([2]), [1, 2], False),
        ("add", ListValue([1]), Unknown("a list"), [1], True),
        ("mul", ListValue([1, 2]), 2, [1, 2, 1, 2], False),
        ("mul", 2, ListValue([1]), [1, 1], False),
        ("mul", ListValue([1]), Unknown("a number"), [1, 1], True),
        ("mul", ListValue([1]), 10**6, [1, 1], True),
    ],
)
def test_combined_lists(operator: str, left: Value, right: Value, items: list[Value], open: bool) -> None:
    combined = combine(operator, left, right)
    assert isinstance(combined, ListValue)
    assert (combined.items, combined.open) == (items, open)


def test_other_combinations() -> None:
    merged = combine("or", DictValue({"a": 1, "b": 1}), DictValue({"b": 2}, open=True))
    assert isinstance(merged, DictValue)
    assert (merged.items, merged.open) == ({"a": 1, "b": 2}, True)
    assert isinstance(combine("sub", ListValue(), ListValue()), Unknown)
    assert combine("or", DictValue(), 1) is UNBOUND
    assert combine("add", 1, 2) is UNBOUND
    assert combine("add", Tensor(), 2) is UNBOUND


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        ("abc", "upper", True),
        (LINEAR, "anything", True),
        (layer(), "weight", True),
        (layer(), "missing", False),
        (layer(symbolic=True), "missing", None),
        (Unknown("x"), "weight", None),
        (Union([(layer(), YES), (1, NO)]), "weight", None),
        (Tensor(), "view", True),
    ],
)
def test_hasattr(machine: Interpreter, value: Value, name: str, expected: bool | None) -> None:
    assert has_attribute(machine, value, name) is expected


def test_surely_missing_attributes() -> None:
    assert layer().surely_lacks("missing")
    assert not layer(symbolic=True).surely_lacks("missing")
    assert not Unknown("x").surely_lacks("missing")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(LINEAR, True), (layer(), True), (ListValue(), False), (1, False), ((), False), (Unknown("x"), None)],
)
def test_callable(value: Value, expected: bool | None) -> None:
    assert is_callable(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, "1"), (None, "None"), (LINEAR, "<class 'torch.nn.Linear'>"), (layer(), None), ((1,), None)],
)
def test_text(value: Value, expected: str | None) -> None:
    assert text(value) == expected


def test_subclasses() -> None:
    assert LINEAR.is_subclass(external("torch.nn.Module")) is True
    assert LINEAR.is_subclass(external("torch.nn.Conv2d")) is False
    assert LINEAR.is_subclass(Unknown("a class")) is None
    assert AbstractValue().is_subclass(LINEAR) is None
