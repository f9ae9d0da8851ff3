"""The questions of `AbstractValue`, asked of any value: this module answers for constants, tuples and unions.

A `Union` is made by joins, where branches meet, and where an index is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from initlint._records import dataclass
from initlint.graph.dataflow import ALWAYS, Condition, FlowNode
from initlint.graph.words import UNDETERMINED
from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.values.values import (
    UNBOUND,
    AbstractValue,
    CallArguments,
    Copier,
    ExternalClass,
    Machine,
    Raised,
    Sizes,
    Unknown,
    Value,
    is_plain,
)

MAX_BITS = 1_000
"""Larger integers are not followed, so that each is a number that a float can hold."""
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


def known_length(value: Value) -> int | None:
    """`len(value)`; None if unknown, as where an item is only there under a condition."""
    items, held = known_items(value), entries(value)
    if items is None or not has_known_length(value):
        return None
    return None if any(map(may_be_unbound, items if held is None else held.values())) else len(items)


def contents(value: Value) -> Iterable[Value]:
    """The values that a value holds: items of a container, fields of an object that is no module."""
    if isinstance(value, AbstractValue):
        return value.contents()
    return value if isinstance(value, tuple) else ()


_HELD_PER_STEP = 8
"""How many items of arguments are looked at in the time of one step."""


def steps_to_look_at(values: Iterable[Value]) -> int:
    """How many steps looking through the items of values takes. No iterator runs for that."""
    return sum(map(_number_held, values)) // _HELD_PER_STEP


def _number_held(value: Value) -> int:
    if isinstance(value, AbstractValue):
        return value.number_held()
    return len(value) if isinstance(value, tuple) else 0


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


def leads_to_modules(value: Value) -> bool:
    """Whether code that has a value may reach a module or a tensor by other ways than its `contents`."""
    return isinstance(value, AbstractValue) and value.leads_to_modules()


def reaches(value: Value) -> Iterable[Value]:
    """The values that code which has a value can get from it, besides the parts of modules."""
    if isinstance(value, AbstractValue):
        return value.reaches()
    return value if isinstance(value, tuple) else ()


def may_reach_parameters(value: Value) -> bool:
    """Whether a value may be, or lead to, a module or a tensor: cheap, with false positives."""
    return isinstance(value, (AbstractValue, tuple)) and not is_data_only(value, 2)


def write_by_unknown(machine: Machine, value: Value, location: Location) -> None:
    """An init call or an in-place operation on a value that is no known tensor: what it may write to."""
    if isinstance(value, AbstractValue):
        value.write_by_unknown(machine, location)


def alternatives(value: Value) -> Iterable[Value]:
    """The alternatives of a union; none of any other value."""
    return value.values if isinstance(value, Union) else ()


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
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        return UNDETERMINED
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


def delete_attribute(machine: Machine, holder: Value, name: str) -> None:
    """`del holder.name`."""
    if isinstance(holder, AbstractValue):
        holder.delete_attribute(machine, name)


def add_in_place(machine: Machine, value: Value, other: Value, location: SourceLocation) -> bool:
    """`value += other`, if that changes the object that the value is; False if it makes a new value."""
    return isinstance(value, AbstractValue) and value.add_in_place(machine, other, location)


def set_item(machine: Machine, holder: Value, index: Value, value: Value, location: SourceLocation) -> None:
    """`holder[index] = value`."""
    if isinstance(holder, AbstractValue):
        holder.set_item(machine, index, value, location)


def delete_item(machine: Machine, holder: Value, index: Value) -> None:
    """`del holder[index]`."""
    if isinstance(holder, AbstractValue):
        holder.delete_item(machine, index)


def surely_lacks(value: Value, name: str) -> bool:
    """Whether a value is an object that surely has no attribute `name`."""
    return isinstance(value, AbstractValue) and value.surely_lacks(name)


def is_subclass(cls: Value, base: Value) -> bool | None:
    """`issubclass(cls, base)`; None if unknown."""
    return cls.is_subclass(base) if isinstance(cls, AbstractValue) else None


def shallow_copy(value: Value) -> Value:
    """`copy.copy(value)`; None if that is a deep copy, as of a module."""
    return value.shallow_copy() if isinstance(value, AbstractValue) else None


def is_function(value: Value) -> bool:
    """Whether a value is a function of the project."""
    return isinstance(value, AbstractValue) and value.is_function()


def bound_to(machine: Machine, member: Value, instance: Value, cls: Value) -> Value:
    """The value of `instance.name`, where `member` is the attribute `name` of its class `cls`."""
    return member.bound_to(machine, instance, cls) if isinstance(member, AbstractValue) else member


def hint_of(value: Value) -> Value:
    """The class or external name that an unknown value is annotated with or known to be of; None if none."""
    return value.type_hint() if isinstance(value, AbstractValue) else None


def is_plain_tensor(value: Value) -> bool:
    """Whether a value is surely a tensor, or several, and no Parameter."""
    return isinstance(value, AbstractValue) and value.is_plain_tensor()


def node_of(value: Value) -> FlowNode | None:
    """The data-flow node that a value was computed from; None for a value without data."""
    return value.flow_node() if isinstance(value, AbstractValue) else None


def external_name(value: Value) -> str:
    """The dotted and canonical name of a value outside the project; empty for any other value."""
    return value.external_name() if isinstance(value, AbstractValue) else ""


def is_class(value: Value) -> bool:
    """Whether a value may be the base of a class."""
    return isinstance(value, AbstractValue) and value.is_class()


def entries(value: Value) -> dict[Any, Value] | None:
    """The known entries of a dictionary, which may have more (`has_known_length`); None for any other value."""
    return value.entries() if isinstance(value, AbstractValue) else None


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
    return value.has_attribute(machine, name) if isinstance(value, AbstractValue) else hasattr(value, name)


class AttributeNames(Unknown):
    """`dir(holder)` for a value outside the project: whether it contains a name is known, what else it does is not."""

    __slots__ = ("holder", "machine")

    def __init__(self, machine: Machine, holder: Value) -> None:
        super().__init__("the names of all attributes")
        self.machine = machine
        self.holder = holder

    def contains(self, item: Value) -> bool | None:
        return has_attribute(self.machine, self.holder, item) if isinstance(item, str) else None


def combine(operator: str, left: Value, right: Value) -> Value:
    """`left <operator> right` for a list or dictionary; `UNBOUND` if neither defines that."""
    result: Value = left.combine(operator, right, False) if isinstance(left, AbstractValue) else UNBOUND
    if result is UNBOUND and isinstance(right, AbstractValue):
        return right.combine(operator, left, True)
    return result


class Union(AbstractValue):
    """One of several values, each under its own condition."""

    __slots__ = ("options",)

    def __init__(self, options: list[tuple[Value, Condition]]) -> None:
        self.options = options

    may_be_lazy = True

    @property
    def precedence(self) -> int:
        return 6  # each option decides for itself

    def resolved(self) -> Value:
        options = [(v.resolved() if isinstance(v, AbstractValue) else v, c) for v, c in self.options]
        return Union(options)

    def deep_copy(self, copies: Copier) -> Value:
        copy = Union([(copies.copy(value), condition) for value, condition in self.options])
        copies.finished[id(self)] = copy
        return copy

    @property
    def values(self) -> list[Value]:
        """The alternatives without their conditions."""
        return [value for value, _ in self.options]

    def get_attribute(self, machine: Machine, name: str) -> Value:
        value = without_unbound(self)
        if not isinstance(value, Union):
            return machine.attribute(value, name)
        return machine.state.map_union(value, lambda option: machine.attribute(option, name))

    def set_attribute(self, machine: Machine, name: str, value: Value, location: Location | None) -> None:
        machine.state.map_union(self, lambda option: set_attribute(machine, option, name, value, location))

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        return machine.state.map_union(self, lambda option: get_item(machine, option, index, location))

    def set_item(self, machine: Machine, index: Value, value: Value, location: SourceLocation) -> None:
        machine.state.map_union(self, lambda option: set_item(machine, option, index, value, location))

    def call(self, machine: Machine, call: CallArguments) -> Value:
        return machine.state.map_union(self, lambda option: machine.call(option, call))

    def reaches(self) -> Iterable[Value]:
        return self.values

    def write_by_unknown(self, machine: Machine, location: Location) -> None:
        for option in self.values:
            write_by_unknown(machine, option, location)

    def known_items(self) -> list[Value] | None:
        value = without_unbound(self)
        return None if value.__class__ is Union else known_items(value)

    def has_known_length(self) -> bool:
        value = without_unbound(self)
        return value.__class__ is not Union and has_known_length(value)

    def truth(self) -> bool | None:
        return _agreed(truth(option) for option in self.values if option is not UNBOUND)

    def equals(self, other: Value) -> bool | None:
        return True if self is other else _agreed(o is not UNBOUND and equal(o, other) for o in self.values)

    def is_same_object(self, other: Value) -> bool | None:
        return True if self is other else _agreed(o is not UNBOUND and is_same_object(o, other) for o in self.values)

    def is_callable(self) -> bool | None:
        return None

    def has_attribute(self, machine: Machine, name: str) -> bool | None:
        return None

    def is_data_only(self, depth: int) -> bool:
        return are_data_only(self.values, depth)

    def is_instance_of_project_class(self, cls: AbstractValue) -> bool | None:
        return _agreed(cls.has_instance(option) for option in self.values if option is not UNBOUND)

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        return _agreed(cls.has_instance(option) for option in self.values if option is not UNBOUND)

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        return Union, frozenset(map(inner, self.values))

    def __repr__(self) -> str:
        return f"Union({self.values!r})"


def _agreed(verdicts: Iterable[bool | None]) -> bool | None:
    """The verdict that all alternatives share; None if they differ."""
    distinct = set(verdicts)
    return distinct.pop() if len(distinct) == 1 else None


def options(value: Value) -> list[tuple[Value, Condition]]:
    """The alternatives of a value: several for a `Union`, else the value itself."""
    if value.__class__ is not Union:
        return [(value, ALWAYS)]
    assert isinstance(value, Union)
    return value.options


def has_alternatives(value: Value) -> bool:
    """Whether a value is one of several, under conditions."""
    return value.__class__ is Union


def without_unbound(value: Value) -> Value:
    """The value without its unbound alternative; `UNBOUND` if that is the only one."""
    if value.__class__ is not Union:
        return value
    assert isinstance(value, Union)
    remaining = [(v, c) for v, c in value.options if v is not UNBOUND]
    if len(remaining) == len(value.options):
        return value
    return remaining[0][0] if len(remaining) == 1 else Union(remaining)


def opposite(condition: Condition) -> Condition:
    """A condition that holds only where `condition` does not."""
    return frozenset((key, not side) for key, side in condition)


def bound_under(condition: Condition, value: Value) -> Value:
    """The value; `UNBOUND` where the condition does not hold."""
    return join(value, condition, UNBOUND, opposite(condition)) if condition else value


def may_be_unbound(value: Value) -> bool:
    """Whether a value is unbound under some condition."""
    return any(option is UNBOUND for option in alternatives(value))


def first_of(items: Sequence[Value]) -> Value:
    """The first item that is there, of items that may be unbound."""
    under = ALWAYS
    result: list[tuple[Value, Condition]] = []
    for item in items:
        absent = ALWAYS
        for value, condition in options(item):
            if value is UNBOUND:
                absent = condition
            else:
                result.append((value, under | condition))
        if not may_be_unbound(item):
            break
        under |= absent
    return result[0][0] if len(result) == 1 else _merged(result)


_MAX_OPTIONS = 6


def join(one: Value, when: Condition, other: Value, otherwise: Condition) -> Value:
    """The value that is `one` under the condition `when` and `other` under `otherwise`."""
    if same(one, other):
        return one
    if one.__class__ is not Union and other.__class__ is not Union:
        return _merged([(one, when), (other, otherwise)])
    merged: list[tuple[Value, Condition]] = []
    for side, on_side in ((one, when), (other, otherwise)):
        for value, condition in options(side):
            condition = condition | on_side
            for at, (joined, under) in enumerate(merged):
                if value is joined or same(value, joined):
                    merged[at] = (joined, under & condition)
                    break
            else:
                merged.append((value, condition))
    return merged[0][0] if len(merged) == 1 else _merged(merged)


def _merged(merged: list[tuple[Value, Condition]]) -> Value:
    """One value for several, no two of them the same."""
    (first, under), *others = merged
    one_value = first.merged_with(others, under) if isinstance(first, AbstractValue) else None
    if one_value is not None:
        return one_value
    if len(merged) <= _MAX_OPTIONS:
        return Union(merged)
    return Unknown("too many alternatives", origins=tuple(value for value, _ in merged))


_JOINED_PER_STEP = 16
"""How many items are joined in the time of one step."""


@dataclass(frozen=True, slots=True)
class BothSides:
    """Joins what two sides of a condition have made of the state of an object."""

    when: Condition
    otherwise: Condition
    spend_steps: Callable[[int], None]

    def value(self, one: Value, other: Value) -> Value:
        """The value that is `one` on one side and `other` on the other."""
        return join(one, self.when, other, self.otherwise)

    def items(self, one: list[Value], other: list[Value]) -> list[Value]:
        """The two lists, joined item by item; an item that only one of them has may be unbound."""
        self.spend_steps(max(len(one), len(other)) // _JOINED_PER_STEP)
        return [self.value(a, b) for a, b in zip_longest(one, other, fillvalue=UNBOUND)]

    def fields(self, one: dict[Any, Value], other: dict[Any, Value]) -> dict[Any, Value]:
        """The two dictionaries, joined by key; a key that only one of them has may be unbound."""
        self.spend_steps(max(len(one), len(other)) // _JOINED_PER_STEP)
        when, otherwise = self.when, self.otherwise
        merged = {}
        for key, value in one.items():
            beside = other.get(key, UNBOUND)
            # Fast path: most fields are unchanged by a branch.
            merged[key] = value if value is beside else join(value, when, beside, otherwise)
        for key, value in other.items():
            if key not in one:
                merged[key] = join(UNBOUND, when, value, otherwise)
        return merged


_MAX_ALTERNATIVES = 16


def get_item(machine: Machine, value: Value, index: Value, location: SourceLocation) -> Value:
    """`value[index]`. Raises `Raised` if there is surely no such item."""
    if isinstance(value, AbstractValue):
        return value.get_item(machine, index, location)
    if isinstance(value, (tuple, str, range)):
        return item_of_sequence(value, index)
    return Unknown("an item of something unknown")


def item_of_sequence(value: tuple[Value, ...] | str | range, index: Value) -> Value:
    """`value[index]` of a sequence of known length."""
    if isinstance(index, (int, slice)):
        try:
            item = value[index]
        except (IndexError, ValueError):
            raise Raised from None
        return Sizes(item) if isinstance(value, Sizes) and isinstance(item, tuple) else item
    if isinstance(value, tuple) and value:
        return any_of(value)
    return Unknown("an item at an unknown index")


def any_of(items: Sequence[Value]) -> Value:
    """One of several items."""
    if not items or len(items) > _MAX_ALTERNATIVES:
        return Unknown("an item at an unknown index", origins=tuple(items))
    result = items[0]
    for at, other in enumerate(items[1:], 1):
        result = join(result, frozenset([(("item", at), False)]), other, frozenset([(("item", at), True)]))
    return result
