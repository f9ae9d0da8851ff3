"""A repository of several projects, each with its own settings: the same findings however the files are named."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from click.testing import CliRunner

import initlint
from initlint.cli.commands import cli
from initlint.integrations.lsp.documents import Document, OpenFile
from initlint.integrations.lsp.file_diagnostics import FileDiagnostics

NET = """from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        nn.init.kaiming_normal(self.fc.weight)
        nn.init.xavier_uniform_(self.fc.bias)

    def forward(self, x):
        return self.fc(x)
"""
SETTINGS = {
    "pyproject.toml": '[tool.initlint]\nignore = ["deprecated-init"]\n',
    "a/pyproject.toml": '[tool.initlint]\nignore = ["INI101"]\n',
    "b/initlint.toml": 'extend-exclude = ["generated/"]\n[severity]\ninit-on-one-dimensional = "info"\n',
    "c/pyproject.toml": "[tool.other]\n",
    "d/initlint.toml": 'extend = "../a/pyproject.toml"\nselect = ["INI9"]\n[per-file-ignores]\n"old.py" = ["ALL"]\n',
}
FILES = ("net.py", "a/net.py", "b/net.py", "b/generated/net.py", "c/net.py", "d/net.py", "d/old.py")
EXPECTED = {
    "net.py": ["error[INI101]"],
    "a/net.py": ["note[INI901]"],
    "b/net.py": ["note[INI901]", "note[INI101]"],
    "c/net.py": ["error[INI101]"],
    "d/net.py": ["note[INI901]"],
}


@pytest.fixture(autouse=True)
def monorepo(in_directory: Path) -> Path:
    for name, text in {**SETTINGS, **dict.fromkeys(FILES, NET)}.items():
        (in_directory / name).parent.mkdir(parents=True, exist_ok=True)
        (in_directory / name).write_text(text, encoding="utf-8")
    return in_directory


def check(*arguments: str) -> dict[str, list[str]]:
    result = CliRunner().invoke(cli, ["check", "-q", "--output-format", "concise", *arguments])
    assert result.exit_code in (0, 1), result.stderr
    found: dict[str, list[str]] = {}
    for line in result.stdout.splitlines():
        place, kind, *_ = line.split(" ")
        found.setdefault(place.split(":")[0], []).append(kind)
    return found


def test_each_file_is_linted_under_its_own_settings() -> None:
    assert check(".") == EXPECTED
    assert check("--no-cache", "--jobs", "2", ".") == EXPECTED
    assert check(".") == EXPECTED  # from the cache


def test_the_order_of_the_arguments_changes_nothing() -> None:
    for order in itertools.permutations(["a", "b", "net.py", "d"]):
        assert check(*order) == {name: kinds for name, kinds in EXPECTED.items() if name != "c/net.py"}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_alone_and_the_editor_agree_with_the_whole(name: str, monorepo: Path) -> None:
    assert check(name) == {name: EXPECTED[name]}
    codes = [kind.split("[")[1].rstrip("]") for kind in EXPECTED[name]]
    open_file = OpenFile.of_file(monorepo / name, Document(f"file://{monorepo / name}", 1, NET))
    assert [d.code for d in FileDiagnostics.of(open_file, {}).diagnostics] == codes
    assert [d.code for d in initlint.check_paths([name]).diagnostics] == codes


def test_the_command_line_applies_to_every_file() -> None:
    assert check("--ignore", "INI901,init-on-one-dimensional", ".") == {}
    only = check("--select", "INI101", ".")
    assert set(itertools.chain(*only.values())) == {"error[INI101]", "note[INI101]"}
    assert check("--isolated", "a/net.py") == {"a/net.py": ["note[INI901]", "error[INI101]"]}
    assert check("--config", "d/initlint.toml", "c") == {"c/net.py": ["note[INI901]"]}
    assert check("--config", 'ignore = ["INI1"]', "b") == {"b/net.py": ["note[INI901]"]}
    assert check("--per-file-ignores", "b/*:INI901,*.py:INI101", ".").keys() == {"a/net.py", "d/net.py", "d/old.py"}
    assert check("--extend-per-file-ignores", "*.py:INI901", "d") == {}
    assert check("--extend-exclude", "/a/,/b/", ".").keys() == {"net.py", "c/net.py", "d/net.py"}
    assert check("--exclude", "/a/,/b/net.py,/d/", ".").keys() == {"net.py", "c/net.py"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "fail-on = loud", "."], "neither a file nor a setting"),
        (["--config", "a/pyproject.toml", "--config", "b/initlint.toml", "."], "--config takes one file"),
        (["--config", "a/pyproject.toml", "--isolated", "."], "cannot be used together"),
        (["--per-file-ignores", "INI101", "."], "INI101 is not PATTERN:CODE"),
    ],
)
def test_wrong_options(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(cli, ["check", *arguments])
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


def test_wrong_settings_of_one_project_name_its_file() -> None:
    Path("a/pyproject.toml").write_text('[tool.initlint]\nselect = ["INI7"]\n', encoding="utf-8")
    result = CliRunner().invoke(cli, ["check", "."])
    assert result.exit_code == 2
    assert "a/pyproject.toml: unknown rule selector `INI7` in `select`" in result.stderr
