"""Uses of `torch.nn.init` in the text of a file, called or not, reached or not: no running, only names."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from initlint.facts.initializers import DEPRECATED
from initlint.graph import Reference
from initlint.rewrite.names import MODULE, Names
from initlint.source import Site, SourceFile

_OLD = "|".join(name.rpartition(".")[2] for name in DEPRECATED)
_MENTION = re.compile(rf"\b(?:{_OLD})\b".encode())


def references(source: SourceFile) -> tuple[Reference, ...]:
    """The uses of deprecated `torch.nn.init` names, in the order of the text."""
    if b"init" not in source.data or not _MENTION.search(source.data):
        return ()
    return tuple(_found(source))


def _found(source: SourceFile) -> Iterator[Reference]:
    names = Names.of(source)
    called = set()
    for node in names.nodes:
        if isinstance(node, cst.Call):
            called.add(id(node.func))
    inside = set()
    for node in names.nodes:
        if isinstance(node, cst.ImportFrom):
            yield from _imported(source, node)
        elif isinstance(node, (cst.Attribute, cst.Name)) and id(node) not in inside:
            if isinstance(node, cst.Attribute):
                inside.add(id(node.value))
                inside.add(id(node.attr))
            dotted = names.resolve(node)
            if dotted in DEPRECATED and not _is_alias(node, dotted):
                yield Reference(dotted, "call" if id(node) in called else "reference", Site(source, node))


def _is_alias(node: cst.Attribute | cst.Name, dotted: str) -> bool:
    """A name under which an import was bound, or that was assigned: the import itself is reported."""
    written = node.attr.value if isinstance(node, cst.Attribute) else node.value
    return written != dotted.rpartition(".")[2]


def _imported(source: SourceFile, node: cst.ImportFrom) -> Iterator[Reference]:
    if isinstance(node.names, cst.ImportStar) or node.relative or node.module is None:
        return
    if cst.Module([]).code_for_node(node.module) != MODULE:
        return
    for alias in node.names:
        dotted = f"{MODULE}.{alias.evaluated_name}"
        if dotted in DEPRECATED:
            yield Reference(dotted, "import", Site(source, alias))
