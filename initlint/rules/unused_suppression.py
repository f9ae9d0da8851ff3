"""A `noqa` for a rule of initlint that suppresses nothing

## What it does

Reports a `# noqa: INI301`, or a `# initlint: noqa: INI301` for a whole file, where the rule would find nothing to
suppress. A rule that is off is asked all the same, so that the answer does not depend on what is selected.

It is silent about a `# noqa` without codes and about the codes of other linters, in a run in which a file could not be
read, and, where files are named one by one (as pre-commit does), about files that others of the project import which
are not linted in this run: a helper may be at fault only in the hands of a model over there.

## Why is this bad?

The code that it excused is gone, but the excuse still stands. The next finding on that line, a real one, is never
shown: 1 stale directive is 1 line on which the linter is switched off without anybody knowing.

## Bad

```python
from torch import nn

layer = nn.Linear(8, 8)
nn.init.kaiming_normal_(layer.weight)  # noqa: E501, INI301
```

## Good

```python
from torch import nn

layer = nn.Linear(8, 8)
nn.init.kaiming_normal_(layer.weight)  # noqa: E501
```

## Fix safety

Safe: only comments change. The codes go, and with the last of them the directive; a reason that stands behind it stays
as a comment.

## References

- [ruff: unused-noqa](https://docs.astral.sh/ruff/rules/unused-noqa/)
- [flake8: selecting and ignoring violations](https://flake8.pycqa.org/en/latest/user/violations.html)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from initlint.diagnostics import Applicability, Edit, Fix, Severity
from initlint.project.noqa import NoqaCode, UnusedNoqa
from initlint.rules._registry import Violation, rule


@rule("INI001", "unused-suppression", scope="unused noqa", default=False, fixable=True, in_tests=True)
def check(unused: UnusedNoqa) -> Iterator[Violation]:
    """One violation for the directive, with all its unused codes."""
    source, directive = unused.source, unused.directive
    codes = ", ".join(code.name for code in unused.codes)
    span = source.span_at(directive.row, directive.column, directive.row, directive.end_column)
    fix = Fix(f"Remove {codes}", (_removal(unused),), Applicability.SAFE)
    yield Violation(f"`noqa` for {codes} suppresses nothing", span, Severity.INFO, fix=fix)


def _removal(unused: UnusedNoqa) -> Edit:
    """Remove the unused codes; with the last code the directive, and then a comment that has no other text."""
    source, directive, idle = unused.source, unused.directive, unused.codes
    row, line, codes = directive.row, source.lines[directive.row - 1], directive.codes or ()
    if any(code not in idle for code in codes):
        return Edit(source.span_at(row, codes[0].column, row, codes[-1].end_column), _without(line, codes, idle))
    before, behind = line[: directive.column - 1].rstrip(), line[directive.end_column - 1 :]
    rest = behind.lstrip(" \t,:;-")
    if rest:  # a reason, or another tool's directive
        kept = rest if rest.startswith("#") else f"# {rest}"
        return Edit(source.span_at(row, directive.column, row, len(line) + 1), kept)
    if before:
        return Edit(source.span_at(row, len(before) + 1, row, len(line) + 1), "")
    end = (row + 1, 1) if row < len(source.lines) else (row, len(line) + 1)
    return Edit(source.span_at(row, 1, *end), "")


def _without(line: str, codes: Sequence[NoqaCode], idle: Collection[NoqaCode]) -> str:
    """The list of codes as it is written, without the idle ones and what parts each of them from its neighbour."""
    text = ""
    for number, code in enumerate(codes):
        if code not in idle:
            start = codes[number - 1].end_column if text else code.column
            text += line[start - 1 : code.end_column - 1]
    return text
