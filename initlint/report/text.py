"""Text shared by all reports: escaped names, locations, and the one-line form of a finding."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from click import style

from initlint.diagnostics import Applicability, Diagnostic, Severity, Span

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of controls, invisible formatting (also the bidirectional kind), surrogates and separators."""


def escape(text: str) -> str:
    r"""`text` with each character that could move the cursor or hide text as `\xNN`, `\uNNNN` or `\UNNNNNNNN`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _UNSAFE else c for c in text)


def _escaped(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


COLOUR = {Severity.INFO: "cyan", Severity.WARNING: "yellow", Severity.ERROR: "red"}


def headline(diagnostic: Diagnostic) -> str:
    """`path:row:column: severity[CODE] [*]`; `[*]` marks what `--fix` fixes."""
    span = diagnostic.span
    separator = style(":", fg="cyan")
    cell = [f"cell {span.cell.number}"] if span.cell else []
    place = separator.join((style(escape(span.file), bold=True), *cell, str(span.local.row), str(span.column), " "))
    return f"{place}{kind_of(diagnostic)}"


def kind_of(diagnostic: Diagnostic) -> str:
    """`severity[CODE]`, with `[*]` if `--fix` fixes the finding."""
    kind = style(f"{diagnostic.severity.kind}[{diagnostic.code}]", fg=COLOUR[diagnostic.severity], bold=True)
    mark = f" [{style('*', fg='cyan')}]" if is_auto_fixable(diagnostic) else ""
    return f"{kind}{mark}"


def said(diagnostic: Diagnostic) -> str:
    """The message, and after it the tracers that see the finding, as `[static+fx]`."""
    engines = f" [{'+'.join(diagnostic.engines)}]" if diagnostic.engines else ""
    return f"{escape(diagnostic.message)}{engines}"


def is_auto_fixable(diagnostic: Diagnostic) -> bool:
    """Whether `--fix` fixes it without `--unsafe-fixes`."""
    return diagnostic.fix is not None and diagnostic.fix.applicability is Applicability.SAFE


_SUMMARY_WIDTH = 70
"""The largest number of columns for the numbers of findings and fixes on one line."""


def summary(diagnostics: Sequence[Diagnostic], fixed: int = 0) -> str:
    """`Found 2 errors and 1 note (1 fixable with --fix).`, `Fixed 3 findings; 1 note remains.` or `All checks passed!`.

    `fixed`: the number of findings that were fixed and are not in `diagnostics`.
    """
    if not diagnostics:
        return f"Fixed {counted(fixed, 'finding')}; none remains.\n" if fixed else "All checks passed!\n"
    kinds = [diagnostic.fix.applicability for diagnostic in diagnostics if diagnostic.fix]
    safe, unsafe = kinds.count(Applicability.SAFE), kinds.count(Applicability.UNSAFE)
    fixable = [f"{safe} fixable with --fix"] if safe else []
    if unsafe:
        fixable.append(f"{unsafe} {'more ' if safe else 'fixable '}with --fix --unsafe-fixes")
    remark = f" ({', '.join(fixable)})" if fixable else ""
    found = by_severity(diagnostics)
    if len(found) + len(remark) > _SUMMARY_WIDTH:
        remark = f"\n{remark}"
    if fixed:
        verb = "remains" if len(diagnostics) == 1 else "remain"
        return f"Fixed {counted(fixed, 'finding')}; {found} {verb}{remark}.\n"
    return f"Found {found}{remark}.\n"


def by_severity(diagnostics: Sequence[Diagnostic]) -> str:
    """`4 errors, 2 warnings and 1 note`, without those of which there are none."""
    severities = [diagnostic.severity for diagnostic in diagnostics]
    parts = [counted(severities.count(s), s.kind) for s in sorted(Severity, reverse=True) if s in severities]
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def counted(number: int, noun: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def file_of(span: Span) -> str:
    """The file, and the cell of a notebook, counted from 1 and through all cells."""
    return escape(span.file) + (f":cell {span.cell.number}" if span.cell else "")


def place(span: Span) -> str:
    """The file, the row and the column."""
    return f"{file_of(span)}:{span.local.row}:{span.column}"


def in_file(span: Span) -> Span:
    """The span in the file itself; for a notebook, whose JSON lines nobody sees, the start of the file."""
    return Span(span.file, 1, 1, 1, 1) if span.cell else span


def message_of(diagnostic: Diagnostic) -> str:
    """The message to show with `in_file`: in a notebook, it begins with the location."""
    span = diagnostic.span
    place = f"cell {span.cell.number}:{span.local.row}:{span.column}: " if span.cell else ""
    return f"{place}{escape(diagnostic.message)}"


def line_of(span: Span, file: str) -> str:
    """The line as named in `file`: `line 3`, `cell 4, line 3`, or `other.py:3` for another file."""
    if span.file != file:
        return f"{file_of(span)}:{span.local.row}"
    return f"cell {span.cell.number}, line {span.local.row}" if span.cell else f"line {span.row}"
