"""Without libcst and torch: everything is reported, and only fixing says what is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from initlint import Settings, check_source
from initlint.rules import all_rules
from tests.support.sources import example

NET = """from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(64, 64)
        self.b = nn.Linear(64, 2)
        nn.init.xavier_uniform_(self.a.weight)

    def forward(self, x):
        return self.b(self.a(x).relu())
"""
TAKEN_AWAY = "import sys; sys.modules.update(libcst=None, torch=None)\n"
NEEDS = "fixing needs libcst, which is not installed: pip install libcst"


def python(folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "net.py").write_text(NET, encoding="utf-8")
    command = [sys.executable, "-c", TAKEN_AWAY + code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def initlint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(folder, "from initlint.__main__ import main; main()", *arguments)


@pytest.mark.parametrize("form", ["concise", "full", "json", "sarif", "rdjson", "markdown", "github"])
@pytest.mark.parametrize("cache", [("--no-cache",), ("--cache-dir", "kept")])
def test_check_reports(tmp_path: Path, form: str, cache: tuple[str, ...]) -> None:
    run = initlint(tmp_path, "check", "--isolated", *cache, "--output-format", form, "net.py")
    assert (run.returncode, run.stderr) == (1, "")
    assert "INI301" in run.stdout
    if form == "json":
        assert [finding["fix"] for finding in json.loads(run.stdout)["diagnostics"]] == [None]
    else:
        assert "fixable" not in run.stdout


@pytest.mark.parametrize("option", ["--fix", "--fix-only", "--diff"])
def test_fixing_says_what_is_missing(tmp_path: Path, option: str) -> None:
    run = initlint(tmp_path, "check", "--isolated", "--no-cache", option, "net.py")
    assert (run.returncode, run.stdout, run.stderr) == (2, "", f"Error: {NEEDS}\n")
    assert (tmp_path / "net.py").read_text(encoding="utf-8") == NET


@pytest.mark.parametrize("command", [("graph",), ("report", "--html", "out.html"), ("check", "--add-noqa")])
def test_other_commands_work(tmp_path: Path, command: tuple[str, ...]) -> None:
    run = initlint(tmp_path, *command, "--isolated", "net.py")
    assert (run.returncode, run.stderr.count("libcst")) == (0, 0), run.stderr


def test_the_python_api(tmp_path: Path) -> None:
    code = (
        "import initlint, pathlib; text = pathlib.Path('net.py').read_text()\n"
        "print([(d.code, d.fix) for d in initlint.check_source(text).diagnostics])\n"
        "try: initlint.fix_source(text)\n"
        "except ImportError as error: print(error)"
    )
    run = python(tmp_path, code)
    assert run.stdout == f"[('INI301', None)]\n{NEEDS}\n", run.stderr


FORMS = [
    "import torch\ntorch.nn.init.xavier_uniform(w)\nf = torch.nn.init.normal\n",
    "import torch.nn as nn\nnn.init.xavier_uniform(w)\n",
    "from torch import nn\nnn.init.constant(nn.Linear(2, 2).bias, 0.0)\n",
    "from torch.nn import init as i\ni.orthogonal(w)\n",
    "from torch.nn.init import uniform, kaiming_normal as k\nuniform(w)\nk(w)\n",
    "import torch.nn.init as init\nTABLE = {'uniform': init.uniform, 'other': init.normal}\n",
    "from torch.nn import init\ndef f(init):\n    init.uniform(w)\n",
    "from torch.nn import init\n\nclass init:\n    normal = 3\n\ninit.normal\n",
    "from torch.distributions import normal\nimport torch.nn.init\nnormal.Normal(0, 1)\n",
    "from .init import uniform\nuniform(w)\n",
    "from torch.nn.init import *\nuniform(w)\n",
]


@pytest.mark.parametrize("text", [*FORMS, *(example(rule, "Bad") for rule in all_rules() if rule.code != "INI000")])
def test_the_findings_are_the_same(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def found() -> list[tuple[str, int, int, int, str]]:
        result = check_source(text, settings=Settings(select=("ALL",)), edits=False)
        assert result.failures == ()
        return [(d.code, d.span.row, d.span.column, d.span.end_column, d.message) for d in result.diagnostics]

    with_libcst = found()
    for name in [name for name in sys.modules if name.partition(".")[0] == "libcst"]:
        monkeypatch.delitem(sys.modules, name)
    for module in ("compute", "deprecated_names", "imports"):
        monkeypatch.delitem(sys.modules, f"initlint.rewrite.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "libcst", None)
    assert found() == with_libcst


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python has no newer syntax that libcst knows")
def test_newer_syntax_is_a_finding_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "newer.py").write_text("import torch\nx = t'{torch}'\n", encoding="utf-8")
    run = initlint(tmp_path, "check", "--isolated", "--no-cache", "--output-format", "concise", "newer.py")
    assert run.returncode == 1
    assert "INI000" in run.stdout
    assert "libcst, which reads the syntax of newer versions, is not installed" in run.stdout
