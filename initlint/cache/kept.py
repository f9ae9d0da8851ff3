"""The outcomes of earlier runs that still hold."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from initlint import __version__
from initlint.cache import codec, store
from initlint.cache.store import Entry, Stored
from initlint.disk import UNSETTLED, Disk, Question, Stat, digest_of, stat_of
from initlint.files import CannotWrite
from initlint.outcome import Outcome
from initlint.settings import Settings

_FRESH = 2_000_000_000
"""Nanoseconds within which a file may change a second time without a new time stamp."""


@dataclass(frozen=True, slots=True)
class Kept:
    """`path` is the file that holds them; None: nothing is kept."""

    path: Path | None
    stored: Stored

    @classmethod
    def open(cls, folder: Path | None, settings: Settings) -> Kept:
        """What runs with such settings have left in `folder`; None keeps nothing."""
        if folder is None:
            return cls(None, Stored())
        path = folder / f"{_way_of_linting(settings)}{store.SUFFIX}"
        return cls(path, store.load(path))

    def holding(self, disk: Disk) -> Kept:
        """The same without what rests on an answer that is another one by now."""
        changed = {at for at, question in enumerate(self.stored.questions) if not disk.holds(question)}
        if not changed:
            return self
        entries = {path: entry for path, entry in self.stored.entries.items() if changed.isdisjoint(entry.asked)}
        return replace(self, stored=replace(self.stored, entries=entries))

    def recall(self, files: Mapping[Path, str]) -> dict[Path, Outcome]:
        """The outcomes, by file; `files` has their real paths. A file is shown as it is named there."""
        names = {path: str(file) for file, path in files.items()}
        found: dict[Path, Outcome] = {}
        for file, path in files.items():
            entry = self.stored.entries.get(path)
            if entry is not None:
                with suppress(ValueError, TypeError, KeyError, IndexError):
                    found[file] = codec.from_json(entry.outcome, str(file), names)
        return found

    def keep(self, outcomes: Mapping[Path, Outcome], disk: Disk, since: int) -> None:
        """Add `outcomes`, by file, to what holds. What has failed is not. `since`: when the run began, in ns."""
        if self.path is None:
            return
        entries = dict(self.stored.entries)
        numbers: dict[Question, int] = {question: at for at, question in enumerate(self.stored.questions)}
        for file, outcome in outcomes.items():
            if not outcome.failures:
                asked = [numbers.setdefault(question, len(numbers)) for question in sorted(outcome.asked)]
                entries[os.path.realpath(file)] = Entry(asked, codec.to_json(outcome, str(file), os.path.realpath))
        questions = list(numbers)
        used = {at for entry in entries.values() for at in entry.asked}
        with suppress(CannotWrite, OSError):  # a run is worth as much without
            digests = _digests([questions[at] for at in used], disk, since)
            store.save(self.path, Stored(questions, entries, digests))
            store.tidy(self.path.parent)


def now() -> int:
    return time.time_ns()


def _digests(questions: Iterable[Question], disk: Disk, since: int) -> dict[str, tuple[Stat, str]]:
    """What the files hold that the answers to `questions` rest on, and the states in which they do."""
    found = {question[1]: question[2] for question in questions if question[0] == "read"}
    for root in {question[1] for question in questions if question[0] in ("matching", "named")}:
        for path in disk.searched(root):
            found.setdefault(path, disk.digest(path))
    read = ((path, digest) for path, digest in found.items() if disk.reads_disk(path))
    return {path: (state, digest) for path, digest in read if (state := _state_of(path, disk, since))}


def _state_of(path: str, disk: Disk, since: int) -> Stat | None:
    """None for a file that has changed since the run began: it may have been read before that or afterwards."""
    before = disk.state_before(path)
    if before is not None:
        return before
    with suppress(OSError):
        state = stat_of(path)
        if state[0] < since:
            return state if state[0] < since - _FRESH else UNSETTLED
    return None


def _way_of_linting(settings: Settings) -> str:
    """Stands for all that decides what is found, but for the files: the linter itself, its parser, the settings."""
    what_is_shown = Settings(root=settings.root)
    shown = ("exclude extend_exclude force_exclude respect_gitignore fail_on output_format per_file_ignores").split()
    relevant = replace(settings, file=None, **{name: getattr(what_is_shown, name) for name in shown})
    parser = find_spec("libcst")
    about = [__version__, sys.version, _state(Path(parser.origin)) if parser and parser.origin else None]
    own = sorted((str(path), _state(path)) for path in Path(__file__).parents[1].rglob("*.py"))
    return digest_of(json.dumps([about, own, asdict(relevant)], default=_plain, sort_keys=True).encode())


def _state(path: Path) -> Stat:
    return stat_of(str(path))


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)
