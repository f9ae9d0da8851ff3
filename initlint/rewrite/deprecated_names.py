"""Finds and renames uses of the deprecated functions of `torch.nn.init`, also under an alias."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst

from initlint.diagnostics import Edit, Span
from initlint.facts.initializer_formulas import DEPRECATED
from initlint.graph.mistakes import UseKind
from initlint.project.source import SourceFile, SourceLocation
from initlint.rewrite.cst import CstFile, Kind
from initlint.rewrite.edits import Change
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.imports import change_names, is_public, local_name
from initlint.rewrite.names import MODULE, NameResolver, module_prefix
from initlint.rewrite.requests import RenameDeprecated
from initlint.rewrite.scopes import Scope
from initlint.rewrite.source_text import SourceText


class DeprecatedMention(NamedTuple):
    """One use of a deprecated name."""

    canonical: str
    how: UseKind
    place: SourceLocation


def mentions(source: SourceFile) -> tuple[DeprecatedMention, ...]:
    """Imports, then the other uses. There are none in a file that libcst cannot parse: it could not be rewritten."""
    try:
        return tuple(_mentions(source))
    except CannotRewrite:
        return ()


def _mentions(source: SourceFile) -> Iterator[DeprecatedMention]:
    names = NameResolver.of(source)
    scopes = names.scopes
    for statement in scopes.imports:
        yield from _imported_mentions(source, statement)
    for old in DEPRECATED:
        last = old.rpartition(".")[2]
        attributes = [node for node in scopes.attributes if node.attr.value == last]
        for node in (*scopes.uses.get(last, ()), *attributes):
            # A table such as `{"uniform": nn.init.uniform}` lists the deprecated functions on purpose.
            if names.resolve(node) == old and scopes.keys.get(id(node)) != last:
                yield DeprecatedMention(
                    old, "call" if id(node) in scopes.called else "reference", _location(source, node)
                )


def _imported_mentions(source: SourceFile, node: cst.ImportFrom) -> Iterator[DeprecatedMention]:
    if isinstance(node.names, cst.ImportStar) or node.relative or node.module is None:
        return
    if cst.Module([]).code_for_node(node.module) != MODULE:
        return
    for alias in node.names:
        dotted = f"{MODULE}.{alias.evaluated_name}"
        if dotted in DEPRECATED:
            yield DeprecatedMention(dotted, "import", _location(source, alias))


def _location(source: SourceFile, node: cst.CSTNode) -> SourceLocation:
    return SourceLocation(source, CstFile.of(source).python_node(node))


def rename_deprecated(source: SourceFile, request: RenameDeprecated) -> tuple[Edit, ...]:
    text = SourceText.of(source)
    changes = sorted(_changes(source, _reference(source, request.place), request))
    return tuple(text.edit(change) for change in changes)


def _reference(source: SourceFile, place: Span) -> cst.CSTNode:
    """The import or expression at `place`. An imported name is both: there the import is meant."""
    kinds: tuple[Kind, ...] = ("alias", "import", "expression")
    for kind in kinds:
        with contextlib.suppress(CannotRewrite):
            return CstFile.of(source).find(place, kind)
    raise CannotRewrite


def _changes(source: SourceFile, node: cst.CSTNode, request: RenameDeprecated) -> Iterator[Change]:
    names, old, new = NameResolver.of(source), request.old, request.new
    if isinstance(node, cst.Call):
        node = node.func
    if isinstance(node, cst.ImportFrom) and not isinstance(node.names, cst.ImportStar):
        node = next((alias for alias in node.names if alias.evaluated_name == old), node)
    if isinstance(node, cst.ImportAlias):
        yield from _renamed_import(source, node, old, new)
    elif isinstance(node, cst.Attribute) and node.attr.value == old and _is_of_module(node, request, names):
        yield Change(*SourceText.of(source).range(node.attr), new)
    elif isinstance(node, cst.SimpleString) and node.evaluated_value == old:
        yield Change(*SourceText.of(source).range(node), node.value.replace(old, new))
    elif isinstance(node, cst.Name) and names.resolve(node) == f"{MODULE}.{old}":
        scope = names.scope(node)
        if scope.holder(node.value) is None:
            yield from _renamed_star_import(source, node, new, scope)
        else:
            yield from _renamed_import(source, names.imported(node.value, scope)[1], old, new)
    else:
        raise CannotRewrite


def _is_of_module(node: cst.Attribute, request: RenameDeprecated, names: NameResolver) -> bool:
    return module_prefix(node, names) is not None or (request.from_project and names.resolve(node.value) is None)


def _renamed_star_import(source: SourceFile, node: cst.Name, new: str, scope: Scope) -> Iterator[Change]:
    """Rename a name from `from torch.nn.init import *`, which imports the new one as well."""
    if NameResolver.of(source).meaning(new, scope) != f"{MODULE}.{new}":
        raise CannotRewrite
    yield Change(*SourceText.of(source).range(node), new)


def _renamed_import(source: SourceFile, alias: cst.ImportAlias, old: str, new: str) -> Iterator[Change]:
    names, text = NameResolver.of(source), SourceText.of(source)
    holder, local = names.scope(alias), local_name(alias)
    bindings = holder.bindings[local]
    binding = next((binding for binding in bindings if binding.alias is alias), None)
    if binding is None or binding.dotted != f"{MODULE}.{old}" or not isinstance(binding.statement, cst.ImportFrom):
        raise CannotRewrite
    if alias.asname is not None:
        yield Change(*text.range(alias.name), new)
        return
    uses = names.uses(old, holder)
    is_imported = new in holder.bindings and names.meaning(new, holder) == f"{MODULE}.{new}"
    is_visible = is_imported and all(names.scope(use).holder(new) is holder for use in uses)
    if is_public(source, alias) or len(bindings) > 1 or not (is_visible or names.is_free(new)):
        # Other files may import the old name, or the new one is taken: the local name is kept.
        yield Change(*text.range(alias.name), f"{new} as {old}")
        return
    for use in uses:
        yield Change(*text.range(use), new)
    yield from change_names(source, binding.statement, {alias}, [] if is_imported else [new])
