"""What tells findings apart by what they say of which code, so that they are known again when lines have moved."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from initlint.diagnostics import Diagnostic

MAX_ROWS = 8
"""Of a longer span (a class, say) only the first row counts: its body changes for other reasons."""


@dataclass(frozen=True, slots=True, order=True)
class FindingIdentity:
    """A finding without its place: the file, the code, and the lines that it stands on.

    The lines are joined, without the comment behind the finding, and with white space made one blank.
    """

    file: str
    code: str
    text: str


def content(diagnostic: Diagnostic, file: str, lines: Sequence[str]) -> FindingIdentity:
    """The content of a finding in the file of these `lines`, which is called `file`."""
    span = diagnostic.span
    whole = span.end_row - span.row < MAX_ROWS
    rows = list(lines[span.row - 1 : span.end_row if whole else span.row])
    if rows:
        comment = rows[-1].find("#", span.end_column - 1 if whole else span.column - 1)
        rows[-1] = rows[-1][:comment] if comment >= 0 else rows[-1]
    return FindingIdentity(file, diagnostic.code, " ".join(" ".join(rows).split()))


def fingerprints(contents: Iterable[FindingIdentity]) -> Iterator[str]:
    """A name for each, 32 hexadecimal digits, of which no two are alike: the nth of equal contents is its own."""
    seen: Counter[FindingIdentity] = Counter()
    for item in contents:
        parts = (item.file, item.code, item.text, str(seen[item]))
        seen[item] += 1
        yield hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
