"""Messages of a run beside its findings: notes and failures, suppressed and baselined findings, the profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from initlint.linter.results import CheckResult, Failure, Timings
from initlint.project.settings import Settings
from initlint.report.text import counted, escape

MAX_GONE = 10
"""How many of the findings that have gone are named."""


def note(result: CheckResult, written: Path | None, suppressing: bool) -> str:
    """A line about the baseline or comments written, and the findings of a baseline that are no longer found."""
    if written is not None:
        return f"Wrote {counted(result.baseline_count, 'finding')} to {escape(str(written))}.\n"
    if suppressing:
        return f"Suppressed {counted(result.fixed_count, 'finding')} in {counted(len(result.changed), 'file')}.\n"
    if not result.baseline_removed:
        return ""
    removed = result.baseline_removed
    shown = "".join(f"  {escape(line)}\n" for line in removed[:MAX_GONE])
    more = f"  and {len(removed) - MAX_GONE} more\n" if len(removed) > MAX_GONE else ""
    head = f"Gone since the baseline was written (--write-baseline renews it): {counted(len(removed), 'finding')}\n"
    return head + shown + more


def profile_table(costs: Sequence[tuple[Path, Timings]]) -> str:
    """A table of CPU seconds, with a line for each file that was examined in this run."""
    lines = [_line(cost, escape(str(file))) for file, cost in sorted(costs, key=lambda entry: -entry[1].total)]
    whole = Timings(*(sum(part) for part in zip(*(cost for _, cost in costs), strict=True))) if costs else Timings()
    return "\n".join(["  total  parse  interpret   rest  file", *lines, _line(whole, f"{len(costs)} files")]) + "\n"


def _line(cost: Timings, name: str) -> str:
    return f"{cost.total:7.3f} {cost.parse:6.3f} {cost.interpret:10.3f} {cost.rest:6.3f}  {name}"


def messages(result: CheckResult, settings: Settings, quiet: bool, verbose: bool, debug: bool) -> str:
    """A line for each remark; with `verbose` or `debug`, a defect of initlint itself comes with its traceback."""
    return "".join(f"{line}\n" for line in _lines(result, settings, quiet, verbose, verbose or debug))


def _lines(result: CheckResult, settings: Settings, quiet: bool, verbose: bool, tracebacks: bool) -> Iterator[str]:
    if not (result.files or result.diagnostics or quiet):
        yield "warning: no Python files found under the given paths"
    if not quiet:
        yield from (f"warning: {escape(line)}" for line in result.warnings)
    if verbose:
        yield f"settings: {escape(str(settings.file)) if settings.file else 'defaults'}"
        yield f"files: {len(result.files)}"
        yield from (f"not followed: {escape(line)}" for line in result.not_followed)
        yield from map(escape, result.verbose_notes)
    for failure in result.failures:
        yield f"initlint: {escape(complaint(failure))}"
        if tracebacks:
            yield failure.traceback.rstrip("\n")


def complaint(failure: Failure) -> str:
    """One line about a defect of initlint itself."""
    return f"internal error in {failure.part} on {failure.file}: {failure.error}; please report"
