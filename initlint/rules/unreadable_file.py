"""A file that cannot be read, decoded or parsed

## What it does

Reports a file that initlint cannot look into: it is not readable, its bytes are not in the encoding that it
declares, or its text is not valid Python. The report has the place at which reading stopped.

A file is read as the Python reads it under which initlint runs, and the message says which that is: code for a newer
one needs an initlint that is installed there.

## Why is this bad?

Nothing is known of such a file, so "no findings" would be a false promise. The other files are still linted: one
broken file costs one line of the report. The rule is always on, and a run in which it speaks exits with 1.

## Bad

```python
class Net(
```

## Good

```python
class Net:
    pass
```

## References

- [Lexical analysis: encoding declarations](https://docs.python.org/3/reference/lexical_analysis.html#encoding-declarations)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.diagnostics import Severity
from initlint.project.source import UnreadableFile
from initlint.rules._registry import Violation, rule


@rule("INI000", "unreadable-file", scope="unreadable file", in_tests=True, always_on=True)
def check(file: UnreadableFile) -> Iterator[Violation]:
    """One violation, where reading failed."""
    yield Violation(file.error.message, file.span, Severity.ERROR)
