"""What a user adds to the tables: init functions, activations and base classes of their own, by dotted name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from initlint._lazy import LazyModule
from initlint._records import dataclass
from initlint.facts.activations import ACTIVATIONS, NAMES
from initlint.facts.initializers import INITIALIZERS
from initlint.facts.library_initializers import LIBRARY_INITIALIZERS, LibraryInitializer
from initlint.facts.signatures import REQUIRED, Signature

if TYPE_CHECKING:
    import difflib
else:
    difflib = LazyModule("difflib")

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
_ENTRY = ("initializer", "takes", "parameters", "arguments")
_TAKES = ("tensor", "module")
_BY_SHORT_NAME = {initializer.name: name for name, initializer in INITIALIZERS.items()}

Table: TypeAlias = Mapping[str, object]


class EntryError(ValueError):
    """An entry that cannot be used; the message begins with its name in quotes."""


@dataclass(frozen=True, slots=True)
class UserTables:
    """The entries of all tables. Names are those that functions and classes of the project are defined under, or that
    those of other packages are imported by.

    `activations`: function or class to operator, as in `facts.activations`. `base_classes`: class to the methods that
    it calls by itself.
    """

    initializers: Mapping[str, LibraryInitializer] = field(default_factory=dict)
    activations: Mapping[str, str] = field(default_factory=dict)
    base_classes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def library_initializer(self, name: str) -> LibraryInitializer | None:
        """The init function of that dotted name; the user's entries take precedence over the built-in ones."""
        return self.initializers.get(name) or LIBRARY_INITIALIZERS.get(name)


def suggestion(word: str, candidates: Iterable[str]) -> str:
    """The end of a message about an unknown `word`: the nearest of the `candidates`, if one is near."""
    near = difflib.get_close_matches(word, list(candidates), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def read_initializers(table: Table) -> dict[str, LibraryInitializer]:
    """`[tool.initlint.initializers]`: a name to that of an initializer, or to a table that says more of it.

    Raises `EntryError`.
    """
    return {_name(name): _read_initializer(name, value) for name, value in table.items()}


def read_activations(table: Table) -> dict[str, str]:
    """`[tool.initlint.activations]`: a name to that of an operator. Raises `EntryError`."""
    read: dict[str, str] = {}
    for name, value in table.items():
        if not isinstance(value, str):
            raise EntryError(f"`{name}` must be the name of an activation, such as `relu`")
        op = NAMES.get(value.lower())
        if op is None:
            raise EntryError(f"`{name}`: unknown activation `{value}`{suggestion(value.lower(), ACTIVATIONS)}")
        read[_name(name)] = op
    return read


def read_base_classes(table: Table) -> dict[str, frozenset[str]]:
    """`[tool.initlint.base-classes]`: a name to the methods that the class calls by itself. Raises `EntryError`."""
    return {_name(name): frozenset(_strings(name, value)) for name, value in table.items()}


def _name(name: str) -> str:
    if _DOTTED.fullmatch(name) is None:
        raise EntryError(f"`{name}` must be a dotted name, such as `package.module.{name if name else 'name'}`")
    return name


def _read_initializer(name: str, value: object) -> LibraryInitializer:
    if isinstance(value, str):
        return _build_initializer(name, {"initializer": value})
    if not isinstance(value, dict):
        raise EntryError(f"`{name}` must be the name of an initializer, or a table")
    for key in value:
        if key not in _ENTRY:
            raise EntryError(f"`{name}`: unknown key `{key}`{suggestion(key, _ENTRY)}")
    return _build_initializer(name, value)


def _build_initializer(name: str, entry: Table) -> LibraryInitializer:
    written = entry.get("initializer")
    if not isinstance(written, str):
        raise EntryError(f"`{name}`: `initializer` must be the name of an initializer, such as `kaiming_normal_`")
    short = written.removeprefix("torch.nn.init.").removeprefix("timm.layers.")
    if short not in _BY_SHORT_NAME:
        raise EntryError(f"`{name}`: unknown initializer `{written}`{suggestion(short, _BY_SHORT_NAME)}")
    equivalent = _BY_SHORT_NAME[short]
    takes = entry.get("takes", "tensor")
    if takes not in _TAKES:
        raise EntryError(f"`{name}`: `takes` must be one of {', '.join(_TAKES)}")
    own = INITIALIZERS[equivalent].signature
    return LibraryInitializer(
        equivalent, "module" if takes == "module" else "tensor", _signature(name, entry, own), {}, {}
    )


def _signature(name: str, entry: Table, own: Signature) -> Signature:
    """The function's own signature: its parameters in order, with the initializer's defaults or the user's."""
    known_arguments = dict(own[1:])
    defaults = entry.get("arguments", {})
    if not isinstance(defaults, dict):
        raise EntryError(f"`{name}`: `arguments` must be a table")
    for argument, value in defaults.items():
        if argument not in known_arguments:
            raise EntryError(f"`{name}`: unknown argument `{argument}`{suggestion(argument, known_arguments)}")
        if not isinstance(value, (str, int, float)):
            raise EntryError(f"`{name}`: `arguments.{argument}` must be a number or a string")
    parameters = entry.get("parameters")
    names = [parameter for parameter, _ in own] if parameters is None else _strings(f"{name}`: `parameters", parameters)
    if not names:
        raise EntryError(f"`{name}`: `parameters` must begin with the one that takes the tensor or module")
    values = {parameter: defaults.get(parameter, known_arguments.get(parameter, REQUIRED)) for parameter in names[1:]}
    return ((names[0], REQUIRED), *(values | defaults).items())


def _strings(name: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise EntryError(f"`{name}` must be a list of strings")
    return value
