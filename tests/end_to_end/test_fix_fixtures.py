"""`--fix` over the fixtures: the file beside each one, to the letter, and nothing where there is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from initlint.cli import commands
from tests.support.paths import FIXTURES

SOURCES = [path for path in sorted(FIXTURES.rglob("*.py")) if not path.name.endswith(".fixed.py")]
_EXPECTATION = re.compile(r"[^\S\n]*# error: INI[^\n]*")


def written(path: Path) -> str:
    """The file without the comments that say what is expected of it: those go where a finding goes, not with the fix."""
    return _EXPECTATION.sub("", path.read_text(encoding="utf-8"))


def wanted(path: Path) -> str:
    beside = path.with_name(f"{path.stem}.fixed.py")
    return written(beside if beside.exists() else path)


def fix(text: str, *options: str) -> str:
    result = CliRunner().invoke(commands.cli, ["check", "--isolated", "--fix", *options, "-"], input=text)
    assert result.exit_code in (0, 1), result.stderr
    return result.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_fixing_gives_the_file_beside(path: Path) -> None:
    fixed = fix(written(path))
    assert fixed == wanted(path)
    assert fix(fixed) == fixed


def test_every_fixed_file_stands_beside_one_that_it_differs_from() -> None:
    beside = sorted(FIXTURES.rglob("*.fixed.py"))
    assert beside
    assert set(beside) == {path.with_name(f"{path.stem}.fixed.py") for path in SOURCES if wanted(path) != written(path)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_unsafe_fixes_settle_too(path: Path) -> None:
    fixed = fix(written(path), "--unsafe-fixes")
    compile(fixed, path.name, "exec")
    assert fix(fixed, "--unsafe-fixes") == fixed
