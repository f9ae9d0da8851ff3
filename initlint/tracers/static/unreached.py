"""Init functions that never run and parameters that nothing writes, found by the uses of names in the project."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from initlint.facts.initializer_names import CALLS_FILL
from initlint.graph.model import Layer, ModelGraph, UnappliedInit, UnappliedReason, UnwrittenParameter
from initlint.project.source import SourceFile, SourceLocation
from initlint.project.user_tables import UserTables
from initlint.tracers.references.base_classes import BaseClassInfo
from initlint.tracers.references.impossible_tests import LoopElement, UnsatisfiableTest, unsatisfiable_tests
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex
from initlint.tracers.references.uncalled_functions import UncalledFunction, uncalled_functions
from initlint.tracers.references.unwritten_parameters import parameter_fate
from initlint.tracers.static.values.environment import ModuleScope
from initlint.tracers.static.values.objects import ClassValue
from initlint.tracers.static.values.values import ExternalName

_REASONS: Mapping[LoopElement, UnappliedReason] = {
    LoopElement.PARAMETER: "parameters",
    LoopElement.MODULE: "modules",
    LoopElement.PAIR: "pairs",
    LoopElement.SELF: "self",
}


@dataclass(frozen=True, eq=False)
class UnreachedFinder:
    """Finds unreached init code and unwritten parameters in the file of `scope`."""

    scope: ModuleScope
    project_index: ProjectIndex
    user_tables: UserTables

    def unapplied(self) -> Iterator[UnappliedInit]:
        """The init functions that nothing calls, and the init calls under a condition that never holds."""
        source = self.scope.source
        if CALLS_FILL.search(source.code) is None:
            return
        text = SyntaxIndex(Path(source.path), source.tree)
        for function in uncalled_functions(Path(source.path), text, self.project_index, self._bases):
            yield _uncalled(source, function)
        for test in unsatisfiable_tests(text, self._bases):
            yield _impossible(source, test)

    def unwritten(self, models: Sequence[ModelGraph]) -> Iterator[UnwrittenParameter]:
        """The parameters of this file's classes that neither a model nor other code of the project writes to."""
        by_location: dict[SourceLocation, list[Layer]] = {}
        for layer in (layer for model in models for layer in model.layers if layer.uninitialized):
            if isinstance(layer.location, SourceLocation) and layer.location.source is self.scope.source:
                by_location.setdefault(layer.location, []).append(layer)
        for location, layers in by_location.items():
            bases = self._bases(layers[0].owner)
            if bases is None or any(layer.writes or layer.frozen for layer in layers):
                continue
            fate = parameter_fate(
                Path(self.scope.source.path), layers[0].owner, layers[0].attribute, bases, self.project_index
            )
            # An unused scalar parameter is a placeholder: optimizers reject models without parameters.
            placeholder = fate == "unused" and layers[0].shapes.get("weight") == (1,)
            if fate is not None and not placeholder:
                yield UnwrittenParameter(layers[0].attribute, layers[0].owner, fate, location)

    def _bases(self, name: str) -> BaseClassInfo | None:
        """The base classes of a top-level class of the file; None if there is no such class."""
        cls = self.scope.lookup(name)
        if not isinstance(cls, ClassValue) or cls.scope is not self.scope:
            return None
        own = [base for base in cls.mro[1:] if isinstance(base, ClassValue)]
        return BaseClassInfo(
            names=frozenset(base.name for base in own),
            methods=frozenset(field for base in own for field in base.fields),
            externals=tuple(base.name for base in cls.mro[1:] if isinstance(base, ExternalName)),
            readable=cls.readable,
            calls=self.user_tables.base_classes,
        )


def _uncalled(source: SourceFile, finding: UncalledFunction) -> UnappliedInit:
    owner = finding.owner.name if finding.owner is not None else None
    function = finding.function.name
    if finding.named is not None:
        return UnappliedInit("named", function, owner, SourceLocation(source, finding.named.value))
    return UnappliedInit("uncalled", function, owner, SourceLocation(source, _name(source, finding.function)))


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
