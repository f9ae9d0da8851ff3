"""`check --watch`: lint again when a file of the project changes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click
import watchfiles

from initlint._records import dataclass
from initlint.cli.check_modes import Outcome
from initlint.cli.options import UsageError
from initlint.linter import pipeline
from initlint.project.discovery import SUFFIXES, DiscoveryError, excluded
from initlint.project.filesystem import Stat, stat_of
from initlint.project.queries import FileSystemQueries
from initlint.project.settings import ConfigurationError, Settings
from initlint.project.settings_file import NearestSettings, with_extended
from initlint.report.text import counted, escape

_SETTINGS_SUFFIX = ".toml"
"""Of the files of settings, which have two names, and of those that they extend, which may have any."""

_POLL = 1_000
"""Milliseconds between two looks at the files of settings that are outside the project."""

_NOT_TEMPORARY = watchfiles.DefaultFilter(ignore_dirs=())
"""Leaves out the files that editors write beside the one that is edited."""


def watch(lint: Callable[[], Outcome], paths: tuple[Path, ...], quiet: bool) -> NoReturn:
    """Call `lint`, which prints a report, and again whenever a file changes that its result may depend on.

    Ends with an exception only: KeyboardInterrupt, or a `UsageError` of the first call. A later one is printed, as the
    files may be wrong while they are edited.
    """
    folders = project_folders(paths)
    changes = watched_changes(folders)
    next(changes)  # what changes during the first run is a change
    dependencies = Dependencies.of(lint(), paths, folders)
    while True:
        _show_waiting(quiet)
        _show_start(next(filter(None, map(dependencies.concerned, changes))))
        try:
            dependencies = Dependencies.of(lint(), paths, folders)
        except UsageError as error:
            error.show()


def _show_start(changed: Collection[str]) -> None:
    """Begin a new report: on an empty terminal, or else below a line that separates it from the one before."""
    first, others = os.path.relpath(min(changed)), len(changed) - 1
    more = f" and {counted(others, 'more file')}" if others else ""
    if sys.stdout.isatty():
        click.clear()
    else:
        click.echo(err=True)
    click.echo(f"{_now()} {escape(first)}{more} changed", err=True)


def _show_waiting(quiet: bool) -> None:
    if not quiet:
        click.echo(f"{_now()} Watching for changes; Ctrl-C ends.", err=True)


def _now() -> str:
    return time.strftime("[%H:%M:%S]")


def project_folders(paths: Iterable[Path]) -> tuple[str, ...]:
    """The root folders of the projects that `paths` are in, without those in another one of them.

    Raises `UsageError` for a path that does not exist.
    """
    queries = FileSystemQueries({})
    real = [os.path.realpath(path) for path in paths]
    missing = [str(path) for path, target in zip(paths, real, strict=True) if not os.path.exists(target)]
    if missing:
        raise UsageError(escape(f"{', '.join(missing)}: no such file or directory"))
    folders = {path if os.path.isdir(path) else os.path.dirname(path) for path in real}
    roots = {queries.project_root(folder) for folder in folders}
    return tuple(sorted(root for root in roots if not any(_is_in(root, [other]) for other in roots - {root})))


def watched_changes(folders: Collection[str]) -> Iterator[frozenset[str]]:
    """The files and folders that changed, each time that any do; nothing each second. The first is nothing.

    Raises `UsageError` if the system cannot watch so many.
    """
    try:
        for changes in watchfiles.watch(
            *folders,
            watch_filter=_NOT_TEMPORARY,
            rust_timeout=_POLL,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            yield frozenset(path for _, path in changes)
    except OSError as error:
        raise UsageError(escape(f"{', '.join(folders)} cannot be watched: {error}")) from None


@dataclass(frozen=True)
class Dependencies:
    """What the result of a run depends on.

    `linted`: the real paths of the linted files. `outside`: the stats of the files of settings that are not below the
    watched folders. `written`: those of the files that the run has fixed.
    """

    settings: Settings
    paths: tuple[Path, ...]
    linted: frozenset[str]
    settings_files: frozenset[str]
    outside: dict[str, Stat | None]
    written: Mapping[str, Stat | None]

    @classmethod
    def of(cls, outcome: Outcome, paths: tuple[Path, ...], folders: Collection[str]) -> Dependencies:
        """`folders`: those that are watched."""
        settings = outcome.settings
        settings_files = frozenset(map(os.path.realpath, _settings_files(settings)))
        return cls(
            settings,
            paths,
            frozenset(map(os.path.realpath, outcome.result.files)),
            settings_files,
            _stats(file for file in settings_files if not _is_in(file, folders)),
            _stats(map(os.path.realpath, outcome.result.changed)),
        )

    def concerned(self, changes: Collection[str]) -> tuple[str, ...]:
        """Those of `changes` that the result may depend on, and the files of settings outside that have changed."""
        concerned = tuple(path for path in changes if self._is_relevant(path))
        if not concerned and any(map(self._may_contain_files, changes)):
            concerned = self._added_and_removed()
        now = _stats(self.outside)
        changed = tuple(path for path, stat in now.items() if stat != self.outside[path])
        return (*concerned, *changed)

    def _is_relevant(self, path: str) -> bool:
        if path in self.written and _stat(path) == self.written[path]:
            return False
        if path in self.linted or path in self.settings_files:
            return True
        if not path.endswith((*SUFFIXES, _SETTINGS_SUFFIX, ".gitignore")):
            return False
        try:
            return not excluded(Path(path), replace(self.settings, force_exclude=True))
        except ConfigurationError:
            return True

    def _may_contain_files(self, path: str) -> bool:
        """Whether it is or was a folder. A folder that is moved is one change, without the files in it."""
        return os.path.isdir(path) or any(_is_in(file, [path]) for file in self.linted)

    def _added_and_removed(self) -> tuple[str, ...]:
        try:
            files = pipeline.files(self.paths, self.settings)
        except (ConfigurationError, DiscoveryError):
            return tuple(map(str, self.paths))
        return tuple(self.linted.symmetric_difference(files))


def _settings_files(settings: Settings) -> Iterator[Path]:
    """The files that the settings of all files come from, and the baseline."""
    nearest = settings.nearest
    used = nearest.by_folder.values() if isinstance(nearest, NearestSettings) else ()
    for own in {id(own): own for own in (settings, *used)}.values():
        yield from with_extended(own.file) if own.file else ()
        if own.baseline:
            yield own.root / own.baseline


def _stats(paths: Iterable[str]) -> dict[str, Stat | None]:
    return {path: _stat(path) for path in paths}


def _stat(path: str) -> Stat | None:
    try:
        return stat_of(path)
    except OSError:
        return None


def _is_in(path: str, folders: Iterable[str]) -> bool:
    return any(path.startswith(os.path.join(folder, "")) for folder in folders)
