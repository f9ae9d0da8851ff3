"""Rewrites a call of an in-place method of a tensor to a function of torch.nn.init."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import libcst as cst

from initlint.facts.initializer_formulas import METHOD_PARAMETERS, METHODS
from initlint.project.source import SourceFile
from initlint.rewrite.arguments import Argument, parameters, plan_arguments, read_arguments, render
from initlint.rewrite.comma_list import CommaList
from initlint.rewrite.edits import Change, changed
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.imports import ImportSpelling
from initlint.rewrite.names import NameResolver
from initlint.rewrite.requests import Value
from initlint.rewrite.scopes import FileScopes
from initlint.rewrite.source_text import SourceText

_RANDOM = frozenset({"normal_", "uniform_"})
"""The methods that take `generator=`."""


def change_method(
    source: SourceFile, call: cst.Call, function: str | None = None, arguments: Mapping[str, Value] | None = None
) -> Iterator[Change]:
    """Changes that make `w.data.normal_(0, 0.02)` a call of `function` on `w`, by default of the equivalent one."""
    callee = call.func
    if not isinstance(callee, cst.Attribute) or callee.lpar or callee.attr.value not in METHODS:
        raise CannotRewrite
    names = NameResolver.of(source)
    if names.resolve(callee.value) is not None:
        raise CannotRewrite  # an imported name is a module, and this one of its functions
    speller = ImportSpelling(source, names.scope(call))
    new_values = {name: render(source, call, value, speller) for name, value in (arguments or {}).items()}
    equivalent = METHODS[callee.attr.value].rpartition(".")[2]
    old = _arguments(source, call, callee)
    keep = {"keep": frozenset(argument.name for argument in old)} if function is None else {}
    texts, added = plan_arguments(old, parameters(function or equivalent), new_values, **keep)
    inside = _argument_list(source, call, old, texts, added)
    yield Change(*SourceText.of(source).range(call), f"{speller.spell(function or equivalent)}({inside})")
    yield from speller.changes()


def _arguments(source: SourceFile, call: cst.Call, callee: cst.Attribute) -> list[Argument]:
    """The tensor, then the arguments of the method under their names in the function."""
    method = callee.attr.value
    names = dict(METHOD_PARAMETERS[method])
    if method in _RANDOM:
        names["generator"] = "generator"
    own_arguments = read_arguments(source, call.args, list(names))
    start, end = SourceText.of(source).range(callee.value)
    tensor = Argument("tensor", (start, end), _receiver(source, call, callee), callee.value)
    return [tensor, *(replace(argument, name=names[argument.name]) for argument in own_arguments)]


def _receiver(source: SourceFile, call: cst.Call, callee: cst.Attribute) -> str:
    """The text of the tensor, without `.data`, which torch.nn.init does not need; other uses of the result may."""
    text = SourceText.of(source)
    start, _ = text.range(call)
    is_statement = id(call) in FileScopes.of(source).statements
    inner = callee.value
    has_data = isinstance(inner, cst.Attribute) and inner.attr.value == "data"
    if not is_statement and not has_data:
        raise CannotRewrite
    if is_statement and isinstance(inner, cst.Attribute) and has_data and not inner.lpar:
        return text.text[start : text.range(inner.dot)[0]]
    return text.text[start : text.range(callee.dot)[0]]


def _argument_list(
    source: SourceFile, call: cst.Call, old: list[Argument], texts: list[str | None], added: list[str]
) -> str:
    """The text between the parentheses: the tensor, and the arguments of the method that are kept."""
    text = SourceText.of(source)
    opening = text.text.index("(", text.range(call.func)[1]) + 1
    closing = text.range(call)[1] - 1
    body = text.text[opening:closing]
    tensor, *others = texts
    if all(item is None for item in others):
        if "#" in body:
            raise CannotRewrite
        return ", ".join([tensor or "", *added])
    own_list = CommaList(text, tuple(argument.range for argument in old[1:]), closing)
    body = changed(body, own_list.changes(others, added), opening)
    lead = body[: len(body) - len(body.lstrip())]
    if lead.strip(" \t"):
        return f"{lead}{tensor},{body}"
    return f"{tensor},{lead or ' '}{body[len(lead) :]}"
