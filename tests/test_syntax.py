from __future__ import annotations

import warnings

import pytest

import initlint
from initlint.source import SourceError, SourceFile
from initlint.syntax import can_matter, check_syntax


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"x = nn.Linear(1, 1)\n", True),
        (b"from .base import Net\n\nclass Mine(Net):\n    def forward(self, x): ...\n", True),
        (b"from torch import nn\n\nclass Crop(nn.Module):\n    def forward(self, x): ...\n", False),
        (b"from torch.nn import Linear\n", True),
        (b"from torch.nn import init as I\n", True),
        (b"import torch.nn as tnn\n", True),
        (b"import torch.nn as nn\n\nclass Crop(nn.Module): ...\n", False),
        (b"net.apply(weights)\n", True),
        (b"def init_weights(m):\n    m.weight.data.normal_(0.0, 0.02)\n", True),
        (b"import torch\n\nclass Digits(torch.utils.data.Dataset):\n    def __init__(self): ...\n", False),
        (b"print('hello')\n", False),
        (b"", False),
    ],
)
def test_which_files_can_matter(data: bytes, expected: bool) -> None:
    assert can_matter(data) is expected


@pytest.mark.parametrize("data", [b"", b"x = 1\n", b"# coding: latin-1\nx = '\xe9'\n", b"\xef\xbb\xbfx = 1\r\n"])
def test_python_passes(data: bytes) -> None:
    check_syntax("a.py", data)


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (b"x = 1\ndef f(:\n", 2),
        (b"# coding: nothing\n", 1),
        (b"x = '\xff'\n", 1),
        (b"print 1\n", 1),
        (b"\nw = " + b"9" * 5_000, 2),
        (b"\ns = '\\x'", 2),
    ],
)
def test_anything_else_does_not(data: bytes, row: int) -> None:
    with pytest.raises(SourceError) as error:
        check_syntax("a.py", data)
    assert error.value.row == row


def test_warnings_of_the_compiler_are_not_passed_on() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_syntax("a.py", b"x = '\\d'\nassert (1, 2)\n1 is 1\n")


def test_no_source_is_made_of_a_file_that_is_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SourceFile, "parse", None)
    check_syntax("a.py", b"x = 1\n")


@pytest.mark.parametrize(
    "expression",
    ["(" * 10_000 + "1" + ")" * 10_000, "f(" * 5_000 + ")" * 5_000, "not " * 10_000 + "1"],
    ids=["brackets", "calls", "operators"],
)
def test_what_is_nested_too_deeply_is_one_clear_line(expression: str) -> None:
    with pytest.raises(SourceError, match=r"^nested too deeply to be parsed$"):
        SourceFile.parse("net.py", f"w = {expression}\n".encode())


@pytest.mark.parametrize("terms", [500, 10_000, 100_000])
def test_a_long_sum_is_traced_or_too_deep(terms: int) -> None:
    """Each Python draws the line elsewhere."""
    result = initlint.check_source(f"from torch import nn\nw = nn.Linear({'+'.join('1' * terms)}, 1)\n")
    assert not result.failures
    assert [diagnostic.message for diagnostic in result.diagnostics] in ([], ["nested too deeply to be parsed"])


def test_a_long_line_is_no_deep_one() -> None:
    SourceFile.parse("net.py", f"w = [{'1, ' * 10_000}]\n".encode())


@pytest.mark.parametrize(
    ("code", "row", "column"),
    [("x = 1\ndef f(:\n", 2, 7), ("x = (1,\n", 1, 5), ("if x:\ny = 1\n", 2, 1), ("\ts = '\\x'", 1, 1)],
)
def test_where_it_is_no_python(code: str, row: int, column: int) -> None:
    with pytest.raises(SourceError, match=r"^not valid Python 3\.\d+: ") as error:
        SourceFile.parse("net.py", code.encode())
    assert (error.value.row, error.value.column) == (row, column)
