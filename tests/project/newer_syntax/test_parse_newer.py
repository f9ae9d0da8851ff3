"""Files in newer syntax through `SourceFile`, and the reasons why others are unreadable."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import libcst
import pytest

import initlint
from initlint.project import newer_syntax
from initlint.project.reading import parse_source
from initlint.project.source import SourceError

# Python 3.15 is not out: whatever runs the tests, `lazy import` is newer.
LAZY = "lazy import torch\n"
MODEL = """\
import torch
from torch import nn
{newer}

class Net{parameters}(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        label = {text}
        self.net = nn.Sequential(*[m for _ in range(6) for m in (nn.Linear(8, 8), nn.ReLU())])
        try:
            "é"; nn.init.zeros_(self.net[0].weight)
        except {errors}:
            pass
        for m in self.net:
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)  {noqa}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)
"""
OLDER = {"newer": "", "parameters": "", "text": "'text'", "errors": "(ValueError, TypeError)", "noqa": ""}
NEWER = {
    "newer": LAZY,
    "parameters": "[T: nn.Module]",
    "text": """f"{"#"} {d["("]}\"""",
    "errors": "ValueError, TypeError",
    "noqa": "",
}


def findings(code: str) -> list[tuple[str, int, int]]:
    result = initlint.check_source(code)
    assert not result.failures
    return [(each.code, each.span.row - code.count("lazy"), each.span.column) for each in result.diagnostics]


def test_a_model_in_newer_syntax_has_the_findings_of_the_same_model_in_older_syntax() -> None:
    expected = findings(MODEL.format(**OLDER))
    assert expected
    assert findings(MODEL.format(**NEWER)) == expected


def test_findings_in_newer_syntax_are_fixed() -> None:
    code = MODEL.format(**NEWER)
    (finding,) = [each for each in initlint.check_source(code).diagnostics if each.code == "INI301"]
    assert finding.fix is not None
    (edit, *_) = finding.fix.edits
    assert "kaiming_uniform_" in edit.replacement
    assert edit.span.row == finding.span.row


def test_modules_in_newer_syntax_are_imported(tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text(LAZY + "from torch import nn\ndef make():\n    return nn.Linear(8, 8)\n")
    (tmp_path / "net.py").write_text(
        MODEL.format(**OLDER)
        .replace("nn.Linear(8, 8)", "make()")
        .replace("import torch\n", "import torch\nfrom layers import make\n", 1)
    )
    result = initlint.check_paths([tmp_path])
    assert [each.code for each in result.diagnostics] == [code for code, *_ in findings(MODEL.format(**OLDER))]


def test_cells_in_newer_syntax(tmp_path: Path) -> None:
    sources = ["%matplotlib inline\n" + LAZY, MODEL.format(**OLDER)]
    cells = [
        {"cell_type": "code", "metadata": {}, "source": s, "outputs": [], "execution_count": None} for s in sources
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = tmp_path / "net.ipynb"
    path.write_text(json.dumps(notebook))
    codes = [each.code for each in initlint.check_paths([path]).diagnostics]
    assert codes == [code for code, *_ in findings(MODEL.format(**OLDER))]


def error_of(code: str) -> SourceError:
    with pytest.raises(SourceError) as error:
        parse_source("net.py", code.encode())
    return error.value


@pytest.mark.parametrize("code", ["print 1\n", "f(a=1, 2)\n", "x = (\n", "f() = 1\n", "x = b'é'\n", "'a' b'b'\n"])
def test_what_no_python_can_parse_keeps_the_error_of_the_running_one(code: str) -> None:
    with pytest.raises(SyntaxError) as error:
        ast.parse(code)
    assert error_of(code).message.endswith(f": {error.value.msg}")


@pytest.mark.parametrize(
    "addition", ["x = b'é'\n", "'a' b'b'\n", "'\\x'\n", "print 1\n", "if x:\n", "w = " + "9" * 5_000]
)
def test_newer_syntax_beside_an_error(addition: str) -> None:
    assert error_of(LAZY + addition).message.startswith("not valid Python 3.")


def test_libcst_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libcst", None)
    assert error_of(LAZY).message.endswith("(libcst, which reads the syntax of newer versions, is not installed)")


def test_libcst_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(libcst, "TemplatedString")
    assert error_of("print 1\n").message.endswith("(a newer libcst may be able to parse it)")


def test_large_files_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newer_syntax, "LARGEST", len(LAZY) + 1)
    parse_source("net.py", LAZY.encode())
    assert error_of(LAZY + "x = 1\n").message.endswith("(too large to be parsed as a newer Python)")


def test_long_lists_are_not_parsed_by_libcst() -> None:
    message = error_of(f"{LAZY}x = [{'1, ' * 100_001}]\n").message
    assert message.endswith("(too large to be parsed as a newer Python)")


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 50_000 + ")" * 50_000,
        "(" * 150 + "x + (" * 100 + "1" + ")" * 250,
        "+".join("1" * 50_000),
        "x" + ".a" * 50_000,
        "x" + "()" * 50_000,
        "not " * 50_000 + "x",
        "'a' " * 50_000,
    ],
    ids=["brackets", "mixed", "sum", "attributes", "calls", "not", "strings"],
)
def test_deep_code_is_refused_before_it_overflows_the_stack(expression: str) -> None:
    assert "nested too deeply" in error_of(f"{LAZY}x = {expression}\n").message


def test_long_lists_are_not_deep() -> None:
    parse_source("net.py", f"{LAZY}x = [{'f(1 + 2), ' * 1_000}]\ny = '{'(' * 1_000}'\n".encode())


def test_libcst_is_imported_for_such_files_only() -> None:
    code = (
        "import sys, initlint; initlint.check_source('import torch\\nx = (1,\\n)\\n'); print('libcst' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
