"""The parameters that a function declares."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TypeAlias

from initlint._records import dataclass

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
