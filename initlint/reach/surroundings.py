"""The files around a linted one: what belongs to the same project, whether or not it is linted too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from initlint.disk import Disk, Question
from initlint.reach.text import FileText
from initlint.recent import Recent
from initlint.search import is_installed, is_marked, whole_word

Told = TypeVar("Told")
_KEPT = 256 * 1024
"""Bytes of source whose trees are kept; one of Python's own takes some seventy times as much memory."""


class Surroundings:
    """Tells which files of the project around a file hold a name. `ask` is told of each question, for the cache."""

    def __init__(self, disk: Disk, ask: Callable[[Question], None]) -> None:
        self._disk = disk
        self._ask = ask
        self._texts: Recent[Path, FileText | None] = Recent(_KEPT)
        self._told: dict[tuple[object, ...], Any] = {}

    def root(self, file: Path) -> Path:
        """The root folder of the project that `file` belongs to: one with a marker, else where imports start from."""
        folder = str(file.resolve().parent)
        root = self._disk.root(folder)
        self._ask(("root", folder, root))
        return Path(root)

    def is_library(self, file: Path) -> bool:
        """Whether others may import what `file` defines: it lies in a package, and the project can be installed."""
        if not (file.resolve().parent / "__init__.py").is_file():
            return False
        root = self.root(file)
        return is_marked(root) or is_installed(root.parent)

    def holding(self, file: Path, name: str) -> tuple[Path, ...] | None:
        """`file`, and the files of its project that hold the word `name`; None if the project is too large to tell."""
        return self.matching(file, name, whole_word(name))

    def matching(self, file: Path, piece: str, pattern: str) -> tuple[Path, ...] | None:
        """As `holding`, those that match `pattern`; `piece` stands in each match, and is what is looked for first."""
        root, own = str(self.root(file)), file.resolve()
        found = self._disk.matching(root, piece, pattern)
        self._ask(("matching", root, piece, pattern, self._disk.matched(root, piece, pattern)))
        return None if found is None else (own, *(Path(path) for path in found if path != str(own)))

    def is_configured(self, file: Path, name: str) -> bool:
        """Whether a configuration, a script or a document of the project may name what `file` defines as `name`."""
        root = str(self.root(file))
        named = self._disk.named(root, name)
        self._ask(("named", root, name, named))
        return bool(named)

    def text(self, path: Path) -> FileText | None:
        """The names of a file; None if it is no Python that can be read."""
        if path in self._texts:
            self._note_reading(path)
            return self._texts[path]
        data = self._disk.content(str(path))
        self._note_reading(path)
        text = None if path.suffix == ".ipynb" else FileText.parse(path, data)
        self._texts.put(path, text, len(data))
        return text

    def told(self, path: Path, tell: Callable[..., Told], *about: str) -> Told | None:
        """What `tell` says of a file, and of the names `about` in it; None if there is no `text`.

        Each is asked once, and must not hold on to the tree: many files are asked again for each class.
        """
        key = (path, tell, *about)
        if key in self._told:
            self._note_reading(path)
        else:
            text = self.text(path)
            self._told[key] = None if text is None else tell(text, *about)
        found: Told | None = self._told[key]
        return found

    def _note_reading(self, path: Path) -> None:
        self._ask(("read", str(path), self._disk.digest(str(path))))
