"""Both ends of a call: the parameters that a function declares, and the arguments that a call passes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from initlint.project.source import SourceLocation
from initlint.tracers.static.values.values import UNBOUND, Value

FunctionNode: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function: its name, its node, and its default (None if it is required)."""

    name: str
    node: ast.arg
    default: ast.expr | None

    @property
    def annotation(self) -> ast.expr | None:
        return self.node.annotation


@dataclass(frozen=True, eq=False)
class Signature:
    """The parameters of a function. `star` is the name of its `*args`, `double_star` that of its `**kwargs`."""

    positional: tuple[Parameter, ...]
    keyword_only: tuple[Parameter, ...]
    star: str | None
    double_star: str | None

    @classmethod
    def of(cls, node: FunctionNode) -> Signature:
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        required = len(positional) - len(arguments.defaults)
        defaults = [*[None] * required, *arguments.defaults]
        return cls(
            tuple(Parameter(a.arg, a, d) for a, d in zip(positional, defaults, strict=True)),
            tuple(Parameter(a.arg, a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)),
            arguments.vararg.arg if arguments.vararg is not None else None,
            arguments.kwarg.arg if arguments.kwarg is not None else None,
        )

    @cached_property
    def named(self) -> tuple[Parameter, ...]:
        """All parameters except `*args` and `**kwargs`."""
        return self.positional + self.keyword_only


@dataclass(slots=True)
class Call:
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

    @property
    def values(self) -> Iterator[Value]:
        """All arguments, positional ones first."""
        yield from self.arguments
        yield from self.keywords.values()
