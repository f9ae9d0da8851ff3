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

from collections.abc import Iterator

from initlint.graph.model import FileGraph
from initlint.rules._registry import Violation, rule


@rule("INI001", "unused-suppression", scope="file", default=False, fixable=True, in_tests=True)
def check(file: FileGraph) -> Iterator[Violation]:
    """Nothing: what is of use is known only when all rules have spoken. The linter reports these findings."""
    yield from ()
