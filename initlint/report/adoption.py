"""What a run says besides its report when findings are put off: suppressed, or written to a baseline."""

from __future__ import annotations

from pathlib import Path

from initlint.fixer import FixResult
from initlint.linter import Result
from initlint.report.escape import escape
from initlint.report.headline import counted

MAX_GONE = 10
"""How many of the findings that have gone are named."""


def note(outcome: FixResult[Result], written: Path | None, suppressing: bool) -> str:
    """A line on what was put off and, for each known finding that is there no more, one on that."""
    result = outcome.result
    if written is not None:
        return f"Wrote {counted(result.known, 'finding')} to {escape(str(written))}.\n"
    if suppressing:
        return f"Suppressed {counted(outcome.count, 'finding')} in {counted(len(outcome.changed), 'file')}.\n"
    if not result.gone:
        return ""
    shown = "".join(f"  {escape(line)}\n" for line in result.gone[:MAX_GONE])
    more = f"  and {len(result.gone) - MAX_GONE} more\n" if len(result.gone) > MAX_GONE else ""
    head = f"Gone since the baseline was written (--write-baseline renews it): {counted(len(result.gone), 'finding')}\n"
    return head + shown + more
