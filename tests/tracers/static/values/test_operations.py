"""What is done with each kind of value: attributes, items and calls, and what the base class does for a kind that has none."""

from __future__ import annotations

import ast
from typing import Any, cast

import pytest

from initlint.project.reading import parse_source
from initlint.project.source import SourceLocation
from initlint.project.user_tables import UserTables
from initlint.tracers.static.machine.interpreter import Imports, Interpreter
from initlint.tracers.static.project import HANDLERS
from initlint.tracers.static.values.classes import ClassValue, SuperProxy
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.external_names import ExternalName, external
from initlint.tracers.static.values.functions import BoundMethod, Function, Partial
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.pretrained import PretrainedModule
from initlint.tracers.static.values.questions import (
    Union,
    get_item,
    options,
    set_attribute,
)
from initlint.tracers.static.values.tensors import Storage, Tensor
from initlint.tracers.static.values.values import (
    UNBOUND,
    AbstractValue,
    CallArguments,
    NativeMethod,
    Raised,
    Unknown,
    Value,
)

LINEAR = external("torch.nn.Linear")
SOURCE = parse_source("net.py", b"def f(x): return x\n\n\nclass A:\n    pass\n")
SITE = SourceLocation(SOURCE, SOURCE.tree)


class Scope:
    """As much of a `ModuleScope` as functions and classes use here."""

    name, source = "net", SOURCE


@pytest.fixture
def machine() -> Interpreter:
    return Interpreter(HANDLERS, cast(Imports, None), UserTables())


def function(*wrappers: str) -> Function:
    node = SOURCE.tree.body[0]
    assert isinstance(node, ast.FunctionDef)
    return Function(node, "f", cast(Any, Scope), None, wrappers=frozenset(wrappers))


def cls(*bases: AbstractValue) -> ClassValue:
    node = SOURCE.tree.body[1]
    assert isinstance(node, ast.ClassDef)
    return ClassValue("A", node, cast(Any, Scope), list(bases), None)


def call(*arguments: Value) -> CallArguments:
    return CallArguments(list(arguments), {}, SITE)


class Opaque(AbstractValue):
    """A kind that overrides nothing."""

    __slots__ = ()


def test_a_kind_that_overrides_nothing(machine: Interpreter) -> None:
    value = Opaque()
    method = value.get_attribute(machine, "close")
    assert isinstance(method, NativeMethod)
    assert isinstance(method.call(machine, call()), Unknown)
    assert isinstance(value.get_item(machine, 0, SITE), Unknown)
    result = value.call(machine, call())
    assert isinstance(result, Unknown)
    assert "Opaque is not callable" in result.reason
    value.set_attribute(machine, "x", 1, SITE)
    value.set_item(machine, 0, 1, SITE)
    value.delete_attribute(machine, "x")
    value.delete_item(machine, 0)


@pytest.mark.parametrize(
    ("value", "index", "expected"),
    [
        ((1, 2), 1, 2),
        ("abc", slice(1, None), "bc"),
        (range(5), 2, 2),
        (ListValue([1, 2]), -1, 2),
        (ListValue([1, 2], open=True), 7, 2),
        (DictValue({"a": 3}), "a", 3),
        (LINEAR, 0, LINEAR),
    ],
)
def test_known_items(machine: Interpreter, value: Value, index: Value, expected: Value) -> None:
    assert get_item(machine, value, index, SITE) == expected


@pytest.mark.parametrize(
    ("value", "index"), [((1,), 4), ("", 0), (ListValue([1]), 4), (DictValue({"a": 3}), "b"), (range(2), 2)]
)
def test_a_missing_item_raises(machine: Interpreter, value: Value, index: Value) -> None:
    with pytest.raises(Raised):
        get_item(machine, value, index, SITE)


@pytest.mark.parametrize(
    ("value", "index"),
    [
        (3, 0),
        (ListValue(open=True), 0),
        (DictValue(open=True), "a"),
        (DictValue({"a": 3}), ListValue()),
        (cls(), "name"),
        ("abc", Unknown("an index")),
    ],
)
def test_unknown_items(machine: Interpreter, value: Value, index: Value) -> None:
    assert isinstance(get_item(machine, value, index, SITE), Unknown)


def test_an_unknown_index_gives_one_of_the_items(machine: Interpreter) -> None:
    for value in ((1, 2), ListValue([1, 2])):
        item = get_item(machine, value, Unknown("an index"), SITE)
        assert [option for option, _ in options(item)] == [1, 2]


def test_an_item_of_an_unknown_value_is_always_the_same(machine: Interpreter) -> None:
    value = Unknown("a table")
    assert value.get_item(machine, 1, SITE) is value.get_item(machine, 1, SITE)
    assert value.get_item(machine, 1, SITE) is not value.get_item(machine, 2, SITE)


def test_changing_items(machine: Interpreter) -> None:
    items = ListValue([1, 2, 3])
    items.set_item(machine, 1, 9, SITE)
    items.delete_item(machine, 0)
    assert items.items == [9, 3]
    items.set_item(machine, Unknown("an index"), 0, SITE)
    assert all(isinstance(item, Unknown) for item in items.items)
    table = DictValue({"a": 1})
    table.set_item(machine, "b", 2, SITE)
    table.delete_item(machine, "a")
    assert table.items == {"b": 2}
    table.set_item(machine, Unknown("a key"), 2, SITE)
    assert table.open


def test_children_are_renumbered(machine: Interpreter) -> None:
    layers = Instance(external("torch.nn.ModuleList"), None, torch_name="torch.nn.ModuleList")
    layers.fields.update({"0": 1, "1": 2, "2": 3})
    layers.delete_item(machine, 0)
    assert layers.fields == {"0": 2, "1": 3}
    layers.set_item(machine, -1, 8, SITE)
    assert layers.fields == {"0": 2, "1": 8}
    layers.delete_attribute(machine, "1")
    assert layers.fields == {"0": 2}
    assert layers.registry_changed


def test_attributes_of_names_classes_and_functions(machine: Interpreter) -> None:
    assert LINEAR.get_attribute(machine, "__name__") == "Linear"
    assert external("torch.nn").get_attribute(machine, "Linear") == LINEAR
    model = cls(external("torch.nn.Module"))
    model.set_attribute(machine, "WIDTH", 3, SITE)
    model.set_attribute(machine, "build", function("classmethod"), SITE)
    assert model.get_attribute(machine, "WIDTH") == 3
    assert isinstance(model.get_attribute(machine, "build"), BoundMethod)
    assert model.get_attribute(machine, "__doc__") == ExternalName("torch.nn.Module.__doc__")
    assert isinstance(model.get_attribute(machine, "missing"), Unknown)
    assert function().get_attribute(machine, "__name__") == "f"
    assert BoundMethod(function(), 1).get_attribute(machine, "__name__") == "f"
    assert Partial(LINEAR, [], {}).get_attribute(machine, "func") == LINEAR


def test_attributes_of_a_union_and_of_a_constant(machine: Interpreter) -> None:
    yes, no = frozenset([("test", True)]), frozenset([("test", False)])
    names = Union([(LINEAR, yes), (external("torch.nn.Conv2d"), no)]).get_attribute(machine, "__name__")
    assert [value for value, _ in options(names)] == ["Linear", "Conv2d"]
    assert Union([(LINEAR, yes), (UNBOUND, no)]).get_attribute(machine, "__name__") == "Linear"
    assert isinstance(machine.attribute("a", "upper"), NativeMethod)


def test_the_type_of_an_unknown_value_gives_its_constants(machine: Interpreter) -> None:
    config = cls()
    config.fields.update(WIDTH=3, width=4, BUILD=function())
    value = Unknown("a configuration", config)
    assert value.get_attribute(machine, "WIDTH") == 3
    assert isinstance(value.get_attribute(machine, "width"), Unknown)
    assert isinstance(value.get_attribute(machine, "BUILD"), Unknown)
    assert value.get_attribute(machine, "width") is value.get_attribute(machine, "width")


def test_the_descriptor_of_a_function(machine: Interpreter) -> None:
    model = cls()
    instance = Instance(model, None)
    static = function("staticmethod")
    assert static.bound_to(machine, instance, model) is static
    method = function().bound_to(machine, instance, model)
    assert isinstance(method, BoundMethod)
    assert method.receiver is instance
    of_class = function("classmethod").bound_to(machine, instance, model)
    assert isinstance(of_class, BoundMethod)
    assert of_class.receiver is model


def test_super_starts_behind_the_class(machine: Interpreter) -> None:
    base = cls()
    base.fields["name"] = "base"
    derived = cls(base)
    derived.fields["name"] = "derived"
    assert SuperProxy(derived, Instance(derived, None)).get_attribute(machine, "name") == "base"
    assert SuperProxy(derived, derived).get_attribute(machine, "name") == "base"
    assert isinstance(SuperProxy(base, Instance(derived, None)).get_attribute(machine, "name"), Unknown)
    assert isinstance(SuperProxy(base, Unknown("self")).get_attribute(machine, "name"), Unknown)


def test_attributes_of_tensors(machine: Interpreter) -> None:
    weight = Tensor(storage=Storage((2, 3)), leaf=True)
    view = weight.get_attribute(machine, "T")
    assert isinstance(view, Tensor)
    assert (view.storage, view.shape, view.leaf) == (weight.storage, (3, 2), False)
    assert weight.get_attribute(machine, "shape") == (2, 3)
    assert weight.get_attribute(machine, "ndim") == 2
    assert isinstance(weight.get_attribute(machine, "device"), Unknown)
    assert isinstance(weight.get_attribute(machine, "view"), NativeMethod)
    set_attribute(machine, weight, "requires_grad", False, SITE)
    assert weight.storage is not None
    assert weight.storage.frozen


def test_a_pretrained_model_lists_its_content(machine: Interpreter) -> None:
    content = Instance(external("timm.create_model"), None, torch_name="torch.nn.Module")
    model = PretrainedModule("a model", content)
    method = model.get_attribute(machine, "modules")
    assert isinstance(method, NativeMethod)
    assert method.receiver is content
    assert isinstance(model.get_attribute(machine, "head"), Unknown)


def test_calls(machine: Interpreter) -> None:
    layer = machine.call(LINEAR, call(3, 4))
    assert isinstance(layer, Instance)
    assert layer.arguments == {"in_features": 3, "out_features": 4}
    assert isinstance(machine.call(Partial(LINEAR, [3], {"bias": False}), call(4)), Instance)
    assert machine.call(NativeMethod("Relu", "lower"), call()) == "relu"
    assert machine.call(NativeMethod(ListValue([1]), "index"), call(1)) == 0
    assert machine.call(NativeMethod(DictValue({"a": 1}), "get"), call("a")) == 1
    built = machine.call(cls(external("torch.nn.Module")), call())
    assert isinstance(built, Instance)
    assert built.is_module
    result = machine.call("text", call())
    assert isinstance(result, Unknown)
    assert result.reason == "str is not callable"
