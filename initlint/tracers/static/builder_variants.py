"""Detects builder functions that differ from earlier ones only in numbers: `resnet34` after `resnet18`."""

from __future__ import annotations

import ast
from collections.abc import Collection, Hashable, Iterator

from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.functions import Function
from initlint.tracers.static.values.questions import variant_key
from initlint.tracers.static.values.values import CallArguments

_DEPTH = 6
"""Depth to which the arguments of two calls are compared."""

_Option = tuple[str, Hashable]
"""The name of an argument, and a class, function, name, flag or sign of a number that it holds."""


class SameBuilder(Exception):
    """The running builder is a variant of earlier ones, so its models need no interpretation."""


class BuilderVariants:
    """What the builders of a file pass on: to the call that they return, and to the first module that this builds.

    Only a call whose result is returned at once is compared: a builder may change its model after any other call. The
    first module shows what was looked up by name, in a table of configurations.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, set[Hashable]] = {}
        self._options: dict[str, set[Hashable]] = {}
        self._builder: Function | None = None
        self._only_new = False
        self._returned: list[ast.expr] = []
        self._call: Hashable = None
        self._module: Hashable = None
        self._found: dict[str, set[Hashable]] = {}

    def watch(self, builder: Function, only_new: bool) -> bool:
        """Compare this builder with those before; `only_new`: stop it unless it has an option that none of these had.

        False if there is nothing to compare, so that it is not known to bring anything new.
        """
        self._builder, self._only_new = builder, only_new
        body = builder.node.body if not isinstance(builder.node, ast.Lambda) else []
        self._returned = list(_returned_calls(body))
        self._call = self._module = None
        self._found = {}
        return bool(self._returned)

    def direct_call(self, function: Function, call: CallArguments) -> None:
        """The watched builder makes a call. Raises `SameBuilder` if it is a variant of an earlier one."""
        if self._call is not None or not any(value is call.site.node for value in self._returned):
            return
        self._call = self._key(function.node, call)
        modules = self._known.get(self._call)
        # The constructor of a class is called after its module was compared.
        if modules is not None and (not modules or self._module in modules):
            raise SameBuilder

    def first_module(self, cls: ClassValue, call: CallArguments) -> None:
        """The watched builder builds a module. Raises `SameBuilder` if it is a variant of an earlier one."""
        if self._module is not None:
            return
        self._module = self._key(cls.node, call)
        is_known = self._module in self._known.get(self._call, ())
        if is_known or (self._only_new and not self._has_new_option()):
            raise SameBuilder

    def keep(self) -> None:
        """Remember the watched builder, which has built a model; variants of it will be skipped."""
        if self._call is None:
            return
        known = self._known.setdefault(self._call, set())
        if self._module is not None:
            known.add(self._module)
        for name in self._found.keys() | self._options.keys():
            is_late = name not in self._options and len(self._known) > 1
            seen = self._options.setdefault(name, set(_DEFAULT) if is_late else set())
            seen |= self._found.get(name, _DEFAULT)

    def _has_new_option(self) -> bool:
        names = self._found.keys() | self._options.keys()
        return any(
            not (self._found.get(name, _DEFAULT) <= self._options.get(name, _DEFAULT))
            and (name in self._options or not _are_numbers(self._found[name]))
            for name in names
        )

    def _key(self, node: ast.AST, call: CallArguments) -> Hashable:
        """The key of a call, which is equal for variants. Its options are added to those of the builder."""
        own_name = self._builder.name if self._builder is not None else ""
        keywords = frozenset((name, variant_key(value, own_name, _DEPTH)) for name, value in call.keywords.items())
        positional = tuple((str(at), variant_key(value, own_name, _DEPTH)) for at, value in enumerate(call.arguments))
        for name, option in _options("", (node, positional, keywords)):
            self._found.setdefault(name, set()).add(option)
        return node, positional, keywords, call.open


_DEFAULT: frozenset[Hashable] = frozenset({"default"})
"""The option of an argument that is not passed."""


def _are_numbers(options: Collection[Hashable]) -> bool:
    return all(isinstance(option, tuple) for option in options)


def _options(name: str, key: Hashable) -> Iterator[_Option]:
    """The options that a key holds, each with the innermost name of an argument, field or entry."""
    if isinstance(key, tuple) and len(key) == 2 and isinstance(key[0], str):
        yield from _options(*key)
    elif isinstance(key, (tuple, frozenset)) and not (isinstance(key, tuple) and key[:1] == (int,)):
        for inner in key:
            yield from _options(name, inner)
    elif not isinstance(key, type):  # whether a tuple or a list holds the options brings nothing new
        yield name, key


def _returned_calls(body: list[ast.stmt]) -> Iterator[ast.expr]:
    """The calls whose result a function returns at once: `return make()`, or `model = make()` and `return model`."""
    for before, statement in zip([None, *body], body, strict=False):
        if not isinstance(statement, ast.Return) or statement.value is None:
            continue
        yield statement.value
        if isinstance(before, ast.Assign) and isinstance(statement.value, ast.Name) and len(before.targets) == 1:
            target = before.targets[0]
            if isinstance(target, ast.Name) and target.id == statement.value.id:
                yield before.value
