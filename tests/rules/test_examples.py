"""The Bad and Good examples of every rule's page, run through the whole linter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from initlint.diagnostics import Diagnostic
from initlint.linter.fix_edits import compute_fixes
from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from initlint.rewrite.edits import apply
from initlint.rules import all_rules
from initlint.rules._registry import Rule
from tests.support.sources import example

pytestmark = pytest.mark.usefixtures("in_directory")  # rules that look at the whole project must not find this one

RULES = all_rules()
NAMES = [rule.name for rule in RULES]
WITH_CHECK = [rule for rule in RULES if rule.code != "INI000"]


def lint(text: str, select: tuple[str, ...] | None = None) -> tuple[Diagnostic, ...]:
    result = check([Path("example.py")], Settings(select=select), {"example.py": text.encode()})
    assert result.failures == ()
    return result.diagnostics


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_bad_is_reported_by_this_rule(rule: Rule) -> None:
    assert {found.code for found in lint(example(rule, "Bad"), (rule.code,))} == {rule.code}


@pytest.mark.parametrize("rule", [r for r in RULES if r.default], ids=[r.name for r in RULES if r.default])
def test_bad_is_reported_by_no_other(rule: Rule) -> None:
    assert {found.code for found in lint(example(rule, "Bad"))} == {rule.code}


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_good_is_reported_by_none(rule: Rule) -> None:
    assert lint(example(rule, "Good"), ("ALL",)) == ()


@pytest.mark.parametrize("rule", [r for r in RULES if r.fixable], ids=[r.name for r in RULES if r.fixable])
def test_fixing_bad_gives_good(rule: Rule) -> None:
    bad = example(rule, "Bad")
    fixed, applied = apply(bad, compute_fixes(lint(bad, (rule.code,)), {"example.py": bad.encode()}))
    assert len(applied) == 1
    assert fixed == example(rule, "Good")


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_page_has_the_fixed_headings_in_order(rule: Rule) -> None:
    wanted = [
        "What it does",
        "Why is this bad?",
        "Bad",
        "Good",
        *(["Fix safety"] if rule.fixable else []),
        "References",
    ]
    assert re.findall(r"^## (.*)$", rule.documentation, re.MULTILINE) == wanted
    assert rule.summary
    assert not rule.summary.endswith(".")


@pytest.mark.parametrize("rule", WITH_CHECK, ids=[rule.name for rule in WITH_CHECK])
def test_page_says_how_bad_in_a_number_or_an_error(rule: Rule) -> None:
    why = rule.documentation.partition("## Why is this bad?")[2].partition("\n## ")[0]
    assert re.search(r"\d|Error|error", why)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_the_file_is_named_after_the_rule(rule: Rule) -> None:
    assert rule.check.__module__ == f"initlint.rules.{rule.name.replace('-', '_')}"
    assert re.fullmatch(r"INI\d{3}", rule.code)
