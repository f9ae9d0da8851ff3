"""What a process that lints again and again keeps between its runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import field, replace

from initlint._records import dataclass
from initlint.linter.results import CheckResult, FileResult
from initlint.project.dependencies import Dependency
from initlint.project.file_memory import Bounded, FileMemory
from initlint.project.queries import FileSystemQueries
from initlint.tracers.references.file_users import ImportIndex

_MAX_RESULTS = 300


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A result, and its dependencies by the file or folder that they are about, with the digest of a file."""

    result: FileResult
    subjects: tuple[tuple[str, str | None, tuple[Dependency, ...]], ...]


class ResultMemory:
    """Results of files, used again while all their dependencies are current."""

    def __init__(self) -> None:
        self._results: Bounded[_Remembered] = Bounded(_MAX_RESULTS)

    def get(self, key: Hashable, queries: FileSystemQueries) -> FileResult | None:
        """The result that was put under `key`, if it is still that of the files that `queries` reads."""
        known = self._results.get(key)
        if known is None:
            return None
        for subject, digest, dependencies in known.subjects:
            # Dependencies about a file depend on its bytes only.
            if digest is not None and queries.digest(subject) == digest:
                continue
            if not all(dependency.is_current(queries) for dependency in dependencies):
                return None
        return known.result

    def put(self, key: Hashable, result: FileResult) -> None:
        """Keep a result that was made with recorded dependencies. One with failures is not kept."""
        if result.failures:
            return
        by_subject: dict[str, list[Dependency]] = {}
        for dependency in result.dependencies.dependencies:
            subject, *_ = dependency
            by_subject.setdefault(subject, []).append(dependency)
        digests: dict[str, str | None] = {}
        for path, digest in result.dependencies.digests:
            digests[path] = digest if digests.get(path, digest) == digest else None
        subjects = ((subject, digests.get(subject), tuple(group)) for subject, group in by_subject.items())
        self._results.put(key, _Remembered(replace(result, timings=None), tuple(subjects)))


@dataclass(frozen=True, slots=True)
class RunMemory:
    """Facts about files, who imports what, and results. One thread at a time may use it."""

    files: FileMemory = field(default_factory=FileMemory)
    imports: ImportIndex = field(default_factory=ImportIndex)
    results: ResultMemory = field(default_factory=ResultMemory)


def _nothing(_: CheckResult) -> None:
    """Nobody waits for a part of the result."""


def keep_on() -> None:
    """Nothing interrupts the run."""


@dataclass(frozen=True, slots=True)
class WarmRun:
    """A run in a process that keeps `memory`.

    `preview` is called with the result of the linted files without those that use them, before these are searched.
    `check_interrupt` is called before each entry point; what it raises ends the run.
    """

    memory: RunMemory
    preview: Callable[[CheckResult], None] = _nothing
    check_interrupt: Callable[[], None] = keep_on
