"""What to trace, as the command line and the configuration say it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, TypeGuard

from initlint._records import dataclass

_KEYS = ("target", "args", "kwargs", "inputs")
_SOURCES = (".py", ".pyw")
_NOTEBOOK = ".ipynb"
_INPUT = re.compile(r"\(?\s*(\d+(?:\s*[,x]\s*\d+)*)\s*,?\s*\)?(?::(\w+))?")


class TargetError(ValueError):
    """A target that cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Input:
    """A tensor that a model is called with: its shape, and the name of its dtype."""

    shape: tuple[int, ...]
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """`where` is a dotted module or the path of a Python file, `attribute` a class, function or model in it.

    `args` and `kwargs` are what it is called with, `inputs` what the model is; None: to be guessed.
    """

    where: str
    attribute: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] | None = None
    names: tuple[tuple[int | str, str], ...] = ()
    """The arguments, by position or name, that are what the module of the target calls by these names."""

    @property
    def text(self) -> str:
        """As it is written: `package.module:Model`."""
        return f"{self.where}:{self.attribute}"

    @property
    def is_file(self) -> bool:
        """Whether it names a file."""
        return self.where.endswith(_SOURCES)


def parse_target(text: str) -> tuple[str, str]:
    """`package.module:Model` or `path/to/file.py:Model` in its two parts. Raises `TargetError`."""
    where, colon, attribute = text.rpartition(":")
    if not colon or not where or not all(part.isidentifier() for part in attribute.split(".")):
        raise TargetError(f"invalid target `{text}`: use `package.module:Model` or `path/to/file.py:Model`")
    if where.endswith(_NOTEBOOK):
        raise TargetError(f"`{where}` is a notebook, which cannot be imported: write `package.module:Model`")
    if not where.endswith(_SOURCES) and not all(part.isidentifier() for part in where.split(".")):
        raise TargetError(f"`{where}` is neither a dotted module name nor the path of a .py file")
    return where, attribute


def parse_value(text: str) -> Any:
    """A number, string, list or other literal of Python; what is none is the string itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def parse_input(text: str) -> Input:
    """`2,3,224,224` or `2x16:int64`. Raises `TargetError`."""
    match = _INPUT.fullmatch(text.strip())
    if match is None:
        raise TargetError(f"`{text}` is no input: write a shape such as `2,3,224,224`, or `2,16:int64`")
    shape = tuple(int(size) for size in re.split(r"\s*[,x]\s*", match[1]))
    return Input(shape, match[2] or "float32")


def read_targets(value: object) -> tuple[TargetSpec, ...]:
    """`[tool.initlint.trace]`, or several as `[[tool.initlint.trace]]`. Raises `TargetError`."""
    tables = value if isinstance(value, list) else [value]
    return tuple(_read(table) for table in tables)


def _read(table: object) -> TargetSpec:
    if not isinstance(table, dict):
        raise TargetError("a table with `target`, and perhaps `args`, `kwargs` and `inputs`")
    for key in table:
        if key not in _KEYS:
            raise TargetError(f"a table with {', '.join(f'`{known}`' for known in _KEYS)}; it has `{key}`")
    target, args, kwargs = table.get("target"), table.get("args", []), table.get("kwargs", {})
    if not isinstance(target, str):
        raise TargetError("a table whose `target` is a string such as `package.module:Model`")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise TargetError("a table whose `args` is a list and whose `kwargs` is a table")
    where, attribute = parse_target(target)
    inputs = table.get("inputs")
    return TargetSpec(where, attribute, tuple(args), kwargs, None if inputs is None else _inputs(inputs))


def _inputs(value: object) -> tuple[Input, ...]:
    """A list of shapes: each a list of sizes, a string as on the command line, or a table of `shape` and `dtype`."""
    if not isinstance(value, list):
        raise TargetError("a table whose `inputs` is a list of shapes")
    return tuple(_input(item) for item in value)


def _input(item: object) -> Input:
    if isinstance(item, str):
        return parse_input(item)
    table: Mapping[str, object] = item if isinstance(item, dict) else {"shape": item}
    shape, dtype = table.get("shape"), table.get("dtype", "float32")
    if not _is_shape(shape) or not isinstance(dtype, str) or not {"shape", "dtype"}.issuperset(table):
        raise TargetError("a table whose `inputs` are shapes such as [2, 3, 224, 224]")
    return Input(tuple(shape), dtype)


def _is_shape(value: object) -> TypeGuard[Sequence[int]]:
    sizes = value if isinstance(value, list) else [None]
    return all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in sizes)
