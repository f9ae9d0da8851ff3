"""The table of `initlint rules`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import RenderableType
from rich.text import Text

from initlint.report.rule_pages import category, family_prefix
from initlint.report.terminal import draw, table
from initlint.rules._registry import Rule

_HEADINGS = ("code", "name", "fix", "on", "reports")


def render(rules: Iterable[Rule], width: int) -> str:
    """The rules below the headings of their categories, as text of at most `width` columns."""
    return draw(_drawings(tuple(rules)), width)


def _drawings(rules: tuple[Rule, ...]) -> Iterator[RenderableType]:
    longest = max((len(rule.name) for rule in rules), default=0)
    for number, (prefix, family) in enumerate(groupby(rules, family_prefix)):
        if number:
            yield ""
        members = tuple(family)
        yield Text.assemble((f"{prefix}xx", "bold cyan"), f"  {category(members[0])}")
        rows = (
            (
                rule.code,
                rule.name.ljust(longest),  # the columns of all tables are below each other
                "yes" if rule.fixable else "",
                "yes" if rule.default else "no ",
                rule.summary,
            )
            for rule in members
        )
        yield table(_HEADINGS, rows, unbroken=_HEADINGS[:-1])
