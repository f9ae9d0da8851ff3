"""One file on disk for each project and way of linting it.

It has one line for all that was known when it was last written whole, and behind it one for each run that has added
something; each with its digest. A file with a damaged line is as good as none.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from initlint.project.dependencies import Question, Stat, digest_of
from initlint.project.file_io import CannotWrite, write

SUFFIX = ".cache"
_LIMIT = 256 * 1024 * 1024
"""Bytes of all files of the cache together."""
_OLD = 90 * 24 * 3600
"""Seconds after which a file that nobody has used is removed."""
_ADDED = 1 / 8
"""How large the added lines may be together, as a part of the first, before the file is written whole."""

_HEAD = 48
"""Bytes at the beginning of a line: its digest, and how long the index of its texts is."""

Place: TypeAlias = "Sequence[int]"
"""Where a text begins and ends among those of a line, in bytes."""
Digests: TypeAlias = "dict[str, tuple[Stat, str]]"
"""By real path, what a file held, and the state in which it did."""


class Entry(NamedTuple):
    """What one file said, as the text of a JSON document, and the questions that this rests on."""

    asked: Collection[Question]
    outcome: str


@dataclass(frozen=True, slots=True)
class Noted:
    """What one run has noted. Most of it stays undecoded: of thousands of files few are asked about.

    `files` are those of which it has the outcome, by real path, in the order of `outcomes`. `about`: by the file or
    folder that is asked about, groups of questions, and for each group the numbers of the files that rest on it. Both
    are JSON in `texts`.
    """

    files: Sequence[str]
    outcomes: Sequence[Place]
    about: Mapping[str, tuple[Place, Place]]
    texts: memoryview

    @classmethod
    def of(cls, entries: Mapping[str, Entry]) -> Noted:
        texts = _Texts()
        outcomes = [texts.add(entry.outcome) for entry in entries.values()]
        resting: dict[str, dict[Question, list[int]]] = {}
        for number, entry in enumerate(entries.values()):
            for question in sorted(entry.asked):
                if question[0] != "seen":  # it has told its digest, and asks nothing
                    resting.setdefault(question[1], {}).setdefault(question, []).append(number)
        about: dict[str, tuple[Place, Place]] = {}
        for subject, asked in resting.items():
            groups: dict[tuple[int, ...], list[list[str]]] = {}
            for (kind, _, *rest), numbers in asked.items():
                groups.setdefault(tuple(numbers), []).append([kind, *rest])
            about[subject] = texts.add(compact([*groups.values()])), texts.add(compact([*groups]))
        return cls([*entries], outcomes, about, memoryview(texts.written))

    def questions(self, subject: str) -> Sequence[Sequence[Question]]:
        """Those about `subject`, in groups on which the same files rest."""
        groups = self._decoded(self.about[subject][0])
        return [[(kind, subject, *rest) for kind, *rest in group] for group in groups]

    def resting(self, subject: str) -> Sequence[Sequence[int]]:
        """For each of these groups, the numbers of the files that rest on it."""
        found: Sequence[Sequence[int]] = self._decoded(self.about[subject][1])
        return found

    def text(self, place: Place) -> str:
        begin, end = place
        return str(self.texts[begin:end], "ascii")  # so is JSON as it is written here

    def _decoded(self, place: Place) -> Any:
        return json.loads(self.text(place))

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """All of it, decoded."""
        asked: list[list[Question]] = [[] for _ in self.files]
        for subject in self.about:
            for group, numbers in zip(self.questions(subject), self.resting(subject), strict=True):
                for number in numbers:
                    asked[number] += group
        for path, questions, place in zip(self.files, asked, self.outcomes, strict=True):
            yield path, Entry(questions, self.text(place))


class _Texts:
    """Texts one after the other, equal ones but once."""

    def __init__(self) -> None:
        self.written = bytearray()
        self._places: dict[str, Place] = {}

    def add(self, text: str) -> Place:
        if text not in self._places:
            begin = len(self.written)
            self.written += text.encode()
            self._places[text] = (begin, len(self.written))
        return self._places[text]


@dataclass(slots=True)
class Stored:
    """What the runs have noted, the first one first. `current` tells by real path which of them speaks for a file.

    `size`: the bytes of the first line on disk, and of all those behind it.
    """

    noted: list[Noted] = field(default_factory=list)
    current: dict[str, tuple[Noted, int]] = field(default_factory=dict)
    digests: Digests = field(default_factory=dict)
    size: tuple[int, int] = (0, 0)

    def add(self, noted: Noted, digests: Digests, gone: Collection[str] = ()) -> None:
        """Add what a later run has noted, and take the files `gone` out."""
        for path in gone:
            self.current.pop(path, None)
        for path in {*gone}.difference(noted.files):
            self.digests.pop(path, None)
        self.noted.append(noted)
        self.current.update((path, (noted, number)) for number, path in enumerate(noted.files))
        self.digests.update(digests)

    def entries(self) -> dict[str, Entry]:
        """What is said of each file now."""
        return {path: entry for noted in self.noted for path, entry in noted.entries() if self._speaks(noted, path)}

    def resting(self, noted: Noted, numbers: Collection[int]) -> Iterator[str]:
        """Those of the files with such numbers for which `noted` still speaks."""
        return (noted.files[number] for number in numbers if self._speaks(noted, noted.files[number]))

    def _speaks(self, noted: Noted, path: str) -> bool:
        return path in self.current and self.current[path][0] is noted

    def outcome(self, path: str) -> str | None:
        """The text of what is said of a file."""
        if path not in self.current:
            return None
        noted, number = self.current[path]
        return noted.text(noted.outcomes[number])


def load(path: Path) -> Stored:
    """Nothing if there is none, or if a single byte of it is not what was written."""
    stored = Stored()
    try:
        data = path.read_bytes()
        ends = [0]
        while ends[-1] < len(data):
            ends.append(data.index(b"\n", ends[-1]) + 1)
            stored.add(*_read(memoryview(data)[slice(*ends[-2:])]))  # a large one is not copied
        stored.size = (ends[1], len(data) - ends[1])
        os.utime(path)  # it is of use: see `tidy`
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        return Stored()
    return stored


def save(path: Path, stored: Stored, new: Mapping[str, Entry], digests: Digests, gone: Collection[str] = ()) -> None:
    """Bring the file that `stored` was loaded from up to date. Raises `CannotWrite` and OSError.

    A line is added to a file that still is what was loaded; any other is replaced whole, so that two runs at once do
    not mix. For digests alone that is not done: they save no more than a look into files.
    """
    noted = Noted.of(new)
    line = _line(noted, digests, gone)
    first, added = stored.size
    if added + len(line) <= first * _ADDED and path.stat().st_size == first + added:
        with open(path, "ab", buffering=0) as file:
            file.write(line)
    elif new or gone:
        if stored.noted:
            stored.add(noted, digests, gone)
            line = _line(Noted.of(stored.entries()), stored.digests)
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, line, lasting=False)  # what a crash leaves is damaged, at worst


def _line(noted: Noted, digests: Digests, gone: Collection[str] = ()) -> bytearray:
    index = compact([noted.files, noted.outcomes, noted.about, digests, [*gone]])
    line = bytearray(_HEAD)
    line += index.encode()
    line += noted.texts
    line += b"\n"  # JSON holds none
    line[:_HEAD] = f"{digest_of(memoryview(line)[_HEAD:])} {len(index)}".ljust(_HEAD).encode()
    return line


def _read(line: memoryview) -> tuple[Noted, Digests, list[str]]:
    """What a line adds, and what it takes out. Raises ValueError, TypeError or IndexError for a damaged one."""
    head, body = line[:_HEAD], line[_HEAD:]
    digest, index = str(head, "ascii").split()
    if digest != digest_of(body):
        raise ValueError("not what was written")
    files, outcomes, about, digests, gone = json.loads(str(body[: int(index)], "ascii"))
    known = {path: ((changed, size), digest) for path, ((changed, size), digest) in digests.items()}
    return Noted(files, outcomes, about, body[int(index) :]), known, gone


def compact(document: object) -> str:
    """JSON without blanks: ASCII, on one line."""
    return json.dumps(document, separators=(",", ":"))


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
