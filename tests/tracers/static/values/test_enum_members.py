"""What the members of an enumeration and its class answer about themselves."""

from __future__ import annotations

import ast

import pytest

from initlint.tracers.static.values.enums import EnumClass, EnumMember, is_enumeration
from initlint.tracers.static.values.external_names import external
from initlint.tracers.static.values.questions import (
    Union,
    contains,
    equal,
    has_known_length,
    is_data_only,
    is_instance,
    is_same_object,
    known_items,
    same,
    truth,
    variant_key,
)
from initlint.tracers.static.values.values import Unknown, Value, is_key

ENUM = external("enum.Enum")


def enumeration(code: str, base: str = "enum.Enum", **members: Value) -> EnumClass:
    node = ast.parse(code).body[0]
    assert isinstance(node, ast.ClassDef)
    cls = EnumClass(node.name, node, None, [external(base)], None)
    cls.fields.update(members)
    return cls


COLOR = enumeration("class Color(Enum): ...", RED=1, BLUE=2, CRIMSON=1, _kept_=3)
OTHER = enumeration("class Other(Enum): ...", RED=1)
LOOSE = enumeration("class Loose(Enum): ...", A=Unknown("one"), B=Unknown("other"))
COUNTED = enumeration("class Counted(Enum):\n    A = auto()\n    B = auto()", A=Unknown("one"), B=Unknown("other"))
NUMBER = enumeration("class Number(IntEnum): ...", "enum.IntEnum", ONE=1, TWO=2)
RED, BLUE, CRIMSON = (COLOR.members()[name] for name in ("RED", "BLUE", "CRIMSON"))


def test_a_second_name_is_the_same_member() -> None:
    assert CRIMSON is RED
    assert known_items(COLOR) == [RED, BLUE]
    assert has_known_length(COLOR)
    assert "_kept_" not in COLOR.members()


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (RED, EnumMember(COLOR, "RED", 1), True),
        (RED, BLUE, False),
        (RED, OTHER.members()["RED"], False),
        (RED, 1, False),
        (RED, ENUM, False),
        (RED, external("settings.color"), None),
        (RED, Unknown("a color"), None),
        (RED, Union([(RED, frozenset([(1, True)])), (BLUE, frozenset([(1, False)]))]), None),
        (LOOSE.members()["A"], LOOSE.members()["B"], None),
        (COUNTED.members()["A"], COUNTED.members()["B"], False),
    ],
)
def test_equality_holds_in_both_orders(left: Value, right: Value, expected: bool | None) -> None:
    assert equal(left, right) is equal(right, left) is expected
    assert is_same_object(left, right) is is_same_object(right, left) is expected
    assert same(left, right) is (expected is True)


@pytest.mark.parametrize(
    ("value", "cls", "expected"),
    [
        (RED, COLOR, True),
        (RED, OTHER, False),
        (RED, ENUM, True),
        (RED, external("builtins.int"), False),
        (1, COLOR, False),
        (Unknown("a color"), COLOR, None),
        (1, NUMBER, None),
        (3, NUMBER, False),
    ],
)
def test_instances(value: Value, cls: Value, expected: bool | None) -> None:
    assert is_instance(value, cls) is expected


def test_other_answers() -> None:
    assert truth(RED) is True
    assert is_key(RED)
    assert is_data_only(RED, 4)
    assert contains(COLOR, RED) is True
    assert contains(COLOR, Unknown("a color")) is None
    assert variant_key(RED, "", 4) != variant_key(BLUE, "", 4)
    assert known_items(NUMBER) == [1, 2]


def test_bases() -> None:
    assert is_enumeration([ENUM])
    assert is_enumeration([external("builtins.str"), COLOR])
    assert not is_enumeration([external("torch.nn.Module")])


def test_a_class_with_methods_for_comparison_is_open() -> None:
    cls = enumeration("class Kind(Enum): ...", A=1, B=2, __eq__=Unknown("a method"), __bool__=Unknown("a method"))
    member = cls.members()["A"]
    assert equal(member, cls.members()["B"]) is None
    assert truth(member) is None
    assert not is_key(member)
