"""The dependencies of a result: one class per kind of file-system query, with the answer that the query had.

A cached result is valid while all its dependencies are current. Kinds for which a file must be parsed are in
`tracers.references.parsed_dependencies`, above the parsers.

All are named tuples, which are created, hashed and compared tens of thousands of times in a run. The first field is the
file or folder that the query is about, as a real path. The last one, `kind`, is constant: it is the name of the class
in the cache, and makes tuples of two classes unequal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, Protocol

from initlint.project.queries import FileSystemQueries


class Dependency(Protocol):
    """A query and its answer; a named tuple."""

    @property
    def kind(self) -> str: ...

    def is_current(self, files: FileSystemQueries) -> bool:
        """Whether the query still has this answer."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class FileContent(NamedTuple):
    """All bytes of a file. `digest` is empty if the file cannot be read."""

    path: str
    digest: str
    kind: Literal["content"] = "content"

    def is_current(self, files: FileSystemQueries) -> bool:
        return files.digest(self.path) == self.digest


class MayDefine(NamedTuple):
    """Whether the text of a module leaves room for a definition of `name`."""

    path: str
    name: str
    may_define: bool
    kind: Literal["may-define"] = "may-define"

    def is_current(self, files: FileSystemQueries) -> bool:
        return files.may_define(self.path, self.name) == self.may_define


class ModuleFile(NamedTuple):
    """The file that is imported as `module` where imports start from `root`."""

    root: str
    module: str
    path: str | None
    kind: Literal["module"] = "module"

    def is_current(self, files: FileSystemQueries) -> bool:
        return files.module_file(self.root, self.module) == self.path


class PackageOfFolder(NamedTuple):
    """Where absolute imports in `folder` start from, and the name of the package that the folder is."""

    folder: str
    root: str
    package: str
    kind: Literal["package"] = "package"

    def is_current(self, files: FileSystemQueries) -> bool:
        return files.package(self.folder) == (self.root, self.package)


class NamespaceOfFolder(NamedTuple):
    """The dotted name of a folder without an `__init__.py`."""

    folder: str
    name: str
    kind: Literal["namespace"] = "namespace"

    def is_current(self, files: FileSystemQueries) -> bool:
        return files.namespace(self.folder) == self.name


class RootOfProject(NamedTuple):
    """The root of the project that `folder` is part of."""

    folder: str
    root: str
    kind: Literal["root"] = "root"

    def is_current(self, files: FileSystemQueries) -> bool:
        return files.project_root(self.folder) == self.root


class Installable(NamedTuple):
    """Whether others can install and import the package in `folder`."""

    folder: str
    is_installable: bool
    kind: Literal["installable"] = "installable"

    def is_current(self, files: FileSystemQueries) -> bool:
        return files.is_installable(self.folder) == self.is_installable


class MatchingFiles(NamedTuple):
    """The Python files of the project at `root` that match `pattern`; see `FileSearch.matching`.

    `files` are relative to `root`, for they are many; None if the project is too large.
    """

    root: str
    piece: str
    pattern: str
    files: tuple[str, ...] | None
    kind: Literal["matching"] = "matching"

    @classmethod
    def of(cls, root: str, piece: str, pattern: str, files: tuple[str, ...] | None) -> MatchingFiles:
        """`files` are absolute."""
        relative = None if files is None else tuple(path.removeprefix(root) for path in files)
        return cls(root, piece, pattern, relative)

    def is_current(self, files: FileSystemQueries) -> bool:
        absolute = None if self.files is None else tuple(self.root + path for path in self.files)
        return files.has_same_matches(self.root, self.piece, self.pattern, absolute)


class MentionedInTexts(NamedTuple):
    """Whether a configuration, script or document of the project at `root` contains `word`."""

    root: str
    word: str
    is_mentioned: bool
    kind: Literal["mentioned"] = "mentioned"

    def is_current(self, files: FileSystemQueries) -> bool:
        return files.has_same_mentions(self.root, self.word, self.is_mentioned)


KINDS: Mapping[str, Callable[..., Dependency]] = {
    "content": FileContent,
    "may-define": MayDefine,
    "module": ModuleFile,
    "package": PackageOfFolder,
    "namespace": NamespaceOfFolder,
    "root": RootOfProject,
    "installable": Installable,
    "matching": MatchingFiles,
    "mentioned": MentionedInTexts,
}
"""The classes above by kind."""
