"""The cache of one project under one set of settings: one file, in segments.

The first segment was written with the whole file; each later run that has new results appends another. A segment is one
line that begins with its digest. If one of them is damaged, the file is not used.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from initlint._lazy import LazyModule
from initlint._records import dataclass
from initlint.project import dependencies
from initlint.project.dependencies import Dependency
from initlint.project.file_io import CannotWrite, read_file, write
from initlint.project.filesystem import Stat, digest_of

if TYPE_CHECKING:
    from initlint.tracers.references import parsed_dependencies
else:
    # Imports the parsers. A run in which nothing has changed needs none.
    parsed_dependencies = LazyModule("initlint.tracers.references.parsed_dependencies")

SUFFIX = ".cache"
UNCERTAIN_STAT: Stat = (0, 0)
"""The stat of a file whose next change may leave the real one as it is: its bytes are compared in each run."""
NO_DIGEST = "?"
"""The digest of a file whose bytes are not certain. It equals no digest."""
OF_ANOTHER_SHAPE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading a file raises that another program has written, with the right digest."""
_MAX_SIZE = 256 * 1024 * 1024
"""Bytes of all cache files together."""
_MAX_AGE = 90 * 24 * 3600
"""Seconds without use after which a cache file is removed."""
_MAX_APPENDED = 1 / 8
"""How large the appended segments may be together, relative to the first, before the file is written whole."""

_HEADER = 48
"""Bytes at the start of a segment: its digest and the length of its index."""

Slice: TypeAlias = "Sequence[int]"
"""The start and the end of a text within the texts of a segment, in bytes."""
Digests: TypeAlias = "dict[str, tuple[Stat, str]]"
"""By real path, the digest of a file, and its stat at that time."""


class CacheEntry(NamedTuple):
    """The dependencies of one file's result, and the result as JSON."""

    dependencies: Collection[Dependency]
    result: str


@dataclass(frozen=True, slots=True)
class CacheSegment:
    """The entries that one run has added. They are decoded on demand: a run needs few of thousands.

    `files`: the real paths of the linted files, in the order of `results`. `subjects`: by the file or folder that they
    are about, the dependencies in groups, and for each group the numbers of the files that have these dependencies;
    both are JSON in `texts`.
    """

    files: Sequence[str]
    results: Sequence[Slice]
    subjects: Mapping[str, tuple[Slice, Slice]]
    texts: memoryview

    @classmethod
    def of(cls, entries: Mapping[str, CacheEntry]) -> CacheSegment:
        texts = _Texts()
        results = [texts.add(entry.result) for entry in entries.values()]
        dependents: dict[str, dict[Dependency, list[int]]] = {}
        for number, entry in enumerate(entries.values()):
            for dependency in entry.dependencies:
                subject, *_ = dependency
                dependents.setdefault(subject, {}).setdefault(dependency, []).append(number)
        subjects: dict[str, tuple[Slice, Slice]] = {}
        for subject, numbers_of in sorted(dependents.items()):
            groups: dict[tuple[int, ...], list[list[object]]] = {}
            for dependency, numbers in numbers_of.items():
                _, *fields, kind = dependency
                groups.setdefault(tuple(numbers), []).append([kind, *fields])
            subjects[subject] = texts.add(compact_json([*groups.values()])), texts.add(compact_json([*groups]))
        return cls([*entries], results, subjects, memoryview(texts.data))

    def dependencies(self, subject: str) -> Sequence[Sequence[Dependency]]:
        """Those about `subject`, in groups that the same files have."""
        groups = self._decode(self.subjects[subject][0])
        return [[_dependency(subject, *dependency) for dependency in group] for group in groups]

    def dependents(self, subject: str) -> Sequence[Sequence[int]]:
        """For each of these groups, the numbers of the files that have these dependencies."""
        groups: Sequence[Sequence[int]] = self._decode(self.subjects[subject][1])
        return groups

    def text(self, position: Slice) -> str:
        start, end = position
        return str(self.texts[start:end], "ascii")  # `compact_json` writes nothing else

    def _decode(self, position: Slice) -> Any:
        return json.loads(self.text(position))

    def entries(self) -> Iterator[tuple[str, CacheEntry]]:
        """All entries, decoded."""
        dependencies_of: list[list[Dependency]] = [[] for _ in self.files]
        for subject in self.subjects:
            for group, numbers in zip(self.dependencies(subject), self.dependents(subject), strict=True):
                for number in numbers:
                    dependencies_of[number] += group
        for path, own, position in zip(self.files, dependencies_of, self.results, strict=True):
            yield path, CacheEntry(own, self.text(position))


def _dependency(subject: str, kind: str, *fields: Any) -> Dependency:
    """Raises KeyError for a kind that does not exist."""
    kinds: Mapping[str, Callable[..., Dependency]] = dependencies.KINDS
    if kind not in kinds:
        kinds = parsed_dependencies.KINDS
    return kinds[kind](subject, *(tuple(field) if isinstance(field, list) else field for field in fields))


class _Texts:
    """Texts one after the other. Equal ones are stored once."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._positions: dict[str, Slice] = {}

    def add(self, text: str) -> Slice:
        if text not in self._positions:
            start = len(self.data)
            self.data += text.encode()
            self._positions[text] = (start, len(self.data))
        return self._positions[text]


@dataclass(slots=True)
class CacheContents:
    """The segments of a cache file, oldest first.

    `current`: by real path, the segment that has the valid entry of a file, and the file's number there. `size`: the
    bytes of the first segment on disk, and of all others.
    """

    segments: list[CacheSegment] = field(default_factory=list)
    current: dict[str, tuple[CacheSegment, int]] = field(default_factory=dict)
    digests: Digests = field(default_factory=dict)
    size: tuple[int, int] = (0, 0)

    def add(self, segment: CacheSegment, digests: Digests, removed: Collection[str] = ()) -> None:
        """Append a segment, and remove the entries of the files `removed`."""
        for path in removed:
            self.current.pop(path, None)
        for path in {*removed}.difference(segment.files):
            self.digests.pop(path, None)
        self.segments.append(segment)
        self.current.update((path, (segment, number)) for number, path in enumerate(segment.files))
        self.digests.update(digests)

    def entries(self) -> dict[str, CacheEntry]:
        """The valid entries, decoded."""
        return {
            path: entry
            for segment in self.segments
            for path, entry in segment.entries()
            if self._is_current(segment, path)
        }

    def files_of(self, segment: CacheSegment, numbers: Collection[int]) -> Iterator[str]:
        """The files with these numbers whose valid entry is in `segment`."""
        return (segment.files[number] for number in numbers if self._is_current(segment, segment.files[number]))

    def _is_current(self, segment: CacheSegment, path: str) -> bool:
        return path in self.current and self.current[path][0] is segment

    def result(self, path: str) -> str | None:
        """The result of a file, as JSON."""
        if path not in self.current:
            return None
        segment, number = self.current[path]
        return segment.text(segment.results[number])


def load(path: Path) -> CacheContents:
    """Empty if there is no such file, or if one byte differs from what was written."""
    contents = CacheContents()
    try:
        data = read_file(path, 4 * _MAX_SIZE)
        ends = [0]
        while ends[-1] < len(data):
            ends.append(data.index(b"\n", ends[-1]) + 1)
            contents.add(*_decode_segment(memoryview(data)[slice(*ends[-2:])]))  # not copied: it may be large
        contents.size = (ends[1], len(data) - ends[1])
        os.utime(path)  # it is in use: see `remove_unused`
    except (OSError, *OF_ANOTHER_SHAPE):
        return CacheContents()
    return contents


def save(
    path: Path,
    contents: CacheContents,
    new: Mapping[str, CacheEntry],
    digests: Digests,
    removed: Collection[str] = (),
) -> None:
    """Update the file that `contents` was loaded from. Raises `CannotWrite` and OSError.

    The update is appended if the file is still the one that was loaded, and small enough. Otherwise the file is
    replaced, so that the entries of two simultaneous runs do not mix. It is not replaced for digests alone: without
    them, the next run compares the bytes of a few more files.
    """
    segment = CacheSegment.of(new)
    data = _encode_segment(segment, digests, removed)
    first, appended = contents.size
    if appended + len(data) <= first * _MAX_APPENDED and path.stat().st_size == first + appended:
        with open(path, "ab", buffering=0) as file:
            file.write(data)
    elif new or removed:
        if contents.segments:
            contents.add(segment, digests, removed)
            data = _encode_segment(CacheSegment.of(contents.entries()), contents.digests)
        write_file(path, data)


def write_file(path: Path, data: bytes | bytearray) -> None:
    """Write a file of the cache, in the place of whatever is there. Raises `CannotWrite` and OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        path.unlink()  # writing to a pipe might never end
    write(path, data, lasting=False)  # a file that a crash has damaged is not used


def _encode_segment(segment: CacheSegment, digests: Digests, removed: Collection[str] = ()) -> bytearray:
    index = compact_json([segment.files, segment.results, segment.subjects, digests, [*removed]])
    data = bytearray(_HEADER)
    data += index.encode()
    data += segment.texts
    data += b"\n"  # JSON contains none
    data[:_HEADER] = f"{digest_of(memoryview(data)[_HEADER:])} {len(index)}".ljust(_HEADER).encode()
    return data


def _decode_segment(data: memoryview) -> tuple[CacheSegment, Digests, list[str]]:
    """The arguments of `CacheContents.add`. Raises ValueError, TypeError or IndexError for damaged data."""
    header, body = data[:_HEADER], data[_HEADER:]
    digest, length = str(header, "ascii").split()
    if digest != digest_of(body):
        raise ValueError("the segment is damaged")
    files, results, subjects, digests, removed = json.loads(str(body[: int(length)], "ascii"))
    typed_digests = {path: ((changed, size), digest) for path, ((changed, size), digest) in digests.items()}
    return CacheSegment(files, results, subjects, body[int(length) :]), typed_digests, removed


def compact_json(document: object) -> str:
    """JSON without blanks: ASCII, on one line."""
    return json.dumps(document, separators=(",", ":"))


def remove_unused(folder: Path) -> None:
    """Remove the files that were not used for long, and the oldest ones if all together are too large."""
    total = 0
    for stat, path in sorted(_files(folder), reverse=True):
        total += stat[1]
        if total > _MAX_SIZE or stat[0] < time.time() - _MAX_AGE:
            path.unlink(missing_ok=True)


def remove_all(folder: Path) -> int:
    """Remove all cache files in `folder`, and nothing else; return their number. Raises `CannotWrite`."""
    paths = [path for _, path in _files(folder)]
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise CannotWrite(f"{path} cannot be removed: {error.strerror or error}") from None
    return len(paths)


def _files(folder: Path) -> Iterator[tuple[tuple[float, int], Path]]:
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(OSError):
            yield (path.stat().st_mtime, path.stat().st_size), path
