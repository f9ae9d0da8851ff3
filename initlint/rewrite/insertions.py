"""Small insertions beside an expression or a statement."""

from __future__ import annotations

import libcst as cst

from initlint.diagnostics import Edit
from initlint.project.source import Site, SourceFile
from initlint.rewrite.arguments import parameters, read
from initlint.rewrite.cst import Concrete
from initlint.rewrite.edits import Change
from initlint.rewrite.errors import Doubt, none_if_doubtful
from initlint.rewrite.names import MODULE, Names
from initlint.rewrite.scopes import Scopes, dotted_name
from initlint.rewrite.text import Text

_TIGHT = (cst.Name, cst.Attribute, cst.Subscript, cst.Call)
"""Expressions that an attribute can be asked of without parentheses."""


@none_if_doubtful
def append_attribute(site: Site, attribute: str) -> tuple[Edit, ...]:
    """Edits that make the tensor of the init call at `site` that tensor's `.weight`; `attribute` comes with its dot.

    A site that is no init call is taken for the expression itself.
    """
    node = _tensor(site.source, Concrete.of(site.source).node(site.node))
    if not isinstance(node, _TIGHT):
        raise Doubt
    return _insertion(site.source, node, attribute)


@none_if_doubtful
def compare_with_none(site: Site) -> tuple[Edit, ...]:
    """Edits that make the truth test of the name or attribute at `site` one of `is not None`."""
    node = Concrete.of(site.source).node(site.node)
    if not isinstance(node, _TIGHT):
        raise Doubt
    return _insertion(site.source, node, " is not None")


@none_if_doubtful
def guard_against_none(site: Site) -> tuple[Edit, ...]:
    """Edits that put the init call at `site`, a statement of one line by itself, under `if <tensor> is not None:`."""
    text, span = Text.of(site.source), site.span
    call = Concrete.of(site.source).node(site.node)
    tensor = _tensor(site.source, call)
    line = Scopes.of(site.source).lines.get(id(call))
    start, _ = text.range(call)
    if line is None or dotted_name(tensor) is None or span.row != span.end_row or not text.alone_before(start):
        raise Doubt
    inner = text.newline + text.indent(start) + Concrete.of(site.source).module.default_indent
    return (text.edit(Change(start, start, f"if {text.of_node(tensor)} is not None:{inner}")),)


@none_if_doubtful
def append_statement(site: Site, statement: str) -> tuple[Edit, ...]:
    """Edits that put `statement` on a line of its own behind the init call at `site`, a statement by itself.

    `{tensor}` in it becomes the tensor of the call, without `.data`.
    """
    text, call = Text.of(site.source), Concrete.of(site.source).node(site.node)
    if id(call) not in Scopes.of(site.source).lines or not isinstance(call, cst.Call):
        raise Doubt
    start, end = text.range(call)
    rest, _, _ = text.text[end:].partition(text.newline)
    if not text.alone_before(start) or (rest.strip() and not rest.lstrip().startswith("#")):
        raise Doubt
    tensor = _tensor(site.source, call)
    if tensor is call:
        tensor = call.func.value if isinstance(call.func, cst.Attribute) else tensor
    if isinstance(tensor, cst.Attribute) and tensor.attr.value == "data":
        tensor = tensor.value
    if dotted_name(tensor) is None:
        raise Doubt
    added = text.newline + text.indent(start) + statement.format(tensor=text.of_node(tensor))
    return (text.edit(Change(end + len(rest), end + len(rest), added)),)


def _tensor(source: SourceFile, node: cst.CSTNode) -> cst.BaseExpression:
    """The first argument of an init call; any other expression is taken for the tensor."""
    if isinstance(node, cst.Call):
        dotted = Names.of(source).resolve(node.func)
        if dotted is not None and dotted.startswith(f"{MODULE}."):
            accepted = [name for name, _ in parameters(dotted.rpartition(".")[2])]
            for argument in read(source, node.args, accepted):
                if argument.name == accepted[0]:
                    return argument.node
    if not isinstance(node, cst.BaseExpression):
        raise Doubt
    return node


def _insertion(source: SourceFile, node: cst.CSTNode, inserted: str) -> tuple[Edit, ...]:
    text = Text.of(source)
    _, end = text.range(node)
    return (text.edit(Change(end, end, inserted)),)
