"""The files around a linted one: those of the same project, linted or not, and the names in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from initlint.project.lru import SizedLRU
from initlint.project.project_search import whole_word
from initlint.project.tracking import TrackedQueries
from initlint.tracers.references.file_queries import digest_of_answer, query_name, run_query
from initlint.tracers.references.parsed_dependencies import QueryAnswer, parse_index
from initlint.tracers.references.syntax_index import SyntaxIndex

Answer = TypeVar("Answer")
_MAX_CACHED_SOURCE = 256 * 1024
"""Bytes of source whose trees are kept in memory. A tree takes some seventy times as much."""


class ProjectIndex:
    """Finds the files of a project that contain a name, and runs file queries on them."""

    def __init__(self, files: TrackedQueries) -> None:
        self._files = files
        self._indexes: SizedLRU[Path, SyntaxIndex | None] = SizedLRU(_MAX_CACHED_SOURCE)
        self._answers: dict[tuple[object, ...], tuple[Any, QueryAnswer | None]] = {}

    def root(self, file: Path) -> Path:
        """The root folder of the project that `file` belongs to: one with a marker, else where imports start from."""
        return Path(self._files.project_root(str(file.resolve().parent)))

    def is_library(self, file: Path) -> bool:
        """Whether others may import what `file` defines: it lies in a package, and the project can be installed."""
        return self._files.is_installable(str(file.resolve().parent))

    def files_with_word(self, file: Path, name: str) -> tuple[Path, ...] | None:
        """`file`, and the files of its project that contain the word `name`; None if the project is too large."""
        return self.files_matching(file, name, whole_word(name))

    def files_matching(self, file: Path, piece: str, pattern: str) -> tuple[Path, ...] | None:
        """As `files_with_word`, those that match `pattern`. Each match contains `piece`, which is searched first."""
        root, own = str(self.root(file)), file.resolve()
        paths = self._files.search(root, piece, pattern)
        return None if paths is None else (own, *(Path(path) for path in paths if path != str(own)))

    def files_matching_each(self, file: Path, patterns: Mapping[str, str]) -> Iterator[tuple[Path, ...] | None]:
        """As `files_matching`, for each of the patterns, which are by piece."""
        self._files.queries.search_all(str(self.root(file)), patterns)
        return (self.files_matching(file, piece, pattern) for piece, pattern in patterns.items())

    def is_mentioned_in_texts(self, file: Path, name: str) -> bool:
        """Whether a configuration, script or document of the project may name what `file` defines as `name`."""
        return self._files.is_mentioned(str(self.root(file)), name)

    def query(self, path: Path, query: Callable[..., Answer], *arguments: str) -> Answer | None:
        """The answer of a file query to the names `arguments`; None for a file that cannot be parsed.

        It is computed once, and must not refer to the tree: each class of a project asks about many files.
        """
        key = (path, query, *arguments)
        if key not in self._answers:
            self._answers[key] = self._run(path, query, arguments)
        answer: Answer | None
        answer, dependency = self._answers[key]
        if dependency is not None:
            self._files.record(dependency)
            self._files.record_digest(str(path))
        return answer

    def _run(self, path: Path, query: Callable[..., Any], arguments: tuple[str, ...]) -> tuple[Any, QueryAnswer | None]:
        name = query_name(query)
        memory, real = self._files.queries.memory, str(path)
        if memory is None:
            answer = run_query(self._index(path), name, *arguments)
        else:
            digest = self._files.queries.digest(real)
            answer = memory.answer(
                real, digest, (name, *arguments), lambda: run_query(self._index(path), name, *arguments)
            )
        if not self._files.records:
            return answer, None
        return answer, QueryAnswer(str(path), name, arguments, digest_of_answer(answer))

    def _index(self, path: Path) -> SyntaxIndex | None:
        """None if the file cannot be parsed."""
        if path in self._indexes:
            return self._indexes[path]
        data = self._files.queries.content(str(path))
        index = parse_index(path, data)
        self._indexes.put(path, index, len(data))
        return index
