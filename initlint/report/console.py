"""Messages on standard error: warnings, internal errors, what was suppressed or baselined, and the profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from initlint.linter.results import CheckResult, Failure, Timings
from initlint.project.settings import Settings
from initlint.report.text import counted, escape

MAX_REMOVED = 10
"""The largest number of removed findings to list."""


def changes_note(result: CheckResult, written: Path | None, suppressing: bool) -> str:
    """A line about the baseline or comments written, and the findings of a baseline that are no longer found."""
    if written is not None:
        return f"Wrote {counted(result.baseline_count, 'finding')} to {escape(str(written))}.\n"
    if suppressing:
        return f"Suppressed {counted(result.fixed_count, 'finding')} in {counted(len(result.changed), 'file')}.\n"
    if not result.baseline_removed:
        return ""
    removed = result.baseline_removed
    shown = "".join(f"  {escape(line)}\n" for line in removed[:MAX_REMOVED])
    more = f"  and {len(removed) - MAX_REMOVED} more\n" if len(removed) > MAX_REMOVED else ""
    head = f"Gone since the baseline was written (--write-baseline renews it): {counted(len(removed), 'finding')}\n"
    return head + shown + more


def profile_table(timings: Sequence[tuple[Path, Timings]]) -> str:
    """A table of CPU seconds, with a line for each file whose result was not cached."""
    lines = [_line(seconds, escape(str(file))) for file, seconds in sorted(timings, key=lambda entry: -entry[1].total)]
    columns = zip(*(seconds for _, seconds in timings), strict=True)
    total = Timings(*map(sum, columns))
    return "\n".join(["  total  parse  interpret   rest  file", *lines, _line(total, f"{len(timings)} files")]) + "\n"


def _line(seconds: Timings, name: str) -> str:
    return f"{seconds.total:7.3f} {seconds.parse:6.3f} {seconds.interpret:10.3f} {seconds.rest:6.3f}  {name}"


def messages(result: CheckResult, settings: Settings, quiet: bool, verbose: bool, debug: bool) -> str:
    """Warnings and internal errors, one per line; the latter with a traceback if `verbose` or `debug`."""
    return "".join(f"{line}\n" for line in _lines(result, settings, quiet, verbose, verbose or debug))


_VERB = ("does not mention", "do not mention")


def _lines(result: CheckResult, settings: Settings, quiet: bool, verbose: bool, tracebacks: bool) -> Iterator[str]:
    if not (result.files or result.diagnostics or quiet):
        yield "warning: no Python files found under the given paths"
    if not quiet:
        yield from (f"warning: {escape(line)}" for line in result.warnings)
        if result.ignored:
            count = "1 file that is" if len(result.ignored) == 1 else f"{len(result.ignored)} files that are"
            advice = "" if verbose else " (-v lists them)"
            yield f"warning: ignored {count} not valid Python 3 and {_VERB[len(result.ignored) > 1]} torch{advice}"
    if verbose:
        yield f"settings: {escape(str(settings.file)) if settings.file else 'defaults'}"
        yield f"files: {len(result.files)}"
        yield from (f"ignored: {escape(line)}" for line in result.ignored)
        yield from (f"not followed: {escape(line)}" for line in result.not_followed)
        yield from map(escape, result.verbose_notes)
    for failure in result.failures:
        yield f"initlint: {escape(failure_line(failure))}"
        if tracebacks:
            yield failure.traceback.rstrip("\n")


def failure_line(failure: Failure) -> str:
    """One line about an internal error."""
    return f"internal error in {failure.part} on {failure.file}: {failure.error}; please report"
