"""Init functions that never run and parameters that nothing writes, found by the uses of names in the project."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property, partial
from pathlib import Path

from initlint._records import dataclass
from initlint.facts.initializer_names import CALLS_FILL
from initlint.graph.mistakes import UnappliedInit, UnappliedReason, UnwrittenParameter
from initlint.graph.model import ModelGraph
from initlint.project.source import SourceFile, SourceLocation
from initlint.project.user_tables import UserTables
from initlint.tracers.references.base_classes import BaseClassInfo
from initlint.tracers.references.commented_calls import is_commented_out
from initlint.tracers.references.impossible_tests import (
    LoopElement,
    UnsatisfiableTest,
    ignored_arguments,
    unsatisfiable_tests,
)
from initlint.tracers.references.leftovers import called_names, self_initializing_classes
from initlint.tracers.references.loaded_classes import is_always_loaded
from initlint.tracers.references.name_uses import subclasses
from initlint.tracers.references.pretrained_parts import walks_over_self
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, last_name
from initlint.tracers.references.uncalled_functions import MODULE_CLASS, UncalledFunction, UseSearch, uncalled_functions
from initlint.tracers.static.failing_inits import failure_of
from initlint.tracers.static.self_initializing import initializes_itself
from initlint.tracers.static.uninitialized import UnwrittenFinder
from initlint.tracers.static.unreached_inits import UnreachedInit, UnreadAttribute
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.environment import ModuleScope

_REASONS: Mapping[LoopElement, UnappliedReason] = {
    LoopElement.PARAMETER: "parameters",
    LoopElement.MODULE: "modules",
    LoopElement.PAIR: "pairs",
    LoopElement.SELF: "self",
    LoopElement.CONSTANT: "constant",
    LoopElement.ALWAYS: "always",
}


_FILLERS = {"load": r"load_|from_pretrained", "reset_parameters": "reset_parameters", "apply": r"\.apply\("}
"""Patterns of code that fills the model it gets, by a text that each match contains."""


_NAMED_CLASSES = 2
"""So many of the classes whose init a call would overwrite are named."""


@dataclass(frozen=True, eq=False)
class UnreachedFinder:
    """Finds unreached init code and unwritten parameters in the file of `scope`."""

    scope: ModuleScope
    project_index: ProjectIndex
    user_tables: UserTables
    unreached: tuple[UnreachedInit, ...] = ()
    unread: tuple[UnreadAttribute, ...] = ()

    @cached_property
    def _text(self) -> SyntaxIndex:
        return SyntaxIndex(Path(self.scope.source.path), self.scope.source.tree)

    def unapplied(self, models: Sequence[ModelGraph]) -> Iterator[UnappliedInit]:
        """The init functions that nothing calls, and the init calls under a condition that never holds."""
        source = self.scope.source
        if CALLS_FILL.search(source.code) is None and ".apply(" not in source.code:
            return
        text = self._text
        draws = cache(partial(initializes_itself, self.scope))
        uncalled = [
            found
            for found in uncalled_functions(Path(source.path), text, self.project_index, self._bases, draws)
            if not is_commented_out(found.function, text, source.code, self.project_index)
        ]
        tests = list(unsatisfiable_tests(text, self._bases))
        yield from (self._uncalled(finding, draws, models) for finding in uncalled)
        yield from (_impossible(source, test) for test in tests)
        for ignored in ignored_arguments(text):
            owner = ignored.owner.name if ignored.owner is not None else None
            location = SourceLocation(source, ignored.call)
            yield UnappliedInit("argument", ignored.filled, owner, location, cause=ignored.argument)
        if self.unreached:
            reported: list[ast.AST] = [*(finding.function for finding in uncalled), *(test.branch for test in tests)]
            yield from self._unreached(text, reported)
        for attribute in self.unread:
            if not self._is_read_elsewhere(text, attribute):
                layers = tuple(sorted(attribute.layers.items()))
                yield UnappliedInit("attribute", attribute.name, attribute.holder, attribute.location, layers)

    def _uncalled(
        self, finding: UncalledFunction, draws: Callable[[str], bool | None], models: Sequence[ModelGraph]
    ) -> UnappliedInit:
        source, owner = self.scope.source, finding.owner
        name, cls = finding.function.name, owner.name if owner is not None else None
        if finding.named is not None:
            return UnappliedInit("named", name, cls, SourceLocation(source, finding.named.value))
        location = SourceLocation(source, _name(source, finding.function))
        cause = " and ".join(f"`{caller}`" for caller in finding.callers)
        if cause:
            return UnappliedInit("uncalled", name, cls, location, cause=cause)
        call = _missing_call(finding.function, in_class=owner is not None)
        failure = failure_of(finding.function, models)
        overwrites = tuple(self._overwritten(finding, draws))[:_NAMED_CLASSES]
        return UnappliedInit("uncalled", name, cls, location, call=call, failure=failure, overwrites=overwrites)

    def _overwritten(self, finding: UncalledFunction, draws: Callable[[str], bool | None]) -> Iterator[str]:
        """The classes with an init of their own that a call of the function would overwrite.

        For a method that walks over its model, the classes of its parts. For a function in a file without classes,
        those of the project, whose models it may be meant for.
        """
        if finding.owner is not None:
            if walks_over_self(finding.function):
                yield from (name for name in called_names(finding.owner) if draws(name))
        elif not self._text.classes:
            file = Path(self.scope.source.path)
            for path in self.project_index.files_matching(file, "Module", MODULE_CLASS) or ():
                yield from self.project_index.query(path, self_initializing_classes) or ()

    def _is_read_elsewhere(self, text: SyntaxIndex, attribute: UnreadAttribute) -> bool:
        """Whether other code than the init may read the attribute."""
        file = Path(self.scope.source.path)
        files = self.project_index.files_with_word(file, attribute.name)
        if files is None or len(files) > 1:
            return True
        return any(
            not text.is_within(node, attribute.body)
            and not (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
            and not isinstance(node, ast.Name)
            for node in text.mentions(attribute.name)
        )

    def _unreached(self, text: SyntaxIndex, reported: list[ast.AST]) -> Iterator[UnappliedInit]:
        """The loops and callbacks that reach no layer, unless their code is reported already or has other users."""
        locations: set[SourceLocation] = set()
        for init in self.unreached:
            bodies = {run.body for run in init.runs} | {init.location.node}
            is_reported = any(text.is_within(a, b) or text.is_within(b, a) for a in bodies for b in reported)
            if is_reported or init.location in locations or self._has_other_users(text, init):
                continue
            locations.add(init.location)
            owner = init.owner.name if init.owner is not None else None
            yield UnappliedInit("unreached", "", owner, init.location, tuple(sorted(init.layers.items())), init.cause)

    def _has_other_users(self, text: SyntaxIndex, init: UnreachedInit) -> bool:
        """Whether a helper is used elsewhere, or a class of the project derives from one whose method takes part."""
        file = Path(self.scope.source.path)
        calls = [site.node for run in init.runs for _, site in run.stack if site is not None]
        calls += [run.location.node for run in init.runs]
        search = UseSearch(file, text, self.project_index)
        for helper in init.helpers:
            if isinstance(helper.node, ast.Lambda):
                continue
            if self.project_index.is_library(file) and not helper.name.startswith("_"):
                return True
            if search.is_used_outside(helper.node, calls):
                return True
        owners = {function.owner for run in init.runs for function, _ in run.stack} - {None}
        for owner in owners:
            names = subclasses(file, owner.name, self.project_index) if owner is not None else None
            if names is None or not names <= text.classes.keys():
                return True
        return False

    def with_unused(self, models: Iterable[ModelGraph]) -> Iterator[ModelGraph]:
        """The models; those whose entry point is a method that nothing runs say so."""
        for model in models:
            function = model.location.node if isinstance(model.location, SourceLocation) else None
            is_unused = isinstance(function, FunctionNode) and self._is_unused_method(function)
            yield replace(model, unused=True) if is_unused else model

    def with_loads(self, models: Iterable[ModelGraph]) -> Iterator[ModelGraph]:
        """The models; those of a class can tell whether the project always loads a checkpoint into its objects."""
        for model in models:
            cls = model.root_class
            if cls is None or not isinstance(cls.node, ast.ClassDef):
                yield model
                continue
            answer = partial(is_always_loaded, cls.source, cls.node.name, self.project_index)
            yield replace(model, is_loaded=cache(answer))

    def _is_unused_method(self, function: FunctionNode) -> bool:
        owner = self._text.parents[function]
        search = UseSearch(self._text.path, self._text, self.project_index)
        return isinstance(owner, ast.ClassDef) and search.is_dead(function, self._bases(owner.name))

    def unwritten(self, models: Sequence[ModelGraph]) -> Iterator[UnwrittenParameter]:
        """The parameters of this file's classes that neither a model nor other code of the project writes to."""
        yield from self._emptied(models)
        found = [
            parameter
            for model in models
            for parameter in model.uninitialized
            if isinstance(parameter.location, SourceLocation) and parameter.location.source is self.scope.source
        ]
        if not found:
            return
        finder = UnwrittenFinder(self._text.path, self.project_index, self._bases, self._dead_functions())
        yield from finder.unwritten(found)

    def _dead_functions(self) -> Callable[[str | None, str], bool]:
        text = self._text
        search = UseSearch(text.path, text, self.project_index, with_tests=False)

        def is_dead(owner: str | None, name: str) -> bool:
            bases = self._bases(owner) if owner is not None else None
            functions = [
                function
                for function in text.functions
                if function.name == name
                and (cls.name if isinstance(cls := text.parents[function], ast.ClassDef) else None) == owner
            ]
            return bool(functions) and all(search.is_dead(function, bases) for function in functions)

        return is_dead

    def _emptied(self, models: Sequence[ModelGraph]) -> Iterator[UnwrittenParameter]:
        """The layers whose values a call in this file discards, and that nothing fills again."""
        by_location: dict[SourceLocation, dict[str, str]] = {}
        for model in models:
            for layer in model.layers:
                location = layer.emptied
                if not isinstance(location, SourceLocation) or location.source is not self.scope.source:
                    continue
                # `skip_init` is there for weights that are loaded later.
                is_certain = not model.returned and _called_name(location.node) == "to_empty"
                if is_certain or not self._may_fill_elsewhere():
                    by_location.setdefault(location, {})[layer.path] = model.name
        for location, layers in by_location.items():
            function = _called_name(location.node)
            owner = next(iter(layers.values()))
            yield UnwrittenParameter(function, owner, "used", location, tuple(layers))

    def _may_fill_elsewhere(self) -> bool:
        """Whether any code of the project may fill a model that a function returns."""
        file, code = Path(self.scope.source.path), self.scope.source.code
        answers = self.project_index.files_matching_each(file, _FILLERS)
        if any(re.search(pattern, code) for pattern in _FILLERS.values()):
            return True
        return any(paths is None or len(paths) > 1 for paths in answers)

    def _bases(self, name: str) -> BaseClassInfo | None:
        """The base classes of a top-level class of the file; None if there is no such class."""
        cls = self.scope.lookup(name)
        if not isinstance(cls, ClassValue) or cls.scope is not self.scope:
            return None
        own = cls.project_classes[1:]
        return BaseClassInfo(
            names=frozenset(base.name for base in own),
            methods=frozenset(field for base in own for field in base.fields),
            externals=tuple(cls.externals()),
            readable=cls.readable,
            calls=self.user_tables.base_classes,
        )


def _called_name(node: ast.AST) -> str:
    return last_name(node.func) if isinstance(node, ast.Call) else ""


_TRAVERSALS = frozenset("apply children modules named_children named_modules named_parameters parameters".split())


def _missing_call(function: FunctionNode, in_class: bool) -> str:
    """A call that would run `function` on all layers of a model; empty if its arguments do not say how."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    required = names[: len(names) - len(function.args.defaults)]
    if in_class and names[:1] == ["self"]:
        if required == ["self"]:
            return f"self.{function.name}()"
        return f"self.apply(self.{function.name})" if len(required) == 2 else ""
    if in_class or len(required) != 1:
        return ""
    names_in_body = [node for statement in function.body for node in ast.walk(statement) if isinstance(node, ast.Name)]
    traversed = {
        node.value.id
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr in _TRAVERSALS and isinstance(node.value, ast.Name)
    }
    # A function that walks over a global model and reads nothing of its argument takes no layer.
    walks = (
        required[0] in traversed
        or _loops_over(function, required[0])
        or (bool(traversed) and all(name.id != required[0] for name in names_in_body))
    )
    return f"{function.name}(model)" if walks else f"model.apply({function.name})"


_LOOP_HELPERS = frozenset("enumerate iter len list range reversed tuple zip".split())


def _loops_over(function: FunctionNode, name: str) -> bool:
    """Whether the function takes a model, or a list of these, and loops over it: for most layers that would raise.

    One that asks for the class of its argument first is a callback of `apply`.
    """
    nodes = list(ast.walk(function))
    tests = (node for node in nodes if isinstance(node, ast.Call) and last_name(node.func) in ("isinstance", "type"))
    if any(_is_name(node.args[:1], name) and not _asks_for_list(node) for node in tests):
        return False
    return any(_yields_from(node.iter, name) for node in nodes if isinstance(node, (ast.For, ast.comprehension)))


def _is_name(nodes: Sequence[ast.AST], name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in nodes)


def _asks_for_list(test: ast.Call) -> bool:
    """Whether it is `isinstance(nets, list)` or `isinstance(nets, (list, tuple))`."""
    classes = [last_name(node) for given in test.args[1:] for node in getattr(given, "elts", [given])]
    return bool(classes) and all(cls in ("list", "tuple") for cls in classes)


def _yields_from(iterable: ast.expr, name: str) -> bool:
    """Whether the items are those of `name`: `net`, `enumerate(net)`, `range(len(net))`, `net._modules.values()`."""
    if isinstance(iterable, ast.Call) and last_name(iterable.func) in _LOOP_HELPERS:
        return any(_yields_from(argument, name) for argument in iterable.args)
    if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Attribute):
        iterable = iterable.func.value
        return isinstance(iterable, ast.Attribute) and _yields_from(iterable, name)
    if isinstance(iterable, ast.Attribute) and iterable.attr == "_modules":
        iterable = iterable.value
    return _is_name([iterable], name)


def _impossible(source: SourceFile, finding: UnsatisfiableTest) -> UnappliedInit:
    owner = finding.owner.name if finding.owner is not None else None
    return UnappliedInit(_REASONS[finding.kind], finding.source, owner, SourceLocation(source, finding.branch.test))


def _name(source: SourceFile, function: FunctionNode) -> ast.Name:
    """A node for the name in the first line of a definition, which has none in the tree."""
    line = source.lines[function.lineno - 1].encode()
    start = line.find(function.name.encode(), function.col_offset + len("def"))
    name = ast.copy_location(ast.Name(function.name, ast.Load()), function)
    name.col_offset, name.end_lineno, name.end_col_offset = start, function.lineno, start + len(function.name.encode())
    return name
