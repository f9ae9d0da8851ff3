"""One file on disk for each project and way of linting it. It is replaced whole; a damaged one is as good as none."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from initlint.disk import Question, Stat, digest_of
from initlint.files import CannotWrite, write

SUFFIX = ".cache"
_LIMIT = 256 * 1024 * 1024
"""Bytes of all files of the cache together."""
_OLD = 90 * 24 * 3600
"""Seconds after which a file that nobody has used is removed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one file said, as JSON, and the numbers of the questions that this rests on."""

    asked: Sequence[int]
    outcome: Any


@dataclass(frozen=True, slots=True)
class Stored:
    """By real path: the entries, and the digests of files with the state in which they had it."""

    questions: Sequence[Question] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    digests: Mapping[str, tuple[Stat, str]] = field(default_factory=dict)


def load(path: Path) -> Stored:
    """Nothing if there is none, or if a single byte of it is not what was written."""
    try:
        header, _, body = path.read_bytes().partition(b"\n")
        if header.decode() != digest_of(body):
            return Stored()
        document = json.loads(body)
        os.utime(path)  # it is of use: see `tidy`
        return _stored(document)
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        return Stored()


def save(path: Path, stored: Stored) -> None:
    """Replace the file whole: two runs at once do not mix. Raises `CannotWrite` and OSError."""
    body = json.dumps(_document(stored), separators=(",", ":")).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, digest_of(body).encode() + b"\n" + body, lasting=False)  # what a crash leaves is damaged, at worst


def _document(stored: Stored) -> dict[str, Any]:
    numbers: dict[Question, int] = {}
    entries = {
        path: [[numbers.setdefault(stored.questions[at], len(numbers)) for at in entry.asked], entry.outcome]
        for path, entry in stored.entries.items()
    }
    return {"questions": list(numbers), "entries": entries, "digests": stored.digests}


def _stored(document: dict[str, Any]) -> Stored:
    questions = [tuple(question) for question in document["questions"]]
    entries = {path: Entry(asked, outcome) for path, (asked, outcome) in document["entries"].items()}
    digests = {path: ((changed, size), digest) for path, ((changed, size), digest) in document["digests"].items()}
    return Stored(questions, entries, digests)


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
