"""The files of a project, and which of them match a pattern: a search of their bytes."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint._records import dataclass
from initlint.project.file_io import read_file
from initlint.project.filesystem import DirectoryListings, EntryKind
from initlint.project.own_output import without_own_output

if TYPE_CHECKING:
    import tempfile
else:
    # Slow to import, and needed by few runs.
    tempfile = LazyModule("tempfile")

VIRTUAL_DOCUMENTS = ".virtual_documents"
"""Where jupyterlab-lsp writes the code of open notebooks for language servers."""
NO_SOURCES = (
    ".bzr .direnv .eggs .git .git-rewrite .hg .ipynb_checkpoints .mypy_cache .nox .pants.d .pyenv .pytest_cache "
    f".pytype .ruff_cache .svn .tox .venv {VIRTUAL_DOCUMENTS} .vscode __pycache__ __pypackages__ _build buck-out build "
    "dist node_modules site-packages venv"
).split()
"""Folders without sources of the project that they are in."""
MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
"""Files and folders that are in the root folder of a project."""
DECLARATIONS = {
    "setup.py": rb"",
    "setup.cfg": rb"(?m)^\[(?:metadata|options)\]",
    "pyproject.toml": rb"(?m)^\s*\[\s*(?:project|build-system|tool\.(?:poetry|flit\.metadata))\s*\]",
}
"""By file in a root folder: the text that declares a package, so that the project can be installed."""
MAX_ANCESTORS = 6
_TOP_SIGNS = ("requirements*.txt", "environment.y*ml", "LICENSE*", ".gitignore")
_SIGNS = ("README*", "*.py", "*.ipynb")
"""Files in a root folder without a marker, and files in a folder that may belong to the code below it."""
_UNMARKED_ANCESTORS = 2
_INSTALLED = ("site-packages", "dist-packages")
_CODE = (".py", ".ipynb")
_TEXTS = tuple(".yaml .yml .toml .cfg .ini .conf .json .gin .sh .bat .ps1 .md .rst .pyx".split())
"""Other files that may name a function: configuration, scripts and documents. Files without a suffix may be scripts."""
_MAX_FILES = 20_000
_MAX_FOLDERS = 10_000
_MAX_TEXTS = 5_000
_MAX_TEXT = 256 * 1024
"""Bytes of a text file. Larger ones are data."""
_MAX_IN_MEMORY = 64 * 1024 * 1024
"""Bytes of source that stay in memory: a large framework. Other files are read again for each search, of which
there are many."""


def whole_word(word: str) -> str:
    """A pattern for `word` that does not match within a longer name."""
    # A pattern that begins with plain text is searched some ten times as fast: what is before comes after it.
    escaped = re.escape(word)
    return rf"{escaped}(?<![A-Za-z0-9_]{escaped})(?![A-Za-z0-9_])"


@dataclass(frozen=True, slots=True)
class _ProjectFiles:
    """The files of a project, sorted: Python files, and other text files. None if there are too many."""

    code: tuple[str, ...] | None
    texts: tuple[str, ...] | None


class FileSearch:
    """Searches projects, and lists each once. `contents` replaces the bytes of files, by real path."""

    def __init__(self, contents: Mapping[str, bytes], folders: DirectoryListings) -> None:
        self._contents = dict(contents)
        self._folders = folders
        self._files_of_projects: dict[str, _ProjectFiles] = {}
        self._named: dict[tuple[str, str], bool] = {}
        self._answers: dict[tuple[str, str], tuple[str, ...] | None] = {}
        self._bytes_in_memory = 0

    def files_matching(self, root: str, piece: str, pattern: str) -> tuple[str, ...] | None:
        """The Python files below `root` that match `pattern`; each match contains `piece`.

        None if the project has too many files.
        """
        self.search(root, {piece: pattern})
        return self._answers[root, pattern]

    def search(self, root: str, patterns: Mapping[str, str]) -> None:
        """Search each file for all `patterns`, by piece, at once: few files stay in memory."""
        new = [
            (text, piece.encode(), text.encode())
            for piece, text in patterns.items()
            if (root, text) not in self._answers
        ]
        files = self.code(root)
        matches: dict[str, list[str]] = {text: [] for text, _, _ in new}
        for path in files or () if new else ():
            data = self.read(path)
            for text, piece, pattern in new:
                if _matches(data, piece, pattern):
                    matches[text].append(path)
        self._answers.update(((root, text), None if files is None else tuple(paths)) for text, paths in matches.items())

    def read(self, path: str) -> bytes:
        """The bytes of a file; empty if it cannot be read."""
        if path not in self._contents:
            try:
                data = read_file(path) if self._folders.has_disk else b""
            except OSError:
                data = b""
            if self._bytes_in_memory + len(data) > _MAX_IN_MEMORY:
                return data
            self._bytes_in_memory += len(data)
            self._contents[path] = data
        return self._contents[path]

    def in_memory(self, path: str) -> bytes | None:
        """What `read` returned, if those bytes are kept."""
        return self._contents.get(path)

    def is_named(self, root: str, word: str) -> bool:
        """Whether a text file below `root`, other than Python, contains `word`. True if there are too many files."""
        if (root, word) not in self._named:
            texts = self.texts(root)
            self._named[root, word] = texts is None or self.any_names(texts, word)
        return self._named[root, word]

    def code(self, root: str) -> tuple[str, ...] | None:
        """The Python files below `root`; None if there are too many."""
        return self._listed(root).code

    def texts(self, root: str) -> tuple[str, ...] | None:
        """The other text files below `root`; None if there are too many."""
        return self._listed(root).texts

    def matching_files_of(self, paths: Iterable[str], piece: str, pattern: str) -> Iterator[str]:
        """The Python files of `paths` that match, as in `matching`."""
        code = (path for path in paths if path.endswith(_CODE))
        return (path for path in code if _matches(self.read(path), piece.encode(), pattern.encode()))

    def matches(self, path: str, piece: str, pattern: str) -> bool:
        """Whether a Python file matches, as in `files_matching`."""
        return _matches(self.read(path), piece.encode(), pattern.encode())

    def names(self, path: str, word: str) -> bool:
        """Whether a text file, other than Python, contains `word`."""
        return self.any_names([path], word)

    def any_names(self, paths: Iterable[str], word: str) -> bool:
        """Whether one of `paths` is another text file that contains `word`, and not as output of initlint."""
        piece, pattern = word.encode(), whole_word(word).encode()
        texts = (self._text(path) for path in paths if _is_text(os.path.basename(path)))
        naming = (data for data in texts if _matches(data, piece, pattern))
        return any(_matches(without_own_output(data), piece, pattern) for data in naming)

    def _text(self, path: str) -> bytes:
        try:
            size = len(self._contents[path]) if path in self._contents else os.path.getsize(path)
        except OSError:
            return b""
        return b"" if size > _MAX_TEXT else self.read(path)

    def _listed(self, root: str) -> _ProjectFiles:
        if root not in self._files_of_projects:
            self._files_of_projects[root] = self._list(root)
        return self._files_of_projects[root]

    def _list(self, root: str) -> _ProjectFiles:
        code: list[str] = []
        texts: list[str] = []
        for visited, paths in enumerate(self._walk(root)):
            for path in paths:
                (code if path.endswith(_CODE) else texts).append(path)
            if len(code) > _MAX_FILES or visited > _MAX_FOLDERS:
                return _ProjectFiles(None, None)
        return _ProjectFiles(tuple(sorted(code)), tuple(sorted(texts)) if len(texts) <= _MAX_TEXTS else None)

    def _walk(self, folder: str) -> Iterator[list[str]]:
        """The Python and text files of each folder from `folder` down."""
        entries = self._folders.listing_or_empty(folder).entries
        named = ((os.path.join(folder, name), kind) for name, kind in entries if name.endswith(_CODE) or _is_text(name))
        yield [
            path for path, kind in named if kind is EntryKind.FILE or (kind is EntryKind.LINK and os.path.isfile(path))
        ]
        for name, kind in entries:
            if kind is EntryKind.FOLDER and not _is_pruned(name):
                yield from self._walk(os.path.join(folder, name))


def _is_text(name: str) -> bool:
    return name.endswith(_TEXTS) or "." not in name


def _matches(data: bytes, piece: bytes, pattern: bytes) -> bool:
    # Most files do not contain the piece, and plain bytes are found many times faster than a pattern.
    return piece in data and re.search(pattern, data) is not None


def project_root(folder: Path, top: Path, listings: DirectoryListings) -> Path:
    """The root folder of the project that `folder` belongs to.

    One with a marker, else the highest of the next folders above `top` with any sign of the project, else `top`, which
    is where imports start from in `folder`.
    """
    if top.name in _INSTALLED:
        return folder if folder == top else top / folder.relative_to(top).parts[0]
    candidate = top
    for _ in range(MAX_ANCESTORS):
        # A copy of another project in a folder without sources is not part of the project around it.
        if is_marked(candidate, listings) or _is_pruned(candidate.parent.name):
            return candidate
        candidate = candidate.parent
    return _unmarked_root(top, listings)


def _unmarked_root(top: Path, listings: DirectoryListings) -> Path:
    """Scripts that use the code in `top` are often next to that folder, or next to its parent."""
    root = top
    for folder in (top, *(*top.parents,)[:_UNMARKED_ANCESTORS]):
        if _is_shared(folder):
            break
        if _holds(folder, _TOP_SIGNS, listings):
            return folder
        if _holds(folder, _SIGNS, listings):
            root = folder
    return root


def _holds(folder: Path, patterns: Iterable[str], listings: DirectoryListings) -> bool:
    names = listings.listing_or_empty(str(folder)).names
    return any(fnmatch.filter(names, pattern) for pattern in patterns)


def _is_shared(folder: Path) -> bool:
    """Whether it contains many projects: a home folder, the folder of temporary files, the root of a drive."""
    shared = (Path(os.path.expanduser("~")), Path(tempfile.gettempdir()), Path(folder.anchor))
    return folder in (path.resolve() for path in shared)


def is_marked(folder: Path, listings: DirectoryListings) -> bool:
    """Whether it is the root of a project, or of an unpacked distribution."""
    return not listings.listing_or_empty(str(folder)).names.isdisjoint(MARKERS) or is_unpacked(folder, listings)


def is_unpacked(folder: Path, listings: DirectoryListings) -> bool:
    """Whether it is the root of an unpacked distribution."""
    return any(name.endswith(".dist-info") for name in listings.listing_or_empty(str(folder)).names)


def is_installed(folder: Path) -> bool:
    """Whether packages are installed in it."""
    return folder.name in _INSTALLED


def _is_pruned(name: str) -> bool:
    return name in NO_SOURCES or name.startswith(".")
