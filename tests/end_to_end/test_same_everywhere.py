"""One project, linted in every way: command line, editor, flake8, Python and in memory find the same."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

import initlint
from initlint.cli.commands import cli
from initlint.diagnostics import Diagnostic
from initlint.integrations.flake8 import Plugin
from initlint.integrations.lsp.documents import Document, OpenFile
from initlint.integrations.lsp.file_diagnostics import FileDiagnostics

HELPER = """from torch import nn


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_normal_(m.weight)


def init_head(m):
    nn.init.zeros_(m.weight)
"""
MODEL = """import torch
from torch import nn

from utils import init_weights


class {name}(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(64, 64)
        self.b = nn.Linear(64, 10)
        {call}

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))
"""
FILES = {
    "pyproject.toml": '[tool.initlint]\nextend-select = ["INI303"]\n[tool.initlint.severity]\nINI301 = "warning"\n',
    "utils.py": HELPER,
    "seg.py": MODEL.format(name="Seg", call="self.apply(init_weights)"),
    "old.py": MODEL.format(name="Old", call="nn.init.kaiming_normal(self.a.weight)"),
    "sub/pyproject.toml": '[tool.initlint]\nignore = ["deprecated-init"]\n',
    "sub/old.py": MODEL.format(name="Quiet", call="nn.init.kaiming_normal(self.a.weight)"),
    "sub/wrong.py": MODEL.format(name="Wrong", call="nn.init.xavier_uniform_(self.a.bias)"),
    "run": "#!/usr/bin/env python\nfrom utils import init_head\nfrom seg import Seg\n\ninit_head(Seg().b)\n",
}
PYTHON = [name for name in FILES if name.endswith(".py")]
Identity = tuple[str, str, int, str, str | None]


@pytest.fixture(autouse=True)
def project(in_directory: Path) -> Path:
    for name, text in FILES.items():
        (in_directory / name).parent.mkdir(parents=True, exist_ok=True)
        (in_directory / name).write_text(text, encoding="utf-8")
    cells = MODEL.format(name="Cell", call="nn.init.xavier_uniform(self.a.weight)").split("\n\n\n")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, in_directory / "play.ipynb")
    return in_directory


def identity(diagnostic: Diagnostic, root: Path) -> Identity:
    """What a finding is about, wherever it is shown."""
    place = diagnostic.origin or diagnostic.span
    file = Path(place.file).resolve().relative_to(root).as_posix()
    return diagnostic.code, file, place.row, diagnostic.severity.label, diagnostic.model


def checked(*paths: str) -> list[tuple[str, int, str, str]]:
    """The command line: file, row, code and message of each finding."""
    result = CliRunner().invoke(cli, ["check", "--output-format", "json", *paths])
    assert result.exit_code in (0, 1), result.stderr
    return [(d["file"], d["row"], d["code"], d["message"]) for d in json.loads(result.stdout)["diagnostics"]]


def test_the_whole_project() -> None:
    assert sorted((file, code) for file, _, code, _ in checked(".")) == [
        ("old.py", "INI901"),
        ("play.ipynb", "INI301"),
        ("play.ipynb", "INI901"),
        ("sub/wrong.py", "INI101"),
        ("utils.py", "INI301"),
    ]


def test_each_file_alone_finds_what_the_whole_finds_about_it(project: Path) -> None:
    whole = {identity(d, project) for d in initlint.check_paths(["."]).diagnostics}
    alone = {name: initlint.check_paths([name]).diagnostics for name in [*PYTHON, "play.ipynb"]}
    assert {identity(d, project) for found in alone.values() for d in found} == whole
    assert [d.span.file for d in alone["seg.py"]] == ["seg.py"]
    assert [d.code for d in alone["seg.py"]] == [d.code for d in alone["utils.py"]] == ["INI301"]


@pytest.mark.parametrize("name", PYTHON)
def test_editor_flake8_and_command_line_agree(name: str, project: Path) -> None:
    text = FILES[name]
    by_command_line = [(row, code, message) for _, row, code, message in checked(name)]
    open_file = OpenFile.of_file(project / name, Document((project / name).as_uri(), 1, text))
    in_editor = FileDiagnostics.of(open_file, {}).diagnostics
    assert [(d.span.row, d.code, d.message) for d in in_editor] == by_command_line
    in_flake8 = Plugin(ast.parse(text), name, text.splitlines(keepends=True)).run()
    assert [(row, *message.split(" ", 1)) for row, _, message, _ in in_flake8] == by_command_line
    on_standard_input = CliRunner().invoke(
        cli, ["check", "--output-format", "json", "--stdin-filename", name, "-"], input=text
    )
    shown = json.loads(on_standard_input.stdout)["diagnostics"]
    assert [(d["row"], d["code"], d["message"]) for d in shown] == by_command_line


def test_in_memory_and_on_disk_agree(project: Path) -> None:
    settings = initlint.Settings(ignore=("INI901",))
    in_memory = initlint.check_files({name: FILES[name] for name in (*PYTHON, "run")}, settings).diagnostics
    on_disk = initlint.check_paths(PYTHON, settings).diagnostics
    assert [(d.span, d.code, d.message) for d in in_memory] == [(d.span, d.code, d.message) for d in on_disk]
    assert len(on_disk) == 2


def test_from_the_cache_and_in_processes() -> None:
    first = checked(".")
    assert checked(".") == checked("--no-cache", ".") == checked("--no-cache", "--jobs", "2", ".") == first
