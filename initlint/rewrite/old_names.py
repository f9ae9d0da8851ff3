"""Where a file speaks of the deprecated functions of `torch.nn.init`, whatever it calls them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst

from initlint.facts.initializers import DEPRECATED
from initlint.rewrite.concrete import Concrete
from initlint.rewrite.doubt import Doubt
from initlint.rewrite.names import MODULE, Names
from initlint.source import Site, SourceFile


class Mention(NamedTuple):
    """`how`: `import`, `call` or `reference`."""

    canonical: str
    how: str
    place: Site


def mentions(source: SourceFile) -> tuple[Mention, ...]:
    """Imports, then the others; none in a file that libcst does not read, in which nothing could be rewritten."""
    try:
        return tuple(_found(source))
    except Doubt:
        return ()


def _found(source: SourceFile) -> Iterator[Mention]:
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
                yield Mention(old, "call" if id(node) in scopes.called else "reference", _site(source, node))


def _imported(source: SourceFile, node: cst.ImportFrom) -> Iterator[Mention]:
    if isinstance(node.names, cst.ImportStar) or node.relative or node.module is None:
        return
    if cst.Module([]).code_for_node(node.module) != MODULE:
        return
    for alias in node.names:
        dotted = f"{MODULE}.{alias.evaluated_name}"
        if dotted in DEPRECATED:
            yield Mention(dotted, "import", _site(source, alias))


def _site(source: SourceFile, node: cst.CSTNode) -> Site:
    return Site(source, Concrete.of(source).abstract(node))
