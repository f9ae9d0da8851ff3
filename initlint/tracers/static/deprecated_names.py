"""Uses of deprecated `torch.nn.init` names in the text of a file, in code that runs or not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from initlint import rewrite
from initlint.facts.initializer_formulas import DEPRECATED
from initlint.graph.mistakes import DeprecatedUse, UseKind
from initlint.project.source import SourceFile, SourceLocation
from initlint.tracers.references.syntax_index import SyntaxIndex, dotted, nodes_of
from initlint.tracers.static.values.environment import ModuleScope
from initlint.tracers.static.values.questions import external_name

_OLD = frozenset(name.rpartition(".")[2] for name in DEPRECATED)
_MENTION = re.compile(rf"\b(?:{'|'.join(sorted(_OLD))})\b")


def deprecated_uses(source: SourceFile) -> tuple[DeprecatedUse, ...]:
    """The uses of deprecated `torch.nn.init` names: imports first. Uses of an alias are reported at its import."""
    if "init" not in source.code or not _MENTION.search(source.code):
        return ()
    in_strings = tuple(_uses_in_strings(source)) if "getattr" in source.code else ()
    if not _may_use_old_names(source.tree):
        return in_strings
    if not rewrite.can_rewrite():
        return (*_uses_in_tree(source), *in_strings)
    return (*(DeprecatedUse(*mention) for mention in rewrite.mentions(source)), *in_strings)


def _uses_in_strings(source: SourceFile) -> Iterator[DeprecatedUse]:
    """The names in `getattr(nn.init, "normal")`; a default is for versions of torch without them."""
    nodes = nodes_of(source.tree)
    imported, bound = dict(SyntaxIndex(Path(source.path), source.tree).imported), _bound_names(nodes)
    for node in nodes:
        if not isinstance(node, ast.Call) or _name(node.func) != "getattr" or len(node.args) != 2 or node.keywords:
            continue
        root, _, rest = dotted(node.args[0]).partition(".")
        module = ".".join(filter(None, (imported.get(root), rest)))
        for text in _constants(node.args[1]) if root in imported and root not in bound else ():
            if (canonical := f"{module}.{text.value!s}") in DEPRECATED:
                yield DeprecatedUse(canonical, "reference", SourceLocation(source, text))


def _constants(node: ast.expr) -> Iterator[ast.Constant]:
    """The constants that an expression may be: one of `"a" if test else "b"`, but not if it asks for what torch has."""
    if isinstance(node, ast.IfExp):
        if any(isinstance(part, ast.Name) and part.id == "hasattr" for part in ast.walk(node.test)):
            return
        yield from _constants(node.body)
        yield from _constants(node.orelse)
    elif isinstance(node, ast.Constant):
        yield node


def _uses_in_tree(source: SourceFile) -> Iterator[DeprecatedUse]:
    """The uses as Python's own tree shows them, where libcst is missing. A name with two meanings is left out."""
    imported = dict(SyntaxIndex(Path(source.path), source.tree).imported)
    nodes = nodes_of(source.tree)
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                if alias.name == "*":
                    names = (name for name in DEPRECATED if name.rpartition(".")[0] == node.module)
                    imported |= {_last(name): name for name in names}
                if (canonical := f"{node.module}.{alias.name}") in DEPRECATED:
                    yield DeprecatedUse(canonical, "import", SourceLocation(source, alias))
    bound = _bound_names(nodes)
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    in_tables = set(_values_named_by_their_keys(nodes))
    for node in nodes:
        if not isinstance(node, (ast.Name, ast.Attribute)) or _name(node) not in _OLD or id(node) in in_tables:
            continue
        root, _, rest = dotted(node).partition(".")
        canonical = ".".join(filter(None, (imported.get(root), rest)))
        if root in imported and root not in bound and canonical in DEPRECATED:
            how: UseKind = "call" if id(node) in called else "reference"
            yield DeprecatedUse(canonical, how, SourceLocation(source, node))


def _bound_names(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that something else than an import binds."""
    bound: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
    return bound


def _values_named_by_their_keys(nodes: Iterable[ast.AST]) -> Iterator[int]:
    """A table such as `{"uniform": nn.init.uniform}` lists the deprecated functions on purpose."""
    for node in nodes:
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == _name(value):
                    yield id(value)


def uses_through_imports(scope: ModuleScope, others: Iterable[DeprecatedUse]) -> Iterator[DeprecatedUse]:
    """The uses other than `others` whose name comes from another file, as `nn` by `from parts import *`."""
    source = scope.source
    if not _MENTION.search(source.code) or not any(map(_may_bring_names, source.tree.body)):
        return
    known = {use.location.span for use in others}
    nodes = nodes_of(source.tree)
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    bound.update(node.arg for node in nodes if isinstance(node, ast.arg))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if not isinstance(node, (ast.Name, ast.Attribute)) or _name(node) not in _OLD:
            continue
        root, _, rest = dotted(node).partition(".")
        location = SourceLocation(source, node)
        if not root or root in bound or location.span in known:
            continue
        name = external_name(scope.lookup(root))
        canonical = ".".join(filter(None, (name, rest))) if name else ""
        if canonical in DEPRECATED:
            yield DeprecatedUse(canonical, "call" if id(node) in called else "reference", location, True)


def _may_bring_names(statement: ast.stmt) -> bool:
    """Whether a statement imports names from another module than one of torch."""
    return isinstance(statement, ast.ImportFrom) and not (statement.module or "").startswith("torch")


def _may_use_old_names(tree: ast.Module) -> bool:
    """A cheap test: whether an old name is imported from an `init` module, read from one, or may be star-imported.

    Most uses of names such as `normal` or `constant` are unrelated.
    """
    modules = {"init"}
    nodes = nodes_of(tree)
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            of_init = isinstance(node, ast.ImportFrom) and _last(node.module) in ("init", "nn")
            for alias in node.names:
                if of_init and alias.name in ("*", *_OLD):
                    return True
                if alias.asname is not None and _last(alias.name) == "init":
                    modules.add(alias.asname)
        elif isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute)):
            modules.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return any(isinstance(node, ast.Attribute) and node.attr in _OLD and _name(node.value) in modules for node in nodes)


def _last(dotted: str | None) -> str:
    return (dotted or "").rpartition(".")[2]


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
