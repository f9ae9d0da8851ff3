"""Load the cached results that are still valid, before a run; store the new ones, after it."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

from initlint import __version__
from initlint._records import dataclass
from initlint.linter.cache import cache_file, codec
from initlint.linter.cache.cache_file import (
    NO_DIGEST,
    OF_ANOTHER_SHAPE,
    UNCERTAIN_STAT,
    CacheContents,
    CacheEntry,
    Digests,
)
from initlint.linter.results import FileResult
from initlint.project.dependencies import Dependency, MatchingFiles, MentionedInTexts
from initlint.project.file_io import CannotWrite
from initlint.project.filesystem import DirectoryListings, Stat, by_real_path, digest_of, stat_of
from initlint.project.queries import FileSystemQueries
from initlint.project.settings import Settings
from initlint.project.tracking import FileDigest

_MIN_AGE = 2_000_000_000
"""Nanoseconds since its last change after which a further change of a file must give it another time stamp."""


@dataclass(frozen=True, slots=True)
class ResultCache:
    """The cache file at `path`. `queries` are those that a result's dependencies are checked with."""

    path: Path
    contents: CacheContents
    queries: FileSystemQueries
    invalid: frozenset[str]
    """The real paths of the files with a result that is no longer valid."""

    @classmethod
    def open(
        cls, folder: Path, settings: Settings, sources: Mapping[str, bytes], listings: DirectoryListings
    ) -> ResultCache:
        """The cache in `folder` of earlier runs with such settings, and which of its results are invalid.

        `sources` replaces the bytes of files, by path.
        """
        path = folder / f"{cache_key(settings)}{cache_file.SUFFIX}"
        contents, replaced, roots = cache_file.load(path), by_real_path(sources), [*map(str, settings.module_roots)]
        queries = FileSystemQueries(replaced, roots, contents.digests, listings)
        try:
            return cls(path, contents, queries, frozenset(_invalid_results(contents, queries)))
        except OF_ANOTHER_SHAPE:
            return cls(path, CacheContents(), FileSystemQueries(replaced, roots, {}, listings), frozenset())

    def load(self, files: Mapping[str, Path]) -> dict[str, FileResult]:
        """The valid results, by real path as are `files`. Paths are shown as they are given there."""
        shown_paths = {real: str(file) for real, file in files.items()}
        results: dict[str, FileResult] = {}
        for real, shown in shown_paths.items():
            with suppress(*OF_ANOTHER_SHAPE):
                text = self.contents.result(real) if real not in self.invalid else None
                if text is not None:
                    results[real] = codec.decode(text, shown, shown_paths)
        return results

    def store(self, results: Mapping[str, FileResult], files: Mapping[str, Path], started: int) -> None:
        """Add `results`, by real path as are `files`, except those with failures.

        `started`: when the run began, in nanoseconds.
        """
        new: dict[str, CacheEntry] = {}
        dependencies: set[Dependency] = set()
        read: set[FileDigest] = set()
        for real, result in results.items():
            if not result.failures:
                own = result.dependencies
                dependencies.update(own.dependencies)
                read.update(own.digests)
                new[real] = CacheEntry(own.dependencies, codec.encode(result, str(files[real]), os.path.realpath))
        searches = (MatchingFiles, MentionedInTexts)
        roots = {dependency.root for dependency in dependencies if isinstance(dependency, searches)}
        digests = self._new_digests(read, roots, started)
        # If a removed file comes back unchanged, a search that did not find it must find it to be new.
        removed = self.invalid.union(*map(self.queries.removed_files, roots))
        if not (new or digests or removed):
            return
        with suppress(CannotWrite, OSError):  # the result of the run is the same
            try:
                cache_file.save(self.path, self.contents, new, digests, removed)
            except OF_ANOTHER_SHAPE:
                cache_file.save(self.path, CacheContents(), new, digests)
            cache_file.remove_unused(self.path.parent)

    def _new_digests(self, read: Iterable[FileDigest], searched_roots: Iterable[str], started: int) -> Digests:
        """The digests and stats that the cache file lacks of the files that were read or searched."""
        for path in {path for root in searched_roots for path in self.queries.searched(root)}:
            self.queries.digest(path)
        digests_of: dict[str, set[str]] = {}
        for path, digest in (*self.queries.computed_digests(), *read):
            digests_of.setdefault(path, set()).add(digest)
        return {
            path: _certain_digest(path, digests, started)
            if self.queries.reads_disk(path)
            else (UNCERTAIN_STAT, NO_DIGEST)
            for path, digests in digests_of.items()
            if not self.queries.has_only_cached_digest(path, digests)
        }


def _invalid_results(contents: CacheContents, queries: FileSystemQueries) -> set[str]:
    """The files whose cached result has a dependency that is not current."""
    invalid: set[str] = set()
    for segment in contents.segments:
        for subject in segment.subjects:
            if queries.is_unchanged(subject):
                continue  # dependencies about a file depend on its bytes only
            changed = [
                number
                for number, group in enumerate(segment.dependencies(subject))
                if not all(dependency.is_current(queries) for dependency in group)
            ]
            if changed:
                dependents = segment.dependents(subject)
                invalid.update(path for number in changed for path in contents.files_of(segment, dependents[number]))
    return invalid


def _certain_digest(path: str, digests: Collection[str], started: int) -> tuple[Stat, str]:
    """No digest for a file that was modified during the run: it is not known which version was read."""
    if len(digests) > 1:
        return UNCERTAIN_STAT, NO_DIGEST
    try:
        stat = stat_of(path)
    except OSError:
        return UNCERTAIN_STAT, NO_DIGEST
    if stat[0] >= started:
        return UNCERTAIN_STAT, NO_DIGEST
    return stat if stat[0] < started - _MIN_AGE else UNCERTAIN_STAT, next(iter(digests))


def cache_key(settings: Settings) -> str:
    """A digest of all that affects findings except the files: initlint itself, Python, libcst, and the settings."""
    defaults = Settings(root=settings.root)
    irrelevant = (
        "exclude extend_exclude force_exclude respect_gitignore fail_on output_format per_file_ignores severity "
        "nearest command_line_exclude command_line_ignores"
    ).split()
    relevant = replace(settings, file=None, **{name: getattr(defaults, name) for name in irrelevant})
    key = json.dumps([code_digest(), asdict(relevant)], default=_plain_value, sort_keys=True)
    return digest_of(key.encode())


@functools.cache
def code_digest() -> str:
    """A digest of initlint itself, Python and libcst."""
    parser = find_spec("libcst")
    versions = [__version__, sys.version, _stat(Path(parser.origin)) if parser and parser.origin else None]
    own_files = sorted((str(path), _stat(path)) for path in Path(__file__).parents[2].rglob("*.py"))
    return digest_of(json.dumps([versions, own_files]).encode())


def _stat(path: Path) -> Stat:
    return stat_of(str(path))


def _plain_value(value: object) -> object:
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)
