"""Finds init functions that nothing in the project calls or passes as an argument."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from initlint._records import dataclass
from initlint.tracers.references.base_classes import BaseClassInfo
from initlint.tracers.references.dynamic_lookups import LOOKUPS, METHOD_LOOKUP, looks_up_methods, lookups
from initlint.tracers.references.init_functions import init_functions
from initlint.tracers.references.leftovers import Leftovers
from initlint.tracers.references.location import is_test_path
from initlint.tracers.references.name_uses import NameUse, name_uses, subclasses
from initlint.tracers.references.pretrained_parts import would_undo_a_load
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import FunctionNode, ScopeNode, SyntaxIndex, last_name

_HARMLESS = frozenset({"no_grad", "inference_mode", "staticmethod", "classmethod", "override"})
"""Decorators that do not pass the function on."""
MODULE_CLASS = r"\bclass\s+\w+(?:\[[^\n]*?\])?\([^)]*\bModule\b"
"""A pattern for the definition of a module."""
_ENTRY_POINT = re.compile(r"main|test|setup|pytest|hook|on_", re.IGNORECASE)
"""The names of functions that tools call."""


@dataclass(frozen=True, eq=False)
class UncalledFunction:
    """An init function that nothing calls. `named`: a statement that is only its name, without a call.

    `callers`: the functions that use it, at once or through each other, which nothing else calls.
    """

    function: FunctionNode
    owner: ast.ClassDef | None
    named: ast.Expr | None = None
    callers: tuple[str, ...] = ()


def uncalled_functions(
    file: Path,
    index: SyntaxIndex,
    project: ProjectIndex,
    bases: Callable[[str], BaseClassInfo | None],
    initializes_itself: Callable[[str], bool | None],
) -> Iterator[UncalledFunction]:
    """The init functions of `file` that nothing calls. `bases` returns the bases of a top-level class.

    `initializes_itself` says of a dotted name in the file whether the class that it means draws its own weights.
    """
    found = dict.fromkeys(init_functions(index)).keys()
    search = UseSearch(file, index, project)
    is_used = cache(search.is_used)
    leftovers = Leftovers(index, found, is_used, search.is_used_with, search.is_used_outside, bases, initializes_itself)
    for function in found:
        if search.is_used_in_file(function):
            callers = search.uncalled_callers(function)
            is_other = any(caller in found or _is_tool(index, caller, function) for caller in callers)
            users = [caller for caller in callers if _calls(caller, function.name)]
            if users and all(_fills_own_tensors(caller, function.name) for caller in users):
                continue
            if callers and not is_other and not leftovers.has_alternative(function):
                names = tuple(dict.fromkeys(caller.name for caller in callers))
                yield UncalledFunction(function, search.owner(function), callers=names)
            continue
        if not _has_harmless_decorators(function) or _names_its_caller(function):
            continue
        if would_undo_a_load(index, function, search.owner(function)):
            continue
        if _may_be_run_elsewhere(file, index, function, project, bases):
            continue  # before the project is searched, which takes a thousand times as long
        if is_used(function) or leftovers.has_alternative(function):
            continue
        is_local = any(isinstance(scope, FunctionNode) for scope in index.scopes(function)[:1])
        if is_local or not search.is_looked_up(function):
            yield UncalledFunction(function, index.class_of(function), search.bare_statement(function))


def _may_be_run_elsewhere(
    file: Path,
    index: SyntaxIndex,
    function: FunctionNode,
    project: ProjectIndex,
    bases: Callable[[str], BaseClassInfo | None],
) -> bool:
    """Whether code that uses other names may run it: that of a base class, of a user of the library, or of pytest."""
    scopes = index.scopes(function)
    if not scopes:
        return _may_be_used_elsewhere(file, index, function, project)
    if isinstance(scopes[0], ast.ClassDef):
        return _may_be_called_elsewhere(index, function, scopes, bases(scopes[0].name), project.is_library(file))
    return scopes[0].name.startswith("test")


def _is_tool(index: SyntaxIndex, caller: FunctionNode, function: FunctionNode) -> bool:
    """Whether the init function is defined in its caller, which gets the model from others: one unused tool."""
    calls = (node.func for node in ast.walk(caller) if isinstance(node, ast.Call))
    constructs = any(isinstance(called, ast.Name) and called.id in index.classes for called in calls)
    return index.is_within(function, caller) and not constructs


def _has_harmless_decorators(function: FunctionNode) -> bool:
    return all(
        last_name(node.func if isinstance(node, ast.Call) else node) in _HARMLESS for node in function.decorator_list
    )


def _names_its_caller(function: FunctionNode) -> bool:
    """Whether its docstring shows the call that others write: "Meant to be used with `net.apply(net._init)`"."""
    text = ast.get_docstring(function, clean=False) or ""
    return re.search(rf"\.apply\([\w.]*\b{function.name}\b", text) is not None


def _fills_own_tensors(caller: FunctionNode, name: str) -> bool:
    """Whether the caller hands the init function nothing but tensors that it made, as a loader of vectors does."""
    made = {
        target.id
        for node in ast.walk(caller)
        if isinstance(node, ast.Assign) and _makes_tensor(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return all(
        call.args and isinstance(call.args[0], ast.Name) and call.args[0].id in made for call in _calls(caller, name)
    )


def _calls(caller: FunctionNode, name: str) -> list[ast.Call]:
    return [node for node in ast.walk(caller) if isinstance(node, ast.Call) and last_name(node.func) == name]


def _makes_tensor(value: ast.expr) -> bool:
    """Whether it is `torch.empty(...)`, `torch.FloatTensor(...)`, and not `torch.nn.Linear(...)`."""
    function = value.func if isinstance(value, ast.Call) else None
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "torch"


def _may_be_used_elsewhere(file: Path, index: SyntaxIndex, function: FunctionNode, project: ProjectIndex) -> bool:
    """Whether it is part of a library's public API, or of a project without modules that could use it."""
    if project.is_library(file) and not function.name.startswith("_"):
        return True
    return not index.classes and len(project.files_matching(file, "Module", MODULE_CLASS) or ()) <= 1


def _may_be_called_elsewhere(
    index: SyntaxIndex, function: FunctionNode, scopes: list[ScopeNode], bases: BaseClassInfo | None, library: bool
) -> bool:
    owner = scopes[0]
    assert isinstance(owner, ast.ClassDef)
    if bases is None or len(scopes) > 1 or owner.decorator_list or bases.may_call(function.name):
        return True
    public = not function.name.startswith("_") and not owner.name.startswith("_")
    return (library and public) or not bases.is_module or not _has_forward(owner, bases)


def _has_forward(owner: ast.ClassDef, bases: BaseClassInfo) -> bool:
    """Whether the class has a `forward`. One without is a base class, and its subclasses may call its methods."""
    return "forward" in bases.methods or any(isinstance(n, FunctionNode) and n.name == "forward" for n in owner.body)


class UseSearch:
    """Searches for uses of the functions of one file, first in the file itself, then in the project.

    `with_tests`: uses in tests count as well.
    """

    def __init__(self, file: Path, index: SyntaxIndex, project: ProjectIndex, with_tests: bool = True) -> None:
        self.file = file.resolve()
        self.with_tests = with_tests
        self.index = index
        self.project = project
        self._subclasses: dict[ast.ClassDef, frozenset[str] | None] = {}

    def is_used_in_file(self, function: FunctionNode) -> bool:
        """Whether a mention in its own file, outside of the function itself, may lead to a call."""
        uses = (node for node in self.index.mentions(function.name) if self._is_use_in_file(node, function))
        if self._is_local(function):
            return any(not isinstance(node, ast.Attribute) for node in uses)
        return any(True for _ in uses)

    def is_used(self, function: FunctionNode) -> bool:
        """Whether a mention in the project, outside of the function itself, may lead to a call."""
        if self.is_used_in_file(function):
            return True
        if self._is_local(function):
            return False
        files = self.project.files_with_word(self.file, function.name)
        if files is None:
            return True
        others = (path for path in files if path != self.file and (self.with_tests or not is_test_path(path)))
        return any(self._is_used_in(path, function) for path in others)

    def is_used_with(self, function: FunctionNode, cls: ast.ClassDef, dead: Sequence[ast.AST] = ()) -> bool:
        """Whether code that may have a model of the class `cls` of the file uses a function of the file.

        That in the functions `dead` does not count.
        """
        uses = [node for node in self.index.mentions(function.name) if self._is_use_in_file(node, function)]
        uses = [node for node in uses if not any(self.index.is_within(node, one) for one in dead)]
        if any(self._may_meet(node, cls) for node in uses):
            return True
        files = (self.project.files_with_word(self.file, name) for name in (function.name, cls.name))
        both = set.intersection(*(set(paths or ()) for paths in files))
        return any(path != self.file and self._is_used_in(path, function) for path in both)

    def _may_meet(self, use: ast.AST, cls: ast.ClassDef) -> bool:
        """Whether `cls` may be what a use in the file is about: it stands in the class or its heirs, or outside of
        classes, where no other classes of the file are built instead.
        """
        owner = self.index.class_of(use)
        if owner is not None:
            return owner is cls or self._derives(owner.name, cls) or self._derives(cls.name, owner)
        around = self._outermost_function(use) or self.index.tree
        built = {
            node.func.id
            for node in ast.walk(around)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self.index.classes
        }
        return not built or any(name == cls.name or self._derives(name, cls) for name in built)

    def _is_local(self, function: FunctionNode) -> bool:
        """Whether it is defined in a function, and so visible in its file only."""
        return any(isinstance(scope, FunctionNode) for scope in self.index.scopes(function))

    def is_dead(self, function: FunctionNode, bases: BaseClassInfo | None) -> bool:
        """Whether nothing runs a function. `bases`: those of the class around a method."""
        owner = self.index.parents[function]
        if not _has_harmless_decorators(function) or not isinstance(owner, (ast.ClassDef, ast.Module)):
            return False
        if self.project.is_library(self.file) and not function.name.startswith("_"):
            return False
        if isinstance(owner, ast.ClassDef) and (bases is None or bases.may_call(function.name)):
            return False
        if function.name.startswith("__") or _ENTRY_POINT.match(function.name):
            return False
        return not self.is_used(function) and not self.is_looked_up(function)

    def is_used_outside(self, function: FunctionNode, calls: Sequence[ast.AST]) -> bool:
        """Whether it is used outside of itself and of the nodes `calls`, or may be looked up by its name."""
        uses = [node for node in self.index.mentions(function.name) if self._is_use_in_file(node, function)]
        if any(not any(self.index.is_within(node, call) for call in calls) for node in uses):
            return True
        if self._is_local(function):
            return False
        files = self.project.files_with_word(self.file, function.name)
        if files is None or any(self._is_used_in(path, function) for path in files if path != self.file):
            return True
        return self.is_looked_up(function)

    def uncalled_callers(
        self, function: FunctionNode, below: tuple[FunctionNode, ...] = ()
    ) -> tuple[FunctionNode, ...]:
        """The functions of the file that contain all uses of a function, and of those that contain it, if nothing else
        calls these; else nothing. `below`: the functions that `function` leads to, which do not call it for others.
        """
        uses = [node for node in self.index.mentions(function.name) if self._is_use_in_file(node, function)]
        outermost = [self._outermost_function(node) for node in uses]
        certain = [caller for caller in dict.fromkeys(outermost) if caller is not None]
        if not uses or None in outermost or not self.index.classes:
            return ()
        if self.is_used_outside(function, certain):
            return ()
        callers: list[FunctionNode] = list(certain)
        for caller in certain:
            if caller in below or not self._may_be_uncalled(caller):
                return ()
            if self.is_used(caller):
                further = self.uncalled_callers(caller, (*below, function))
                if not further:
                    return ()
                callers += further
        return tuple(dict.fromkeys(callers))

    def _outermost_function(self, node: ast.AST) -> FunctionNode | None:
        """The top-level function around a use; None elsewhere, and in its decorators and defaults."""
        scopes = self.index.scopes(node)
        outermost = scopes[-1] if scopes else None
        if not isinstance(outermost, FunctionNode):
            return None
        return outermost if any(self.index.is_within(node, statement) for statement in outermost.body) else None

    def _may_be_uncalled(self, function: FunctionNode) -> bool:
        """Whether only its uses run a top-level function: its name does not say that others call it."""
        is_public_api = self.project.is_library(self.file) and not function.name.startswith("_")
        if is_public_api or not _has_harmless_decorators(function) or _ENTRY_POINT.match(function.name):
            return False
        return not self.is_looked_up(function)

    def _is_use_in_file(self, node: ast.AST, function: FunctionNode) -> bool:
        if self.index.is_within(node, function):
            return False
        owner = self.owner(function)
        return self._may_mean(NameUse.of(self.index, node, function.name, owner), function)

    def _is_used_in(self, path: Path, function: FunctionNode) -> bool:
        file_uses = self.project.query(path, name_uses, function.name)
        return file_uses is None or any(self._may_mean(use, function) for use in file_uses)

    def _may_mean(self, use: NameUse, function: FunctionNode) -> bool:
        owner = self.owner(function)
        if (
            use.is_bare_statement
            or use.is_unused_import
            or use.is_other_method
            or (use.is_bare_name and owner is not None)
            or use.has_too_many_arguments(function, owner is not None)
        ):
            return False
        return owner is None or use.class_name in (None, owner.name) or self._derives(use.class_name, owner)

    def owner(self, function: FunctionNode) -> ast.ClassDef | None:
        """The class of a method."""
        owner = self.index.parents[function]
        return owner if isinstance(owner, ast.ClassDef) else None

    def _derives(self, class_name: str | None, owner: ast.ClassDef) -> bool:
        """Whether a class of that name may derive from `owner`."""
        if owner not in self._subclasses:
            self._subclasses[owner] = subclasses(self.file, owner.name, self.project)
        return class_name in (self._subclasses[owner] or {class_name})

    def is_looked_up(self, function: FunctionNode) -> bool:
        """Whether a configuration file names the function, or a dynamic lookup may reach it."""
        if self.project.is_mentioned_in_texts(self.file, function.name):
            return True
        owner = self.index.parents[function]
        if isinstance(owner, ast.ClassDef):
            files = self.project.files_matching(self.file, "getattr(", METHOD_LOOKUP)
            return files is None or any(self._may_look_up_methods(path, owner) for path in files)
        return any(
            files is None or any(map(self._may_look_up, files))
            for files in self.project.files_matching_each(self.file, LOOKUPS)
        )

    def _may_look_up_methods(self, path: Path, owner: ast.ClassDef) -> bool:
        query_arguments = (owner.name, *sorted(map(last_name, owner.bases)))
        if path == self.file:
            return looks_up_methods(self.index, *query_arguments)
        return bool(self.project.query(path, looks_up_methods, *query_arguments))

    def _may_look_up(self, path: Path) -> bool:
        file_lookups = lookups(self.index) if path == self.file else self.project.query(path, lookups) or ()
        return any(lookup.may_reach(self.file) for lookup in file_lookups)

    def bare_statement(self, function: FunctionNode) -> ast.Expr | None:
        """A statement that is only the function's name, without a call."""
        for node in self.index.mentions(function.name):
            parent = self.index.parents[node]
            if isinstance(parent, ast.Expr) and isinstance(node, (ast.Name, ast.Attribute)):
                return parent
        return None
