"""One function for each mode of `initlint check`, and those of `graph` and `report`. None prints or writes sources."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from initlint import rewrite
from initlint._lazy import LazyModule
from initlint._records import dataclass
from initlint.api import check_paths, without_baseline
from initlint.diagnostics import Applicability
from initlint.linter import add_noqa, baseline, pipeline
from initlint.linter.fix_edits import compute_fixes
from initlint.linter.fixer import Files, fix_is_allowed, fix_paths
from initlint.linter.pipeline import DEFAULT_OPTIONS, Contents, RunOptions
from initlint.linter.results import CheckResult
from initlint.project.decoding import line_reader
from initlint.project.file_io import read_file, write
from initlint.project.settings import Settings
from initlint.report.console import failure_line
from initlint.report.report import Report
from initlint.rules import all_rules

if TYPE_CHECKING:
    from initlint.linter import trace_check
    from initlint.tracers.fx import Limits
else:
    trace_check = LazyModule("initlint.linter.trace_check")


@dataclass(frozen=True, slots=True)
class CheckInput:
    """What to lint, and how. `contents`: bytes by path that replace those on disk (standard input)."""

    paths: tuple[Path, ...]
    settings: Settings
    contents: Contents
    options: RunOptions = DEFAULT_OPTIONS

    def read_files(self) -> dict[str, bytes]:
        """The bytes of all files to lint, by path, without those that cannot be read."""
        files = dict(self.contents)
        for file in pipeline.files(self.paths, self.settings, self.contents).values():
            if str(file) not in files:
                with contextlib.suppress(OSError):  # linting reports it
                    files[str(file)] = read_file(file)
        return files

    def checker(self, originals: Files) -> Callable[[Files], CheckResult]:
        """A function that lints other versions of the files `originals`."""

        def check(files: Files) -> CheckResult:
            # Worker processes read unchanged files from disk.
            changed = {path: data for path, data in files.items() if path in self.contents or data != originals[path]}
            return check_paths(self.paths, self.settings, contents=changed, options=self.options, edits=False)

        return check


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run of `check`: its exit status, the settings it had, and its result."""

    status: int
    settings: Settings
    result: CheckResult = CheckResult((), ())


def run_check(inputs: CheckInput) -> CheckResult:
    """Report findings and change nothing."""
    return check_paths(inputs.paths, inputs.settings, contents=inputs.contents, options=inputs.options, edits=False)


def run_trace_check(inputs: CheckInput, limits: Limits) -> CheckResult:
    """Report the findings of both tracers. Raises `WorkerError`."""
    return without_baseline(trace_check.check(inputs.paths, inputs.settings, limits), inputs.settings, {})


def run_fix(inputs: CheckInput, unsafe: bool) -> CheckResult:
    """Apply fixes in memory."""
    originals = inputs.read_files()
    return fix_paths(inputs.checker(originals), originals, partial(fix_is_allowed, unsafe=unsafe))


def run_add_noqa(inputs: CheckInput, reason: str) -> CheckResult:
    """Add a `noqa` comment for each finding, in memory. Raises `InvalidNoqaReason`."""
    originals = inputs.read_files()
    return add_noqa.add_noqa(inputs.checker(originals), originals, reason)


def run_write_baseline(inputs: CheckInput, file: Path) -> CheckResult:
    """Write the findings to the baseline `file`, and report those that a baseline never contains.

    Raises `CannotWrite`.
    """
    lines = line_reader(inputs.contents)
    result = run_check(replace(inputs, settings=replace(inputs.settings, baseline=None)))
    write(file, baseline.render(file, result.diagnostics, lines).encode())
    return baseline.subtract(result, baseline.load(file), lines, ())


def run_graph(
    paths: tuple[Path, ...], settings: Settings, contents: Contents, limits: Limits | None, both: bool
) -> CheckResult:
    """The models of the static tracer; with `limits` those of the fx tracer, or of both. Raises `WorkerError`."""
    static = pipeline.check_models(paths, settings, contents, rules=False)
    if limits is None:
        return static
    traced = trace_check.graphs(paths, settings, limits)
    return replace(traced, models=(*static.models, *traced.models)) if both else traced


def run_report(inputs: CheckInput) -> tuple[CheckResult, CheckResult | None]:
    """The result with whole models, and the same after `--fix`, or None if there is nothing to fix."""
    paths, settings, contents = inputs.paths, inputs.settings, inputs.contents
    before = pipeline.check_models(paths, settings, contents, whole_models=True)
    fixed = run_fix(inputs, unsafe=False).changed if rewrite.can_rewrite() else {}
    fixed_files = {path: new for path, (_, new) in fixed.items()}
    reported = without_baseline(before, settings, contents)
    reported = replace(reported, diagnostics=compute_fixes(reported.diagnostics, contents))
    if not fixed_files:
        return reported, None
    return reported, pipeline.check_models(paths, settings, {**contents, **fixed_files}, whole_models=True)


def report_of(
    result: CheckResult,
    contents: Contents,
    fixed: int,
    shown_fixes: Collection[Applicability],
    cache_folder: Path | None = None,
    verbose: bool = False,
) -> Report:
    """The report on a run that fixed `fixed` findings. Edits are computed for the fixes that it shows."""
    current = {**contents, **{path: new for path, (_, new) in result.changed.items()}}
    return Report(
        compute_fixes(result.diagnostics, current, shown_fixes, cache_folder),
        line_reader(current),
        fixed,
        result.files,
        all_rules(),
        tuple(map(failure_line, result.failures)),
        verbose=verbose,
    )
