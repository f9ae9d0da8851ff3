"""Applies edits to a text, without libcst: the fixes of several findings at once, if they do not overlap."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from initlint.diagnostics import Diagnostic, Edit, Span

LINE_END = re.compile(r"\r\n|\r|\n")


class Change(NamedTuple):
    """Replace the characters from `start` to `end`, offsets into a text, by `replacement`."""

    start: int
    end: int
    replacement: str


def line_starts(text: str) -> tuple[int, ...]:
    """The offset at which each line of `text` begins, lines counted as in `SourceFile.lines`."""
    return (0, *(found.end() for found in LINE_END.finditer(text)))


def changed(text: str, changes: Iterable[Change], base: int = 0) -> str:
    """`text`, which begins at the offset `base`, with `changes` applied; they must not overlap."""
    pieces: list[str] = []
    position = 0
    for start, end, replacement in sorted(changes, key=lambda c: (c.start, c.end)):
        pieces += [text[position : start - base], replacement]
        position = end - base
    return "".join([*pieces, text[position:]])


def apply(text: str, diagnostics: Iterable[Diagnostic]) -> tuple[str, list[Diagnostic]]:
    """`text` with the fixes of `diagnostics` applied, from the top, and the diagnostics whose fixes were applied.

    All edits of a fix are applied or none. A fix that overlaps an earlier one is left out, unless both have the edit.
    """
    starts = line_starts(text)
    changes_made: set[Change] = set()
    applied: list[Diagnostic] = []
    for diagnostic in sorted(diagnostics, key=_order):
        changes = {_change(edit, starts) for edit in edits_of(diagnostic)}
        new = changes - changes_made
        if changes and not _collide(new, changes_made):
            changes_made |= new
            applied.append(diagnostic)
    return changed(text, changes_made), applied


def edits_of(diagnostic: Diagnostic) -> tuple[Edit, ...]:
    """The edits of its fix; none if it has none."""
    return diagnostic.fix.edits if diagnostic.fix is not None else ()


def _order(diagnostic: Diagnostic) -> tuple[list[Span], int, str]:
    """From the top. Of fixes that begin at the same location the smaller one is first; the other has its next round."""
    edits = edits_of(diagnostic)
    return sorted(edit.span for edit in edits)[:1], len(edits), diagnostic.code


def _change(edit: Edit, starts: Sequence[int]) -> Change:
    span = edit.span
    start, end = starts[span.row - 1] + span.column - 1, starts[span.end_row - 1] + span.end_column - 1
    return Change(start, end, edit.replacement)


def _collide(new: set[Change], made: set[Change]) -> bool:
    """Whether `new`, the changes of one fix, touch those in `made` or overlap each other."""
    ordered = sorted(new)
    if any(one.end > other.start for one, other in pairwise(ordered)):
        return True
    return any(one.start <= other.end and other.start <= one.end for one in new for other in made)
