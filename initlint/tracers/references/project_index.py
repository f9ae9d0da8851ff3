"""The files around a linted one: what belongs to the same project, whether or not it is linted too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from initlint.project.dependencies import FileSystemQueries, Question
from initlint.project.lru import SizedLRU
from initlint.project.project_search import whole_word
from initlint.tracers.references.file_queries import digest_of_told, name_of, tell
from initlint.tracers.references.syntax_index import SyntaxIndex

Told = TypeVar("Told")
_KEPT = 256 * 1024
"""Bytes of source whose trees are kept; one of Python's own takes some seventy times as much memory."""


class ProjectIndex:
    """Tells which files of the project around a file hold a name. `ask` is told of each question, for the cache."""

    def __init__(self, disk: FileSystemQueries, ask: Callable[[Question], None]) -> None:
        self._disk = disk
        self._ask = ask
        self._texts: SizedLRU[Path, SyntaxIndex | None] = SizedLRU(_KEPT)
        self._told: dict[tuple[object, ...], tuple[Any, Question]] = {}

    def root(self, file: Path) -> Path:
        """The root folder of the project that `file` belongs to: one with a marker, else where imports start from."""
        folder = str(file.resolve().parent)
        root = self._disk.root(folder)
        self._ask(("root", folder, root))
        return Path(root)

    def is_library(self, file: Path) -> bool:
        """Whether others may import what `file` defines: it lies in a package, and the project can be installed."""
        folder = str(file.resolve().parent)
        found = self._disk.installable(folder)
        self._ask(("installable", folder, found))
        return bool(found)

    def holding(self, file: Path, name: str) -> tuple[Path, ...] | None:
        """`file`, and the files of its project that hold the word `name`; None if the project is too large to tell."""
        return self.matching(file, name, whole_word(name))

    def matching(self, file: Path, piece: str, pattern: str) -> tuple[Path, ...] | None:
        """As `holding`, those that match `pattern`; `piece` stands in each match, and is what is looked for first."""
        root, own = str(self.root(file)), file.resolve()
        found = self._disk.search(root, piece, pattern)
        self._ask(("matching", root, piece, pattern, self._disk.matched(root, piece, pattern)))
        return None if found is None else (own, *(Path(path) for path in found if path != str(own)))

    def matching_each(self, file: Path, patterns: Mapping[str, str]) -> Iterator[tuple[Path, ...] | None]:
        """As `matching`, for each of the patterns, which are by piece."""
        self._disk.search_all(str(self.root(file)), patterns)
        return (self.matching(file, piece, pattern) for piece, pattern in patterns.items())

    def is_configured(self, file: Path, name: str) -> bool:
        """Whether a configuration, a script or a document of the project may name what `file` defines as `name`."""
        root = str(self.root(file))
        named = self._disk.named(root, name)
        self._ask(("named", root, name, named))
        return bool(named)

    def told(self, path: Path, teller: Callable[..., Told], *about: str) -> Told | None:
        """What a `teller` says of a file, and of the names `about` in it.

        None if the file is no Python that can be read. Each is asked once, and must not hold on to the tree: many files
        are asked again for each class.
        """
        key = (path, teller, *about)
        if key not in self._told:
            name = name_of(teller)
            found = tell(self._text(path), name, *about)
            self._told[key] = found, ("told", str(path), name, *about, digest_of_told(found))
        answer, question = self._told[key]
        self._ask(question)
        self._ask(("seen", str(path), self._disk.digest(str(path))))
        told: Told | None = answer
        return told

    def _text(self, path: Path) -> SyntaxIndex | None:
        """The names of a file; None if it is no Python that can be read."""
        if path in self._texts:
            return self._texts[path]
        data = self._disk.content(str(path))
        text = SyntaxIndex.parse(path, data)
        self._texts.put(path, text, len(data))
        return text
