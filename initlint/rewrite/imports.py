"""Edits of the imports of a file: adding, replacing and removing names, adding a line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import PurePath

import libcst as cst

from initlint.project.source import SourceFile
from initlint.rewrite.comma_list import CommaList
from initlint.rewrite.cst import CstFile
from initlint.rewrite.edits import Change
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.names import MODULE, NameResolver
from initlint.rewrite.scopes import FileScopes, Scope, dotted_name
from initlint.rewrite.source_text import SourceText


class ImportSpelling:
    """Spells functions of `torch.nn.init` in one scope of a file, and collects the imports that this needs.

    `prefix`: `nn.init`, if the call is spelled that way. `anchor`: the import of the name that is called, which gets
    further names.
    """

    def __init__(
        self, source: SourceFile, scope: Scope, prefix: str | None = None, anchor: cst.ImportFrom | None = None
    ) -> None:
        self._source = source
        self._names = NameResolver.of(source)
        self._scope = scope
        self._prefix = prefix
        self._anchor = anchor
        self._added: list[str] = []
        self._new_line: Change | None = None

    def spell(self, function: str) -> str:
        """The spelling of the function of torch.nn.init with this name."""
        if self._prefix is not None:
            return f"{self._prefix}.{function}"
        plain = self._names.visible(f"{MODULE}.{function}", self._scope)
        if plain is not None:
            return plain
        if self._anchor is None:
            self._prefix = self._module()
            return f"{self._prefix}.{function}"
        if function not in self._added:
            if not self._names.is_free(function):
                raise CannotRewrite
            self._added.append(function)
        return function

    def _module(self) -> str:
        for dotted, suffix in ((MODULE, ""), ("torch.nn", ".init"), ("torch", ".nn.init")):
            name = self._names.visible(dotted, self._scope)
            if name is not None:
                return name + suffix
        self._new_line = _new_import(self._source)
        return "nn.init"

    def changes(self, unused: cst.ImportAlias | None = None) -> Iterator[Change]:
        """The changes to imports. `unused`: a name of the anchor to remove, if that is possible."""
        if self._new_line is not None:
            yield self._new_line
        if self._anchor is None:
            return
        if unused is not None:
            with contextlib.suppress(CannotRewrite):
                yield from list(change_names(self._source, self._anchor, {unused}, self._added))
                return
        if self._added:
            yield from change_names(self._source, self._anchor, set(), self._added)


def change_names(
    source: SourceFile, statement: cst.ImportFrom, removed: set[cst.ImportAlias], added: Sequence[str]
) -> Iterator[Change]:
    """Remove and add names of `from m import ...`. Sorted names stay sorted."""
    text = SourceText.of(source)
    aliases = statement.names
    if isinstance(aliases, cst.ImportStar):
        raise CannotRewrite
    remaining = list(added)
    plan: list[str | None] = []
    for alias in aliases:
        if alias not in removed:
            plan.append(text.of_node(alias))
        else:
            plan.append(remaining.pop(0) if remaining else None)
    if not any(plan):
        yield remove_statement(source, statement)
        return
    start, end = text.range(statement)
    if "#" not in text.text[start:end] and _sorted([text.of_node(alias) for alias in aliases]):
        ordered = iter(sorted([item for item in plan if item is not None] + remaining))
        plan = [None if item is None else next(ordered) for item in plan]
        remaining = list(ordered)
    closing = end - 1 if statement.rpar is not None else end
    items = tuple(text.range(alias) for alias in aliases)
    yield from CommaList(text, items, closing).changes(plan, remaining)


def _sorted(items: list[str]) -> bool:
    return items == sorted(items)


def remove_statement(source: SourceFile, statement: cst.Import | cst.ImportFrom) -> Change:
    """Remove an import statement that is alone on its line, in a block with further statements."""
    text = SourceText.of(source)
    for block in _blocks(CstFile.of(source).module):
        for line in block:
            if isinstance(line, cst.SimpleStatementLine) and line.body[0] is statement:
                if len(block) == 1 or len(line.body) > 1 or line.trailing_whitespace.comment is not None:
                    raise CannotRewrite
                start, end = text.range(statement)
                rows = CstFile.of(source).span(statement)
                after = text.starts[rows.end_row] if rows.end_row < len(text.starts) else end
                return Change(start - len(text.indent(start)), after, "")
    raise CannotRewrite


def _blocks(node: cst.CSTNode) -> Iterator[Sequence[cst.BaseStatement]]:
    if isinstance(node, (cst.Module, cst.IndentedBlock)):
        yield node.body
        for statement in node.body:
            yield from _blocks(statement)
    elif isinstance(node, (cst.BaseCompoundStatement, cst.Else, cst.ExceptHandler, cst.Finally)):
        for child in node.children:
            yield from _blocks(child)


def _new_import(source: SourceFile) -> Change:
    """`from torch import nn` after the last import of torch at the top level of the file."""
    if not NameResolver.of(source).is_free("nn"):
        raise CannotRewrite
    last_import: cst.SimpleStatementLine | None = None
    for line in CstFile.of(source).module.body:
        if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 and _of_torch(line.body[0]):
            last_import = line
    if last_import is None or last_import.trailing_whitespace.comment is not None:
        raise CannotRewrite
    text = SourceText.of(source)
    _, end = text.range(last_import.body[0])
    return Change(end, end, f"{text.newline(end)}from torch import nn")


def _of_torch(statement: cst.BaseSmallStatement) -> bool:
    if isinstance(statement, cst.ImportFrom):
        module = dotted_name(statement.module) if statement.module is not None else None
        return not statement.relative and (module or "").partition(".")[0] == "torch"
    if not isinstance(statement, cst.Import):
        return False
    return any(alias.evaluated_name.partition(".")[0] == "torch" for alias in statement.names)


def is_public(source: SourceFile, alias: cst.ImportAlias) -> bool:
    """Whether other files may import this name from this one."""
    same = alias.evaluated_alias == alias.evaluated_name
    return same or PurePath(source.path).name == "__init__.py" or NameResolver.of(source).mentioned(local_name(alias))


def local_name(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name


def unused_since(before: SourceFile, after: SourceFile) -> Iterator[Change]:
    """Changes to `after` that remove imports from torch.nn.init that `before` uses and `after` does not."""
    names, read_before = NameResolver.of(after), FileScopes.of(before).uses
    unused: dict[cst.ImportFrom, set[cst.ImportAlias]] = {}
    for name, holder, statement, alias in _init_imports(FileScopes.of(after)):
        if name in read_before and not names.uses(name, holder) and not is_public(after, alias):
            unused.setdefault(statement, set()).add(alias)
    for statement, aliases in unused.items():
        with contextlib.suppress(CannotRewrite):
            yield from list(change_names(after, statement, aliases, ()))


def _init_imports(scopes: FileScopes) -> Iterator[tuple[str, Scope, cst.ImportFrom, cst.ImportAlias]]:
    for scope in scopes.all:
        for name, bindings in scope.bindings.items():
            for binding in bindings:
                of_init = binding.dotted is not None and binding.dotted.startswith(f"{MODULE}.")
                if of_init and binding.alias is not None and isinstance(binding.statement, cst.ImportFrom):
                    yield name, scope, binding.statement, binding.alias
