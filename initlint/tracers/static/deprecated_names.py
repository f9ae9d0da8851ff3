"""Uses of deprecated `torch.nn.init` names in the text of a file, in code that runs or not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from initlint import rewrite
from initlint.facts.initializer_formulas import DEPRECATED
from initlint.graph.mistakes import DeprecatedUse
from initlint.project.source import SourceFile, SourceLocation
from initlint.tracers.references.syntax_index import dotted, nodes_of
from initlint.tracers.static.values.environment import ModuleScope
from initlint.tracers.static.values.questions import external_name

_OLD = frozenset(name.rpartition(".")[2] for name in DEPRECATED)
_MENTION = re.compile(rf"\b(?:{'|'.join(sorted(_OLD))})\b")


def deprecated_uses(source: SourceFile) -> tuple[DeprecatedUse, ...]:
    """The uses of deprecated `torch.nn.init` names: imports first. Uses of an alias are reported at its import."""
    if "init" not in source.code or not _MENTION.search(source.code) or not _may_use_old_names(source.tree):
        return ()
    return tuple(DeprecatedUse(*mention) for mention in rewrite.mentions(source))


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
