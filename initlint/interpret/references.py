"""Uses of `torch.nn.init` in the text of a file, called or not, reached or not: no running, only names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import libcst as cst

from initlint.facts.initializers import DEPRECATED
from initlint.graph import Reference
from initlint.rewrite.concrete import Concrete
from initlint.rewrite.doubt import Doubt
from initlint.rewrite.names import MODULE, Names
from initlint.source import Site, SourceFile

_OLD = frozenset(name.rpartition(".")[2] for name in DEPRECATED)
_MENTION = re.compile(rf"\b(?:{'|'.join(sorted(_OLD))})\b")


def references(source: SourceFile) -> tuple[Reference, ...]:
    """The uses of deprecated `torch.nn.init` names: imports, then the others. An alias stands for its import."""
    if "init" not in source.code or not _MENTION.search(source.code) or not _may_speak_of_them(source.tree):
        return ()
    try:
        return tuple(_found(source))
    except Doubt:  # libcst does not read the file, so that nothing in it can be rewritten
        return ()


def _may_speak_of_them(tree: ast.Module) -> bool:
    """Whether an old name is imported from some `init`, asked of one, or may come by a star: a look at the names alone.

    Most that is called `normal` or `constant` has to do with other things.
    """
    modules = {"init"}
    nodes = list(ast.walk(tree))
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


def _found(source: SourceFile) -> Iterator[Reference]:
    names = Names.of(source)
    scopes = names.scopes
    for statement in scopes.imports:
        yield from _imported(source, statement)
    for old in DEPRECATED:
        last = old.rpartition(".")[2]
        written = [node for node in scopes.attributes if node.attr.value == last]
        for node in (*scopes.uses.get(last, ()), *written):
            # A table of torch's functions by their own names, as `{"uniform": nn.init.uniform}`, wants just these.
            if names.resolve(node) == old and scopes.keys.get(id(node)) != last:
                yield Reference(old, "call" if id(node) in scopes.called else "reference", _site(source, node))


def _imported(source: SourceFile, node: cst.ImportFrom) -> Iterator[Reference]:
    if isinstance(node.names, cst.ImportStar) or node.relative or node.module is None:
        return
    if cst.Module([]).code_for_node(node.module) != MODULE:
        return
    for alias in node.names:
        dotted = f"{MODULE}.{alias.evaluated_name}"
        if dotted in DEPRECATED:
            yield Reference(dotted, "import", _site(source, alias))


def _site(source: SourceFile, node: cst.CSTNode) -> Site:
    return Site(source, Concrete.of(source).abstract(node))
