"""The values of the abstract interpreter.

Numbers, strings, None, booleans, tuples, ranges and slices stand for themselves. Everything else is one of the
classes below. What the interpreter does not understand is an `Unknown`, which says why; it is never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from initlint.flow import ALWAYS, Condition, Node
from initlint.graph import Place

if TYPE_CHECKING:
    import libcst as cst

    from initlint.interpret.scopes import Environment, ModuleScope

Value: TypeAlias = Any

CONSTANTS = (type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis))


class Unknown:
    """A value that is not known. Two uses of one object are the same value, so that a test of it is decided once.

    `hint` is what it is annotated with, if that is known: a class or an external name.
    """

    __slots__ = ("attributes", "hint", "node", "reason")

    def __init__(self, reason: str, hint: Value = None, node: Node | None = None) -> None:
        self.reason = reason
        self.hint = hint
        self.node = node
        """The flow that it was computed from, if it was computed from data."""
        self.attributes: dict[Any, Unknown] | None = None

    def part(self, name: Any, hint: Value = None) -> Unknown:
        """An attribute or item of it: the same object each time it is asked for."""
        if self.attributes is None:
            self.attributes = {}
        if name not in self.attributes:
            self.attributes[name] = Unknown(self.reason, hint, self.node)
        return self.attributes[name]

    def __repr__(self) -> str:
        return f"Unknown({self.reason!r})"


class Absent:
    """The other side of an attribute or a name that only one branch sets."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


class Union:
    """One of a few values, each under the conditions that led to it."""

    __slots__ = ("options",)

    def __init__(self, options: list[tuple[Value, Condition]]) -> None:
        self.options = options

    @property
    def values(self) -> list[Value]:
        return [value for value, _ in self.options]

    def __repr__(self) -> str:
        return f"Union({self.values!r})"


class External:
    """A name outside the project: a module, class or function of torch, Python or another library.

    `name` is dotted and canonical.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, External) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"External({self.name})"


class Mutable(Protocol):
    """Something with a state that a branch can change: see `state.State.touch`.

    A protocol, not a base class: `isinstance` is what the interpreter does most, and an abstract base makes it slow.
    """

    def save(self) -> Any:
        """A copy of the state."""

    def restore(self, saved: Any) -> None:
        """Go back to a saved state."""

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        """The state that is `one` under the condition `when` and `other` under `otherwise`."""


class ListValue:
    """A list, set, deque or iterator. `open`: it goes on in the same way, for a number of times that is unknown."""

    __slots__ = ("items", "kind", "open")

    def __init__(self, items: Iterable[Value] = (), open: bool = False, kind: str = "list") -> None:
        self.items = list(items)
        self.open = open
        self.kind = kind

    def save(self) -> Any:
        return (list(self.items), self.open)

    def restore(self, saved: Any) -> None:
        self.items, self.open = list(saved[0]), saved[1]

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        pairs = zip_longest(one[0], other[0], fillvalue=ABSENT)
        return [join(a, when, b, otherwise) for a, b in pairs], one[1] or other[1]

    def __repr__(self) -> str:
        return f"ListValue({self.items!r}{', open' if self.open else ''})"


class DictValue:
    """A dictionary with known keys. `open`: there may be further ones."""

    __slots__ = ("items", "open")

    def __init__(self, items: dict[Any, Value] | None = None, open: bool = False) -> None:
        self.items: dict[Any, Value] = dict(items or {})
        self.open = open

    def save(self) -> Any:
        return (dict(self.items), self.open)

    def restore(self, saved: Any) -> None:
        self.items, self.open = dict(saved[0]), saved[1]

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        return join_fields(one[0], when, other[0], otherwise), one[1] or other[1]


class Function:
    """A function or lambda of the project, with the scope it closes over."""

    __slots__ = ("closure", "defaults", "keyword_defaults", "name", "node", "owner", "scope", "wrappers")

    def __init__(
        self,
        node: cst.FunctionDef | cst.Lambda,
        name: str,
        scope: ModuleScope,
        closure: Environment | None,
        owner: ClassValue | None = None,
        wrappers: frozenset[str] = frozenset(),
    ) -> None:
        self.node = node
        self.name = name
        self.scope = scope
        self.closure = closure
        self.owner = owner
        self.wrappers = wrappers
        self.defaults: dict[str, Value] = {}

    @property
    def qualified(self) -> str:
        owner = f"{self.owner.name}." if self.owner is not None else ""
        return f"{self.scope.name}.{owner}{self.name}"

    def __repr__(self) -> str:
        return f"Function({self.qualified})"


class Bound:
    """A method with its object."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: Value, receiver: Value) -> None:
        self.function = function
        self.receiver = receiver


class Partial:
    """`functools.partial`, and `functools.partial(...).func`."""

    __slots__ = ("arguments", "function", "keywords")

    def __init__(self, function: Value, arguments: list[Value], keywords: dict[str, Value]) -> None:
        self.function = function
        self.arguments = arguments
        self.keywords = keywords


class Method:
    """A method of a value that the interpreter knows by name: `layers.append`, `x.view`, `net.apply`."""

    __slots__ = ("name", "receiver")

    def __init__(self, receiver: Value, name: str) -> None:
        self.receiver = receiver
        self.name = name


class ClassValue:
    """A class of the project."""

    __slots__ = ("bases", "closure", "fields", "mro", "name", "node", "scope")

    def __init__(
        self, name: str, node: cst.ClassDef, scope: ModuleScope, bases: list[Value], closure: Environment | None
    ) -> None:
        self.name = name
        self.node = node
        self.scope = scope
        self.bases = bases
        self.closure = closure
        self.fields: dict[str, Value] = {}
        self.mro: list[Value] = _linearize(self)

    def save(self) -> Any:
        return dict(self.fields)

    def restore(self, saved: Any) -> None:
        self.fields = dict(saved)

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        return join_fields(one, when, other, otherwise)

    @property
    def qualified(self) -> str:
        return f"{self.scope.name}.{self.name}"

    def find(self, name: str, after: ClassValue | None = None) -> tuple[Value, Value]:
        """The attribute `name` and the class in the method resolution order that has it; `(None, None)` if none.

        With `after`, the search starts behind that class, as `super()` does.
        """
        classes = self.mro
        if after is not None and after in classes:
            classes = classes[classes.index(after) + 1 :]
        for cls in classes:
            if isinstance(cls, ClassValue) and name in cls.fields:
                return cls.fields[name], cls
        return None, None

    def externals(self) -> list[str]:
        return [base.name for base in self.mro if isinstance(base, External)]

    @property
    def readable(self) -> bool:
        """Whether every base is either of the project or known by name."""
        return not any(isinstance(base, Unknown) for base in self.mro)

    def __repr__(self) -> str:
        return f"ClassValue({self.qualified})"


def _linearize(cls: ClassValue) -> list[Value]:
    """Python's C3 order; where that does not exist, depth first."""
    sequences = [list(base.mro) if isinstance(base, ClassValue) else [base] for base in cls.bases]
    sequences.append(list(cls.bases))
    merged: list[Value] = [cls]
    while any(sequences):
        sequences = [s for s in sequences if s]
        for sequence in sequences:
            head = sequence[0]
            if not any(head in other[1:] for other in sequences):
                break
        else:
            head = sequences[0][0]
        merged.append(head)
        sequences = [[item for item in s if item is not head and item != head] for s in sequences]
    return merged


class Storage:
    """What a tensor's elements live in: views, `.data` and the parameter itself share one.

    `writes` are `torch_init.Recorded` in execution order. `shape`: sizes, None where unknown; None: unknown rank.
    """

    __slots__ = ("condition", "frozen", "name", "owner", "parameter", "parametrized", "place", "product", "shape", "writes")

    def __init__(
        self,
        shape: tuple[int | None, ...] | None = None,
        place: Place | None = None,
        condition: Condition = ALWAYS,
    ) -> None:
        self.shape = shape
        self.place = place
        self.condition = condition
        self.writes: list[Any] = []
        self.parameter = False
        self.owner: Instance | None = None
        self.name = ""
        self.frozen = False
        self.parametrized = False
        self.product = False
        """A raw parameter that data was multiplied with as a matrix."""


class Tensor:
    """A tensor: data that flows (`node`), or a view of a storage, or what was computed from parameters alone.

    `leaf`: it is the parameter itself, so that an in-place write needs `no_grad`. `whole`: it covers the storage.
    `sources`: storages of the parameters that a value without data was computed from.
    """

    __slots__ = ("leaf", "node", "shape", "sources", "storage", "whole")

    def __init__(
        self,
        node: Node | None = None,
        storage: Storage | None = None,
        leaf: bool = False,
        whole: bool = True,
        sources: frozenset[Storage] = frozenset(),
        shape: tuple[int | None, ...] | None = None,
    ) -> None:
        self.node = node
        self.storage = storage
        self.leaf = leaf
        self.whole = whole
        self.sources = sources
        self.shape = shape if shape is not None or storage is None else storage.shape

    def save(self) -> Any:
        return self.node

    def restore(self, saved: Any) -> None:
        self.node = saved

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        if one is None or other is None or one is other:
            return one or other
        return Node("join", "join", [(one, when), (other, otherwise)], None)

    def __repr__(self) -> str:
        return f"Tensor({self.node.kind if self.node else None}, {self.storage.name if self.storage else None})"


class Instance:
    """An object: of a class of the project (`cls` is a `ClassValue`) or of torch (`cls` is an `External`).

    `fields` holds attributes, parameters and submodules in the order of their registration.
    `assigned` tells for a field who assigned it: the class whose method did, and the place.
    `torch_name` is the torch class that it is or derives from (`torch.nn.Linear`), `arguments` that class's own.
    `open`: a container with further children of the same form. `symbolic`: stands for some object of the class,
    its fields are not known.
    """

    __slots__ = (
        "arguments",
        "assigned",
        "cls",
        "condition",
        "fields",
        "open",
        "parametrized",
        "parent",
        "place",
        "symbolic",
        "torch_name",
    )

    def __init__(
        self,
        cls: Value,
        place: Place | None,
        condition: Condition = ALWAYS,
        torch_name: str | None = None,
        symbolic: bool = False,
    ) -> None:
        self.cls = cls
        self.place = place
        self.condition = condition
        self.torch_name = torch_name
        self.symbolic = symbolic
        self.arguments: dict[str, Value] = {}
        self.fields: dict[str, Value] = {}
        self.assigned: dict[str, tuple[ClassValue | None, Place | None]] = {}
        self.open = False
        self.parametrized = False
        self.parent = False

    def save(self) -> Any:
        return (dict(self.fields), dict(self.assigned), self.open, dict(self.arguments))

    def restore(self, saved: Any) -> None:
        self.fields, self.assigned, self.open = dict(saved[0]), dict(saved[1]), saved[2]
        self.arguments = dict(saved[3])

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        return (
            join_fields(one[0], when, other[0], otherwise),
            {**other[1], **one[1]},
            one[2] or other[2],
            join_fields(one[3], when, other[3], otherwise),
        )

    @property
    def class_name(self) -> str:
        name: str = self.cls.name
        return name.rpartition(".")[2]

    @property
    def user_class(self) -> ClassValue | None:
        return self.cls if isinstance(self.cls, ClassValue) else None

    @property
    def is_module(self) -> bool:
        return self.torch_name is not None

    def __repr__(self) -> str:
        return f"Instance({self.class_name})"


class Super:
    """`super()` inside a method of `cls`, called on `receiver` (an object, or a class in a class method)."""

    __slots__ = ("cls", "receiver")

    def __init__(self, cls: ClassValue, receiver: Value) -> None:
        self.cls = cls
        self.receiver = receiver


class Package:
    """A module of the project, as `import models.blocks` binds it."""

    __slots__ = ("scope",)

    def __init__(self, scope: ModuleScope) -> None:
        self.scope = scope


class ContextManager:
    """A context manager that matters: `no_grad`, `suppress`."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


def options(value: Value) -> list[tuple[Value, Condition]]:
    """The alternatives of a value, one for all but a `Union`."""
    if isinstance(value, Union):
        return value.options
    return [(value, ALWAYS)]


def same(one: Value, other: Value) -> bool:
    """Whether two values are surely the same, cheaply."""
    if one is other:
        return True
    if isinstance(one, CONSTANTS) and isinstance(other, CONSTANTS):
        return type(one) is type(other) and one == other
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other))
    if isinstance(one, Tensor):
        return isinstance(other, Tensor) and one.node is other.node and one.storage is other.storage is None
    return isinstance(one, External) and one == other


_MAX_OPTIONS = 6


def join(one: Value, when: Condition, other: Value, otherwise: Condition) -> Value:
    """The value that is `one` under the condition `when` and `other` under `otherwise`."""
    if same(one, other):
        return one
    merged: list[tuple[Value, Condition]] = []
    for value, condition in (
        *((v, c | when) for v, c in options(one)),
        *((v, c | otherwise) for v, c in options(other)),
    ):
        for at, (known, under) in enumerate(merged):
            if same(value, known):
                merged[at] = (known, under & condition)
                break
        else:
            merged.append((value, condition))
    if len(merged) == 1:
        return merged[0][0]
    if all(isinstance(v, Tensor) and v.node is not None and v.storage is None for v, _ in merged):
        inputs = [(v.node, c) for v, c in merged]
        return Tensor(Node("join", "join", inputs, None))
    if len(merged) > _MAX_OPTIONS:
        return Unknown("too many alternatives")
    return Union(merged)


def join_fields(
    one: dict[Any, Value], when: Condition, other: dict[Any, Value], otherwise: Condition
) -> dict[Any, Value]:
    """Two dictionaries joined by key; a key of only one of them may be absent."""
    merged = {}
    for key, value in one.items():
        merged[key] = join(value, when, other.get(key, ABSENT), otherwise)
    for key, value in other.items():
        if key not in one:
            merged[key] = join(ABSENT, when, value, otherwise)
    return merged


def present(value: Value) -> Value:
    """The value without its absent alternative; `ABSENT` if that is the only one."""
    if not isinstance(value, Union):
        return value
    kept = [(v, c) for v, c in value.options if v is not ABSENT]
    if len(kept) == len(value.options):
        return value
    return kept[0][0] if len(kept) == 1 else Union(kept)
