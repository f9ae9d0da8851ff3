"""What is asked of the disk while a file is linted. The answers to the same questions decide whether it must be again.

A question is plain data: its kind, what it is about, and the answer that it had.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

from initlint.project.file_io import read_file
from initlint.project.filesystem import DirectoryListings
from initlint.project.project_search import MARKERS, MAX_ANCESTORS, FileSearch, is_installed, is_marked, project_root

Question: TypeAlias = "tuple[str, ...]"
"""Of a file: `("read", path, digest)`; `("defined", path, name, "defined" or empty)`; `("bound", path, name, digest)`
for what the top level binds the name to; `("told", path, teller, *names, digest)`. Of a folder:
`("module", root, dotted name, path)`; `("package", folder, root, dotted name)`; `("namespace", root, dotted name)`;
`("root", folder, project's root)`; `("installable", folder, "installable" or empty)`;
`("matching", root, piece, pattern, paths of the files that match)`; `("named", root, word, "named" or empty)`.

The last is the answer, empty for none. Paths are real ones; those of files that match are what follows the root, with
`\\0` between them. `("seen", path, digest)` asks nothing: it tells what the others about that file rest on.
"""

Stat: TypeAlias = "tuple[int, int]"
"""The time of the last change in nanoseconds, and the size."""
UNSETTLED: Stat = (0, 0)
"""The state of a file that may change without a new one: it is read to tell whether it has."""
UNKNOWN = "?"
"""Stands for the digest of a file that cannot be told, and is that of none."""
_TOO_MANY = "\0"
_STAR_IMPORT = re.compile(rb"import[\s\\]*\*")


def digest_of(data: bytes | memoryview) -> str:
    return blake2b(data, digest_size=16).hexdigest()


class FileSystemQueries:
    """Answers from one moment: each folder is listed and each file read at most once.

    `contents` stands in for what the files hold, by real path. `digests` are known from before, with the state that
    each file had then; also of every file that was searched for an answer from before. `given` are folders that
    imports may start from beside those that the layout tells. `folders` are listed by whoever asks first.
    """

    def __init__(
        self,
        contents: Mapping[str, bytes],
        given: Iterable[str] = (),
        digests: Mapping[str, tuple[Stat, str]] | None = None,
        folders: DirectoryListings | None = None,
    ) -> None:
        self._contents = contents
        self._given = tuple(given)
        self._known = digests or {}
        self._folders = folders or DirectoryListings()
        self._digests: dict[str, str] = {}
        self._by_date: set[str] = set()
        self._roots: dict[str, str] = {}
        self._tops: dict[str, str] = {}
        self._packages: dict[str, tuple[str, str]] = {}
        self._starts: dict[str, Sequence[tuple[str, frozenset[str]]]] = {}
        self._new: dict[str, list[str]] = {}
        self._gone: dict[str, frozenset[str]] = {}
        self._search_of_files = FileSearch(contents, self._folders)

    def holds(self, question: Question) -> bool:
        """Whether the question still has the answer that it had; any but "bound" and "told"."""
        kind, about, *rest = question
        if kind == "read":
            return self.digest(about) == rest[0]
        if kind == "defined":
            return self.may_define(about, rest[0]) == rest[1]
        if kind == "module":
            return (self.module(about, rest[0]) or "") == rest[1]
        if kind == "namespace":
            return self.namespace(about) == rest[0]
        if kind == "root":
            return self.root(about) == rest[0]
        if kind == "installable":
            return self.installable(about) == rest[0]
        if kind == "matching":
            return self._still_match(about, *rest)
        if kind == "named":
            return self._is_still_named(about, *rest)
        return list(self.package(about)) == rest

    def reads_disk(self, path: str) -> bool:
        """Whether what the disk holds there is what is read."""
        return path not in self._contents

    def digest(self, path: str) -> str:
        """Of the content of a file; empty if it cannot be read."""
        if path not in self._digests:
            self._digests[path] = self._digest(path)
        return self._digests[path]

    def _digest(self, path: str) -> str:
        try:
            known = self._known.get(path) if self.reads_disk(path) else None
            if known is not None and known[0] == stat_of(path):
                self._by_date.add(path)
                return known[1]
            self.read(path)
            return self._digests[path]
        except OSError:
            return ""

    def read(self, path: str) -> bytes:
        """What a file holds; its digest is that of these bytes from then on. Raises OSError."""
        data = self._contents[path] if path in self._contents else read_file(path)
        self._digests[path] = digest_of(data)
        return data

    def is_unchanged(self, path: str) -> bool:
        """Whether a file holds what it held when its digest was noted."""
        return path in self._known and self._known[path][1] == self.digest(path)

    def changed_files(self) -> Iterator[tuple[str, str]]:
        """The files of which the date did not tell what they hold, each with its digest."""
        return ((path, digest) for path, digest in self._digests.items() if path not in self._by_date)

    def is_known(self, path: str, seen: Collection[str]) -> bool:
        """Whether the file's date has told what it holds, and that is all that was `seen` of it: its digests."""
        return path in self._by_date and {*seen} == {self._digests[path]}

    def may_define(self, path: str, name: str) -> str:
        """`defined` if a module may bind `name`: its text holds that, or the star of a further import; else empty."""
        text = self.content(path)
        return "defined" if name.encode() in text or _STAR_IMPORT.search(text) else ""

    def module(self, root: str, dotted: str) -> str | None:
        """The file of the project that the absolute name `dotted` means for one whose imports start from `root`."""
        first, relative = dotted.partition(".")[0], dotted.replace(".", os.sep)
        for folder, names in self._search(root):
            if first not in names and f"{first}.py" not in names:
                continue  # so it is of most names, in most folders
            base = os.path.join(folder, relative)
            above, name = os.path.split(base)
            listed = self._listed(above)
            if f"{name}.py" in listed and self._is_no_folder(f"{base}.py"):
                return f"{base}.py"
            package = os.path.join(base, "__init__.py")
            if name in listed and self._is_file(package):
                return package
        return None

    def name(self, path: str) -> tuple[str, str]:
        """The folder that absolute imports of this file start from, and the file's dotted name below it."""
        folder, own = os.path.split(path)
        root, package = self.package(folder)
        if own == "__init__.py":
            return root, package or os.path.basename(folder)
        stem = os.path.splitext(own)[0]
        return root, f"{package}.{stem}" if package else stem

    def package(self, folder: str) -> tuple[str, str]:
        """The folder that absolute imports start from in `folder`, and the dotted name of `folder` below that."""
        if folder not in self._packages:
            self._packages[folder] = self._found_package(folder)
        return self._packages[folder]

    def _found_package(self, folder: str) -> tuple[str, str]:
        above, name = os.path.split(folder)
        if above == folder or not self._is_file(os.path.join(folder, "__init__.py")):
            return folder, ""
        root, package = self.package(above)
        return root, f"{package}.{name}" if package else name

    def namespace(self, root: str) -> str:
        """The dotted name of a folder without an `__init__.py` in its project: where relative imports start from."""
        above = self._found_above(root)
        if len(above) == 1:
            return ""  # what is installed is imported by its whole name
        parts = os.path.relpath(root, above[-2]).split(os.sep)
        return "" if parts == ["."] else ".".join(parts)

    def installable(self, folder: str) -> str:
        """`installable` if `folder` lies in a package of a project that can be installed, else empty."""
        if not self._is_file(os.path.join(folder, "__init__.py")):
            return ""
        root = Path(self.root(folder))
        return "installable" if is_marked(root) or is_installed(root.parent) else ""

    def root(self, folder: str) -> str:
        """The root folder of the project that the files in `folder` belong to."""
        if folder not in self._roots:
            self._roots[folder] = self._found_root(folder, self.package(folder)[0])
        return self._roots[folder]

    def _found_root(self, folder: str, top: str) -> str:
        if is_installed(Path(top)):
            return str(project_root(Path(folder), Path(top)))
        if top not in self._tops:
            self._tops[top] = str(project_root(Path(top), Path(top)))
        return self._tops[top]

    def search(self, root: str, piece: str, pattern: str) -> tuple[str, ...] | None:
        """The files of the project at `root` that match `pattern`; see `FileSearch.matching`."""
        return self._search_of_files.matching(root, piece, pattern)

    def search_all(self, root: str, patterns: Mapping[str, str]) -> None:
        """Find what matches several patterns, by piece, at once; see `FileSearch.search`."""
        self._search_of_files.search(root, patterns)

    def matched(self, root: str, piece: str, pattern: str) -> str:
        """These files as the answer to a question."""
        found = self.search(root, piece, pattern)
        return _TOO_MANY if found is None else "\0".join(path.removeprefix(root) for path in found)

    def _still_match(self, root: str, piece: str, pattern: str, answer: str) -> bool:
        """Whether the same files match as did. Only those are searched that have changed."""
        code = self._search_of_files.code(root)
        if answer == _TOO_MANY or code is None:
            return self.matched(root, piece, pattern) == answer
        changed, removed = self._changed(root), self._removed(root)
        if not changed and not removed:
            return True
        before = {root + path for path in answer.split("\0")} if answer else set()
        matching = set(self._search_of_files.those_that_match(changed, piece, pattern))
        return matching == before.intersection(changed) and before.isdisjoint(removed)

    def _removed(self, root: str) -> frozenset[str]:
        """The files below `root` that were known, and that a search does not look at now."""
        if root not in self._gone:
            below = os.path.join(root, "")
            known = (path for path in self._known if path.startswith(below))
            self._gone[root] = frozenset(known).difference(self.searched(root))
        return self._gone[root]

    def removed_files(self, root: str) -> Iterable[str]:
        """The files below `root` that were known, and are there no more."""
        return (path for path in self._removed(root) if not os.path.exists(path))

    def _changed(self, root: str) -> list[str]:
        """The searched files below `root` that are new or hold something else than they did."""
        if root not in self._new:
            self._new[root] = [path for path in self.searched(root) if not self.is_unchanged(path)]
        return self._new[root]

    def _is_still_named(self, root: str, word: str, answer: str) -> bool:
        if answer or self._search_of_files.texts(root) is None:
            return self.named(root, word) == answer
        return not self._search_of_files.any_names(self._changed(root), word)

    def searched(self, root: str) -> tuple[str, ...]:
        """The files that a search of the project at `root` looks at."""
        return (*(self._search_of_files.code(root) or ()), *(self._search_of_files.texts(root) or ()))

    def named(self, root: str, word: str) -> str:
        """`named` if a text of the project at `root` that is no Python may hold `word`, else empty."""
        return "named" if self._search_of_files.is_named(root, word) else ""

    def content(self, path: str) -> bytes:
        """What a file holds, as its digest says from then on; empty if it cannot be read."""
        data = self._search_of_files.read(path)
        if path not in self._digests and data:
            self._digests[path] = digest_of(data)
        return data

    def _search(self, root: str) -> Sequence[tuple[str, frozenset[str]]]:
        """The folders that absolute imports may start from, and what is in them."""
        if root not in self._starts:
            folders = (*self._found_above(root), *self._given)
            self._starts[root] = [(folder, self._listed(folder)) for folder in folders]
        return self._starts[root]

    def _found_above(self, root: str) -> Sequence[str]:
        """The root, `src`, and what is above them in the project."""
        found = [root]
        if os.path.basename(root) in ("site-packages", "dist-packages"):
            return found
        folder = root
        for _ in range(MAX_ANCESTORS):
            if not self._listed(folder).isdisjoint(MARKERS) or os.path.dirname(folder) == folder:
                break
            folder = os.path.dirname(folder)
            found.append(folder)
        return [*found, os.path.join(folder, "src")]

    def _is_file(self, path: str) -> bool:
        folder, name = os.path.split(path)
        return name in self._listed(folder) and self._is_no_folder(path)

    def _is_no_folder(self, path: str) -> bool:
        return path in self._by_date or os.path.isfile(path)

    def _listed(self, folder: str) -> frozenset[str]:
        return self._folders.found_in(folder).names


def stat_of(path: str) -> Stat:
    """Raises OSError."""
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size


class RealPaths:
    """Real paths of many files: the links in the folders above a file are followed once for all of its neighbours."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}
        self._files: dict[str, str] = {}

    def of(self, path: str | Path) -> str:
        shown = str(path)
        if shown not in self._files:
            self._files[shown] = self._found(shown)
        return self._files[shown]

    def _found(self, path: str) -> str:
        folder, separator, name = path.rpartition(os.sep)
        if name in ("", os.curdir, os.pardir):
            return os.path.realpath(path)
        folder = folder or separator or os.curdir
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        real = os.path.join(self._folders[folder], name)
        return os.path.realpath(real) if os.path.islink(real) else real


def real_paths(contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same by real path."""
    return {os.path.realpath(path): data for path, data in contents.items()}


def module_name(file: Path) -> tuple[Path, str]:
    """The folder that absolute imports of `file`, a resolved path, start from, and its dotted name below that."""
    folder, name = FileSystemQueries({}).name(str(file))
    return Path(folder), name
