"""What is shown of an edited file before the files that use it have been linted.

Findings that come from these files, and what they change of others, are taken from the last complete result.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace

from initlint._records import dataclass
from initlint.diagnostics import Diagnostic, Span
from initlint.integrations.lsp.documents import OpenFile
from initlint.rules import rule_for, rules_by_code

Row = Callable[[int], "int | None"]


@dataclass(frozen=True)
class Findings:
    """What is found in a text of `file`: in all, and without the files that use it."""

    file: OpenFile
    complete: Sequence[Diagnostic]
    own: Sequence[Diagnostic]


def preview(file: OpenFile, own: Iterable[Diagnostic], previous: Findings | None) -> tuple[Diagnostic, ...]:
    """`own`, the findings in `file` without the files that use it, completed by those in an earlier text."""
    new = {_key(d): d for d in own}
    before: dict[Hashable, Diagnostic] = {}
    before_own: dict[Hashable, Diagnostic] = {}
    if previous is not None:
        row = _rows(previous.file, file)
        before = _moved_findings(previous.complete, file, row)
        before_own = _moved_findings(previous.own, file, row)
    shown = [d for key, d in before.items() if key not in before_own and key not in new]
    for key, diagnostic in new.items():
        known, known_own = before.get(key), before_own.get(key)
        if known is None:
            shown += [diagnostic] if known_own is None and not _depends_on_users(diagnostic) else []
        else:
            is_same = known_own is not None and known_own.message == diagnostic.message
            shown.append(replace(diagnostic, message=known.message) if is_same else diagnostic)
    return tuple(sorted(shown, key=lambda diagnostic: diagnostic.sort_key))


def _depends_on_users(diagnostic: Diagnostic) -> bool:
    """Whether a file that uses this one may withdraw the finding."""
    rule = rules_by_code()[diagnostic.code]
    return rule.whole_models is not None or rule is rule_for("unused noqa")


def _key(diagnostic: Diagnostic) -> Hashable:
    return diagnostic.code, diagnostic.span, diagnostic.origin


def _rows(old: OpenFile, new: OpenFile) -> Row:
    """The row in `new` of a row in `old`; None if that is among the lines that differ."""
    before, after = _lines(old), _lines(new)
    prefix = _common(before, after)
    suffix = min(_common(before[::-1], after[::-1]), min(len(before), len(after)) - prefix)

    def row(number: int) -> int | None:
        if number <= prefix:
            return number
        return number + len(after) - len(before) if number > len(before) - suffix else None

    return row


def _lines(file: OpenFile) -> list[str]:
    return [line for document in file.documents.values() for line in document.source_lines]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _moved_findings(diagnostics: Iterable[Diagnostic], file: OpenFile, row: Row) -> dict[Hashable, Diagnostic]:
    moved = (_moved(diagnostic, file, row) for diagnostic in diagnostics)
    return {_key(diagnostic): diagnostic for diagnostic in moved if diagnostic is not None}


def _moved(diagnostic: Diagnostic, file: OpenFile, row: Row) -> Diagnostic | None:
    """A finding of an earlier text where it is now, without a fix; None if its lines have changed."""
    span = _moved_span(diagnostic.span, file, row)
    if span is None:
        return None
    spans = ((related, _moved_span(related.span, file, row)) for related in diagnostic.related)
    moved = tuple(replace(related, span=there) for related, there in spans if there is not None)
    return replace(diagnostic, span=span, related=moved, fix=None)


def _moved_span(span: Span, file: OpenFile, row: Row) -> Span | None:
    if span.file != str(file.path):
        return span
    first, last = row(span.row), row(span.end_row)
    return None if first is None or last is None else replace(span, row=first, end_row=last)
