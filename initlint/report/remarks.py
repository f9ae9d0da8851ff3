"""What a run says besides its findings: that it found no file, what it could not follow, what of it broke."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.linter import Result
from initlint.outcome import Failure
from initlint.report.escape import escape
from initlint.settings import Settings


def render(result: Result, settings: Settings, quiet: bool, verbose: bool, debug: bool) -> str:
    """A line for each remark; with `verbose` or `debug`, a defect of initlint itself comes with its traceback."""
    return "".join(f"{line}\n" for line in _lines(result, settings, quiet, verbose, verbose or debug))


def _lines(result: Result, settings: Settings, quiet: bool, verbose: bool, tracebacks: bool) -> Iterator[str]:
    if not (result.files or result.diagnostics or quiet):
        yield "warning: no Python files found under the given paths"
    if not quiet:
        yield from (f"warning: {escape(line)}" for line in result.notes)
    if verbose:
        yield f"settings: {escape(str(settings.file)) if settings.file else 'defaults'}"
        yield f"files: {len(result.files)}"
        yield from (f"not followed: {escape(line)}" for line in result.incomplete)
        yield from map(escape, result.details)
    for failure in result.failures:
        yield f"initlint: {escape(complaint(failure))}"
        if tracebacks:
            yield failure.traceback.rstrip("\n")


def complaint(failure: Failure) -> str:
    """One line about a defect of initlint itself."""
    return f"internal error in {failure.part} on {failure.file}: {failure.error}; please report"
