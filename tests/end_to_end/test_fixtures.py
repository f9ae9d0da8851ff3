"""The fixtures: models as people write them, with what is expected of them as comments on the lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from initlint.rules import all_rules
from tests.support.paths import FIXTURES

FILES = sorted(FIXTURES.rglob("*.py"))
_EXPECTATION = re.compile(r"#\s*error:\s*(INI\d{3}(?:\s*,\s*INI\d{3})*)\s*$")


def expected(path: Path) -> set[tuple[int, str]]:
    """Row and code of each expected finding; `# error: INI901, INI301` on the line where the call starts."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        (row, code)
        for row, line in enumerate(lines, 1)
        if (match := _EXPECTATION.search(line))
        for code in re.split(r"\s*,\s*", match[1])
    }


def test_every_expectation_is_well_formed() -> None:
    lines = [(path, line) for path in FILES for line in path.read_text(encoding="utf-8").splitlines()]
    marked = [(path, line) for path, line in lines if "error:" in line]
    assert marked
    assert [(str(path), line) for path, line in marked if not _EXPECTATION.search(line)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_exactly_the_expected_findings(path: Path) -> None:
    result = check([path], Settings(root=FIXTURES))
    assert result.failures == ()
    assert {(d.span.row, d.code) for d in result.diagnostics} == expected(path)


def test_one_run_over_all_finds_the_same_as_the_files_alone() -> None:
    result = check([FIXTURES], Settings(root=FIXTURES))
    found = {(Path(d.span.file).resolve(), d.span.row, d.code) for d in result.diagnostics}
    assert found == {(path.resolve(), row, code) for path in FILES for row, code in expected(path)}


def test_every_rule_of_the_default_set_is_expected_somewhere() -> None:
    on = {rule.code for rule in all_rules() if rule.default and not rule.always_on}
    assert on - {code for path in FILES for _, code in expected(path)} == set()


@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("*.fixed.py")), ids=lambda path: path.parent.name)
def test_a_fixed_file_has_fewer_findings_than_its_source(path: Path) -> None:
    source = path.with_name(path.name.replace(".fixed.py", ".py"))
    assert len(expected(path)) < len(expected(source))
