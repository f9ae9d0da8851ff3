"""Abstract lists and dictionaries, whose length may be unknown."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable
from itertools import chain
from types import GeneratorType
from typing import Any

from initlint.project.source import SourceLocation
from initlint.tracers.static.values.external_names import FLOAT, SEQUENCE_TYPES, ExternalName
from initlint.tracers.static.values.iteration import iterate, truncated
from initlint.tracers.static.values.questions import (
    MAX_SEQUENCE,
    any_of,
    are_data_only,
    equal_items,
    first_of,
    flat_classes,
    has_known_length,
    is_among,
    known_items,
    known_length,
    literal,
    may_be_unbound,
    without_unbound,
)
from initlint.tracers.static.values.values import (
    UNBOUND,
    AbstractValue,
    CallArguments,
    Copier,
    ExternalClass,
    Machine,
    Raised,
    Sides,
    Unknown,
    Value,
    is_key,
)

_OF_BUILTINS = {kind.__name__: frozenset(dir(kind)) for kind in (list, set, dict)}
_OF_DICTS = frozenset().union(*map(dir, (dict, OrderedDict, defaultdict, Counter)))
_OF_OTHERS = frozenset().union(*map(dir, (list, set, deque, GeneratorType, chain, zip)))


def _has_attribute(kind: str, name: str) -> bool | None:
    """Whether a container of Python has an attribute; None if some types of its kind have it."""
    if name not in (_OF_DICTS if kind == "dict" else _OF_OTHERS):
        return False
    return True if name in _OF_BUILTINS.get(kind, ()) else None


class ListValue(AbstractValue):
    """A list, set, deque or iterator. `open`: an unknown number of further items like these may follow.

    `origin`: the module whose submodules or parameters these are. `selection`: the tests by which code chose these
    among all of them. `unordered`: they are in another order than known.
    """

    __slots__ = ("items", "kind", "open", "origin", "selection", "unordered")

    def __init__(
        self,
        items: Iterable[Value] = (),
        open: bool = False,
        kind: str = "list",
        origin: Value = None,
        unordered: bool = False,
    ) -> None:
        self.items = list(items)
        self.open = open
        self.kind = kind
        self.origin = origin
        self.selection: tuple[SourceLocation, ...] = ()
        self.unordered = unordered

    def select_from(self, iterable: Value, tests: Iterable[SourceLocation]) -> None:
        """Note that it has those items of `iterable` that pass the tests, or what is computed of them."""
        if isinstance(iterable, ListValue) and iterable.origin is not None and not self.open:
            self.origin, self.selection = iterable.origin, (*iterable.selection, *tests)

    def save(self) -> Any:
        return (list(self.items), self.open)

    def restore(self, saved: Any) -> None:
        self.items, self.open = list(saved[0]), saved[1]

    def joined(self, sides: Sides, one: Any, other: Any) -> Any:
        return sides.items(one[0], other[0]), one[1] or other[1]

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        if isinstance(index, slice):
            is_plain = index.step in (None, 1) or index == slice(None, None, -1)
            bounds = (index.start, index.stop) if is_plain else (len(self.items),)
            if all(map(self._knows_position, bounds)):
                return ListValue(self.items[index], self.open)
            return ListValue([self._any_item()], open=True)
        if not isinstance(index, int) or (self.unordered and len(self.items) > 1):
            return any_of(self.items)
        if -len(self.items) <= index < len(self.items):
            return self._item_at(index)
        if not self.open:
            raise Raised
        return self.items[-1] if self.items else Unknown("an item of a list of unknown length")

    def _item_at(self, index: int) -> Value:
        """The item at a position that counts only the items that are there."""
        if self._knows_position(index + 1 if index >= 0 else index):
            return self.items[index]
        if index in (0, -1):
            return first_of(self.items if index == 0 else self.items[::-1])
        return self._any_item()

    def _knows_position(self, bound: Value) -> bool:
        """Whether all items up to a bound of a slice are surely there; from the end, if it is negative."""
        if not isinstance(bound, int):
            return True
        return not any(map(may_be_unbound, self.items[:bound] if bound >= 0 else self.items[bound:]))

    def _any_item(self) -> Value:
        return any_of([without_unbound(item) for item in self.items])

    def taken(self, machine: Machine, index: int) -> Value:
        """The item at a position, which is removed."""
        machine.state.save_before_change(self)
        item = self._item_at(index)
        if self._knows_position(index + 1 if index >= 0 else index):
            del self.items[index]
        else:
            self.items, self.open = [self._any_item()], True
        return item

    def set_item(self, machine: Machine, index: Value, value: Value, location: SourceLocation) -> None:
        machine.state.save_before_change(self)
        if isinstance(index, int) and -len(self.items) <= index < len(self.items):
            self.items[index] = value
        else:
            self.items = [Unknown("an item that may have been replaced") for _ in self.items]

    def delete_item(self, machine: Machine, index: Value) -> None:
        machine.state.save_before_change(self)
        if isinstance(index, int) and -len(self.items) <= index < len(self.items):
            del self.items[index]

    def call_method(self, machine: Machine, name: str, call: CallArguments) -> Value:
        return machine.handlers.list_method(machine, self, name, call)

    def known_items(self) -> list[Value]:
        return self.items

    def has_known_length(self) -> bool:
        return not self.open

    def number_held(self) -> int:
        return len(self.items)

    def contents(self) -> Iterable[Value]:
        return self.items

    def container_kind(self) -> str:
        return self.kind

    def has_attribute(self, machine: Machine, name: str) -> bool | None:
        return _has_attribute(self.kind, name)

    def is_callable(self) -> bool | None:
        return False

    def deep_copy(self, copies: Copier) -> Value:
        return ListValue([copies.copy(item) for item in self.items], self.open, self.kind)

    def shallow_copy(self) -> Value:
        return ListValue(self.items, self.open, self.kind)

    def combine(self, operator: str, other: Value, reflected: bool) -> Value:
        if operator == "mul":
            if isinstance(other, int) and len(self.items) * other <= MAX_SEQUENCE:
                return ListValue(self.items * other, self.open)
            return ListValue(*truncated(self.items * 2, open=True))
        if operator != "add":
            return Unknown("an operation on lists")
        first, second = (other, self) if reflected else (self, other)
        open = not has_known_length(first) or not has_known_length(second)
        return ListValue(*truncated([*(known_items(first) or ()), *(known_items(second) or ())], open))

    def add_in_place(self, machine: Machine, other: Value, location: SourceLocation) -> bool:
        machine.state.save_before_change(self)
        self.items.extend(item for item, _ in iterate(machine, other))
        self.open = self.open or not has_known_length(other)
        return True

    def truth(self) -> bool | None:
        return _is_filled(self.items, self.open)

    def is_data_only(self, depth: int) -> bool:
        return are_data_only(self.items, depth)

    def contains(self, item: Value) -> bool | None:
        return is_among(item, self.items, not self.open)

    def equals(self, other: Value) -> bool | None:
        if isinstance(other, ListValue):
            has_ends = known_length(self) is not None and known_length(other) is not None
            return equal_items(self.items, other.items) if has_ends else None
        return super().equals(other)

    def python_type(self) -> Value:
        return ExternalName("builtins.list")

    def flat_classes(self) -> list[Value]:
        return [inner for item in self.items for inner in flat_classes(item)]

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        return _is_of_type(cls, (self.kind,))

    def literal(self) -> Any:
        return tuple(literal(item) for item in self.items)

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        return list, self.open, frozenset(map(inner, self.items))

    def __repr__(self) -> str:
        return f"ListValue({self.items!r}{', open' if self.open else ''})"


class TensorSequence(ListValue):
    """A tensor of one dimension whose items are used as numbers: `torch.linspace(0, 1, 5)`."""

    __slots__ = ()

    def is_plain_tensor(self) -> bool:
        return True

    def combine(self, operator: str, other: Value, reflected: bool) -> Value:
        if not isinstance(other, (int, float, Unknown)):
            return UNBOUND
        return TensorSequence([Unknown("an item of a tensor", FLOAT) for _ in self.items], self.open)


class LazyIterator(ListValue):
    """An iterator whose code runs when something first asks for its items: a generator, `map`, `filter`, ...

    `run` gives the items. For a generator function it also takes what to do at each `yield`, see `CallFrame.on_yield`.
    `count` gives how many items there will be, without running the code; None if that is not known.
    """

    __slots__ = ("_count", "_items", "_open", "_run", "is_generator")

    def __init__(
        self, run: Callable[..., ListValue], is_generator: bool = False, count: Callable[[], int | None] | None = None
    ) -> None:
        self._run: Callable[..., ListValue] | None = None
        super().__init__(kind="iterator")
        self._run = run
        self.is_generator = is_generator
        self._count = count

    @property
    def is_pending(self) -> bool:
        """Whether its code has not run yet."""
        return self._run is not None

    def length_ahead(self) -> int | None:
        """How many items a pending iterator will give; None if that is not known."""
        return None if self._count is None else self._count()

    def contents(self) -> Iterable[Value]:
        """The items; none while it is pending, because looking at an iterator does not run it."""
        return () if self.is_pending else self.items

    def run_at_yield(self, act: Callable[[Value], None]) -> None:
        """Run a generator, and `act` at each value that it yields."""
        if self._run is not None:
            run, self._run = self._run, None
            run(act)

    def _force(self) -> None:
        if self._run is not None:
            run, self._run = self._run, None
            result = run()
            self._items, self._open = list(result.items), result.open
            self.origin, self.selection = result.origin, result.selection

    @property
    def items(self) -> list[Value]:
        """The items; this runs the code."""
        self._force()
        return self._items

    @items.setter
    def items(self, items: list[Value]) -> None:
        self._items = items

    @property
    def open(self) -> bool:
        """Whether there may be more; this runs the code."""
        self._force()
        return self._open

    @open.setter
    def open(self, open: bool) -> None:
        self._open = open

    def truth(self) -> bool | None:
        return True

    def number_held(self) -> int:
        return 0 if self.is_pending else super().number_held()

    def is_data_only(self, depth: int) -> bool:
        return False if self.is_pending else super().is_data_only(depth)

    def __repr__(self) -> str:
        return "LazyIterator()" if self.is_pending else super().__repr__()


class DictValue(AbstractValue):
    """A dictionary with known keys. `open`: it may have further keys. `origins`: what further values come from."""

    __slots__ = ("items", "open", "origins")

    def __init__(
        self, items: dict[Any, Value] | None = None, open: bool = False, origins: tuple[Value, ...] = ()
    ) -> None:
        self.items: dict[Any, Value] = dict(items or {})
        self.open = open
        self.origins = origins

    def save(self) -> Any:
        return (dict(self.items), self.open)

    def restore(self, saved: Any) -> None:
        self.items, self.open = dict(saved[0]), saved[1]

    def joined(self, sides: Sides, one: Any, other: Any) -> Any:
        return sides.fields(one[0], other[0]), one[1] or other[1]

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        if not is_key(index):
            return Unknown("an item under an unknown key", origins=tuple(self.reaches()))
        if index in self.items:
            return without_unbound(self.items[index])
        if not self.open:
            raise Raised
        return Unknown("an item of a dictionary that is not known", origins=self.origins)

    def set_item(self, machine: Machine, index: Value, value: Value, location: SourceLocation) -> None:
        machine.state.save_before_change(self)
        if is_key(index):
            self.items[index] = value
        else:
            self.open = True

    def delete_item(self, machine: Machine, index: Value) -> None:
        machine.state.save_before_change(self)
        if is_key(index):
            self.items.pop(index, None)

    def call_method(self, machine: Machine, name: str, call: CallArguments) -> Value:
        return machine.handlers.dict_method(machine, self, name, call)

    def known_items(self) -> list[Value]:
        return list(self.items)

    def has_known_length(self) -> bool:
        return not self.open

    def number_held(self) -> int:
        return len(self.items)

    def contents(self) -> Iterable[Value]:
        return self.items.values()

    def reaches(self) -> Iterable[Value]:
        return (*self.items.values(), *self.origins)

    def container_kind(self) -> str:
        return "dict"

    def has_attribute(self, machine: Machine, name: str) -> bool | None:
        return _has_attribute("dict", name)

    def entries(self) -> dict[Any, Value]:
        return self.items

    def is_callable(self) -> bool | None:
        return False

    def deep_copy(self, copies: Copier) -> Value:
        return DictValue({key: copies.copy(item) for key, item in self.items.items()}, self.open)

    def shallow_copy(self) -> Value:
        return DictValue(self.items, self.open, self.origins)

    def combine(self, operator: str, other: Value, reflected: bool) -> Value:
        if operator == "or" and isinstance(other, DictValue):
            return DictValue({**self.items, **other.items}, self.open or other.open, (*self.origins, *other.origins))
        return UNBOUND

    def truth(self) -> bool | None:
        return _is_filled(self.items.values(), self.open)

    def is_data_only(self, depth: int) -> bool:
        return not self.origins and are_data_only(self.items.values(), depth)

    def contains(self, item: Value) -> bool | None:
        if not is_key(item):
            return None
        if item in self.items:
            return None if may_be_unbound(self.items[item]) else True
        return None if self.open else False

    def python_type(self) -> Value:
        return ExternalName("builtins.dict")

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        return _is_of_type(cls, ("dict", "OrderedDict", "Mapping", "MutableMapping"))

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        return dict, self.open, frozenset((name, inner(value)) for name, value in self.items.items())

    def __repr__(self) -> str:
        return f"DictValue({self.items!r}{', open' if self.open else ''})"


class StateDict(DictValue):
    """The result of `state_dict()`: tensors that share the memory of the parameters. Its buffers are not known."""

    __slots__ = ()


def _is_filled(items: Iterable[Value], open: bool) -> bool | None:
    """Whether one of the items is there; None if unknown."""
    is_empty = not open
    for item in items:
        if not may_be_unbound(item):
            return True
        is_empty = False
    return False if is_empty else None


def _is_of_type(cls: ExternalClass, names: tuple[str, ...]) -> bool:
    last = cls.name.rpartition(".")[2]
    return last in names or last in SEQUENCE_TYPES
