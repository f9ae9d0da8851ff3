"""The files of a project, and which of them match a pattern: a search of their bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

NO_SOURCES = (
    ".bzr .direnv .eggs .git .git-rewrite .hg .ipynb_checkpoints .mypy_cache .nox .pants.d .pyenv .pytest_cache "
    ".pytype .ruff_cache .svn .tox .venv .vscode __pycache__ __pypackages__ _build buck-out build dist node_modules "
    "site-packages venv"
).split()
"""Folders that hold no sources of the project that they lie in."""
MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
"""What the root folder of a project holds."""
MAX_ANCESTORS = 6
_INSTALLED = ("site-packages", "dist-packages")
_MAX_FILES = 20_000
_MAX_KEPT = 64 * 1024 * 1024
"""Bytes of source that are kept in memory; further files are read again for each question."""


class FileSearch:
    """Searches projects, each listed once. `contents` stands in for what the files hold, by real path."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = dict(contents)
        self._files: dict[str, tuple[str, ...] | None] = {}
        self._answers: dict[tuple[str, str], tuple[str, ...] | None] = {}
        self._kept = 0

    def matching(self, root: str, piece: str, pattern: str) -> tuple[str, ...] | None:
        """The files below `root` that match `pattern`, of which each match has `piece`.

        None if there are too many files to tell.
        """
        if (root, pattern) not in self._answers:
            self._answers[root, pattern] = self._search(root, piece.encode(), re.compile(pattern.encode()))
        return self._answers[root, pattern]

    def read(self, path: str) -> bytes:
        """What a file holds; empty if it cannot be read."""
        if path not in self._contents:
            try:
                data = Path(path).read_bytes()
            except OSError:
                data = b""
            if self._kept + len(data) > _MAX_KEPT:
                return data
            self._kept += len(data)
            self._contents[path] = data
        return self._contents[path]

    def _search(self, root: str, piece: bytes, pattern: re.Pattern[bytes]) -> tuple[str, ...] | None:
        if root not in self._files:
            self._files[root] = _listed(root)
        files = self._files[root]
        if files is None:
            return None
        # Finding plain bytes is many times faster than matching a pattern, and most files do not hold them.
        return tuple(path for path in files if piece in (data := self.read(path)) and pattern.search(data))


def project_root(folder: Path, top: Path) -> Path:
    """The root folder of the project that `folder` belongs to: one with a marker, else `top`.

    `top` is where imports start from in `folder`.
    """
    if top.name in _INSTALLED:
        return folder if folder == top else top / folder.relative_to(top).parts[0]
    candidate = top
    for _ in range(MAX_ANCESTORS):
        # A copy of another project in a folder that is not searched is no part of the project around that.
        if is_marked(candidate) or _is_pruned(candidate.parent.name):
            return candidate
        candidate = candidate.parent
    return top


def is_marked(folder: Path) -> bool:
    """Whether it is the root of a project, or of what an archive of one holds."""
    return any((folder / marker).exists() for marker in MARKERS) or next(folder.glob("*.dist-info"), None) is not None


def is_installed(folder: Path) -> bool:
    """Whether packages are installed in it."""
    return folder.name in _INSTALLED


def _is_pruned(name: str) -> bool:
    return name in NO_SOURCES or name.startswith(".")


def _listed(root: str) -> tuple[str, ...] | None:
    found: list[str] = []
    for path in _walk(root):
        found.append(path)
        if len(found) > _MAX_FILES:
            return None
    return tuple(sorted(found))


def _walk(root: str) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not _is_pruned(name)]
        yield from (os.path.join(folder, name) for name in names if name.endswith((".py", ".ipynb")))
