"""What a process that lints again and again, such as a language server, remembers of files between its runs.

All of it is computed from the bytes of files, and valid as long as a file has the digest that it had then.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from initlint._records import dataclass
from initlint.project.filesystem import Stat

Value = TypeVar("Value")

MIN_AGE = 2_000_000_000
"""Nanoseconds since its last change after which a further change of a file must give it another time stamp."""
_MAX_SEARCHES = 256
_MAX_ANSWERS = 20_000
_MAX_TREES = 2 * 1024 * 1024
"""Bytes of the files whose syntax trees are kept. A tree takes some fifty times as much."""


@dataclass(frozen=True)
class _MatchedFiles:
    """The files that were searched, those that matched, and the number of changes that were known at that time."""

    paths: tuple[str, ...] = ()
    matches: frozenset[str] = frozenset()
    time: int = -1


class Bounded(Generic[Value]):
    """Values by key, those used last, as far as their sizes are at most `limit` together."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._total = 0
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()

    def get(self, key: Hashable) -> Value | None:
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def put(self, key: Hashable, value: Value, size: int = 1) -> None:
        if key in self._values:
            self._total -= self._values.pop(key)[1]
        self._values[key] = value, size
        self._total += size
        while self._total > self._limit and len(self._values) > 1:
            _, (_, dropped) = self._values.popitem(last=False)
            self._total -= dropped


class FileMemory:
    """Digests, matches of searches, answers of queries, and syntax trees, by real path."""

    def __init__(self) -> None:
        self.digests: dict[str, tuple[Stat, str]] = {}
        """Of files on disk, with the stat that they had then."""
        self._observed: dict[str, tuple[str, int]] = {}
        """By path the last digest, on disk or in an editor, and the number of changes until it was new."""
        self._changes = 0
        self._paths: dict[tuple[str, ...], tuple[str, ...]] = {}
        """The files of searches, by the first of them."""
        self._searches: Bounded[_MatchedFiles] = Bounded(_MAX_SEARCHES)
        self._answers: Bounded[tuple[str, Any]] = Bounded(_MAX_ANSWERS)
        self._trees: Bounded[tuple[Hashable, Any]] = Bounded(_MAX_TREES)

    def note(self, path: str, stat: Stat, digest: str) -> None:
        """A file had these bytes after `stat` was read. It is not noted if a change may leave its stat as it is."""
        if stat[0] < time.time_ns() - MIN_AGE:
            self.digests[path] = stat, digest
        else:
            self.digests.pop(path, None)

    def matching(
        self, search: Hashable, paths: tuple[str, ...], digest: Callable[[str], str], matches: Callable[[str], bool]
    ) -> tuple[str, ...]:
        """Those of `paths` that match. If the same search was made before in these, only changed files are searched."""
        if self._paths.get(paths[:1]) != paths:
            self._paths[paths[:1]] = paths
        paths = self._paths[paths[:1]]  # one object for all searches
        before = self._searches.get(search) or _MatchedFiles()
        if before.paths != paths:
            before = _MatchedFiles()
        found = tuple(path for path in paths if self._matches(path, digest(path), before, matches))
        self._searches.put(search, _MatchedFiles(paths, frozenset(found), self._changes))
        return found

    def _matches(self, path: str, digest: str, before: _MatchedFiles, matches: Callable[[str], bool]) -> bool:
        last, changed_at = self._observed.get(path, ("", 0))
        if last != digest or path not in self._observed:
            self._changes += 1
            changed_at = self._changes
            self._observed[path] = digest, changed_at
        return matches(path) if changed_at > before.time else path in before.matches

    def answer(self, path: str, digest: str, query: Hashable, compute: Callable[[], Value]) -> Value:
        """The answer of a query to a file with this digest."""
        known = self._answers.get((path, query))
        if known is not None and known[0] == digest:
            answer: Value = known[1]
            return answer
        answer = compute()
        self._answers.put((path, query), (digest, answer))
        return answer

    def tree(self, path: str, version: Hashable) -> Any:
        """What `keep_tree` was given for this version of a file; None if it is not kept."""
        known = self._trees.get(path)
        return known[1] if known is not None and known[0] == version else None

    def keep_tree(self, path: str, version: Hashable, tree: object, size: int) -> None:
        """Keep the tree of a file in place of that of another version. `size`: of the file, in bytes."""
        self._trees.put(path, (version, tree), size)
