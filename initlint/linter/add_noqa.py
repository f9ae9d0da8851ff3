"""Adds a `# noqa` comment for each finding: a project can adopt initlint before it fixes them."""

from __future__ import annotations

import io
import tokenize
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from initlint.diagnostics import Diagnostic
from initlint.linter import unused_noqa
from initlint.linter.fixer import Files
from initlint.linter.results import CheckResult
from initlint.project.noqa import Suppressions, parse
from initlint.project.reading import parse_source
from initlint.project.source import SourceError, split_lines
from initlint.rewrite.edits import Change, changed, line_starts

_ANY_CODE = "X1"


class InvalidNoqaReason(Exception):
    """A reason that would be read as part of the `noqa` comment's codes, or is not one line."""


def check_reason(reason: str) -> None:
    """Raise `InvalidNoqaReason` if `reason` would change the codes of the comment."""
    if not reason.isprintable():
        raise InvalidNoqaReason("the reason of --add-noqa must be one line of printable characters")
    (directive,) = parse(f"x  # noqa: {_ANY_CODE} {reason}\n").directives
    if len(directive.codes or ()) != 1:
        raise InvalidNoqaReason(f"the reason of --add-noqa must not begin with a code: {reason}")


def add_noqa(check: Callable[[Files], CheckResult], originals: Files, reason: str = "") -> CheckResult:
    """Suppress all that `check` finds in the files of `originals`. Nothing is written.

    The result has the suppressed findings in `fixed` and those that are still reported in `diagnostics`. A file that
    would become invalid Python, or whose encoding lacks a character of the reason, stays unchanged and is listed in
    `errors`. Raises `InvalidNoqaReason`.
    """
    check_reason(reason)
    findings, after, errors = _by_file(check(originals)), dict(originals), []
    for path in findings.keys() & originals.keys():
        try:
            after[path] = annotated(path, originals[path], findings[path], reason)
        except (SourceError, ValueError) as error:
            errors.append(f"{path}: no comment added: {error}")
    result = check(after)
    remaining = _by_file(result)
    fixed = {path: Counter(_codes(findings[path])) - Counter(_codes(remaining.get(path, ()))) for path in findings}
    changes = {path: (old, after[path]) for path, old in originals.items() if after[path] != old}
    return replace(result, changed=changes, fixed=fixed, errors=tuple(sorted(errors)))


def _by_file(result: CheckResult) -> dict[str, list[Diagnostic]]:
    """The diagnostics that can be suppressed, by file."""
    by_file: dict[str, list[Diagnostic]] = {}
    for diagnostic in result.diagnostics:
        if unused_noqa.is_tracked(diagnostic.code):
            by_file.setdefault(diagnostic.span.file, []).append(diagnostic)
    return by_file


def _codes(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    return (diagnostic.code for diagnostic in diagnostics)


def annotated(path: str, data: bytes, diagnostics: Iterable[Diagnostic], reason: str = "") -> bytes:
    """The bytes of a file with a directive for each of `diagnostics`. Raises `SourceError` or ValueError."""
    source = parse_source(path, data)
    text = annotate(source.text, source.code, diagnostics, reason)
    return parse_source(path, source.with_text(text)).data


def annotate(text: str, code: str, diagnostics: Iterable[Diagnostic], reason: str = "") -> str:
    """`text` with a directive for each of `diagnostics`. Existing directives are extended.

    `code` is the text as Python. It differs from `text` only for a notebook with magics.
    """
    suppressions, closed = parse(code, statements=True), frozenset(_closed_rows(code))
    wanted: dict[int, set[str]] = {}
    for diagnostic in diagnostics:
        wanted.setdefault(_row(diagnostic, suppressions, closed), set()).add(diagnostic.code)
    starts, lines = line_starts(text), split_lines(text)
    changes = (_change(row, lines[row - 1], codes, suppressions, reason) for row, codes in wanted.items())
    return changed(text, {Change(starts[row - 1] + a, starts[row - 1] + b, new) for row, a, b, new in changes})


def _row(diagnostic: Diagnostic, suppressions: Suppressions, closed: Collection[int]) -> int:
    """The row for the code: that of an existing directive, else the end of the statement, if a comment fits there."""
    row, end_row = diagnostic.span.row, diagnostic.span.end_row
    possible = suppressions.rows(row, end_row)
    for candidate in possible:
        directive = suppressions.lines.get(candidate)
        if directive is not None and directive.codes is not None:
            return candidate
    _, last = suppressions.statements.get(row, (row, row))
    ordered = (last, *possible) if last in possible else possible
    return next((candidate for candidate in ordered if candidate not in closed), row)


def _change(
    row: int, line: str, codes: Collection[str], suppressions: Suppressions, reason: str
) -> tuple[int, int, int, str]:
    """The row, the columns to replace, from 0, and the replacement."""
    listed, directive = ", ".join(sorted(codes)), suppressions.lines.get(row)
    if directive is not None and directive.codes:
        end = directive.codes[-1].end_column - 1
        is_bare = not line[end:].strip()
        return row, end, end, f", {listed}{f' {reason}' if reason and is_bare else ''}"
    return row, len(line.rstrip()), len(line), f"  # noqa: {listed}{f' {reason}' if reason else ''}"


def _closed_rows(text: str) -> Iterator[int]:
    """The rows that cannot end in a comment: they end in a string or with a backslash."""
    opened: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text, newline=None).readline):
        kind, start, end = tokenize.tok_name[token.type], token.start[0], token.end[0]
        if kind.endswith("STRING_START"):  # of an f-string or a t-string, from Python 3.12 on
            opened.append(start)
        elif kind.endswith("STRING_END"):
            yield from range(opened.pop(), end)
        elif kind == "STRING":
            yield from range(start, end)
    yield from (row for row, line in enumerate(split_lines(text), 1) if line.endswith("\\"))
