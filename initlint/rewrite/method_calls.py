"""Rewriting an in-place method of a tensor to a function of torch.nn.init."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import libcst as cst

from initlint.facts.initializer_formulas import METHOD_PARAMETERS, METHODS
from initlint.project.source import SourceFile
from initlint.rewrite.arguments import Argument, parameters, plan, read, render
from initlint.rewrite.comma_list import CommaList
from initlint.rewrite.edits import Change, changed
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.imports import ImportSpelling
from initlint.rewrite.names import NameResolver
from initlint.rewrite.requests import Value
from initlint.rewrite.scopes import FileScopes
from initlint.rewrite.text import SourceText

_RANDOM = frozenset({"normal_", "uniform_"})
"""The methods that take `generator=`."""


def change_method(
    source: SourceFile, call: cst.Call, function: str | None = None, arguments: Mapping[str, Value] | None = None
) -> Iterator[Change]:
    """Changes that make `w.data.normal_(0, 0.02)` a call of `function` on `w`, or of the one that does the same."""
    callee = call.func
    if not isinstance(callee, cst.Attribute) or callee.lpar or callee.attr.value not in METHODS:
        raise CannotRewrite
    names = NameResolver.of(source)
    if names.resolve(callee.value) is not None:
        raise CannotRewrite  # what came by an import is a module, and this one of its functions
    speller = ImportSpelling(source, names.scope(call))
    wanted = {name: render(source, call, value, speller) for name, value in (arguments or {}).items()}
    same = METHODS[callee.attr.value].rpartition(".")[2]
    old = _arguments(source, call, callee)
    keep = {"keep": frozenset(argument.name for argument in old)} if function is None else {}
    texts, added = plan(old, parameters(function or same), wanted, **keep)
    inside = _inside(source, call, old, texts, added)
    yield Change(*SourceText.of(source).range(call), f"{speller.spell(function or same)}({inside})")
    yield from speller.changes()


def _arguments(source: SourceFile, call: cst.Call, callee: cst.Attribute) -> list[Argument]:
    """The tensor first, then the method's own arguments by the names that the function has for them."""
    method = callee.attr.value
    names = dict(METHOD_PARAMETERS[method])
    if method in _RANDOM:
        names["generator"] = "generator"
    given = read(source, call.args, list(names))
    start, end = SourceText.of(source).range(callee.value)
    tensor = Argument("tensor", (start, end), _receiver(source, call, callee), callee.value)
    return [tensor, *(replace(argument, name=names[argument.name]) for argument in given)]


def _receiver(source: SourceFile, call: cst.Call, callee: cst.Attribute) -> str:
    """The text of the tensor. A function of torch.nn.init needs no `.data`, but who goes on with the result may."""
    text = SourceText.of(source)
    start, _ = text.range(call)
    alone = id(call) in FileScopes.of(source).statements
    inner = callee.value
    has_data = isinstance(inner, cst.Attribute) and inner.attr.value == "data"
    if not alone and not has_data:
        raise CannotRewrite
    if alone and isinstance(inner, cst.Attribute) and has_data and not inner.lpar:
        return text.text[start : text.range(inner.dot)[0]]
    return text.text[start : text.range(callee.dot)[0]]


def _inside(source: SourceFile, call: cst.Call, old: list[Argument], texts: list[str | None], added: list[str]) -> str:
    """What stands between the parentheses: the tensor, and the method's own list as far as it stays."""
    text = SourceText.of(source)
    opening = text.text.index("(", text.range(call.func)[1]) + 1
    closing = text.range(call)[1] - 1
    body = text.text[opening:closing]
    tensor, *rest = texts
    if all(item is None for item in rest):
        if "#" in body:
            raise CannotRewrite
        return ", ".join([tensor or "", *added])
    own = CommaList(text, tuple(argument.range for argument in old[1:]), closing)
    body = changed(body, own.changes(rest, added), opening)
    lead = body[: len(body) - len(body.lstrip())]
    if lead.strip(" \t"):
        return f"{lead}{tensor},{body}"
    return f"{tensor},{lead or ' '}{body[len(lead) :]}"
