"""Identifies findings by the text of their lines instead of line numbers, for baselines and fingerprints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint._records import dataclass
from initlint.diagnostics import Diagnostic

if TYPE_CHECKING:
    import hashlib
else:
    hashlib = LazyModule("hashlib")

MAX_ROWS = 8
"""Of a longer span, such as a class, only the first row counts: the body changes for other reasons."""


@dataclass(frozen=True, slots=True, order=True)
class FindingIdentity:
    """The file, the code, and the text of the lines of a finding.

    The lines are joined, without the comment after the finding, and each run of white space is one blank.
    """

    file: str
    code: str
    text: str


def content(diagnostic: Diagnostic, file: str, lines: Sequence[str]) -> FindingIdentity:
    """The identity of a finding in `file`, which has these `lines`."""
    span = diagnostic.span
    whole = span.end_row - span.row < MAX_ROWS
    rows = list(lines[span.row - 1 : span.end_row if whole else span.row])
    if rows:
        comment = rows[-1].find("#", span.end_column - 1 if whole else span.column - 1)
        rows[-1] = rows[-1][:comment] if comment >= 0 else rows[-1]
    return FindingIdentity(file, diagnostic.code, " ".join(" ".join(rows).split()))


def fingerprints(contents: Iterable[FindingIdentity]) -> Iterator[str]:
    """A unique name for each, 32 hexadecimal digits. Equal identities are numbered in their order."""
    counts: Counter[FindingIdentity] = Counter()
    for item in contents:
        parts = (item.file, item.code, item.text, str(counts[item]))
        counts[item] += 1
        yield hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
