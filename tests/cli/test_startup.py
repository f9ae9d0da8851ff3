"""What a lint from the command line does not load: a second of start-up would be paid at each commit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

OPTIONAL = {"asyncio", "attrs", "lsprotocol", "multiprocessing", "nbformat", "pathspec", "pygls", "torch", "watchfiles"}
OTHER_COMMANDS = {
    "initlint.integrations.lsp",
    "initlint.report.html",
    "initlint.tracers.fx",
    "initlint.tracers.fx_run",
    "initlint.linter.trace_check",
}
EXAMINING = {"initlint.linter.lint_file", "initlint.tracers.static", "initlint.tracers.static.prefilter"}
CODE = "import torch.nn as nn\nnn.init.xavier_uniform(w)\n"
NET = """
class {name}(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(256, 256)
        self.b = nn.Linear(256, 10)
        {call}

    def forward(self, x):
        return self.b(self.a(x).relu())
"""
HEAD = "import torch.nn as nn\n"
FIXABLE = HEAD + NET.format(name="Fixable", call="nn.init.xavier_uniform_(self.a.weight)")
UNFIXABLE = HEAD + NET.format(name="Unfixable", call="nn.init.uniform_(self.a.weight)")


def loaded(folder: Path, *arguments: str) -> tuple[str, set[str]]:
    """What a check prints, and the modules that it loads."""
    code = (
        "import sys; from initlint.cli.commands import cli; cli.main(sys.argv[1:], standalone_mode=False);"
        "print(*sys.modules, file=sys.stderr)"
    )
    isolated = () if "--config" in arguments else ("--isolated",)
    run = subprocess.run(
        [sys.executable, "-c", code, "check", *isolated, "--output-format", "concise", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout, set(run.stderr.split())


@pytest.mark.parametrize("name", ["net.py", "net.ipynb"])
def test_checking_one_file_loads_nothing_of_the_other_commands(tmp_path: Path, name: str) -> None:
    notebook = {"nbformat": 4, "cells": [{"cell_type": "code", "source": CODE}]}
    (tmp_path / name).write_text(json.dumps(notebook) if name.endswith("ipynb") else CODE, encoding="utf-8")
    printed, modules = loaded(tmp_path, "--no-cache", name)
    assert "INI901" in printed
    assert modules & (OPTIONAL | OTHER_COMMANDS) == set()
    assert modules >= EXAMINING


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--quiet",),
        ("--output-format", "full"),
        ("--output-format", "json"),
        ("--output-format", "json-lines"),
        ("--output-format", "sarif"),
        ("--output-format", "github", "--output-file", "report.txt"),  # the summary counts the fixes
        ("--statistics",),
        ("--diff",),
    ],
    ids=" ".join,
)
def test_a_shown_fix_needs_libcst(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "net.py").write_text(FIXABLE, encoding="utf-8")
    assert "libcst" in loaded(tmp_path, "--no-cache", *arguments, "net.py")[1]


SUPPRESSED = FIXABLE.replace("self.a.weight)", "self.a.weight)  # noqa: INI301")


@pytest.mark.parametrize(
    ("text", "arguments", "printed"),
    [
        ("from torch import nn\nnet = nn.Sequential(nn.Linear(3, 4), nn.ReLU())\n", (), "All checks passed"),
        (UNFIXABLE, (), "INI402"),
        (FIXABLE + UNFIXABLE, ("--select", "INI402"), "INI402"),
        (SUPPRESSED, (), "All checks passed"),
        (FIXABLE, ("--config", "initlint.toml"), "INI301"),
        (FIXABLE, ("--output-format", "github"), "INI301"),
        (FIXABLE, ("--output-format", "gitlab"), "INI301"),
        (FIXABLE, ("--output-format", "junit"), "INI301"),
        (FIXABLE, ("--output-format", "github", "--output-file", "report.txt", "--quiet"), ""),
        (FIXABLE, ("--add-noqa",), "All checks passed"),
        (FIXABLE, ("--write-baseline", "baseline.json"), "All checks passed"),
    ],
)
def test_no_other_finding_needs_libcst(tmp_path: Path, text: str, arguments: tuple[str, ...], printed: str) -> None:
    (tmp_path / "net.py").write_text(text, encoding="utf-8")
    (tmp_path / "initlint.toml").write_text('unfixable = ["INI301"]\n', encoding="utf-8")
    output, modules = loaded(tmp_path, "--no-cache", *arguments, "net.py")
    assert printed in output
    assert "libcst" not in modules


def test_a_run_in_which_nothing_changed_loads_nothing_that_examines(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(CODE, encoding="utf-8")
    cold, _ = loaded(tmp_path, "--cache-dir", "kept", "net.py")
    warm, modules = loaded(tmp_path, "--cache-dir", "kept", "net.py")
    assert warm == cold
    assert modules & (EXAMINING | OPTIONAL | OTHER_COMMANDS) == set()


def test_edits_are_computed_once(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(FIXABLE, encoding="utf-8")
    arguments = ("--cache-dir", "kept", "--output-format", "json", "net.py")
    cold, modules = loaded(tmp_path, *arguments)
    assert "libcst" in modules
    warm, modules = loaded(tmp_path, *arguments)
    assert warm == cold
    assert "libcst" not in modules


def test_a_missing_library_is_one_line() -> None:
    code = "import sys; sys.modules['pygls'] = None; from initlint.__main__ import main; main()"
    run = subprocess.run([sys.executable, "-c", code, "server"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "Error: the language server needs pygls: pip install 'initlint[server]'\n"


@pytest.mark.parametrize("imported", ["initlint.cli.commands", "click", "initlint.linter.pipeline", "libcst"])
def test_ctrl_c_while_modules_are_imported_is_no_traceback(tmp_path: Path, imported: str) -> None:
    (tmp_path / "net.py").write_text(FIXABLE, encoding="utf-8")
    code = f"""
import sys
class Interrupted:
    def find_spec(self, name, *_):
        if name == {imported!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from initlint.__main__ import main
main()
"""
    command = [sys.executable, "-c", code, "check", "--no-cache", "--diff", "net.py"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr.strip()) in ((130, "", ""), (130, "", "Aborted!"))
