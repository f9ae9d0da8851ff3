"""File-system queries made while linting. Their answers are what a result depends on: see `dependencies`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from initlint.project.file_io import read_file
from initlint.project.file_memory import FileMemory
from initlint.project.filesystem import DirectoryListings, Stat, digest_of, stat_of
from initlint.project.project_search import (
    DECLARATIONS,
    MARKERS,
    MAX_ANCESTORS,
    FileSearch,
    is_installed,
    is_unpacked,
    project_root,
)

Parsed = TypeVar("Parsed")
_STAR_IMPORT = re.compile(rb"import[\s\\]*\*")


class FileSystemQueries:
    """Answers from one moment: each directory is listed and each file read at most once.

    `contents` replaces the bytes of files, by real path. `import_roots` are directories that imports may start from
    besides those that the project's layout gives. `cached_digests` holds, for files of earlier runs, the digest and the
    stat that the file had then; every file that was searched for a cached answer is in it. `memory`: of earlier runs of
    this process; its digests are used in place of the cached ones.
    """

    def __init__(
        self,
        contents: Mapping[str, bytes],
        import_roots: Iterable[str] = (),
        cached_digests: Mapping[str, tuple[Stat, str]] | None = None,
        listings: DirectoryListings | None = None,
        memory: FileMemory | None = None,
    ) -> None:
        self._contents = contents
        self.memory = memory
        self._import_roots = tuple(import_roots)
        self._cached_digests = (cached_digests or {}) if memory is None else memory.digests
        self._listings = listings or DirectoryListings(contents)
        self._digests: dict[str, str] = {}
        self._without_digest: set[str] = set()
        """Files in memory whose digest nothing has asked for: without a cache, most."""
        self._same_stat: set[str] = set()
        self._modules: dict[tuple[str, str], str | None] = {}
        self._packages: dict[str, tuple[str, str]] = {}
        self._project_roots: dict[str, str] = {}
        self._roots_of_packages: dict[str, str] = {}
        self._import_folders: dict[str, Sequence[tuple[str, frozenset[str]]]] = {}
        self._changed_files: dict[str, list[str]] = {}
        self._dropped_files: dict[str, frozenset[str]] = {}
        self._last_parsed: dict[object, tuple[str, Any]] = {}
        self._matches: dict[tuple[str, str], tuple[str, ...] | None] = {}
        self._search = FileSearch(contents, self._listings)

    # Contents --------------------------------------------------------------------------------------------------

    def reads_disk(self, path: str) -> bool:
        """Whether the file's bytes come from the disk, not from `contents`."""
        return path not in self._contents

    def digest(self, path: str) -> str:
        """The digest of a file's bytes; empty if it cannot be read."""
        if path not in self._digests:
            self._digests[path] = self._digest(path)
        return self._digests[path]

    def _digest(self, path: str) -> str:
        if path in self._without_digest:
            self._without_digest.remove(path)
            return digest_of(self._search.read(path))
        try:
            cached = self._cached_digests.get(path) if self.reads_disk(path) else None
            if cached is not None and cached[0] == stat_of(path):
                self._same_stat.add(path)
                return cached[1]
            self.read(path)
            return self._digests[path]
        except OSError:
            return ""

    def read(self, path: str) -> bytes:
        """The bytes of a file, which `digest` describes from then on. Raises OSError."""
        if path in self._contents:
            data = self._contents[path]
            self._digests[path] = digest_of(data)
            return data
        stat = stat_of(path) if self.memory is not None and self._listings.has_disk else None
        data = self._read_disk(path)
        self._digests[path] = digest_of(data)
        if self.memory is not None and stat is not None:
            self.memory.note(path, stat, self._digests[path])
        return data

    def _read_disk(self, path: str) -> bytes:
        if not self._listings.has_disk:
            raise FileNotFoundError(path)
        return read_file(path)

    def content(self, path: str) -> bytes:
        """As `read`, from memory if possible; empty if the file cannot be read."""
        data = self._search.read(path)
        if path not in self._digests and data:
            if self._search.in_memory(path) is None:
                self._digests[path] = digest_of(data)
            else:
                self._without_digest.add(path)
        return data

    def parsed(self, path: str, parse: Callable[[FileSystemQueries, str], Parsed]) -> Parsed:
        """The file as `parse` returns it. Only the last result of each `parse` is kept: callers go file by file."""
        if self._last_parsed.get(parse, ("", None))[0] != path:
            self._last_parsed[parse] = path, parse(self, path)
        result: Parsed = self._last_parsed[parse][1]
        return result

    def is_unchanged(self, path: str) -> bool:
        """Whether a file has the digest that the cache has for it."""
        return path in self._cached_digests and self._cached_digests[path][1] == self.digest(path)

    def computed_digests(self) -> Iterator[tuple[str, str]]:
        """The files whose digests were computed from their bytes, not taken from the cache, with these digests."""
        for path in tuple(self._without_digest):
            self.digest(path)
        return ((path, digest) for path, digest in self._digests.items() if path not in self._same_stat)

    def has_only_cached_digest(self, path: str, digests: Collection[str]) -> bool:
        """Whether the file's digest was taken from the cache, and is the only one of `digests`."""
        return path in self._same_stat and {*digests} == {self._digests[path]}

    def may_define(self, path: str, name: str) -> bool:
        """Whether a module may bind `name`: its text contains the name or an `import *`."""
        text = self.content(path)
        return name.encode() in text or _STAR_IMPORT.search(text) is not None

    # Modules and packages --------------------------------------------------------------------------------------

    def module_file(self, root: str, module: str) -> str | None:
        """The project's file for the absolute name `module`, for a file whose imports start from `root`."""
        key = root, module
        if key not in self._modules:
            self._modules[key] = self._find_module(root, module)
        return self._modules[key]

    def _find_module(self, root: str, module: str) -> str | None:
        first, relative = module.partition(".")[0], module.replace(".", os.sep)
        for folder, names in self._folders_for_imports(root):
            if first not in names and f"{first}.py" not in names:
                continue  # fast path: most names are not in most folders
            base = os.path.join(folder, relative)
            parent, name = os.path.split(base)
            siblings = self._names_in(parent)
            if f"{name}.py" in siblings and self._is_no_folder(f"{base}.py"):
                return f"{base}.py"
            package = os.path.join(base, "__init__.py")
            if name in siblings and self._is_file(package):
                return package
        return None

    def module_name(self, path: str) -> tuple[str, str]:
        """The folder that absolute imports of this file start from, and the file's dotted name below it."""
        folder, file_name = os.path.split(path)
        root, package = self.package(folder)
        if file_name == "__init__.py":
            return root, package or os.path.basename(folder)
        stem = os.path.splitext(file_name)[0]
        return root, f"{package}.{stem}" if package else stem

    def package(self, folder: str) -> tuple[str, str]:
        """The folder that absolute imports start from in `folder`, and the dotted name of `folder` below that."""
        if folder not in self._packages:
            self._packages[folder] = self._find_package(folder)
        return self._packages[folder]

    def _find_package(self, folder: str) -> tuple[str, str]:
        parent, name = os.path.split(folder)
        if parent == folder or not self._is_file(os.path.join(folder, "__init__.py")):
            return folder, ""
        root, package = self.package(parent)
        return root, f"{package}.{name}" if package else name

    def namespace(self, root: str) -> str:
        """The dotted name of a folder without an `__init__.py` in its project: where relative imports start from."""
        folders = self._folders_up_to_marker(root)
        if len(folders) == 1:
            return ""  # installed packages are imported by their full name
        parts = os.path.relpath(root, folders[-2]).split(os.sep)
        return "" if parts == ["."] else ".".join(parts)

    def is_installable(self, folder: str) -> bool:
        """Whether `folder` is part of a package of a project that can be installed: `.git` alone says nothing."""
        if not self._is_file(os.path.join(folder, "__init__.py")):
            return False
        root = Path(self.project_root(folder))
        if is_unpacked(root, self._listings) or is_installed(root.parent):
            return True
        present = self._names_in(str(root)) & DECLARATIONS.keys()
        return any(re.search(DECLARATIONS[name], self.content(str(root / name))) for name in present)

    def project_root(self, folder: str) -> str:
        """The root folder of the project that the files in `folder` belong to."""
        if folder not in self._project_roots:
            self._project_roots[folder] = self._find_project_root(folder, self.package(folder)[0])
        return self._project_roots[folder]

    def _find_project_root(self, folder: str, import_root: str) -> str:
        if not self._listings.has_disk:
            return os.path.commonpath([os.path.dirname(path) for path in self._contents])
        if is_installed(Path(import_root)):
            return str(project_root(Path(folder), Path(import_root), self._listings))
        if import_root not in self._roots_of_packages:
            root = project_root(Path(import_root), Path(import_root), self._listings)
            self._roots_of_packages[import_root] = str(root)
        return self._roots_of_packages[import_root]

    def _folders_for_imports(self, root: str) -> Sequence[tuple[str, frozenset[str]]]:
        """The folders that absolute imports may start from, each with the names in it."""
        if root not in self._import_folders:
            folders = (*self._folders_up_to_marker(root), *self._import_roots)
            self._import_folders[root] = [(folder, self._names_in(folder)) for folder in folders]
        return self._import_folders[root]

    def _folders_up_to_marker(self, root: str) -> Sequence[str]:
        """`root`, its parents in the project, and `src` in the highest of them."""
        folders = [root]
        if os.path.basename(root) in ("site-packages", "dist-packages"):
            return folders
        folder = root
        for _ in range(MAX_ANCESTORS):
            if not self._names_in(folder).isdisjoint(MARKERS) or os.path.dirname(folder) == folder:
                break
            folder = os.path.dirname(folder)
            folders.append(folder)
        return [*folders, os.path.join(folder, "src")]

    def _is_file(self, path: str) -> bool:
        folder, name = os.path.split(path)
        return name in self._names_in(folder) and self._is_no_folder(path)

    def _is_no_folder(self, path: str) -> bool:
        return path in self._same_stat or self._listings.is_file(path)

    def _names_in(self, folder: str) -> frozenset[str]:
        return self._listings.listing_or_empty(folder).names

    # Searches of the whole project -----------------------------------------------------------------------------

    def search(self, root: str, piece: str, pattern: str) -> tuple[str, ...] | None:
        """The files of the project at `root` that match `pattern`; see `FileSearch.matching`."""
        if self.memory is None:
            return self._search.files_matching(root, piece, pattern)
        if (root, pattern) not in self._matches:
            files = self.code_files(root)
            matches = partial(self._search.matches, piece=piece, pattern=pattern)
            self._matches[root, pattern] = (
                None if files is None else self.memory.matching((root, pattern), files, self.digest, matches)
            )
        return self._matches[root, pattern]

    def search_all(self, root: str, patterns: Mapping[str, str]) -> None:
        """Search for several patterns, by piece, at once; see `FileSearch.search`."""
        if self.memory is None:
            self._search.search(root, patterns)

    def has_same_matches(self, root: str, piece: str, pattern: str, files: Collection[str] | None) -> bool:
        """Whether `search` would return `files`. Only files that have changed since the cached run are searched."""
        if files is None or self._search.code(root) is None or self.memory is not None:
            return self.search(root, piece, pattern) == files
        changed, dropped = self._changed(root), self._dropped(root)
        if not changed and not dropped:
            return True
        matches = set(self._search.matching_files_of(changed, piece, pattern))
        return matches == {*files}.intersection(changed) and dropped.isdisjoint(files)

    def is_mentioned(self, root: str, word: str) -> bool:
        """Whether a text file of the project at `root`, other than Python, may contain `word`."""
        texts = self._search.texts(root)
        if self.memory is None or texts is None:
            return self._search.is_named(root, word)
        names = partial(self._search.names, word=word)
        return bool(self.memory.matching((root, "named", word), texts, self.digest, names))

    def has_same_mentions(self, root: str, word: str, is_mentioned: bool) -> bool:
        """Whether `is_mentioned` would return the same. If it was false, only changed files are searched."""
        if is_mentioned or self._search.texts(root) is None or self.memory is not None:
            return self.is_mentioned(root, word) == is_mentioned
        return not self._search.any_names(self._changed(root), word)

    def code_files(self, root: str) -> tuple[str, ...] | None:
        """The Python files and notebooks of the project at `root`; None if there are too many."""
        return self._search.code(root)

    def searched(self, root: str) -> tuple[str, ...]:
        """The files that a search of the project at `root` reads."""
        return (*(self._search.code(root) or ()), *(self._search.texts(root) or ()))

    def removed_files(self, root: str) -> Iterable[str]:
        """The files below `root` that are in the cache and no longer exist."""
        return (path for path in self._dropped(root) if not self._listings.is_file(path))

    def _dropped(self, root: str) -> frozenset[str]:
        """The files below `root` that are in the cache and that a search no longer reads."""
        if root not in self._dropped_files:
            prefix = os.path.join(root, "")
            cached = (path for path in self._cached_digests if path.startswith(prefix))
            self._dropped_files[root] = frozenset(cached).difference(self.searched(root))
        return self._dropped_files[root]

    def _changed(self, root: str) -> list[str]:
        """The files that a search of `root` reads and that are new or have changed since the cached run."""
        if root not in self._changed_files:
            self._changed_files[root] = [path for path in self.searched(root) if not self.is_unchanged(path)]
        return self._changed_files[root]


def module_name(file: Path) -> tuple[Path, str]:
    """The folder that absolute imports of `file`, a resolved path, start from, and its dotted name below that."""
    folder, name = FileSystemQueries({}).module_name(str(file))
    return Path(folder), name
