"""Init functions that nothing in the project calls or passes on."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from initlint.tracers.references.base_classes import BaseClassInfo
from initlint.tracers.references.dynamic_lookups import LOOKUPS, METHOD_LOOKUP, looks_up_methods, lookups
from initlint.tracers.references.init_functions import init_functions, initialises
from initlint.tracers.references.name_uses import NameUse, derived, uses
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import FunctionNode, ScopeNode, SyntaxIndex, last_name

_HARMLESS = frozenset({"no_grad", "inference_mode", "staticmethod", "classmethod", "override"})
"""Decorators that hand a function to nobody."""


@dataclass(frozen=True, eq=False)
class UncalledFunction:
    """An init function of a file that nothing calls. `named`: where it stands as a statement, without being called."""

    function: FunctionNode
    owner: ast.ClassDef | None
    named: ast.Expr | None = None


def uncalled(
    file: Path, text: SyntaxIndex, around: ProjectIndex, bases: Callable[[str], BaseClassInfo | None]
) -> Iterator[UncalledFunction]:
    """The init functions of `file` that nothing calls. `bases` gives those of a class of its top level."""
    found = list(init_functions(text))
    search = _Search(file, text, around)
    used = {function: search.is_used(function) for function in found}
    for function in found:
        if used[function] or not _only_decorated_harmlessly(function) or _has_alternative(text, function, used):
            continue
        scopes = text.scopes(function)
        if not scopes:
            if not _is_public_or_alone(text, function, around.is_library(file)) and not search.is_looked_up(function):
                yield UncalledFunction(function, None, search.named(function))
        elif isinstance(scopes[0], ast.ClassDef):
            if _is_silent_method(text, function, scopes, bases(scopes[0].name), around.is_library(file)):
                continue
            if not search.is_looked_up(function):
                yield UncalledFunction(function, scopes[0], search.named(function))
        elif not scopes[0].name.startswith("test"):
            yield UncalledFunction(function, text.class_of(function), search.named(function))


def _only_decorated_harmlessly(function: FunctionNode) -> bool:
    return all(
        last_name(node.func if isinstance(node, ast.Call) else node) in _HARMLESS for node in function.decorator_list
    )


def _has_alternative(text: SyntaxIndex, function: FunctionNode, used: Mapping[FunctionNode, bool]) -> bool:
    """Whether its scope holds another init function, which is used: one of several that the author may choose from.

    The constructor that initialises by itself is one too.
    """
    scope = text.parents[function]
    if isinstance(scope, ast.ClassDef):
        constructor = next((n for n in scope.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
        if constructor is not None and initialises(constructor):
            return True
    return any(is_used and text.parents[other] is scope for other, is_used in used.items())


def _is_public_or_alone(text: SyntaxIndex, function: FunctionNode, library: bool) -> bool:
    """What a library offers to others, or a function of a file that has no model of its own to apply it to."""
    return (library and not function.name.startswith("_")) or not text.classes


def _is_silent_method(
    text: SyntaxIndex, function: FunctionNode, scopes: list[ScopeNode], bases: BaseClassInfo | None, library: bool
) -> bool:
    owner = scopes[0]
    assert isinstance(owner, ast.ClassDef)
    if bases is None or len(scopes) > 1 or owner.decorator_list or bases.may_call(function.name):
        return True
    public = not function.name.startswith("_") and not owner.name.startswith("_")
    return (library and public) or not bases.is_module or not _has_forward(owner, bases)


def _has_forward(owner: ast.ClassDef, bases: BaseClassInfo) -> bool:
    """A class without one is there to be derived from, and what derives from it may call its methods."""
    return "forward" in bases.methods or any(isinstance(n, FunctionNode) and n.name == "forward" for n in owner.body)


class _Search:
    """Looks for uses of the functions of one file, first in the file itself, then in those around it."""

    def __init__(self, file: Path, text: SyntaxIndex, around: ProjectIndex) -> None:
        self.file = file.resolve()
        self.text = text
        self.around = around
        self._derived: dict[ast.ClassDef, frozenset[str] | None] = {}

    def is_used(self, function: FunctionNode) -> bool:
        """Whether anything but itself mentions it in a way that may lead to a call."""
        at_home = [node for node in self.text.mentions(function.name) if self._is_use_at_home(node, function)]
        if any(isinstance(scope, FunctionNode) for scope in self.text.scopes(function)):
            return any(not isinstance(node, ast.Attribute) for node in at_home)  # nobody else sees a local function
        if at_home:
            return True
        files = self.around.holding(self.file, function.name)
        return files is None or any(self._is_used_in(path, function) for path in files if path != self.file)

    def _is_use_at_home(self, node: ast.AST, function: FunctionNode) -> bool:
        if self.text.is_within(node, function):
            return False
        owner = self._owner(function)
        return self._may_mean(NameUse.of(self.text, node, function.name, owner), function)

    def _is_used_in(self, path: Path, function: FunctionNode) -> bool:
        found = self.around.told(path, uses, function.name)
        return found is None or any(self._may_mean(use, function) for use in found)

    def _may_mean(self, use: NameUse, function: FunctionNode) -> bool:
        owner = self._owner(function)
        if use.is_idle or use.of_another or (use.is_alone and owner is not None) or use.hands_too_much(function):
            return False
        return owner is None or use.named in (None, owner.name) or self._derives(use.named, owner)

    def _owner(self, function: FunctionNode) -> ast.ClassDef | None:
        """The class that it is a method of."""
        owner = self.text.parents[function]
        return owner if isinstance(owner, ast.ClassDef) else None

    def _derives(self, named: str | None, owner: ast.ClassDef) -> bool:
        """Whether a class of that name may derive from the class `owner`."""
        if owner not in self._derived:
            self._derived[owner] = derived(self.file, owner.name, self.around)
        return named in (self._derived[owner] or {named})

    def is_looked_up(self, function: FunctionNode) -> bool:
        """Whether a text beside the code names it, or code may take it by a name that it does not spell out."""
        if self.around.is_configured(self.file, function.name):
            return True
        owner = self.text.parents[function]
        if isinstance(owner, ast.ClassDef):
            files = self.around.matching(self.file, "getattr(", METHOD_LOOKUP)
            return files is None or any(self._may_look_up_methods(path, owner) for path in files)
        return any(
            files is None or any(map(self._may_look_up, files))
            for files in self.around.matching_each(self.file, LOOKUPS)
        )

    def _may_look_up_methods(self, path: Path, owner: ast.ClassDef) -> bool:
        about = (owner.name, *sorted(map(last_name, owner.bases)))
        if path == self.file:
            return looks_up_methods(self.text, *about)
        return bool(self.around.told(path, looks_up_methods, *about))

    def _may_look_up(self, path: Path) -> bool:
        found = lookups(self.text) if path == self.file else self.around.told(path, lookups) or ()
        return any(lookup.may_reach(self.file) for lookup in found)

    def named(self, function: FunctionNode) -> ast.Expr | None:
        """The statement that names the function without calling it."""
        for node in self.text.mentions(function.name):
            parent = self.text.parents[node]
            if isinstance(parent, ast.Expr) and isinstance(node, (ast.Name, ast.Attribute)):
                return parent
        return None
