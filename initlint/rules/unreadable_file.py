"""File that cannot be read, decoded or parsed

## What it does

Reports a file that initlint cannot lint: it is not readable, its bytes do not match its declared encoding, or its text
is not valid Python. The location is where reading stopped.

A file that the text `torch` does not occur in is reported only if it was named on the command line. Templates and old
Python 2 scripts in a linted folder are counted in one line, which `-v` turns into a list, and do not change the exit
status.

Syntax that is newer than the Python that initlint runs under is read with libcst: type parameters, `type` statements,
nested quotes in f-strings, `except*`, t-strings. A message that names a Python version means that libcst could not
parse the file either, or it ends with the reason why libcst was of no help: it is missing or too old, or the file is
larger than 1 MB.

A file with more than 350,000 names, numbers and brackets, some 90,000 lines, is not parsed: its syntax tree would take
more than 350 MB.

## Why is this bad?

Such a file is not linted, so a report without findings would be misleading. The other files are still linted. The rule
is always on, and its findings make the exit status 1.

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


@rule("INI000", "unreadable-file", severities=(Severity.ERROR,), scope="unreadable file", in_tests=True, always_on=True)
def check(file: UnreadableFile) -> Iterator[Violation]:
    """One violation, where reading failed."""
    yield Violation(file.error.message, file.span, Severity.ERROR)
