"""What each kind of value answers about itself, and what the base class answers for a kind that does not know."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any

import pytest

from initlint.graph.dataflow import FlowNode
from initlint.graph.words import UNDETERMINED
from initlint.tracers.static.values.classes import ClassValue, SuperProxy
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.external_names import (
    INT,
    ComposedText,
    ExternalName,
    composed_pattern,
    external,
    python_type,
)
from initlint.tracers.static.values.functions import (
    BoundMethod,
    ContextManager,
    Function,
    Partial,
    as_function,
    method_of,
    wrapped_function,
)
from initlint.tracers.static.values.objects import Instance, as_module, as_object
from initlint.tracers.static.values.questions import (
    Union,
    add_in_place,
    container_kind,
    contains,
    contents,
    entries,
    equal,
    external_name,
    has_alternatives,
    has_known_length,
    hint_of,
    is_class,
    is_data_only,
    is_instance,
    is_same_object,
    join,
    known_items,
    leads_to_modules,
    literal,
    node_of,
    options,
    same,
    truth,
    variant_key,
    without_unbound,
)
from initlint.tracers.static.values.tensors import Storage, Tensor, as_tensor, storage_of
from initlint.tracers.static.values.values import UNBOUND, AbstractValue, NativeMethod, Unknown, Value, is_key

LINEAR = external("torch.nn.Linear")
MODULE = external("torch.nn.Module")
SETTING = external("settings.mode")
YES, NO = frozenset([("test", True)]), frozenset([("test", False)])


def function() -> Function:
    node = ast.parse("def f(x): return x").body[0]
    assert isinstance(node, ast.FunctionDef)
    return Function(node, "f", None, None)  # type: ignore[arg-type]


def layer() -> Instance:
    return Instance(LINEAR, None, torch_name="torch.nn.Linear")


def module_list(*items: Value) -> Instance:
    result = Instance(external("torch.nn.ModuleList"), None, torch_name="torch.nn.ModuleList")
    result.fields.update((str(at), item) for at, item in enumerate(items))
    return result


def either(one: Value, other: Value) -> Union:
    return Union([(one, YES), (other, NO)])


def test_a_kind_that_overrides_nothing_knows_nothing() -> None:
    class Generator(AbstractValue):
        __slots__ = ()

    value = Generator()
    assert known_items(value) is None
    assert not has_known_length(value)
    assert list(contents(value)) == []
    assert container_kind(value) == ""
    assert truth(value) is None
    assert not is_key(value)
    assert not is_data_only(value, 3)
    assert contains(value, 1) is None
    assert equal(value, Generator()) is None
    assert equal(value, value) is True
    assert is_instance(value, LINEAR) is None
    assert literal(value) is UNDETERMINED
    assert isinstance(python_type(value), Unknown)
    assert not same(value, Generator())
    assert node_of(value) is hint_of(value) is entries(value) is composed_pattern(value) is None
    assert external_name(value) == ""
    assert not is_class(value)
    assert not has_alternatives(value)
    assert not leads_to_modules(value)
    assert as_tensor(value) is storage_of(value) is as_object(value) is as_module(value) is None
    assert as_function(value) is wrapped_function(value) is None


@pytest.mark.parametrize(
    ("value", "items", "complete"),
    [
        ((1, 2), [1, 2], True),
        ("ab", ["a", "b"], True),
        (range(2), [0, 1], True),
        (3, None, False),
        (None, None, False),
        (ListValue([1]), [1], True),
        (ListValue([1], open=True), [1], False),
        (DictValue({"a": 1}), ["a"], True),
        (DictValue({"a": 1}, open=True), ["a"], False),
        (module_list(1, 2), [1, 2], True),
        (layer(), None, False),
        (Unknown("nothing"), None, False),
        (either((1,), UNBOUND), [1], True),
        (either((1,), (2,)), None, False),
        (Tensor(), None, False),
    ],
)
def test_items(value: Value, items: list[Value] | None, complete: bool) -> None:
    assert known_items(value) == items
    assert has_known_length(value) is complete


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, False),
        ("a", True),
        ((), False),
        (ListValue(), False),
        (ListValue(open=True), None),
        (DictValue({"a": 0}), True),
        (module_list(), False),
        (module_list(1), True),
        (layer(), True),
        (function(), True),
        (BoundMethod(function(), 1), True),
        (Partial(function(), [], {}), True),
        (NativeMethod(1, "x"), True),
        (LINEAR, True),
        (SETTING, None),
        (external("typing.TYPE_CHECKING"), True),
        (external("torch.version.cuda"), None),
        (either(1, 2), True),
        (either(1, 0), None),
        (either(1, UNBOUND), True),
        (ListValue([either(1, UNBOUND)]), None),
        (ListValue([either(1, UNBOUND), 0]), True),
        (DictValue({"a": either(1, UNBOUND)}), None),
        (DictValue({"a": either(1, UNBOUND), "b": 0}), True),
        (Unknown("nothing"), None),
        (Tensor(), None),
        (ContextManager("no_grad"), None),
    ],
)
def test_truth(value: Value, expected: bool | None) -> None:
    assert truth(value) is expected


SHARED = Unknown("shared")
ITEM = layer()


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1.0, True),
        ((1, "a"), (1, "a"), True),
        ((1, SHARED), (1, SHARED), True),
        ((1, SHARED), (2, SHARED), False),
        ((1, SHARED), (1, Unknown("other")), None),
        (1, (SHARED,), False),
        (SHARED, 1, None),
        (SHARED, SHARED, True),
        (LINEAR, ExternalName("torch.nn.Linear"), True),
        (LINEAR, MODULE, False),
        (LINEAR, "linear", False),
        (SETTING, "linear", None),
        (SETTING, SHARED, None),
        (ITEM, ITEM, True),
        (ITEM, layer(), False),
        (ITEM, SETTING, None),
        (ITEM, None, False),
        (Tensor(), 1, None),
        (Tensor(), LINEAR, None),
        (ListValue([1, 2]), ListValue([1, 2]), True),
        (ListValue([1, 2]), ListValue([1, 3]), False),
        (ListValue([1, 2]), ListValue([1, 2], open=True), None),
        (ListValue([1]), (1,), False),
        (DictValue(), DictValue(), None),
        (DictValue(), 1, False),
        (either(1, 2), 1, None),
        (either(1, 2), 3, False),
        (either(1, 1.0), 1, True),
        (either("a", UNBOUND), "a", None),
        (either("a", UNBOUND), "b", False),
        (either(1, SHARED), 2, None),
        (either(ITEM, UNBOUND), ITEM, None),
        (either(LINEAR, MODULE), LINEAR, None),
        ((1, either(1, 2)), (1, 2), None),
        (ListValue([1, either(2, UNBOUND)]), ListValue([1]), None),
    ],
)
def test_equality_holds_in_both_orders(left: Value, right: Value, expected: bool | None) -> None:
    assert equal(left, right) is expected
    assert equal(right, left) is expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (None, None, True),
        (None, 0, False),
        (True, True, True),
        ("a", "a", True),
        (None, layer(), False),
        (None, LINEAR, False),
        (None, SETTING, None),
        (None, SHARED, None),
        (SHARED, SHARED, True),
        (LINEAR, LINEAR, True),
        (LINEAR, MODULE, False),
        (ListValue(), ListValue(), False),
        (Tensor(), None, False),
        (Tensor(), Tensor(), None),
        (either(None, "a"), None, None),
        (either(ITEM, UNBOUND), ITEM, None),
        (either("a", "b"), None, False),
    ],
)
def test_identity_holds_in_both_orders(left: Value, right: Value, expected: bool | None) -> None:
    assert is_same_object(left, right) is expected
    assert is_same_object(right, left) is expected


def test_two_views_of_one_storage_may_be_one_object() -> None:
    storage = Storage((3,))
    assert is_same_object(Tensor(storage=storage), Tensor(storage=storage)) is True


@pytest.mark.parametrize(
    ("value", "cls", "expected"),
    [
        (1, INT, True),
        (1, external("builtins.str"), False),
        (True, INT, True),
        ("a", (INT, external("builtins.str")), True),
        ((1,), external("collections.abc.Sequence"), True),
        (1, external("typing.Hashable"), None),
        (1, external("collections.abc.Sequence"), False),
        (layer(), LINEAR, True),
        (layer(), MODULE, True),
        (layer(), external("torch.nn.Conv2d"), False),
        (layer(), (external("torch.nn.Conv2d"), ListValue([LINEAR])), True),
        (Instance(MODULE, None, torch_name="torch.nn.Module", symbolic=True), LINEAR, None),
        (Tensor(leaf=True), external("torch.nn.Parameter"), True),
        (Tensor(), external("torch.nn.Parameter"), False),
        (Tensor(), external("torch.Tensor"), True),
        (Tensor(), INT, False),
        (ListValue(), external("builtins.list"), True),
        (ListValue(kind="set"), external("builtins.list"), False),
        (DictValue(), external("collections.OrderedDict"), True),
        (Unknown("a number", INT), INT, True),
        (Unknown("a number", INT), LINEAR, None),
        (LINEAR, external("builtins.type"), True),
        (SETTING, external("builtins.type"), None),
        (function(), external("types.FunctionType"), True),
        (function(), external("types.MethodType"), False),
        (BoundMethod(function(), 1), external("types.MethodType"), True),
        (Partial(function(), [], {}), external("functools.partial"), True),
        (function(), external("functools.partial"), False),
        (function(), MODULE, False),
        (either(layer(), layer()), LINEAR, True),
        (either(layer(), 1), LINEAR, None),
        (1, Unknown("a class"), None),
        (1, (), False),
    ],
)
def test_instances(value: Value, cls: Value, expected: bool | None) -> None:
    assert is_instance(value, cls) is expected


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (1, "builtins.int"),
        ((), "builtins.tuple"),
        (ListValue(), "builtins.list"),
        (DictValue(), "builtins.dict"),
        (Tensor(), "torch.Tensor"),
        (layer(), "torch.nn.Linear"),
    ],
)
def test_type(value: Value, name: str) -> None:
    assert python_type(value) == ExternalName(name)


def test_the_type_of_an_assumed_object_is_unknown() -> None:
    assert isinstance(python_type(Instance(LINEAR, None, torch_name="torch.nn.Linear", symbolic=True)), Unknown)


@pytest.mark.parametrize(
    ("container", "item", "expected"),
    [
        ("abc", "b", True),
        ("abc", 1, None),
        ((1, 2), 3, False),
        (ListValue([1, 2]), 2, True),
        (ListValue([1, 2], open=True), 3, None),
        (DictValue({"a": 1}), "a", True),
        (DictValue({"a": 1}), "b", False),
        (DictValue({"a": 1}), ListValue(), None),
        (DictValue({"a": 1}, open=True), "b", None),
        (Unknown("a list"), 1, None),
        (module_list(ITEM), ITEM, True),
    ],
)
def test_containment(container: Value, item: Value, expected: bool | None) -> None:
    assert contains(container, item) is expected


def test_keys() -> None:
    assert all(is_key(value) for value in (1, "a", None, (1, LINEAR), function()))
    assert not any(is_key(value) for value in (slice(1), ListValue(), layer(), (1, ListValue())))


def test_contents_of_modules_are_no_data() -> None:
    record = Instance(external("collections.namedtuple"), None)
    record.fields["x"] = 1
    assert list(contents(record)) == [1]
    assert list(contents(module_list(1))) == []
    assert list(contents(DictValue({"a": 2}))) == [2]
    assert list(contents(NativeMethod(ITEM, "x"))) == [ITEM]


def test_data_only() -> None:
    assert is_data_only((1, ListValue(["a", DictValue({"b": LINEAR})])), 4)
    assert not is_data_only((1, ListValue(["a", DictValue({"b": LINEAR})])), 2)
    assert not is_data_only(ListValue([layer()]), 4)
    assert not is_data_only(Tensor(), 4)
    assert not is_data_only(function(), 4)


def test_literals() -> None:
    assert literal((1, ListValue(["a", Unknown("x")]))) == (1, ("a", UNDETERMINED))
    assert literal(slice(1)) is UNDETERMINED
    assert literal(layer()) is UNDETERMINED


def test_variants_differ_in_numbers_only() -> None:
    def key(value: Value) -> object:
        return variant_key(value, "resnet18", 6)

    assert key((1, 2)) == key((5, 7, 9))
    assert key("resnet18") != key("relu")
    assert key(DictValue({"a": 1})) == key(DictValue({"a": 3}))
    assert key(DictValue({"a": 1})) != key(DictValue({"b": 1}))
    assert key(Partial(LINEAR, [1], {})) == key(Partial(LINEAR, [2], {}))
    assert key(LINEAR) != key(MODULE)
    assert key(module_list(1)) != key(module_list(1))


def test_joins() -> None:
    assert join(1, YES, 1, NO) == 1
    assert [value for value, _ in options(join(1, YES, True, NO))] == [1, True]
    assert without_unbound(join(1, YES, UNBOUND, NO)) == 1
    weight = Storage((2, 3))
    rows = [Tensor(storage=weight, axes=(0, 1), covers_storage=False) for _ in range(2)]
    joined = join(rows[0], YES, rows[1], NO)
    assert isinstance(joined, Tensor)
    assert joined.storage is weight
    assert isinstance(join(rows[0], YES, Tensor(storage=Storage((2, 3))), NO), Union)


NODE = FlowNode("input", "input", (), None)
CLASS = ClassValue("Net", ast.ClassDef("Net", [], [], [], []), None, [], None)  # type: ignore[arg-type]


def test_what_only_some_kinds_have() -> None:
    assert [hint_of(value) for value in (Unknown("a size", INT), Unknown("a node"), INT, 3)] == [INT, None, None, None]
    assert [node_of(value) for value in (Tensor(NODE), Unknown("a sum", node=NODE), Tensor(), 3)] == [
        NODE,
        NODE,
        None,
        None,
    ]
    assert [external_name(value) for value in (LINEAR, CLASS, "torch", None)] == ["torch.nn.Linear", "", "", ""]
    assert [entries(value) for value in (DictValue({"a": 1}), ListValue([1]), (1,))] == [{"a": 1}, None, None]
    assert [is_class(value) for value in (CLASS, LINEAR, layer(), int)] == [True, True, False, False]  # type: ignore[list-item]
    assert [composed_pattern(value) for value in (ComposedText("lin*"), "lin1", Unknown("a text"))] == [
        "lin*",
        None,
        None,
    ]
    assert [has_alternatives(value) for value in (either(1, 2), 1, (1, 2))] == [True, False, False]


def test_a_part_that_one_kind_has() -> None:
    tensor, record, module = Tensor(storage=Storage()), Instance(CLASS, None), layer()
    assert as_tensor(tensor) is tensor
    assert storage_of(tensor) is tensor.storage
    assert as_object(record) is record
    assert as_module(record) is None
    assert as_object(module) is as_module(module) is module
    assert as_tensor(either(tensor, tensor)) is as_object(either(module, module)) is None
    assert as_tensor("w") is as_object(3) is as_function(None) is None


def test_functions_behind_other_callables() -> None:
    inner = function()
    for value in (BoundMethod(inner, 1), Partial(BoundMethod(inner, 1), [], {})):
        assert as_function(value) is None
        assert wrapped_function(value) is inner
    assert as_function(inner) is wrapped_function(inner) is inner
    assert wrapped_function(Partial(LINEAR, [], {})) is None
    CLASS.fields.update(reset=inner, size=3)
    assert method_of(CLASS, "reset") is inner
    assert method_of(CLASS, "size") is method_of(CLASS, "missing") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Tensor(), True),
        (layer(), True),
        (Instance(CLASS, None), False),
        (BoundMethod(function(), 1), True),
        (Partial(function(), [], {}), True),
        (NativeMethod(1, "x"), True),
        (SuperProxy(CLASS, 1), True),
        (function(), False),
        (Unknown("nothing"), False),
        (Unknown("a sum", node=NODE), True),
        (ListValue([layer()]), False),
        ((layer(),), False),
    ],
)
def test_what_leads_to_modules_besides_contents(value: Value, expected: bool) -> None:
    assert leads_to_modules(value) is expected


def test_super_asks_its_receiver() -> None:
    machine: Any = SimpleNamespace(handlers=SimpleNamespace(inherited_method=lambda machine, instance, name: UNBOUND))
    base = ClassValue("Base", ast.ClassDef("Base", [], [], [], []), None, [], None)  # type: ignore[arg-type]
    derived = ClassValue("Net", ast.ClassDef("Net", [], [], [], []), None, [base], None)  # type: ignore[arg-type]
    base.fields.update(size=3, start=function())
    record = Instance(derived, None)
    assert derived.project_classes == [derived, base]
    assert SuperProxy(derived, record).get_attribute(machine, "size") == 3
    for receiver in (record, derived):
        start = SuperProxy(derived, receiver).get_attribute(machine, "start")
        assert isinstance(start, BoundMethod)
        assert start.receiver is receiver
        assert isinstance(SuperProxy(derived, receiver).get_attribute(machine, "missing"), Unknown)
    assert isinstance(SuperProxy(derived, 3).get_attribute(machine, "size"), Unknown)


def test_what_is_added_to_in_place() -> None:
    machine: Any = SimpleNamespace(state=SimpleNamespace(save_before_change=lambda target: None))
    location: Any = None
    items = ListValue([1])
    assert add_in_place(machine, items, (2, 3), location)
    assert items.items == [1, 2, 3]
    assert add_in_place(machine, items, ListValue([4], open=True), location)
    assert not items.has_known_length()
    for value in (Unknown("a list"), DictValue(), Tensor(), (1,), 3):
        assert not add_in_place(machine, value, (2,), location)
