"""The conditions, loops and functions around a row."""

from __future__ import annotations

import ast

from initlint.project.source import SourceFile

CODE = """def outer(x):
    for item in x:
        if item:
            def inner():
                return item
    return x
"""


def test_blocks_around_a_row_are_given_from_the_outermost() -> None:
    source = SourceFile("net.py", CODE.encode(), CODE, ast.parse(CODE))
    assert [type(block).__name__ for block in source.blocks_at(5)] == ["FunctionDef", "For", "If", "FunctionDef"]
    assert [type(block).__name__ for block in source.blocks_at(6)] == ["FunctionDef"]
