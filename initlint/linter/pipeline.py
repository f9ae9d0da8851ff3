"""The whole pipeline: files to graphs, graphs to violations, violations to the diagnostics that are shown."""

from __future__ import annotations

import gc
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint.diagnostics import Span
from initlint.graph.model import ModelGraph
from initlint.linter.cache.invalidation import AskedAgain
from initlint.linter.cache.result_cache import Kept, now
from initlint.linter.filtering import LintedFiles, filter_findings
from initlint.linter.process_pool import spread
from initlint.linter.results import CheckResult, FileResult, RunResults
from initlint.project.dependencies import FileSystemQueries, real_paths
from initlint.project.discovery import discover, excluded
from initlint.project.filesystem import DirectoryListings
from initlint.project.settings import Settings
from initlint.rules import all_rules, rule_for

if TYPE_CHECKING:
    from initlint.linter import lint_file
    from initlint.linter.lint_file import FileLinter, Refine
else:
    # A run in which nothing has changed examines nothing.
    lint_file = LazyModule("initlint.linter.lint_file")


@dataclass(frozen=True, slots=True)
class FindingMark:
    """A reported finding as it concerns one model: the layers that it speaks of."""

    code: str
    span: Span
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DrawnModels:
    """A run with its models, each with the whole data flow and the findings on it.

    Classes that are parts of other models of the run are not among them: they are drawn where they are used.
    """

    result: CheckResult
    models: tuple[tuple[ModelGraph, tuple[FindingMark, ...]], ...]


Contents = Mapping[str, bytes]
"""By path: what is linted in place of what the disk holds there, if it holds anything."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The most processes that a run may use, and the folder for what it keeps for the next; None: nothing is kept."""

    jobs: int = 1
    cache: Path | None = None


_MANY = 100
"""So many files are examined in a time that lets that of a collection go unnoticed."""

FRUGAL = RunOptions()
"""One process, and no trace of the run."""


def check(
    paths: Iterable[Path],
    settings: Settings,
    contents: Contents = MappingProxyType({}),
    resources: RunOptions = FRUGAL,
) -> CheckResult:
    """Lint `paths`.

    Raises `DiscoveryError` for a path that does not exist, `ConfigurationError` for a rule that does not.
    """
    began = now()
    folders = DirectoryListings()
    run = _LintRun.start(paths, settings, contents, folders)
    kept = Kept.open(resources.cache, settings)
    disk = FileSystemQueries(real_paths(contents), map(str, settings.import_roots), kept.stored.digests, folders)
    kept = kept.holding(disk, AskedAgain(disk).holds)
    known = kept.recall(run.files)
    stale = {real: file for real, file in run.files.items() if real not in known}
    new: dict[str, FileResult] = {}
    if stale:
        start = partial(lint_file.examiner, run.files, settings, contents, run.asked)
        outcomes = spread(start, [*stale.values()], contents, resources.jobs)
        new = dict(zip(stale, kept.lean(outcomes), strict=True))
        if len(new) > _MANY:
            gc.collect()  # the trees that are left hold each other, and what is kept takes memory too
        known = {**known, **new}
    kept.keep(new, run.files, disk, began)
    return run.result(RunResults.of((file, known[real]) for real, file in run.files.items()))


def check_refined(paths: Iterable[Path], settings: Settings, refine: Refine) -> CheckResult:
    """As `check`, with what `refine` makes of the graph of each file. Raises as `check` does."""
    run = _LintRun.start(paths, settings, MappingProxyType({}))
    examined = lint_file.FileLinter.start(run.files, settings, run.contents, run.asked, refine=refine)
    return run.result(_with_models(run.files.values(), examined)[0])


def trace(paths: Iterable[Path], settings: Settings, contents: Contents = MappingProxyType({})) -> CheckResult:
    """The models in `paths`, without applying a rule. Raises `DiscoveryError`."""
    run = _LintRun.start(paths, settings, contents)
    collected, models = _with_models(run.files.values(), lint_file.FileLinter.start(run.files, settings, contents))
    return replace(run.result(collected), models=models)


def survey(paths: Iterable[Path], settings: Settings, contents: Contents = MappingProxyType({})) -> DrawnModels:
    """As `check`, with the models that were found. Raises as `check` does."""
    run = _LintRun.start(paths, settings, contents)
    examined = lint_file.FileLinter.start(run.files, settings, contents, run.asked, operations=True)
    collected, models = _with_models(run.files.values(), examined)
    result = run.result(collected)
    marks: dict[int | None, list[FindingMark]] = {}
    shown = {(diagnostic.code, diagnostic.span) for diagnostic in result.diagnostics}
    for found in collected.found:
        if (found.diagnostic.code, found.diagnostic.span) in shown:
            marks.setdefault(found.model, []).append(
                FindingMark(found.diagnostic.code, found.diagnostic.span, found.layers)
            )
    whole = [(number, model) for number, model in enumerate(models) if number not in collected.parts]
    return DrawnModels(result, tuple((model, tuple(marks.get(number, ()))) for number, model in whole if model.layers))


def files(
    paths: Iterable[Path],
    settings: Settings,
    contents: Contents = MappingProxyType({}),
    folders: DirectoryListings | None = None,
) -> dict[str, Path]:
    """The files that `check` would lint, by real path. Raises `DiscoveryError`."""
    paths = tuple(paths)
    given = {os.path.realpath(path): path for path in paths if str(path) in contents and not excluded(path, settings)}
    on_disk = discover((path for path in paths if str(path) not in contents), settings, folders)
    return dict(sorted({**on_disk, **given}.items(), key=itemgetter(1))) if given else on_disk


def enabled_codes(settings: Settings) -> frozenset[str]:
    """The codes of the rules that are on."""
    return frozenset(rule.code for rule in all_rules() if settings.enabled(rule.code, rule.default, rule.always_on))


@dataclass(frozen=True, slots=True)
class _LintRun:
    """What is linted, by real path. `enabled`: the codes of the rules that are on. `whole`: folders were asked for."""

    files: Mapping[str, Path]
    settings: Settings
    contents: Contents
    enabled: frozenset[str]
    whole: bool

    @classmethod
    def start(
        cls, paths: Iterable[Path], settings: Settings, contents: Contents, folders: DirectoryListings | None = None
    ) -> _LintRun:
        paths = tuple(paths)
        settings.check_selectors(rule.code for rule in all_rules())
        settings.check_patterns()
        found = files(paths, settings, contents, folders)
        return cls(found, settings, contents, enabled_codes(settings), any(path.is_dir() for path in paths))

    @property
    def asked(self) -> Collection[str]:
        """The codes of the rules to apply: whether a directive is of use is asked of those that are off as well."""
        finds_unused_noqa = rule_for("unused noqa").code in self.enabled
        return sorted({rule.code for rule in all_rules()} if finds_unused_noqa else self.enabled)

    def result(self, collected: RunResults) -> CheckResult:
        linted = LintedFiles(tuple(self.files.values()), self.contents, self.whole)
        shown = (*collected.unreadable, *filter_findings(linted, self.settings, self.enabled, collected))
        ordered = tuple(sorted(shown, key=lambda diagnostic: diagnostic.sort_key))
        failures, incomplete = tuple(collected.failures), tuple(collected.incomplete)
        return CheckResult(ordered, linted.files, failures, incomplete, costs=tuple(collected.costs))


def _with_models(found: Iterable[Path], examined: FileLinter) -> tuple[RunResults, tuple[ModelGraph, ...]]:
    pairs = [(file, *examined.examine(file)) for file in found]
    models = tuple(model for _, _, graph in pairs if graph for model in graph.models)
    return RunResults.of((file, outcome) for file, outcome, _ in pairs), models
