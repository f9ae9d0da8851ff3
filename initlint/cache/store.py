"""One file on disk for each project and way of linting it.

It has one line for all that was known when it was last written whole, and behind it one for each run that has added
something; each with its digest. A file with a damaged line is as good as none.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from initlint.disk import Question, Stat, digest_of
from initlint.files import CannotWrite, write

SUFFIX = ".cache"
_LIMIT = 256 * 1024 * 1024
"""Bytes of all files of the cache together."""
_OLD = 90 * 24 * 3600
"""Seconds after which a file that nobody has used is removed."""
_ADDED = 1 / 8
"""How large the added lines may be together, as a part of the first, before the file is written whole."""


class Entry(NamedTuple):
    """What one file said, as JSON, and the numbers of the questions that this rests on."""

    asked: list[int]
    outcome: Any


@dataclass(slots=True)
class Stored:
    """By real path: the entries, and the digests of files with the state in which they had it.

    `size`: the bytes of the first line on disk, and of all those behind it.
    """

    questions: list[Question] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    digests: dict[str, tuple[Stat, str]] = field(default_factory=dict)
    size: tuple[int, int] = (0, 0)

    def add(self, new: Stored, gone: Collection[str] = ()) -> None:
        """Add what a later run has found, and take the entries `gone` out."""
        first = len(self.questions)
        self.questions += new.questions
        for path in gone:
            self.entries.pop(path, None)
            self.digests.pop(path, None)
        for path, (asked, outcome) in new.entries.items():
            self.entries[path] = Entry([first + at for at in asked], outcome)
        self.digests.update(new.digests)


def load(path: Path) -> Stored:
    """Nothing if there is none, or if a single byte of it is not what was written."""
    try:
        first, *added = path.read_bytes().splitlines(keepends=True)
        stored, _ = _read(first)
        for line in added:
            stored.add(*_read(line))
        stored.size = (len(first), sum(map(len, added)))
        os.utime(path)  # it is of use: see `tidy`
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        return Stored()
    return stored


def save(path: Path, stored: Stored, new: Stored, gone: Collection[str] = ()) -> None:
    """Bring the file that `stored` was loaded from up to date. Raises `CannotWrite` and OSError.

    A line is added to a file that still is what was loaded; any other is replaced whole, so that two runs at once do
    not mix.
    """
    line = _line(new, gone)
    first, added = stored.size
    if added + len(line) <= first * _ADDED and path.stat().st_size == first + added:
        with open(path, "ab", buffering=0) as file:
            file.write(line)
        return
    stored.add(new, gone)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, _line(_without_unasked(stored)), lasting=False)  # what a crash leaves is damaged, at worst


def _without_unasked(stored: Stored) -> Stored:
    """The same without questions that no entry rests on any more, and each but once."""
    numbers: dict[Question, int] = {}
    entries = {
        path: Entry([numbers.setdefault(stored.questions[at], len(numbers)) for at in entry.asked], entry.outcome)
        for path, entry in stored.entries.items()
    }
    return Stored([*numbers], entries, stored.digests)


def _line(stored: Stored, gone: Collection[str] = ()) -> bytes:
    document = [stored.questions, stored.entries, stored.digests, [*gone]]
    body = json.dumps(document, separators=(",", ":")).encode() + b"\n"
    return digest_of(body).encode() + b" " + body


def _read(line: bytes) -> tuple[Stored, list[str]]:
    """What a line adds, and what it takes out. Raises ValueError, TypeError or IndexError for a damaged one."""
    digest, _, body = line.partition(b" ")
    if digest.decode() != digest_of(body):
        raise ValueError("not what was written")
    questions, entries, digests, gone = json.loads(body)
    return Stored(
        [tuple(question) for question in questions],
        {path: Entry(asked, outcome) for path, (asked, outcome) in entries.items()},
        {path: ((changed, size), digest) for path, ((changed, size), digest) in digests.items()},
    ), gone


def tidy(folder: Path) -> None:
    """Remove what nobody has used for long, and the oldest of what is too much."""
    total = 0
    for stat, path in sorted(_files(folder), reverse=True):
        total += stat[1]
        if total > _LIMIT or stat[0] < time.time() - _OLD:
            path.unlink(missing_ok=True)


def clean(folder: Path) -> int:
    """Remove all that is kept in `folder`, and nothing else; how many files that were. Raises `CannotWrite`."""
    found = [path for _, path in _files(folder)]
    for path in found:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise CannotWrite(f"{path} cannot be removed: {error.strerror or error}") from None
    return len(found)


def _files(folder: Path) -> Iterator[tuple[tuple[float, int], Path]]:
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(OSError):
            yield (path.stat().st_mtime, path.stat().st_size), path
