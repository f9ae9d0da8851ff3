"""Insertions after an expression, and before or after a statement."""

from __future__ import annotations

import libcst as cst

from initlint.diagnostics import Edit
from initlint.project.source import SourceFile
from initlint.rewrite.arguments import parameters, read_arguments
from initlint.rewrite.cst import CstFile
from initlint.rewrite.edits import LINE_END, Change
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.names import MODULE, NameResolver
from initlint.rewrite.requests import (
    AppendAttribute,
    AppendStatement,
    CompareWithNone,
    GuardAgainstNone,
    RepeatConstruction,
)
from initlint.rewrite.scopes import FileScopes, dotted_name
from initlint.rewrite.source_text import SourceText

_TIGHT = (cst.Name, cst.Attribute, cst.Subscript, cst.Call)
"""Expressions that can be followed by an attribute without parentheses."""


def append_attribute(source: SourceFile, request: AppendAttribute) -> tuple[Edit, ...]:
    return _append(source, _tensor(source, CstFile.of(source).find(request.place)), request.attribute)


def compare_with_none(source: SourceFile, request: CompareWithNone) -> tuple[Edit, ...]:
    return _append(source, CstFile.of(source).find(request.place), " is not None")


def guard_against_none(source: SourceFile, request: GuardAgainstNone) -> tuple[Edit, ...]:
    text = SourceText.of(source)
    node = CstFile.of(source).find(request.place)
    tensor = _tensor(source, node)
    if tensor is node and isinstance(node, (cst.Attribute, cst.Subscript)):
        tensor = node.value
    statement = _statement_around(source, node)
    start, end = text.range(statement)
    if dotted_name(tensor) is None or LINE_END.search(text.text[start:end]) or not text.alone_before(start):
        raise CannotRewrite
    inner = text.newline(end) + text.indent(start) + CstFile.of(source).module.default_indent
    return (text.edit(Change(start, start, f"if {text.of_node(tensor)} is not None:{inner}")),)


def _statement_around(source: SourceFile, node: cst.CSTNode) -> cst.CSTNode:
    """The only statement of its line that contains `node`, if it binds no name."""
    spans = CstFile.of(source).spans
    inner = spans[node]
    for line, span in spans.items():
        if not isinstance(line, cst.SimpleStatementLine) or len(line.body) > 1 or not _binds_no_name(line.body[0]):
            continue
        if span.start <= inner.start and inner.start + inner.length <= span.start + span.length:
            return line.body[0]
    raise CannotRewrite


def _binds_no_name(statement: cst.BaseSmallStatement) -> bool:
    if isinstance(statement, cst.Assign):
        return all(isinstance(target.target, (cst.Attribute, cst.Subscript)) for target in statement.targets)
    if isinstance(statement, cst.AugAssign):
        return isinstance(statement.target, (cst.Attribute, cst.Subscript))
    return isinstance(statement, cst.Expr)


def append_statement(source: SourceFile, request: AppendStatement) -> tuple[Edit, ...]:
    text, call = SourceText.of(source), CstFile.of(source).call(request.place)
    if id(call) not in FileScopes.of(source).lines:
        raise CannotRewrite
    start, end = text.range(call)
    line_tail = text.line_tail(end)
    if not text.alone_before(start) or (line_tail.strip() and not line_tail.lstrip().startswith("#")):
        raise CannotRewrite
    tensor = _tensor(source, call)
    if tensor is call:
        tensor = call.func.value if isinstance(call.func, cst.Attribute) else tensor
    if isinstance(tensor, cst.Attribute) and tensor.attr.value == "data":
        tensor = tensor.value
    if dotted_name(tensor) is None:
        raise CannotRewrite
    added = text.newline(end) + text.indent(start) + request.statement.format(tensor=text.of_node(tensor))
    return (text.edit(Change(end + len(line_tail), end + len(line_tail), added)),)


def _tensor(source: SourceFile, node: cst.CSTNode) -> cst.BaseExpression:
    """The first argument of an init call. Any other expression is itself the tensor."""
    if isinstance(node, cst.Call):
        dotted = NameResolver.of(source).resolve(node.func)
        if dotted is not None and dotted.startswith(f"{MODULE}."):
            accepted = [name for name, _ in parameters(dotted.rpartition(".")[2])]
            for argument in read_arguments(source, node.args, accepted):
                if argument.name == accepted[0]:
                    return argument.node
    if not isinstance(node, cst.BaseExpression):
        raise CannotRewrite
    return node


def _append(source: SourceFile, node: cst.CSTNode, inserted: str) -> tuple[Edit, ...]:
    """Insert `inserted` after an expression that needs no parentheses for that."""
    if not isinstance(node, _TIGHT):
        raise CannotRewrite
    text = SourceText.of(source)
    _, end = text.range(node)
    return (text.edit(Change(end, end, inserted)),)


def repeat_construction(source: SourceFile, request: RepeatConstruction) -> tuple[Edit, ...]:
    text, product = SourceText.of(source), CstFile.of(source).find(request.place)
    if not isinstance(product, cst.BinaryOperation) or not isinstance(product.operator, cst.Multiply):
        raise CannotRewrite
    layers, times = product.left, product.right
    if not isinstance(layers, cst.List):
        layers, times = times, layers
    if not isinstance(layers, cst.List) or not all(isinstance(e.value, cst.Call) for e in layers.elements):
        raise CannotRewrite
    constructors = [text.of_node(element.value) for element in layers.elements]
    loop = f"for _ in range({text.of_node(times)})"
    each = f"{constructors[0]} {loop}" if len(constructors) == 1 else f"m {loop} for m in ({', '.join(constructors)})"
    start, end = text.range(product)
    return (text.edit(Change(start, end, f"[{each}]")),)
