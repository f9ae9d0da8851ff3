"""The manual of the rules: pages and tables generated from their docstrings."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from initlint.diagnostics import rule_url
from initlint.rules import FAMILIES
from initlint.rules._registry import Rule


class UnknownRule(Exception):
    """Not the code or name of a rule; the message suggests a similar one."""


def find(wanted: str, rules: Iterable[Rule]) -> Rule:
    """The rule with this code or name. Raises `UnknownRule`."""
    rule_named = {name: rule for rule in rules for name in (rule.code, rule.name)}
    rule = rule_named.get(wanted.upper()) or rule_named.get(wanted.lower())
    if rule is not None:
        return rule
    names = [*rule_named]
    similar = difflib.get_close_matches(wanted.upper(), names, n=1) or difflib.get_close_matches(wanted, names, n=1)
    raise UnknownRule(f"no rule `{wanted}`{f'; did you mean `{similar[0]}`?' if similar else ''}")


def page(rule: Rule) -> str:
    """The page of one rule, in Markdown."""
    facts = [
        f"Severity: {severities(rule)}.",
        "On by default." if rule.default else "Off by default: turn it on with `extend-select`.",
        "A fix is offered for some findings." if rule.fixable else "No fix is offered.",
    ]
    _, _, body = rule.documentation.partition("\n")
    return f"# {rule.name} ({rule.code})\n\n{rule.summary}.\n\n{' '.join(facts)}\n\n{body.strip()}\n"


def family_prefix(rule: Rule) -> str:
    """The part of its code that the rules of one category share: the prefix and the first digit."""
    return rule.code[:4]


def category(rule: Rule) -> str:
    """What the rules whose codes begin like that of `rule` have in common."""
    return FAMILIES[family_prefix(rule)]


def severities(rule: Rule) -> str:
    """The words for its severities in a sentence, as in text output: `error, warning or note`."""
    *others, last = (severity.kind for severity in rule.severities)
    return f"{', '.join(others)} or {last}" if others else last


def section(rule: Rule, heading: str) -> str:
    """The text of the section `## heading` of a rule's page; empty if there is none."""
    _, _, rest = rule.documentation.partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0].strip()


INDEX = """# Rules

Each page says what a rule reports, when it is silent, and why, with an example of both. `initlint rule CODE` prints
the same.

"""


def index(rules: Iterable[Rule]) -> str:
    """The page of all rules, in Markdown."""
    families = "".join(f"- {prefix}xx: {family}\n" for prefix, family in FAMILIES.items())
    return f"{INDEX}{families}\n{_table(rules)}"


def _table(rules: Iterable[Rule]) -> str:
    rows = (
        f"| [{rule.code}]({rule.name}.md) | {rule.name} | {rule.summary} "
        f"| {'yes' if rule.fixable else ''} | {'yes' if rule.default else 'no'} |\n"
        for rule in rules
    )
    heading = "| code | name | reports | fix | on |\n|---|---|---|---|---|\n"
    return heading + "".join(rows)


def write(root: Path, rules: Iterable[Rule]) -> None:
    """Write `docs/rules/` below `root`, with the page of all rules, and delete the pages of removed rules."""
    rules = tuple(rules)
    folder = root / "docs" / "rules"
    pages = {folder / f"{rule.name}.md": page(rule) for rule in rules} | {folder / "index.md": index(rules)}
    for stale in set(folder.glob("*.md")) - set(pages):
        stale.unlink()
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def as_json(rule: Rule) -> dict[str, Any]:
    """The object for a rule in `--output-format json`."""
    return {
        "code": rule.code,
        "name": rule.name,
        "category": category(rule),
        "severities": [severity.label for severity in rule.severities],
        "summary": rule.summary,
        "default": rule.default,
        "fixable": rule.fixable,
        "fix": section(rule, "Fix safety") or None,
        "url": rule_url(rule.name),
        "documentation": rule.documentation,
    }
