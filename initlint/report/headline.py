"""The one line for people that each finding has, and the one that closes a report.

Everything is styled; whoever prints strips the styles where they are not wanted.
"""

from __future__ import annotations

from collections.abc import Sequence

from click import style

from initlint.diagnostics import Applicability, Diagnostic, Severity
from initlint.report.escape import escape

COLOUR = {Severity.INFO: "cyan", Severity.WARNING: "yellow", Severity.ERROR: "red"}


def headline(diagnostic: Diagnostic) -> str:
    """`path:row:column: CODE [*] message`; `[*]` marks what `--fix` mends, `[static+fx]` the tracers."""
    span = diagnostic.span
    separator = style(":", fg="cyan")
    cell = [f"cell {span.cell.number}"] if span.cell else []
    place = separator.join((style(escape(span.file), bold=True), *cell, str(span.local.row), str(span.column), " "))
    code = style(diagnostic.code, fg=COLOUR[diagnostic.severity], bold=True)
    mark = f"[{style('*', fg='cyan')}] " if is_mended(diagnostic) else ""
    seen = f" [{'+'.join(diagnostic.engines)}]" if diagnostic.engines else ""
    return f"{place}{code} {mark}{escape(diagnostic.message)}{seen}"


def is_mended(diagnostic: Diagnostic) -> bool:
    """Whether `--fix` alone mends it."""
    return diagnostic.fix is not None and diagnostic.fix.applicability is Applicability.SAFE


def summary(diagnostics: Sequence[Diagnostic], fixed: int = 0) -> str:
    """`Found N errors (M fixable with --fix).`, or that all is well. `fixed`: how many there were besides these."""
    total = len(diagnostics) + fixed
    if not total:
        return "All checks passed!\n"
    kinds = [diagnostic.fix.applicability for diagnostic in diagnostics if diagnostic.fix]
    notes = [f"{fixed} fixed", f"{len(diagnostics)} remaining"] if fixed else []
    if safe := kinds.count(Applicability.SAFE):
        notes.append(f"{safe} fixable with --fix")
    if unsafe := kinds.count(Applicability.UNSAFE):
        notes.append(f"{unsafe} fixable with --fix --unsafe-fixes")
    remark = f" ({', '.join(notes)})" if notes else ""
    return f"Found {counted(total, 'error')}{remark}.\n"


def counted(number: int, what: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
