"""Detects builder functions that differ from an earlier one only in numbers: `resnet34` after `resnet18`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable

from initlint.tracers.static.values.functions import Function
from initlint.tracers.static.values.questions import variant_key
from initlint.tracers.static.values.values import CallArguments

_DEPTH = 6
"""Depth to which the arguments of two calls are compared."""


class SameBuilder(Exception):
    """The running builder is a variant of an earlier one, so its models need no interpretation."""


class BuilderVariants:
    """The calls that the builders of a file return, as keys that are equal for variants."""

    def __init__(self) -> None:
        self._known: set[Hashable] = set()
        self._latest: Hashable = None

    def watch(self, builder: Function) -> Callable[[Function, CallArguments], None]:
        """A callback for each call made by `builder`; it raises `SameBuilder` at a known `return make(...)`.

        Only a call in a return statement is compared: a builder may change its model after any other call.
        """
        body = builder.node.body if not isinstance(builder.node, ast.Lambda) else []
        returned = [statement.value for statement in body if isinstance(statement, ast.Return)]
        self._latest = None

        def called(function: Function, call: CallArguments) -> None:
            if not any(value is call.site.node for value in returned):
                return
            keywords = {(name, variant_key(value, builder.name, _DEPTH)) for name, value in call.keywords.items()}
            positional = tuple(variant_key(value, builder.name, _DEPTH) for value in call.arguments)
            self._latest = (function.node, positional, frozenset(keywords), call.open)
            if self._latest in self._known:
                raise SameBuilder

        return called

    def keep(self) -> None:
        """Remember the last watched builder, which has built a model; variants of it will be skipped."""
        if self._latest is not None:
            self._known.add(self._latest)
