"""The pipeline from paths to a `CheckResult`: discover the files, lint each, merge the results, filter."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint._records import dataclass
from initlint.graph.model import ModelGraph
from initlint.linter.filtering import LintRun, filter_diagnostics
from initlint.linter.merge import combine, merge
from initlint.linter.process_pool import lint_in_processes
from initlint.linter.results import NOTHING, CheckResult, FileResult, Finding
from initlint.project.discovery import discover, excluded
from initlint.project.filesystem import DirectoryListings, by_real_path
from initlint.project.queries import FileSystemQueries
from initlint.project.settings import Selection, Settings
from initlint.rules import all_rules

if TYPE_CHECKING:
    from initlint.linter import calling_files, context, lint_file
    from initlint.linter.cache import result_cache
    from initlint.linter.lint_file import Refine
    from initlint.linter.memory import RunMemory, WarmRun
else:
    # Not needed by `--version` and `--help`.
    context = LazyModule("initlint.linter.context")
    # Not needed without findings.
    calling_files = LazyModule("initlint.linter.calling_files")
    # Not needed by a run without a cache.
    result_cache = LazyModule("initlint.linter.cache.result_cache")
    # Not needed if all results are cached.
    lint_file = LazyModule("initlint.linter.lint_file")


Contents = Mapping[str, bytes]
"""By path: bytes to lint in place of those on disk, whether or not the file exists."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`jobs`: the largest number of processes. `cache`: the cache directory; None for no cache.

    `progress` is called after each file that is linted, with the number of those and the number of all. `warm`: for a
    process that lints again and again; then there is no other process and no cache.
    """

    jobs: int = 1
    cache: Path | None = None
    progress: Callable[[int, int], None] | None = None
    warm: WarmRun | None = None


_MANY = 100
"""Above this number of files, the cost of `gc.collect()` is negligible."""

DEFAULT_OPTIONS = RunOptions()
"""One process, no cache."""


def check(
    paths: Iterable[Path],
    settings: Settings,
    contents: Contents = MappingProxyType({}),
    options: RunOptions = DEFAULT_OPTIONS,
    has_disk: bool = True,
) -> CheckResult:
    """Lint `paths`. `has_disk=False`: no files exist but those in `contents`.

    Raises `DiscoveryError` for a path that does not exist, `ConfigurationError` for a rule that does not.
    """
    started = time.time_ns()
    listings = DirectoryListings(by_real_path(contents), has_disk)
    run = _start(paths, settings, contents, listings)
    if options.warm is not None:
        return _check_warm(run, listings, options.warm)
    run = _with_users(run, listings)
    results: dict[str, FileResult] = {}
    for group_settings, group in run.by_settings():
        own = _deciding(group_settings, run)
        cache = result_cache.ResultCache.open(options.cache, own, contents, listings) if options.cache else None
        cached = cache.load(group) if cache else {}
        new = _lint({real: file for real, file in group.items() if real not in cached}, own, run, options)
        if cache:
            cache.store(new, run.traced, started)
        results |= cached | new
    return _check_result(run, [(file, results[real]) for real, file in run.traced.items()])


def _deciding(settings: Settings, run: LintRun) -> Settings:
    """All that decides about the results of a file but the file: which rules are shown is not among it."""
    return replace(settings, select=tuple(run.applied), extend_select=(), ignore=(), command_line=Selection())


def _lint(files: Mapping[str, Path], settings: Settings, run: LintRun, options: RunOptions) -> dict[str, FileResult]:
    """The results of those of the run's files that are not cached, by real path; they have one `settings`."""
    if not files:
        return {}
    records = options.cache is not None
    start = partial(lint_file.start_linting, run.traced, settings, run.contents, run.applied, records, run.has_disk)
    progress, total = options.progress, len(files)
    report = (lambda done: progress(done, total)) if progress else None
    linted = lint_in_processes(start, [*files.values()], run.contents, options.jobs, report)
    results = dict(zip(files, linted, strict=True))
    if len(results) > _MANY:
        gc.collect()  # the syntax trees that are left refer to each other, and the results need memory too
    return results


def _check_warm(run: LintRun, listings: DirectoryListings, warm: WarmRun) -> CheckResult:
    """The result of a run in a process that remembers earlier ones."""
    own = _lint_warm(run, listings, warm, {})
    result = _check_result(run, [(file, own[real]) for real, file in run.traced.items()])
    warm.preview(result)
    with_users = _with_users(run, listings, warm.memory)
    if not with_users.users:
        return result
    results = _lint_warm(with_users, listings, warm, own)
    return _check_result(with_users, [(file, results[real]) for real, file in with_users.traced.items()])


def _lint_warm(
    run: LintRun, listings: DirectoryListings, warm: WarmRun, linted: Mapping[str, FileResult]
) -> dict[str, FileResult]:
    """The results of the run's files, by real path; those in `linted` are used as they are."""
    results = dict(linted)
    memory = warm.memory
    for settings, group in run.by_settings():
        key = result_cache.cache_key(_deciding(settings, run))
        queries = _queries(run, settings.module_roots, listings, memory)
        linter = lint_file.FileLinter.start(
            run.traced,
            settings,
            run.contents,
            run.applied,
            records=True,
            has_disk=run.has_disk,
            memory=memory.files,
            on_entry_point=warm.check_interrupt,
        )
        for real, file in group.items():
            if real not in results:
                known = memory.results.get((key, real, str(file)), queries)
                results[real] = linter.lint(file) if known is None else known
                if known is None:
                    memory.results.put((key, real, str(file)), results[real])
    return results


def check_models(
    paths: Iterable[Path],
    settings: Settings,
    contents: Contents = MappingProxyType({}),
    *,
    rules: bool = True,
    refine: Refine | None = None,
    whole_models: bool = False,
    memory: RunMemory | None = None,
) -> CheckResult:
    """Lint `paths` in this process and without the cache, and return the models as well. Raises as `check` does.

    `rules=False`: apply no rule. `refine` replaces the graph of each file before the rules see it.
    `whole_models`: leave out models without layers and those that are parts of others. `memory`: of earlier runs.
    """
    listings = DirectoryListings(by_real_path(contents))
    run = _start(paths, settings, contents, listings)
    run = _with_users(run, listings, memory) if rules else replace(run, enabled=frozenset())
    codes = run.applied if rules else ()
    of_files = memory.files if memory is not None else None
    linters = {
        real: linter
        for own, group in run.by_settings()
        for linter in [lint_file.FileLinter.start(run.traced, own, contents, codes, refine, memory=of_files)]
        for real in group
    }
    results: list[tuple[Path, FileResult]] = []
    models: list[ModelGraph | None] = []
    for real, file in run.traced.items():
        result, graph = linters[real].lint_with_graph(file)
        results.append((file, result))
        models += (model if real in run.files else None for model in graph.models) if graph else ()
    return _check_result(run, results, models, whole_models)


def files(
    paths: Iterable[Path],
    settings: Settings,
    contents: Contents = MappingProxyType({}),
    folders: DirectoryListings | None = None,
) -> dict[str, Path]:
    """The files that `check` would lint, by real path. Raises `DiscoveryError`."""
    paths = tuple(paths)
    in_memory = {
        os.path.realpath(path): path for path in paths if str(path) in contents and not excluded(path, settings)
    }
    folders = folders or DirectoryListings(by_real_path(contents))
    on_disk = discover((path for path in paths if str(path) not in contents), settings, folders)
    return dict(sorted({**on_disk, **in_memory}.items(), key=itemgetter(1))) if in_memory else on_disk


def enabled_codes(settings: Settings) -> frozenset[str]:
    """The codes of the rules that are on."""
    own = with_codes(settings)
    return frozenset(rule.code for rule in all_rules() if own.enabled(rule.code, rule.default, rule.always_on))


def with_codes(settings: Settings) -> Settings:
    """`settings` with the codes of rules in place of their names."""
    return settings.resolved({rule.name: rule.code for rule in all_rules()})


def _start(paths: Iterable[Path], settings: Settings, contents: Contents, listings: DirectoryListings) -> LintRun:
    paths = tuple(paths)
    settings = _checked(settings)
    if settings.nearest is not None:
        settings = replace(settings, nearest=_CheckedSettings(settings.nearest))
    whole = any(path.is_dir() for path in paths)
    found = files(paths, settings, contents, listings)
    named = frozenset(str(path) for path in paths if str(path) in contents or not path.is_dir())
    run = LintRun(found, settings, contents, frozenset(), whole, named=named, has_disk=listings.has_disk)
    return replace(run, enabled=frozenset().union(*(enabled_codes(own) for own, _ in run.by_settings())))


def _checked(settings: Settings) -> Settings:
    """`settings` with codes for names of rules. Raises `ConfigurationError` for what selects or matches nothing."""
    settings = with_codes(settings)
    settings.check_selectors(rule.code for rule in all_rules())
    settings.check_patterns()
    return settings


@dataclass
class _CheckedSettings:
    """The settings of each file, checked."""

    nearest: Callable[[Path], Settings]
    checked: dict[int, tuple[Settings, Settings]] = field(default_factory=dict)
    """By the identity of the unchecked settings, which are kept alive."""

    def __call__(self, file: Path) -> Settings:
        settings = self.nearest(file)
        if id(settings) not in self.checked:
            self.checked[id(settings)] = settings, _checked(settings)
        return self.checked[id(settings)][1]


def _with_users(run: LintRun, listings: DirectoryListings, memory: RunMemory | None = None) -> LintRun:
    """The run with the files that use the linted ones: what is found about a file does not depend on the others."""
    roots = dict.fromkeys(str(root) for settings, _ in run.by_settings() for root in settings.module_roots)
    queries = _queries(run, roots, listings, memory)
    return replace(run, users=context.files_in_use(run.files, run.settings, queries, memory))


def _queries(
    run: LintRun, roots: Iterable[str | Path], listings: DirectoryListings, memory: RunMemory | None
) -> FileSystemQueries:
    of_files = memory.files if memory is not None else None
    return FileSystemQueries(by_real_path(run.contents), map(str, roots), listings=listings, memory=of_files)


def _check_result(
    run: LintRun,
    results: Sequence[tuple[Path, FileResult]],
    models: Sequence[ModelGraph | None] = (),
    whole_models: bool = False,
) -> CheckResult:
    """Merge the results of all files and select the diagnostics that are shown.

    `models` are those of all files, None for one that is not in a linted file.
    """
    results = [(file, result) for file, result in results if result is not NOTHING]
    findings, usages, parts = combine([result for _, result in results])
    linted = run.shown_paths
    if findings:
        findings = calling_files.at_linted_calls(findings, linted)
    results = [(file, result) for file, result in results if str(file) in linted]
    unparsed = [result.unreadable for _, result in results if result.unreadable is not None]
    unreadable = [diagnostic for diagnostic in unparsed if run.concerns_user(diagnostic)]
    failures = tuple(failure for _, result in results for failure in result.failures)
    # Without the findings of every file, any `noqa` may seem unused.
    noqa_files = [] if failures or unreadable else [file for file, result in results if result.has_noqa]
    shown = [*unreadable, *filter_diagnostics(run, merge(findings, usages, parts), noqa_files)]
    keys = {(diagnostic.code, diagnostic.span) for diagnostic in shown}
    by_model: dict[int | None, list[Finding]] = {}
    for finding in findings if models else ():
        if (finding.diagnostic.code, finding.diagnostic.span) in keys:
            by_model.setdefault(finding.model, []).append(finding)
    shown_models = [
        (number, model)
        for number, model in enumerate(models)
        if model is not None and (not whole_models or (model.layers and number not in parts))
    ]
    return CheckResult(
        diagnostics=tuple(sorted(shown, key=lambda diagnostic: diagnostic.sort_key)),
        files=tuple(run.files.values()),
        failures=failures,
        ignored=tuple(
            f"{diagnostic.span.file}:{diagnostic.span.row}: {diagnostic.message}"
            for diagnostic in unparsed
            if diagnostic not in unreadable
        ),
        not_followed=tuple(f"{file}: {line}" for file, result in results for line in result.incomplete),
        models=tuple(model for _, model in shown_models),
        findings_by_model=tuple(tuple(by_model.get(number, ())) for number, _ in shown_models),
        file_findings=tuple(by_model.get(None, ())),
        timings=tuple((file, result.timings) for file, result in results if result.timings is not None),
    )
