"""The outcomes of earlier runs that still hold."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from initlint import __version__
from initlint.linter.cache import cache_file, codec
from initlint.linter.cache.cache_file import Digests, Entry, Stored
from initlint.linter.results import FileResult
from initlint.project.dependencies import UNKNOWN, UNSETTLED, FileSystemQueries, Question, Stat, digest_of, stat_of
from initlint.project.file_io import CannotWrite
from initlint.project.settings import Settings

_FRESH = 2_000_000_000
"""Nanoseconds within which a file may change a second time without a new time stamp."""


@dataclass(frozen=True, slots=True)
class Kept:
    """`path` is the file that holds them; None: nothing is kept. `gone`: the files whose outcome holds no more."""

    path: Path | None
    stored: Stored
    gone: frozenset[str] = frozenset()

    @classmethod
    def open(cls, folder: Path | None, settings: Settings) -> Kept:
        """What runs with such settings have left in `folder`; None keeps nothing."""
        if folder is None:
            return cls(None, Stored())
        path = folder / f"{_way_of_linting(settings)}{cache_file.SUFFIX}"
        return cls(path, cache_file.load(path))

    def holding(self, disk: FileSystemQueries, holds: Callable[[Question], bool]) -> Kept:
        """The same without what rests on an answer that is another one by now. `holds` is asked of each question."""
        gone: set[str] = set()
        for noted in self.stored.noted:
            for subject in noted.about:
                if disk.is_unchanged(subject):
                    continue  # all that is asked about it rests on what it holds
                changed = [at for at, group in enumerate(noted.questions(subject)) if not all(map(holds, group))]
                if changed:
                    resting = noted.resting(subject)
                    gone.update(path for at in changed for path in self.stored.resting(noted, resting[at]))
        return replace(self, gone=frozenset(gone))

    def recall(self, files: Mapping[str, Path]) -> dict[str, FileResult]:
        """The outcomes, by real path as are `files`. A file is shown as it is named there."""
        names = {real: str(file) for real, file in files.items()}
        found: dict[str, FileResult] = {}
        for real, shown in names.items():
            text = self.stored.outcome(real) if real not in self.gone else None
            if text is not None:
                with suppress(ValueError, TypeError, KeyError, IndexError):
                    found[real] = codec.read(text, shown, names)
        return found

    def lean(self, outcomes: Iterable[FileResult]) -> Iterator[FileResult]:
        """The same, with each question but once in memory; without any where nothing is kept."""
        known: dict[Question, Question] = {}
        for outcome in outcomes:
            asked = outcome.asked if self.path is not None else ()
            yield replace(outcome, asked=tuple(known.setdefault(question, question) for question in asked))

    def keep(
        self, outcomes: Mapping[str, FileResult], files: Mapping[str, Path], disk: FileSystemQueries, since: int
    ) -> None:
        """Add `outcomes`, by real path as are `files`, to what holds. What has failed is not.

        `since`: when the run began, in ns.
        """
        if self.path is None:
            return
        new: dict[str, Entry] = {}
        asked: set[Question] = set()
        for real, outcome in outcomes.items():
            if not outcome.failures:
                asked.update(outcome.asked)
                new[real] = Entry(outcome.asked, codec.written(outcome, str(files[real]), os.path.realpath))
        roots = {question[1] for question in asked if question[0] in ("matching", "named")}
        digests = _digests(asked, roots, disk, since)
        # A file that comes back as it was is a new one to a search that did not find it.
        gone = self.gone.union(*map(disk.removed_files, roots))
        if not (new or digests or gone):
            return
        with suppress(CannotWrite, OSError):  # a run is worth as much without
            cache_file.save(self.path, self.stored, new, digests, gone)
            cache_file.tidy(self.path.parent)


def now() -> int:
    return time.time_ns()


def _digests(asked: Iterable[Question], roots: Iterable[str], disk: FileSystemQueries, since: int) -> Digests:
    """What the files hold of which that was not known, and the states in which they do; `roots` were searched."""
    for path in {path for root in roots for path in disk.searched(root)}:
        disk.digest(path)
    seen: dict[str, set[str]] = {}
    for path, digest in disk.changed_files():
        seen.setdefault(path, set()).add(digest)
    for kind, path, *rest in asked:
        if kind in ("read", "seen"):
            seen.setdefault(path, set()).add(rest[0])
    return {
        path: _settled(path, digests, since) if disk.reads_disk(path) else (UNSETTLED, UNKNOWN)
        for path, digests in seen.items()
        if not disk.is_known(path, digests)
    }


def _settled(path: str, seen: Collection[str], since: int) -> tuple[Stat, str]:
    """Of a file that has changed since the run began nothing is known: it may have been read before or afterwards."""
    if len(seen) > 1:
        return UNSETTLED, UNKNOWN
    try:
        state = stat_of(path)
    except OSError:
        return UNSETTLED, UNKNOWN
    if state[0] >= since:
        return UNSETTLED, UNKNOWN
    return state if state[0] < since - _FRESH else UNSETTLED, next(iter(seen))


def _way_of_linting(settings: Settings) -> str:
    """Stands for all that decides what is found, but for the files: the linter itself, its parser, the settings."""
    what_is_shown = Settings(root=settings.root)
    shown = ("exclude extend_exclude force_exclude respect_gitignore fail_on output_format per_file_ignores").split()
    relevant = replace(settings, file=None, **{name: getattr(what_is_shown, name) for name in shown})
    parser = find_spec("libcst")
    about = [__version__, sys.version, _state(Path(parser.origin)) if parser and parser.origin else None]
    own = sorted((str(path), _state(path)) for path in Path(__file__).parents[2].rglob("*.py"))
    return digest_of(json.dumps([about, own, asdict(relevant)], default=_plain, sort_keys=True).encode())


def _state(path: Path) -> Stat:
    return stat_of(str(path))


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)
