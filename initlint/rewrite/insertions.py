"""Small insertions beside an expression or a statement."""

from __future__ import annotations

import libcst as cst

from initlint.diagnostics import Edit
from initlint.project.source import SourceFile, SourceLocation
from initlint.rewrite.arguments import parameters, read
from initlint.rewrite.cst import CstFile
from initlint.rewrite.edits import Change
from initlint.rewrite.errors import CannotRewrite, none_if_cannot
from initlint.rewrite.names import MODULE, NameResolver
from initlint.rewrite.scopes import FileScopes, dotted_name
from initlint.rewrite.text import SourceText

_TIGHT = (cst.Name, cst.Attribute, cst.Subscript, cst.Call)
"""Expressions that an attribute can be asked of without parentheses."""


@none_if_cannot
def append_attribute(site: SourceLocation, attribute: str) -> tuple[Edit, ...]:
    """Edits that make the tensor of the init call at `site` that tensor's `.weight`; `attribute` comes with its dot.

    A site that is no init call is taken for the expression itself.
    """
    node = _tensor(site.source, CstFile.of(site.source).node(site.node))
    if not isinstance(node, _TIGHT):
        raise CannotRewrite
    return _insertion(site.source, node, attribute)


@none_if_cannot
def compare_with_none(site: SourceLocation) -> tuple[Edit, ...]:
    """Edits that make the truth test of the name or attribute at `site` one of `is not None`."""
    node = CstFile.of(site.source).node(site.node)
    if not isinstance(node, _TIGHT):
        raise CannotRewrite
    return _insertion(site.source, node, " is not None")


@none_if_cannot
def guard_against_none(site: SourceLocation) -> tuple[Edit, ...]:
    """Edits that put the init call at `site`, a statement of one line by itself, under `if <tensor> is not None:`."""
    text, span = SourceText.of(site.source), site.span
    call = CstFile.of(site.source).node(site.node)
    tensor = _tensor(site.source, call)
    line = FileScopes.of(site.source).lines.get(id(call))
    start, _ = text.range(call)
    if line is None or dotted_name(tensor) is None or span.row != span.end_row or not text.alone_before(start):
        raise CannotRewrite
    inner = text.newline + text.indent(start) + CstFile.of(site.source).module.default_indent
    return (text.edit(Change(start, start, f"if {text.of_node(tensor)} is not None:{inner}")),)


@none_if_cannot
def append_statement(site: SourceLocation, statement: str) -> tuple[Edit, ...]:
    """Edits that put `statement` on a line of its own behind the init call at `site`, a statement by itself.

    `{tensor}` in it becomes the tensor of the call, without `.data`.
    """
    text, call = SourceText.of(site.source), CstFile.of(site.source).node(site.node)
    if id(call) not in FileScopes.of(site.source).lines or not isinstance(call, cst.Call):
        raise CannotRewrite
    start, end = text.range(call)
    rest, _, _ = text.text[end:].partition(text.newline)
    if not text.alone_before(start) or (rest.strip() and not rest.lstrip().startswith("#")):
        raise CannotRewrite
    tensor = _tensor(site.source, call)
    if tensor is call:
        tensor = call.func.value if isinstance(call.func, cst.Attribute) else tensor
    if isinstance(tensor, cst.Attribute) and tensor.attr.value == "data":
        tensor = tensor.value
    if dotted_name(tensor) is None:
        raise CannotRewrite
    added = text.newline + text.indent(start) + statement.format(tensor=text.of_node(tensor))
    return (text.edit(Change(end + len(rest), end + len(rest), added)),)


def _tensor(source: SourceFile, node: cst.CSTNode) -> cst.BaseExpression:
    """The first argument of an init call; any other expression is taken for the tensor."""
    if isinstance(node, cst.Call):
        dotted = NameResolver.of(source).resolve(node.func)
        if dotted is not None and dotted.startswith(f"{MODULE}."):
            accepted = [name for name, _ in parameters(dotted.rpartition(".")[2])]
            for argument in read(source, node.args, accepted):
                if argument.name == accepted[0]:
                    return argument.node
    if not isinstance(node, cst.BaseExpression):
        raise CannotRewrite
    return node


def _insertion(source: SourceFile, node: cst.CSTNode, inserted: str) -> tuple[Edit, ...]:
    text = SourceText.of(source)
    _, end = text.range(node)
    return (text.edit(Change(end, end, inserted)),)
