"""Init functions that nothing calls because another init took their place: what is left over of an earlier version."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property

from initlint._records import dataclass
from initlint.facts.initializer_names import is_weight_initializer
from initlint.tracers.references.base_classes import BaseClassInfo
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.init_functions import initialises
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, dotted, last_name


@dataclass(frozen=True, eq=False)
class Leftovers:
    """What takes the place of the uncalled init functions `found` of a file.

    `is_used`: whether anything in the project uses a function; `is_used_with`: whether code that names a class does,
    and `is_used_outside`, whether code does outside of certain functions.
    `bases` returns the bases of a top-level class. `initializes_itself` says of a name in the file whether the
    constructor of the class that it means draws weights, those of its parts too; None if it means no module.
    """

    index: SyntaxIndex
    found: Collection[FunctionNode]
    is_used: Callable[[FunctionNode], bool]
    is_used_with: Callable[[FunctionNode, ast.ClassDef, Sequence[ast.AST]], bool]
    is_used_outside: Callable[[FunctionNode, Sequence[ast.AST]], bool]
    bases: Callable[[str], BaseClassInfo | None]
    initializes_itself: Callable[[str], bool | None]

    def has_alternative(self, function: FunctionNode) -> bool:
        """Whether another init of the same class or file is used.

        A method that initializes weights beside other work counts as well, and a function that the class calls. Beside
        a function of the file, constructors that draw weights count.
        """
        scope = self.index.parents[function]
        if isinstance(scope, ast.ClassDef):
            return self._class_has_other(scope, function)
        if isinstance(scope, ast.Module):
            return self._file_has_other(function)
        return any(
            self.index.parents[other] is scope and self._is_used_elsewhere(other) for other in self._others(function)
        )

    def _others(self, function: FunctionNode) -> Iterator[FunctionNode]:
        return (other for other in self.found if other is not function)

    def _class_has_other(self, cls: ast.ClassDef, function: FunctionNode) -> bool:
        others = (node for node in cls.body if isinstance(node, ast.FunctionDef) and node not in self.found)
        if any(map(initialises, others)) or _uses_other_initializer(cls, function):
            return True
        return any(
            self._is_used_elsewhere(other)
            if self.index.parents[other] is cls
            else isinstance(self.index.parents[other], ast.Module) and self.is_used_with(other, cls, self._unused)
            for other in self._others(function)
        )

    @cached_property
    def _unused(self) -> list[FunctionNode]:
        """The init functions that nothing uses: what only they use takes no one's place."""
        return [function for function in self.found if not self.is_used(function)]

    def _is_used_elsewhere(self, other: FunctionNode) -> bool:
        """Whether something uses a function, other than the init functions that nothing uses."""
        if not self.is_used(other):
            return False
        users = [function for function in self._unused if other.name in map(last_name, ast.walk(function))]
        return not users or self.is_used_outside(other, users)

    def _file_has_other(self, function: FunctionNode) -> bool:
        classes = self.index.classes.values()
        if any(constructor_draws(cls) or any(_applied_initializers(cls, function)) for cls in classes):
            return True
        built = [self.initializes_itself(name) for name in _called_outside_classes(self.index)]
        models = [initializes for initializes in built if initializes is not None]
        if models and all(models):
            return True
        makers = (
            other for other in self.index.functions if other not in self.found and _makes_values(self.index, other)
        )
        return any(self._is_run(other) for other in self._others(function)) or any(map(self.is_used, makers))

    def _is_run(self, other: FunctionNode) -> bool:
        """Whether something uses a function of the file or a method of one of its classes, or a base class calls it."""
        scope = self.index.parents[other]
        if not isinstance(scope, (ast.Module, ast.ClassDef)):
            return False
        bases = self.bases(scope.name) if isinstance(scope, ast.ClassDef) else None
        return self._is_used_elsewhere(other) or (bases is not None and bases.may_call(other.name))


def _makes_values(index: SyntaxIndex, function: FunctionNode) -> bool:
    """Whether a function of the file is named an initializer, and draws a new tensor: its callers write that."""
    is_named = isinstance(index.parents[function], ast.Module) and is_weight_initializer(function.name)
    return is_named and any(name.startswith("torch.rand") for name in called_names(function))


@file_query
def self_initializing_classes(index: SyntaxIndex) -> tuple[str, ...]:
    """The classes of a file with a constructor that initializes weights."""
    return tuple(name for name, cls in index.classes.items() if constructor_draws(cls))


def called_names(node: ast.AST) -> dict[str, None]:
    """The dotted names of what is called in `node`: those of the models that it builds, among others."""
    calls = (inner for inner in ast.walk(node) if isinstance(inner, ast.Call))
    return {name: None for call in calls if (name := dotted(call.func))}


def constructor_draws(cls: ast.ClassDef) -> bool:
    """Whether the constructor of a class initializes weights, itself or in a method of the class that it uses."""
    methods = {node.name: node for node in cls.body if isinstance(node, FunctionNode)}
    left, seen = ["__init__"], set[str]()
    while left:
        name = left.pop()
        method = methods.get(name)
        if method is None or name in seen:
            continue
        seen.add(name)
        if initialises(method):
            return True
        nodes = list(ast.walk(method))
        not_called = {node.value for node in nodes if isinstance(node, ast.Expr)}
        left += [
            node.attr
            for node in nodes
            if isinstance(node, ast.Attribute) and dotted(node.value) == "self" and node not in not_called
        ]
    return False


def _called_outside_classes(index: SyntaxIndex) -> dict[str, None]:
    """As `called_names`, of what a file calls outside of its classes."""
    calls = (node for node in index.parents if isinstance(node, ast.Call))
    return {name: None for call in calls if (name := dotted(call.func)) and index.class_of(call) is None}


def _uses_other_initializer(cls: ast.ClassDef, function: FunctionNode) -> bool:
    """Whether the class calls or applies an init function of its file or of another one, outside of `function`."""
    called = (call.func for call in _calls_beside(cls, function))
    return any(_is_other_initializer(node, function.name) for node in called) or any(
        _applied_initializers(cls, function)
    )


def _applied_initializers(cls: ast.ClassDef, function: FunctionNode) -> Iterator[bool]:
    """For each function that the class hands to `apply`: whether it is an init function other than `function`."""
    calls = (call for call in _calls_beside(cls, function) if last_name(call.func) == "apply")
    return (_is_other_initializer(node, function.name) for call in calls for node in call.args)


def _calls_beside(node: ast.AST, function: FunctionNode) -> Iterator[ast.Call]:
    """The calls in a class, without those in one of its functions."""
    for child in ast.iter_child_nodes(node):
        if child is not function:
            if isinstance(child, ast.Call):
                yield child
            yield from _calls_beside(child, function)


def _is_other_initializer(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id != name and is_weight_initializer(node.id)
