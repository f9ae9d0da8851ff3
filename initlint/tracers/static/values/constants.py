"""The questions of `AbstractValue`, asked of any value: this module answers for Python's constants and tuples."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from initlint.graph.dataflow import UNDETERMINED
from initlint.project.source import Location
from initlint.tracers.static.values.values import UNBOUND, AbstractValue, Machine, Value, is_plain

MAX_SEQUENCE = 20_000
"""Maximum length of a sequence."""


def known_items(value: Value) -> list[Value] | None:
    """The known items of a value; None if it is not known to be iterable. See `has_known_length`."""
    if isinstance(value, AbstractValue):
        return value.known_items()
    if isinstance(value, (tuple, str, range)):
        return list(value) if len(value) <= MAX_SEQUENCE else None
    return None


def has_known_length(value: Value) -> bool:
    """Whether the number of items is known."""
    return value.has_known_length() if isinstance(value, AbstractValue) else isinstance(value, (tuple, str, range))


def contents(value: Value) -> Iterable[Value]:
    """The values that a value holds: items of a container, fields of an object that is no module."""
    if isinstance(value, AbstractValue):
        return value.contents()
    return value if isinstance(value, tuple) else ()


def container_kind(value: Value) -> str:
    """The type of a container: `list`, `tuple`, `dict`, `iterator`; empty for any other value."""
    if isinstance(value, AbstractValue):
        return value.container_kind()
    return "tuple" if isinstance(value, tuple) else ""


def truth(value: Value) -> bool | None:
    """`bool(value)`; None if unknown."""
    return value.truth() if isinstance(value, AbstractValue) else bool(value)


def is_data_only(value: Value, depth: int) -> bool:
    """Whether a value is, and contains, no module, tensor, class or function. Contents below `depth` are not known."""
    if isinstance(value, AbstractValue):
        return value.is_data_only(depth)
    return not isinstance(value, tuple) or are_data_only(value, depth)


def are_data_only(items: Iterable[Value], depth: int) -> bool:
    """`is_data_only` for the contents of a value."""
    return depth > 0 and all(is_data_only(item, depth - 1) for item in items)


def contains(container: Value, item: Value) -> bool | None:
    """`item in container`; None if unknown."""
    if isinstance(container, AbstractValue):
        return container.contains(item)
    if isinstance(container, str):
        return item in container if isinstance(item, str) else None
    items = known_items(container)
    return None if items is None else is_among(item, items, True)


def is_among(item: Value, items: Iterable[Value], all_known: bool) -> bool | None:
    """Whether `item` is equal to one of `items`; None if unknown."""
    verdicts = [equal(item, other) for other in items]
    if True in verdicts:
        return True
    return None if None in verdicts or not all_known else False


def equal(left: Value, right: Value) -> bool | None:
    """`left == right`; None if unknown."""
    if isinstance(left, AbstractValue):
        if isinstance(right, AbstractValue) and right.precedence > left.precedence:
            return right.equals(left)
        return left.equals(right)
    if isinstance(right, AbstractValue):
        return right.equals(left)
    if is_plain(left) and is_plain(right):
        return bool(left == right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return equal_items(left, right)
    return False  # a constant, and a tuple that holds an abstract value


def equal_items(left: Sequence[Value], right: Sequence[Value]) -> bool | None:
    """Whether two sequences are equal; None if unknown."""
    if len(left) != len(right):
        return False
    verdicts = [equal(a, b) for a, b in zip(left, right, strict=True)]
    return False if False in verdicts else None if None in verdicts else True


def is_same_object(left: Value, right: Value) -> bool | None:
    """`left is right`; None if unknown."""
    if isinstance(left, AbstractValue):
        if isinstance(right, AbstractValue) and right.precedence > left.precedence:
            return right.is_same_object(left)
        return left.is_same_object(right)
    if isinstance(right, AbstractValue):
        return right.is_same_object(left)
    if left is None or right is None:
        return left is right
    if isinstance(left, (bool, str)) and isinstance(right, (bool, str)):
        return left == right
    return left is right or (not isinstance(left, tuple) and equal(left, right) is True)


def same(one: Value, other: Value) -> bool:
    """Whether two values are surely the same, cheaply."""
    if one is other:
        return True
    if isinstance(one, AbstractValue):
        return one.is_same(other)
    if isinstance(other, AbstractValue):
        return False
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and one == other


def flat_classes(cls: Value) -> list[Value]:
    """The classes that the second argument of `isinstance` stands for."""
    if isinstance(cls, AbstractValue):
        return cls.flat_classes()
    return [inner for part in cls for inner in flat_classes(part)] if isinstance(cls, tuple) else [cls]


def is_instance(value: Value, cls: Value) -> bool | None:
    """`isinstance(value, cls)`; None if unknown."""
    verdicts = [_is_instance_of_one(value, one) for one in flat_classes(cls)]
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _is_instance_of_one(value: Value, cls: Value) -> bool | None:
    return cls.has_instance(value) if isinstance(cls, AbstractValue) else None


def literal(value: Value) -> Any:
    """The value as it is stored in graphs: a constant, a tuple of constants, or `UNDETERMINED`."""
    if isinstance(value, AbstractValue):
        return value.literal()
    if isinstance(value, tuple):
        return tuple(literal(item) for item in value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else UNDETERMINED


def literals(arguments: Mapping[str, Value]) -> dict[str, Any]:
    """The arguments of a constructor or init function as they are stored in graphs."""
    return {name: literal(value) for name, value in arguments.items()}


def variant_key(value: Value, own_name: str, depth: int) -> Hashable:
    """A key that ignores numbers, the number of like items, and the name of the builder itself."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return "" if value == own_name else value
    if isinstance(value, (int, float)):
        return int, value > 0, value < 0
    if depth < 0:
        return object()
    inner = _inner_key(own_name, depth)
    if isinstance(value, AbstractValue):
        return value.variant_key(inner)
    return (tuple, frozenset(map(inner, value))) if isinstance(value, tuple) else object()


def _inner_key(own_name: str, depth: int) -> Callable[[Value], Hashable]:
    return lambda value: variant_key(value, own_name, depth - 1)


def set_attribute(machine: Machine, holder: Value, name: str, value: Value, location: Location | None) -> None:
    """`holder.name = value`."""
    if isinstance(holder, AbstractValue):
        holder.set_attribute(machine, name, value, location)


def is_function(value: Value) -> bool:
    """Whether a value is a function of the project."""
    return isinstance(value, AbstractValue) and value.is_function()


def bound_to(machine: Machine, member: Value, instance: Value, cls: Value) -> Value:
    """The value of `instance.name`, where `member` is the attribute `name` of its class `cls`."""
    return member.bound_to(machine, instance, cls) if isinstance(member, AbstractValue) else member


def is_callable(value: Value) -> bool | None:
    """`callable(value)`; None if unknown."""
    return value.is_callable() if isinstance(value, AbstractValue) else False


def text(value: Value) -> str | None:
    """`str(value)`; None if unknown."""
    if isinstance(value, AbstractValue):
        return value.text()
    return str(value) if value is None or isinstance(value, (int, float, str)) else None


def has_attribute(machine: Machine, value: Value, name: str) -> bool | None:
    """`hasattr(value, name)`; None if unknown."""
    return value.has_attribute(machine, name) if isinstance(value, AbstractValue) else True


def combine(operator: str, left: Value, right: Value) -> Value:
    """`left <operator> right` for a list or dictionary; `UNBOUND` if neither defines that."""
    result: Value = left.combine(operator, right, False) if isinstance(left, AbstractValue) else UNBOUND
    if result is UNBOUND and isinstance(right, AbstractValue):
        return right.combine(operator, left, True)
    return result
