"""What `initlint check` is asked to do with what it finds. Nothing is printed, and sources are not written."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint.api import check_paths, without_baseline
from initlint.linter import add_noqa, baseline, pipeline
from initlint.linter.fixer import Files, fix_is_allowed, fix_paths
from initlint.linter.pipeline import FRUGAL, Contents, DrawnModels, RunOptions
from initlint.linter.results import CheckResult
from initlint.project.decoding import line_reader
from initlint.project.file_io import read_file, write
from initlint.project.settings import Settings
from initlint.report.console import complaint
from initlint.report.report import Report
from initlint.rules import all_rules

if TYPE_CHECKING:
    from initlint.linter import trace_check
    from initlint.tracers.fx import Limits
else:
    trace_check = LazyModule("initlint.linter.trace_check")


def run_check(
    paths: tuple[Path, ...], settings: Settings, contents: Contents, resources: RunOptions = FRUGAL
) -> CheckResult:
    """Report, and change nothing."""
    return check_paths(paths, settings, contents=contents, resources=resources)


def run_trace_check(paths: tuple[Path, ...], settings: Settings, limits: Limits) -> CheckResult:
    """Report what both tracers see. Raises `WorkerError`."""
    return without_baseline(trace_check.check(paths, settings, limits), settings, {})


def graphs(
    paths: tuple[Path, ...], settings: Settings, contents: Contents, limits: Limits | None, both: bool
) -> CheckResult:
    """The models, by torch if there are `limits` to that, or by both tracers. Raises `WorkerError`."""
    static = pipeline.trace(paths, settings, contents)
    if limits is None:
        return static
    traced = trace_check.graphs(paths, settings, limits)
    return replace(traced, models=(*static.models, *traced.models)) if both else traced


def run_fix(
    paths: tuple[Path, ...], settings: Settings, contents: Contents, unsafe: bool, resources: RunOptions = FRUGAL
) -> CheckResult:
    """Fix in memory."""
    originals = _originals(paths, settings, contents)
    check = partial(_check, paths, settings, originals, contents, resources)
    return fix_paths(check, originals, partial(fix_is_allowed, unsafe=unsafe))


def run_add_noqa(
    paths: tuple[Path, ...], settings: Settings, contents: Contents, reason: str, resources: RunOptions = FRUGAL
) -> CheckResult:
    """Add a `noqa` for all that is found, in memory. Raises `InvalidNoqaReason`."""
    originals = _originals(paths, settings, contents)
    return add_noqa.add_noqa(partial(_check, paths, settings, originals, contents, resources), originals, reason)


def run_write_baseline(
    paths: tuple[Path, ...], settings: Settings, contents: Contents, file: Path, resources: RunOptions = FRUGAL
) -> CheckResult:
    """Write what is found to the baseline `file`; what is left are the findings that no baseline takes.

    Raises `CannotWrite`.
    """
    lines = line_reader(contents)
    result = check_paths(paths, replace(settings, baseline=None), contents=contents, resources=resources)
    write(file, baseline.render(file, result.diagnostics, lines).encode())
    return baseline.subtract(result, baseline.load(file), lines, ())


def run_report(
    paths: tuple[Path, ...], settings: Settings, contents: Contents
) -> tuple[DrawnModels, DrawnModels | None]:
    """The models as they are, less what the baseline knows; and as `--fix` would leave them, if it changed anything."""
    survey = pipeline.survey(paths, settings, contents)
    found = replace(survey, result=without_baseline(survey.result, settings, contents))
    changed = {path: new for path, (_, new) in run_fix(paths, settings, contents, False).changed.items()}
    return found, pipeline.survey(paths, settings, {**contents, **changed}) if changed else None


def report_of(result: CheckResult, contents: Contents, fixed: int, verbose: bool = False) -> Report:
    """The report on a run that fixed `fixed` findings."""
    changed = {path: new for path, (_, new) in result.changed.items()}
    return Report(
        result.diagnostics,
        line_reader({**contents, **changed}),
        fixed,
        result.files,
        all_rules(),
        tuple(map(complaint, result.failures)),
        verbose=verbose,
    )


def _check(
    paths: tuple[Path, ...],
    settings: Settings,
    originals: Files,
    contents: Contents,
    resources: RunOptions,
    files: Files,
) -> CheckResult:
    """Lint `files`; what is as on the disk need not be sent to other processes."""
    changed = {path: data for path, data in files.items() if path in contents or data != originals[path]}
    return check_paths(paths, settings, contents=changed, resources=resources)


def _originals(paths: tuple[Path, ...], settings: Settings, contents: Contents) -> dict[str, bytes]:
    originals = dict(contents)
    for file in pipeline.files(paths, settings, contents).values():
        if str(file) not in originals:
            with contextlib.suppress(OSError):  # it is reported when it is linted
                originals[str(file)] = read_file(file)
    return originals
