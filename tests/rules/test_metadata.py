"""What every rule owes: a code, a name that its file bears, and a page that is up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import initlint.rewrite.requests
from initlint.diagnostics import FixRequest
from initlint.report import rule_pages
from initlint.rules import all_rules
from initlint.rules._registry import Rule
from tests.support.paths import PACKAGE, ROOT

RULES = all_rules()

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def test_codes_and_names_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES) > 0


@every_rule
def test_the_code_is_three_letters_and_three_digits(rule: Rule) -> None:
    assert re.fullmatch(r"INI\d{3}", rule.code)


@every_rule
def test_the_file_bears_the_name(rule: Rule) -> None:
    assert rule.check.__module__ == f"initlint.rules.{rule.name.replace('-', '_')}"


@every_rule
def test_the_summary_is_one_plain_line(rule: Rule) -> None:
    assert 10 <= len(rule.summary) <= 100
    assert not set(rule.summary) & set("|\n")


@every_rule
def test_the_page_is_up_to_date(rule: Rule) -> None:
    stored = ROOT / "docs" / "rules" / f"{rule.name}.md"
    assert stored.read_text(encoding="utf-8") == rule_pages.page(rule), "run `nox -s docs`"


def test_no_page_is_left_over() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "rules").glob("*.md")}
    assert pages == {rule.name for rule in RULES} | {"index"}


def test_the_page_of_all_rules_is_up_to_date() -> None:
    stored = (ROOT / "docs" / "rules" / "index.md").read_text(encoding="utf-8")
    assert stored == rule_pages.index(RULES), "run `nox -s docs`"


def test_writing_renews_pages_and_drops_what_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "rules"
    folder.mkdir(parents=True)
    (folder / "gone.md").write_text("", encoding="utf-8")
    (folder / "index.md").write_text("old", encoding="utf-8")
    rule_pages.write(tmp_path, RULES[:2])
    assert {path.stem for path in folder.iterdir()} == {"index", *(rule.name for rule in RULES[:2])}
    listed = (folder / "index.md").read_text(encoding="utf-8")
    assert [rule.code in listed for rule in RULES[:3]] == [True, True, False]


_CHANGES_OF_CALLS = {"ReplaceCall", "ReplaceMethodCall", "ReplaceArgument", "MoveArgument", "AppendAttribute"}


@every_rule
def test_the_page_on_fixing_lists_fixes_that_change_more_than_a_call(rule: Rule) -> None:
    requests = {name for name, value in vars(initlint.rewrite.requests).items() if _is_request(value)}
    code = (PACKAGE / "rules" / f"{rule.name.replace('-', '_')}.py").read_text(encoding="utf-8")
    other = {name for name in requests - _CHANGES_OF_CALLS if f"{name}(" in code}
    page = (ROOT / "docs" / "fixing.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| INI")]
    assert any(rule.code in row.split("|")[1] for row in rows) == bool(other)


def _is_request(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, FixRequest) and value is not FixRequest
