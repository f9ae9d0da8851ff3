"""Formatted strings by the rules of Python 3.12, and the comments and statements around them on every Python."""

from __future__ import annotations

import io
import sys
import tokenize

import pytest

from initlint.project.f_strings import replace_formatted
from initlint.project.noqa import parse
from tests.support.paths import PACKAGE


@pytest.mark.parametrize(
    ("before", "string", "after"),
    [
        ("x = f", "'a'", ""),
        ("x = f", "'{d['#']}'", " # c"),
        ("x = rF", '"""a{b}"""', " + c"),
        ("x = f", "'{a:{'}'}>{w}}'", " + b'}'"),
        ("x = g('{', f", "'{{}}'", ", '}')"),
        ("x = f", "'{a != {'b': ':'}['b']!r:\\'}'", " + '\\''"),
        ("x = f", "'{(y := 1)}{y:='}'", " # c"),
        ("x = f", "'{[a for a in '}'][1:]}'", " # c"),
        ("x = t", "'{f\"{'\"'}\"}'", " # c"),
        ("x = '{' + 'f' + f", "''", " # f'"),
        ("# f'{\nx = f", "''", ""),
    ],
)
def test_formatted_strings_become_calls(before: str, string: str, after: str) -> None:
    assert replace_formatted(before + string + after) == f"{before}({'x' * (len(string) - 2)}){after}"


def test_lines_and_comments_in_formatted_strings_stay() -> None:
    assert replace_formatted("x = f'{\n a # noqa\n}'") == "x = f(x\nxxx# noqa\nx)"


@pytest.mark.parametrize("text", ["x = f'", "x = f'{", "x = f'{a:", "x = f'{a'", "x = '{' + 'f'"])
def test_other_texts_stay(text: str) -> None:
    assert replace_formatted(text) == text


@pytest.mark.parametrize(
    "name", ["project/noqa.py", "project/f_strings.py", "report/console.py", "linter/lint_file.py"]
)
def test_other_tokens_stay(name: str) -> None:
    text = (PACKAGE / name).read_text(encoding="utf-8")
    assert comments(text) == comments(replace_formatted(text))


def comments(text: str) -> list[tuple[object, ...]]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token[:3] for token in tokens if token.type == tokenize.COMMENT]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('x = f"{"#"} a"  # noqa: INI301\n', [1]),
        ('x = f"{"# noqa"}"\n', []),
        ('x = f"{\n  a  # noqa: INI301\n}"\ny = 1  # noqa\n', [2, 4]),
        ("x = f'{a['b']}' 'c'  # noqa: INI301\n", [1]),
        ('x = f"{\'"\'}"  # noqa: INI301\n', [1]),
    ],
)
def test_directives_beside_nested_quotes(text: str, rows: list[int]) -> None:
    assert list(parse(text).lines) == rows


def test_statements_after_nested_quotes() -> None:
    suppressions = parse('x = f"{d["("]}"\ny = g(\n  1,\n)  # noqa: INI301\n')
    assert suppressions.statements == dict.fromkeys((2, 3, 4), (2, 4))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the tokenizer of Python 3.12 is the reference")
@pytest.mark.parametrize(
    "text", ["f'{a['b']}' # c\n", "f'{a:{'#'}}' # c\n", "f'''{'''#'''}''' # c\n", "f'{\na # c\n}'\n"]
)
def test_comments_are_those_of_the_newer_tokenizer(text: str) -> None:
    assert [token[2:] for token in comments(text)] == [token[2:] for token in comments(replace_formatted(text))]
