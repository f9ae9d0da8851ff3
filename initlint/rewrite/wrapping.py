"""Wraps the value of an assignment, or the last argument of a call, in a call of a name of `torch.nn`."""

from __future__ import annotations

import ast

import libcst as cst

from initlint.diagnostics import Edit, Span
from initlint.project.source import SourceFile
from initlint.rewrite.cst import CstFile
from initlint.rewrite.edits import Change
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.names import NameResolver
from initlint.rewrite.requests import MoveIntoParameter, WrapValue
from initlint.rewrite.scopes import Scope
from initlint.rewrite.source_text import SourceText

_PARAMETER = ("torch.nn.Parameter", "torch.nn.parameter.Parameter")


def wrap_value(source: SourceFile, request: WrapValue) -> tuple[Edit, ...]:
    value = _value_at(source, request.place)
    if not _fits(value, request.class_name):
        raise CannotRewrite
    return _wrapped(source, value, _spelling(source, _scope_of(source, request.place), request.class_name))


def _fits(value: cst.CSTNode, class_name: str) -> bool:
    if class_name == "ModuleList":
        return isinstance(value, (cst.List, cst.ListComp))
    if class_name == "ModuleDict":
        return isinstance(value, cst.Dict) and bool(value.elements) and all(map(_has_string_key, value.elements))
    return True


def _has_string_key(element: cst.BaseDictElement) -> bool:
    return isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString)


def move_into_parameter(source: SourceFile, request: MoveIntoParameter) -> tuple[Edit, ...]:
    value = _value_at(source, request.place)
    if not isinstance(value, cst.Call) or not isinstance(value.func, cst.Attribute) or value.lpar:
        raise CannotRewrite
    parameter = value.func.value
    if not isinstance(parameter, cst.Call) or parameter.lpar or not parameter.args:
        raise CannotRewrite
    tensor = parameter.args[0]
    is_parameter = NameResolver.of(source).resolve(parameter.func) in (
        "torch.nn.Parameter",
        "torch.nn.parameter.Parameter",
    )
    if not is_parameter or tensor.star or tensor.keyword is not None:
        raise CannotRewrite
    text = SourceText.of(source)
    start, end = text.range(tensor.value)
    (_, inner_end), (_, outer_end) = text.range(parameter), text.range(value)
    method = text.text[inner_end:outer_end]
    if "\n" in method or "#" in method:
        raise CannotRewrite
    removed = text.edit(Change(inner_end, outer_end, ""))
    if isinstance(tensor.value, (cst.Name, cst.Attribute, cst.Subscript, cst.Call)):
        return (text.edit(Change(end, end, method)), removed)
    if tensor.value.lpar:
        raise CannotRewrite
    return (text.edit(Change(start, start, "(")), text.edit(Change(end, end, f"){method}")), removed)


def _wrapped(source: SourceFile, value: cst.CSTNode, callee: str) -> tuple[Edit, ...]:
    text = SourceText.of(source)
    start, end = text.range(value)
    return (text.edit(Change(start, start, f"{callee}(")), text.edit(Change(end, end, ")")))


def _value_at(source: SourceFile, place: Span) -> cst.CSTNode:
    """The value of the assignment whose only target is at `place`, or the last argument of the call there."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and source.span(node.targets[0]) == place:
            return CstFile.of(source).find(source.span(node.value))
        if isinstance(node, ast.AnnAssign) and node.value is not None and source.span(node.target) == place:
            return CstFile.of(source).find(source.span(node.value))
    call = CstFile.of(source).call(place)
    if not call.args or call.args[-1].star:
        raise CannotRewrite
    return call.args[-1].value


def _scope_of(source: SourceFile, place: Span) -> Scope:
    node = CstFile.of(source).find(place)
    while isinstance(node, cst.Subscript):
        node = node.value
    return NameResolver.of(source).scope(node)


def _spelling(source: SourceFile, scope: Scope, name: str) -> str:
    """How the file names a class of `torch.nn`: `Parameter`, `nn.Parameter`, `torch.nn.Parameter`."""
    names = NameResolver.of(source)
    for dotted, suffix in ((f"torch.nn.{name}", ""), ("torch.nn", f".{name}"), ("torch", f".nn.{name}")):
        spelled = names.visible(dotted, scope)
        if spelled is not None:
            return spelled + suffix
    raise CannotRewrite
