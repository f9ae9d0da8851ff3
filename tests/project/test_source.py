from __future__ import annotations

import warnings

import pytest

import initlint
from initlint.project.reading import parse_source
from initlint.project.source import SourceError


@pytest.mark.parametrize("data", [b"", b"x = 1\n", b"# coding: latin-1\nx = '\xe9'\n", b"\xef\xbb\xbfx = 1\r\n"])
def test_python_passes(data: bytes) -> None:
    assert parse_source("a.py", data).data == data


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (b"x = 1\ndef f(:\n", 2),
        (b"# coding: nothing\n", 1),
        (b"# coding: undefined\nx = 1\n", 1),
        (b"# coding: punycode\nx = 1\n", 1),
        (b"# coding: hex\nx = 1\n", 1),
        (b"x = '\xff'\n", 1),
        (b"print 1\n", 1),
        (b"\nw = " + b"9" * 5_000, 2),
        (b"\ns = '\\x'", 2),
    ],
)
def test_anything_else_does_not(data: bytes, row: int) -> None:
    with pytest.raises(SourceError) as error:
        parse_source("a.py", data)
    assert error.value.row == row


def test_warnings_of_the_compiler_are_not_passed_on() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parse_source("a.py", b"x = '\\d'\nassert (1, 2)\n1 is 1\n")


@pytest.mark.parametrize(
    "expression",
    ["(" * 10_000 + "1" + ")" * 10_000, "f(" * 5_000 + ")" * 5_000, "not " * 10_000 + "1"],
    ids=["brackets", "calls", "operators"],
)
def test_what_is_nested_too_deeply_is_one_clear_line(expression: str) -> None:
    with pytest.raises(SourceError, match=r"^nested too deeply to be parsed$"):
        parse_source("net.py", f"w = {expression}\n".encode())


@pytest.mark.parametrize("terms", [500, 10_000, 100_000])
def test_a_long_sum_is_traced_or_too_deep(terms: int) -> None:
    """Each Python draws the line elsewhere."""
    result = initlint.check_source(f"from torch import nn\nw = nn.Linear({'+'.join('1' * terms)}, 1)\n")
    assert not result.failures
    assert [diagnostic.message for diagnostic in result.diagnostics] in ([], ["nested too deeply to be parsed"])


def test_a_long_line_is_no_deep_one() -> None:
    parse_source("net.py", f"w = [{'1, ' * 10_000}]\n".encode())


@pytest.mark.parametrize(
    ("code", "row", "column"),
    [("x = 1\ndef f(:\n", 2, 7), ("x = (1,\n", 1, 5), ("if x:\ny = 1\n", 2, 1), ("\ts = '\\x'", 1, 1)],
)
def test_where_it_is_no_python(code: str, row: int, column: int) -> None:
    with pytest.raises(SourceError, match=r"^not valid Python 3\.\d+: ") as error:
        parse_source("net.py", code.encode())
    assert (error.value.row, error.value.column) == (row, column)


@pytest.mark.parametrize(
    "code", ["x = [" + "1, " * 350_001 + "]", "f(x)\n" * 120_001, "w = [[" + "], [" * 350_001 + "]]"]
)
def test_a_file_whose_tree_would_fill_the_memory_is_one_clear_line(code: str) -> None:
    with pytest.raises(SourceError, match=r"^too large to be parsed: more than 350,000 names, numbers and brackets$"):
        parse_source("net.py", code.encode())


@pytest.mark.parametrize(
    "code",
    [
        "x = '" + "a b " * 1_000_000 + "'",
        "# a b\n" * 350_001,
        "'''\n" + "a (b\n" * 350_001 + "'''",
        "x = 1\n" * 100_000,
    ],
)
def test_strings_and_comments_make_no_file_too_large(code: str) -> None:
    assert parse_source("net.py", code.encode()).tree
