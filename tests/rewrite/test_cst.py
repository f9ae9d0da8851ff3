"""Each node of Python's tree that a fix may start from has the node of libcst's tree that is written the same."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import libcst as cst
import pytest

from initlint import rewrite
from initlint.project.reading import parse_source, read_source
from initlint.project.source import SourceFile, SourceLocation
from initlint.rewrite.cst import CstFile, Kind
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.requests import RenameDeprecated
from tests.support.paths import FIXTURES
from tests.support.rewriting import compute

FILES = sorted(FIXTURES.rglob("*.py"))
TRICKY = """\
# coding: utf-8
from torch.nn import init as i, Linear

class Größe(nn.Module):
    @property
    def f(self):  # é
        é = (self.a).b; return f(x for x in y) + g(*a, **{"k": (h)(1)(2)})

    async def g(self):
        x = 'ä', init.normal_(self.w, std=.02), (
            a
            .b()
            .c(d)[0]
        )
        return await x[0]
"""
ASKED_FOR = (ast.Call, ast.Attribute, ast.Name, ast.Subscript, ast.ClassDef, ast.FunctionDef, ast.alias)


def asked(source: SourceFile) -> list[ast.AST]:
    nodes = [node for node in ast.walk(source.tree) if isinstance(node, ASKED_FOR)]
    # Before Python 3.12 the places inside of an f-string are wrong.
    strings = [node for node in ast.walk(source.tree) if isinstance(node, ast.JoinedStr)]
    inside = {id(part) for string in strings for part in ast.walk(string)}
    return [node for node in nodes if id(node) not in inside]


@pytest.mark.parametrize(
    "data", [TRICKY.encode(), TRICKY.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + TRICKY.encode()]
)
def test_tricky_text(data: bytes) -> None:
    check(parse_source("net.py", data))


def test_tabs_form_feeds_and_cells() -> None:
    check(parse_source("net.py", b"\f\nif a:\n\tb(\t'\xc3\xa9', c)\n\n\f\nclass D(e):\n\tf = g(h)\n"))
    cells = [{"cell_type": "code", "source": text} for text in ("%cd a\nb = c('ä', d)", "e = f.g(h)")]
    check(parse_source("net.ipynb", json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_fixtures(path: Path) -> None:
    check(read_source(path))


def kind_of(node: ast.AST) -> Kind:
    kinds: dict[type, Kind] = {ast.ClassDef: "class", ast.FunctionDef: "def", ast.alias: "alias"}
    return kinds.get(type(node), "expression")


def check(source: SourceFile) -> None:
    concrete = CstFile.of(source)
    for node in asked(source):
        twin = concrete.find(source.span(node), kind_of(node))
        assert concrete.python_node(twin) is node
        if isinstance(node, ast.expr):
            span = concrete.span(twin)
            assert (span.row, span.column) == (source.span(node).row, source.span(node).column)
            written = ast.parse(f"({concrete.module.code_for_node(twin)}\n)", mode="eval").body
            assert ast.dump(written) == ast.dump(ast.parse(f"({ast.unparse(node)})", mode="eval").body)
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            assert isinstance(twin, (cst.ClassDef, cst.FunctionDef))
            assert twin.name.value == node.name


def test_a_file_that_libcst_does_not_read_is_not_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> cst.Module:
        raise cst.ParserSyntaxError("new", lines=("new",), raw_line=1, raw_column=0)

    monkeypatch.setattr(cst, "parse_module", refuse)
    source = parse_source("net.py", b"from torch.nn.init import xavier_uniform\nxavier_uniform(w)\n")
    call = next(node for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    assert compute(SourceLocation(source, call), RenameDeprecated, "xavier_uniform", "xavier_uniform_") is None
    assert rewrite.mentions(source) == ()
    with pytest.raises(CannotRewrite):
        CstFile.of(source)
