"""The kinds of values of the abstract interpreter, and the questions that each of them answers.

Numbers, strings, None, booleans, tuples, ranges and slices represent themselves: `questions` answers for them. Every
other value is an instance of an `AbstractValue`: of a class here, or in `tensors`, `containers` or `objects`. A value
that cannot be determined is an `Unknown` with a reason, never a guess.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import field
from types import EllipsisType
from typing import Any, ClassVar, Protocol, TypeAlias

from initlint._records import dataclass
from initlint.facts.operator_kinds import VIEW_ATTRIBUTES
from initlint.facts.signatures import Signature
from initlint.graph.dataflow import Condition, FlowNode
from initlint.graph.words import UNDETERMINED
from initlint.project.source import Location, SourceLocation

CONSTANTS = (type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis))


class AbstractValue:
    """A value that is not a constant of Python. Each kind of value is a subclass.

    The methods are the questions that the interpreter asks. Here they answer that nothing is known: None, or an
    `Unknown` with its reason; a kind overrides those that it can answer. Call them by the functions in `questions`
    where the value may also be a constant.
    """

    __slots__ = ()

    may_be_lazy: ClassVar[bool] = False
    """Whether `resolved` may be another value."""

    @property
    def precedence(self) -> int:
        """Of two compared values, the one with the higher precedence decides: see `equals` and `is_same_object`."""
        return 0

    def known_items(self) -> list[Value] | None:
        """The known items, in the order of iteration; None if it is not known to be iterable."""
        return None

    def has_known_length(self) -> bool:
        """Whether `known_items` are all its items."""
        return False

    def number_held(self) -> int:
        """The number of `contents`; 0 for an iterator that has not run, and for what is no container."""
        return 0

    def contents(self) -> Iterable[Value]:
        """The values that it holds: items of a container, fields of an object that is no module."""
        return ()

    def iterator(self, machine: Machine) -> Value:
        """`iter(value)` of an object whose class is of the project and defines it; else `UNBOUND`."""
        return UNBOUND

    def resolved(self) -> Value:
        """The value, with imports that are lazy until their name is looked up."""
        return self

    def container_kind(self) -> str:
        """The type of a container of Python: `list`, `dict`, `iterator`; empty for any other value."""
        return ""

    def truth(self) -> bool | None:
        """`bool(value)`; None if unknown."""
        return None

    def is_key(self) -> bool:
        """Whether it can be a key of a `DictValue`."""
        return False

    def is_data_only(self, depth: int) -> bool:
        """Whether it is, and contains, no module, tensor, class or function. Contents below `depth` are not known."""
        return False

    def leads_to_modules(self) -> bool:
        """Whether code that has it may reach a module or a tensor by other ways than `contents`."""
        return False

    def reaches(self) -> Iterable[Value]:
        """The values that code which has it can get from it, besides the parts of modules: see `unknown_effects`."""
        return self.contents()

    def write_by_unknown(self, machine: Machine, location: Location) -> None:
        """An init call or an in-place operation on it: records what it may write to, if this is no known tensor."""

    def contains(self, item: Value) -> bool | None:
        """`item in value`; None if unknown."""
        return None

    def equals(self, other: Value) -> bool | None:
        """`value == other`, for an `other` of no higher precedence; None if unknown."""
        if self is other:
            return True
        return False if is_plain(other) else None

    def is_same_object(self, other: Value) -> bool | None:
        """`value is other`, for an `other` of no higher precedence; None if unknown."""
        return self is other

    def is_same(self, other: Value) -> bool:
        """Whether two values are surely the same, cheaply: a join keeps one of them."""
        return self is other

    def merged_with(self, others: list[tuple[Value, Condition]], under: Condition) -> AbstractValue | None:
        """One value for this one, which holds `under` a condition, and others; None if that takes a `Union`."""
        return None

    def exists_only_under(self, condition: Condition) -> bool:
        """Whether it surely does not exist on the other side of `condition`."""
        return False

    def note_comparison(self) -> None:
        """Its identity, or that of a tensor which it owns, decides a comparison: see `machine.observations`."""

    def python_type(self) -> Value:
        """`type(value)`."""
        return Unknown("the type of something unknown")

    def is_plain_tensor(self) -> bool:
        """Whether it is surely a tensor, or several, and no Parameter."""
        return False

    def type_hint(self) -> Value:
        """The class or external name that an unknown value is annotated with or known to be of; None if none."""
        return None

    def flow_node(self) -> FlowNode | None:
        """The data-flow node that it was computed from; None for a value without data."""
        return None

    def external_name(self) -> str:
        """Its dotted and canonical name outside the project; empty for any other value."""
        return ""

    def is_class(self) -> bool:
        """Whether it may be the base of a class."""
        return False

    def entries(self) -> dict[Any, Value] | None:
        """The known entries of a dictionary; None for any other value."""
        return None

    def as_tensor(self) -> Any:
        """The `Tensor` that it is; None for any other value. Ask it by the function of that name in `tensors`."""
        return None

    def as_object(self) -> Any:
        """The `Instance` that it is; None for any other value. Ask it by the function of that name in `objects`."""
        return None

    def submodule(self) -> Any:
        """The module that it is in the tree of a module that has it as an attribute; None if it is none."""
        return None

    def as_function(self) -> Any:
        """The `Function` that it is; None for any other value. Ask it by the function of that name in `functions`."""
        return None

    def wrapped_function(self) -> Any:
        """The `Function` that its call runs with further arguments; None for any other value."""
        return None

    def flat_classes(self) -> list[Value]:
        """The classes that it stands for as the second argument of `isinstance`, which may be nested tuples."""
        return [self]

    def has_instance(self, value: Value) -> bool | None:
        """`isinstance(value, self)`, where this is a class; None if unknown."""
        return None

    def is_instance_of_project_class(self, cls: AbstractValue) -> bool | None:
        """`isinstance(value, cls)` for a `ClassValue`; None if unknown."""
        return False

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        """`isinstance(value, cls)` for a class outside the project; None if unknown."""
        return False if cls.is_type_of_constants else None

    def is_callable(self) -> bool | None:
        """`callable(value)`; None if unknown."""
        return True

    def is_subclass(self, base: Value) -> bool | None:
        """`issubclass(value, base)`; None if unknown."""
        return None

    def has_attribute(self, machine: Machine, name: str) -> bool | None:
        """`hasattr(value, name)`; None if unknown."""
        return None if isinstance(self.get_attribute(machine, name), Unknown) else True

    def surely_lacks(self, name: str) -> bool:
        """Whether it is an object of which no attribute `name` is set, and no class that cannot be read may have it."""
        return False

    def text(self) -> str | None:
        """`str(value)`; None if unknown."""
        return None

    def deep_copy(self, copies: Copier) -> Value:
        """`copy.deepcopy(value)`."""
        return self

    def shallow_copy(self) -> Value:
        """`copy.copy(value)`; None if that is followed as a deep copy."""
        return None

    def combine(self, operator: str, other: Value, reflected: bool) -> Value:
        """`self <operator> other`, or `other <operator> self` if `reflected`; `UNBOUND` if it does not define that."""
        return UNBOUND

    def add_in_place(self, machine: Machine, other: Value, location: SourceLocation) -> bool:
        """`self += other`, if that changes this object; False if it makes a new value."""
        return False

    def literal(self) -> Any:
        """The value as it is stored in graphs: a constant, a tuple of constants, or `UNDETERMINED`."""
        return UNDETERMINED

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        """A key that is equal for arguments of builder functions that differ in numbers only.

        `inner` gives the key of a value that this one holds.
        """
        return object()

    def get_attribute(self, machine: Machine, name: str) -> Value:
        """`value.name`; `Unknown` if it is not known to exist."""
        return NativeMethod(self, name)

    def class_constant(self, name: str) -> Value:
        """The constant `name` that every object of this class has; `UNBOUND` if there is none."""
        return UNBOUND

    def is_function(self) -> bool:
        """Whether it is a function of the project."""
        return False

    def bound_to(self, machine: Machine, instance: Value, cls: Value) -> Value:
        """The value of `instance.name`, where this is the attribute `name` of its class `cls`."""
        return self

    def bound_to_class(self, cls: Value) -> Value:
        """The value of `cls.name`, where this is the attribute `name` of `cls` or of a base class."""
        return self

    def bound_in_class_method(self, cls: Value) -> Value:
        """The value of `super().name` in a class method of `cls`, where this is the attribute `name` of a base."""
        return self

    def super_attribute(self, machine: Machine, name: str, after: Value) -> Value:
        """`super().name` in a method that is called on it, of the class `after`."""
        return Unknown("super() of something unknown")

    def set_attribute(self, machine: Machine, name: str, value: Value, location: Location | None) -> None:
        """`self.name = value`."""

    def delete_attribute(self, machine: Machine, name: str) -> None:
        """`del self.name`."""

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        """`self[index]`."""
        return Unknown("an item of something unknown")

    def set_item(self, machine: Machine, index: Value, value: Value, location: SourceLocation) -> None:
        """`self[index] = value`."""

    def delete_item(self, machine: Machine, index: Value) -> None:
        """`del self[index]`."""

    def call(self, machine: Machine, call: CallArguments) -> Value:
        """`self(...)`."""
        return machine.handlers.call_unknown(machine, self, call)

    def call_method(self, machine: Machine, name: str, call: CallArguments) -> Value:
        """`self.name(...)`, for a method that the interpreter implements itself."""
        return machine.handlers.unknown_result(machine, f"a method {name}", call.values, call.site)


Value: TypeAlias = (
    "AbstractValue | bool | int | float | complex | str | bytes | range | slice | EllipsisType"
    " | tuple[Value, ...] | None"
)
"""What an expression evaluates to: a kind of value that is a class, or a constant of Python."""


class Sizes(tuple["Value", ...]):
    """A `torch.Size`. It is a tuple, but torch's legacy constructors take a tuple for values, and this for a shape."""

    __slots__ = ()


def is_key(value: Value) -> bool:
    """Whether a value can be a key of a `DictValue`."""
    if isinstance(value, AbstractValue):
        return value.is_key()
    if isinstance(value, tuple):
        return all(is_key(item) for item in value)
    return not isinstance(value, slice)


def is_plain(value: Value) -> bool:
    """Whether it is a constant of Python, or a tuple of these."""
    if isinstance(value, tuple):
        return all(is_plain(item) for item in value)
    return isinstance(value, CONSTANTS)


class Unbound(AbstractValue):
    """The value of a name or attribute under conditions in which it is not set."""

    __slots__ = ()

    def is_data_only(self, depth: int) -> bool:
        return True

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        return Unbound

    def __repr__(self) -> str:
        return "UNBOUND"


UNBOUND = Unbound()


class Raised(Exception):
    """The interpreted program raises here."""


@dataclass(slots=True)
class CallArguments:
    """The evaluated arguments of a call, and its location.

    `open`: further arguments may be passed that are not known (`*args`, `**options`). `more`: only the function's own
    `*args` may receive further arguments; its other parameters keep their defaults.
    """

    arguments: list[Value]
    keywords: dict[str, Value]
    site: SourceLocation
    open: bool = False
    more: bool = False

    def get(self, position: int, name: str, default: Value = UNBOUND) -> Value:
        """The argument at `position` or with the keyword `name`."""
        if position < len(self.arguments):
            return self.arguments[position]
        return self.keywords.get(name, default)

    def bound(self, signature: Signature, skip: int = 0) -> dict[str, Value]:
        """The arguments by parameter name, without defaults; those that `*args` may contain are unknown."""
        names = [name for name, _ in signature][skip:]
        arguments: dict[str, Value] = dict(zip(names, self.arguments[skip:], strict=False))
        arguments.update({name: value for name, value in self.keywords.items() if name in names})
        if self.open:
            for name in names:
                arguments.setdefault(name, Unknown(f"argument {name}"))
        return arguments

    @property
    def is_written_out(self) -> bool:
        """Whether the source of the call has exactly these arguments, none of them by `*` or `**` or a `partial`."""
        node = self.site.node
        if not isinstance(node, ast.Call) or any(isinstance(argument, ast.Starred) for argument in node.args):
            return False
        return len(node.args) == len(self.arguments) and {k.arg for k in node.keywords} == self.keywords.keys()

    @property
    def values(self) -> Iterator[Value]:
        """All arguments, positional ones first."""
        yield from self.arguments
        yield from self.keywords.values()


class ExternalClass(Protocol):
    """An `ExternalName` that is used as a class."""

    @property
    def name(self) -> str:
        """Its dotted and canonical name."""

    @property
    def is_type_of_constants(self) -> bool:
        """Whether only constants of Python, and tuples, are instances of it."""

    def has_instance(self, value: Value) -> bool | None:
        """`isinstance(value, self)`; None if unknown."""


@dataclass(frozen=True)
class Copier:
    """One deep copy: what occurs in it several times is copied once."""

    condition: Condition
    """The path condition under which it is made."""
    modules: list[Any]
    """The modules that were built so far: those of the copy are added."""
    loops: int = 0
    """In how many loops of unknown length it is made."""
    finished: dict[int, Any] = field(default_factory=dict)
    """The finished copies of values and storages, by the identity of the original."""

    def copy(self, value: Value) -> Value:
        """The copy of a value; the same for the same object."""
        if id(value) in self.finished:
            earlier: Value = self.finished[id(value)]
            return earlier
        if isinstance(value, AbstractValue):
            return value.deep_copy(self)
        return tuple(self.copy(item) for item in value) if isinstance(value, tuple) else value


class Sides(Protocol):
    """Joins what two sides of a condition have made of the state of an object."""

    @property
    def when(self) -> Condition:
        """The condition of one side."""

    @property
    def otherwise(self) -> Condition:
        """The condition of the other side."""

    def value(self, one: Value, other: Value) -> Value:
        """The value that is `one` on one side and `other` on the other."""

    def items(self, one: list[Value], other: list[Value]) -> list[Value]:
        """The two lists, joined item by item; an item that only one of them has may be unbound."""

    def fields(self, one: dict[Any, Value], other: dict[Any, Value]) -> dict[Any, Value]:
        """The two dictionaries, joined by key; a key that only one of them has may be unbound."""


class Branches(Protocol):
    """What a value needs of `path_conditions.BranchState`."""

    @property
    def condition(self) -> Condition:
        """The current path condition."""

    def save_before_change(self, target: Any) -> None:
        """Remember the state of `target` before its first change in this branch."""

    def record_side_effect(self) -> None:
        """Record an effect that is not part of an object's state."""

    def map_union(self, value: Value, act: Callable[[Value], Value]) -> Value:
        """Apply `act` to each alternative of a value under its condition, and join the results."""


@dataclass(frozen=True)
class Library:
    """What the packages above do with values: the parts that need torch, Python's library, or the interpreter's log.

    Each function receives the interpreter, the value, and the arguments of the method that calls it.
    """

    call_unknown: Callable[[Any, Any, Any], Value]
    may_write: Callable[..., None]
    unknown_result: Callable[[Any, str, Iterable[Value], Any], Value]
    call_external: Callable[[Any, Any, Any], Value]
    call_instance: Callable[[Any, Any, Any], Value]
    construct: Callable[[Any, Any, Any], Value]
    object_attribute: Callable[[Any, Any, str], Value]
    inherited_method: Callable[[Any, Any, str], Value]
    set_field: Callable[[Any, Any, str, Value, Any], None]
    set_registered: Callable[[Any, Any, str, Value, Any], None]
    object_method: Callable[[Any, Any, str, Any], Value]
    tensor_method: Callable[[Any, Any, str, Any], Value]
    list_method: Callable[[Any, Any, str, Any], Value]
    dict_method: Callable[[Any, Any, str, Any], Value]
    constant_method: Callable[[Any, Any, str, Any], Value]
    set_tensor_attribute: Callable[[Any, Any, str, Value, Any], None]
    tensor_item: Callable[[Any, Any, Value, Any], Value]
    set_tensor_item: Callable[[Any, Any, Value, Value, Any], None]


class Machine(Protocol):
    """What a value needs of the interpreter, which is defined above this package."""

    @property
    def state(self) -> Branches:
        """The path condition, and the states to go back to."""

    @property
    def handlers(self) -> Library:
        """What the packages above know of torch and of Python's library."""

    def attribute(self, value: Value, name: str) -> Value:
        """`value.name`."""

    def call(self, function: Value, call: Any) -> Value:
        """Call any value. Raises `Raised` if the program surely raises."""

    def call_function(self, function: Any, call: Any) -> Value:
        """Call a function of the project."""

    def note_not_followed(self, reason: str) -> None:
        """Record a reason why the result is incomplete."""

    def note_unknown_attribute(self, name: str) -> None:
        """Record that an attribute of an unknown value was used."""


class Unknown(AbstractValue):
    """An unknown value. The same object is always the same value: two tests of it have the same result.

    `hint` is its annotated or known type: a class or an external name. `origins`: the values that it was computed from
    by code that is not interpreted. It may be a module or a parameter that these lead to, or share memory with one.
    `receiver`: the object that it is an attribute of, such as a method of a base class that cannot be read.
    """

    __slots__ = ("amount", "attributes", "hint", "is_tensor", "name", "node", "origins", "reason", "receiver")

    def __init__(
        self,
        reason: str,
        hint: Value = None,
        node: FlowNode | None = None,
        origins: tuple[Value, ...] = (),
        receiver: Value = None,
    ) -> None:
        self.name = ""
        """Of an attribute of something unknown: its name."""
        self.origins = origins
        self.receiver = receiver
        self.reason = reason
        self.hint = hint
        self.node = node
        """The data-flow node that it was computed from, if any."""
        self.amount: Any = None
        """Of a number that is computed from unknown ones: how, an `Amount`."""
        self.is_tensor = False
        """Whether it is the result of a function that makes a tensor: see `is_plain_tensor`."""
        self.attributes: dict[Any, Unknown] | None = None

    def member(self, name: Any, hint: Value = None) -> Unknown:
        """An attribute or item of it: the same object for the same name."""
        if self.attributes is None:
            self.attributes = {}
        if name not in self.attributes:
            member = self.attributes[name] = Unknown(self.reason, hint, self.node, self.origins)
            member.name = name if isinstance(name, str) else ""
            member.receiver = self if self.is_tensor else None
            member.is_tensor = self.is_tensor and (not isinstance(name, str) or name in VIEW_ATTRIBUTES)
        return self.attributes[name]

    def reaches(self) -> Iterable[Value]:
        return self.origins

    def set_attribute(self, machine: Machine, name: str, value: Value, location: Location | None) -> None:
        if location is not None and (name == "data" or not is_plain(value)):
            self.write_by_unknown(machine, location)

    def set_item(self, machine: Machine, index: Value, value: Value, location: SourceLocation) -> None:
        self.write_by_unknown(machine, location)

    def write_by_unknown(self, machine: Machine, location: Location) -> None:
        if self.origins and self.node is None:
            machine.handlers.may_write(machine, self.origins, location)

    @property
    def precedence(self) -> int:
        return 5

    def leads_to_modules(self) -> bool:
        return self.node is not None or bool(self.origins)

    def is_plain_tensor(self) -> bool:
        return self.is_tensor

    def type_hint(self) -> Value:
        return self.hint

    def flow_node(self) -> FlowNode | None:
        return self.node

    def get_attribute(self, machine: Machine, name: str) -> Value:
        machine.note_unknown_attribute(name)
        constant = self.hint.class_constant(name) if isinstance(self.hint, AbstractValue) else UNBOUND
        return self.member(name, self._hint_of_parts()) if constant is UNBOUND else constant

    def get_item(self, machine: Machine, index: Value, location: SourceLocation) -> Value:
        return self.member(("item", index) if is_key(index) else object(), self._hint_of_parts())

    def _hint_of_parts(self) -> Value:
        """Parts of an array of constants are constants."""
        return self.hint if getattr(self.hint, "name", "") == "numpy.ndarray" else None

    def is_callable(self) -> bool | None:
        return None

    def has_attribute(self, machine: Machine, name: str) -> bool | None:
        return None

    def is_data_only(self, depth: int) -> bool:
        return self.node is None and not self.origins

    def equals(self, other: Value) -> bool | None:
        return True if self is other else None

    def is_same_object(self, other: Value) -> bool | None:
        return True if self is other else None

    def is_instance_of_project_class(self, cls: AbstractValue) -> bool | None:
        return None

    def is_instance_of_external(self, cls: ExternalClass) -> bool | None:
        hint: object = self.hint
        return True if hint == cls and cls.name.startswith("builtins.") else None

    def variant_key(self, inner: Callable[[Value], Hashable]) -> Hashable:
        return Unknown

    def __repr__(self) -> str:
        return f"Unknown({self.reason!r})"


class NativeMethod(AbstractValue):
    """A method that the interpreter implements itself: `layers.append`, `x.view`, `net.apply`."""

    __slots__ = ("name", "receiver")

    def __init__(self, receiver: Value, name: str) -> None:
        self.receiver = receiver
        self.name = name

    def truth(self) -> bool | None:
        return True

    def call(self, machine: Machine, call: CallArguments) -> Value:
        if isinstance(self.receiver, AbstractValue):
            return self.receiver.call_method(machine, self.name, call)
        return machine.handlers.constant_method(machine, self.receiver, self.name, call)

    def leads_to_modules(self) -> bool:
        return True

    def contents(self) -> Iterable[Value]:
        return (self.receiver,)  # `batch.x`, where `batch` was assumed to be a tensor
