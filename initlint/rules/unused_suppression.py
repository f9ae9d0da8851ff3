"""`noqa` for a rule of initlint that suppresses nothing

## What it does

Reports a `# noqa: INI301`, or a `# initlint: noqa: INI301` for a whole file, if the rule has no finding there. Rules
that are off are run too, so the result does not depend on the selection.

It is silent for a `# noqa` without codes and for the codes of other linters, and in a run in which a file could not be
read. If files are named one by one (as pre-commit does), it is also silent for files that are imported by files outside
of the run: a finding in them may come from a model over there.

## Why is this bad?

The finding is gone, but the suppression is still there. It hides the next finding on that line: 1 stale directive is
1 line on which the linter is off without anybody noticing.

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

The fix is safe: only comments change. The unused codes are removed, and with the last one the directive. A reason after
it stays as a comment.

## References

- [ruff: unused-noqa](https://docs.astral.sh/ruff/rules/unused-noqa/)
- [flake8: selecting and ignoring violations](https://flake8.pycqa.org/en/latest/user/violations.html)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from initlint.diagnostics import Applicability, Edit, Fix, Severity
from initlint.project.noqa import NoqaCode, UnusedNoqa
from initlint.rules._registry import Violation, rule


@rule(
    "INI001",
    "unused-suppression",
    severities=(Severity.INFO,),
    scope="unused noqa",
    default=False,
    fixable=True,
    in_tests=True,
)
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
    before, after = line[: directive.column - 1].rstrip(), line[directive.end_column - 1 :]
    other_text = after.lstrip(" \t,:;-")
    if other_text:  # a reason, or another tool's directive
        comment = other_text if other_text.startswith("#") else f"# {other_text}"
        return Edit(source.span_at(row, directive.column, row, len(line) + 1), comment)
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
