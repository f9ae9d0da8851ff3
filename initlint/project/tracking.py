"""File-system queries that are recorded as dependencies of the file that is being linted."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import NamedTuple

from initlint._records import dataclass
from initlint.project.dependencies import (
    Dependency,
    FileContent,
    Installable,
    MatchingFiles,
    MayDefine,
    MentionedInTexts,
    ModuleFile,
    NamespaceOfFolder,
    PackageOfFolder,
    RootOfProject,
)
from initlint.project.queries import FileSystemQueries


class FileDigest(NamedTuple):
    """The bytes of a file that were read, which is no dependency: a result may depend on little of them."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class RecordedDependencies:
    """The dependencies of one result, and the digests of the files that were read to compute them."""

    dependencies: Collection[Dependency] = ()
    digests: Collection[FileDigest] = ()


NO_DEPENDENCIES = RecordedDependencies()


class TrackedQueries:
    """Answers as `queries` does. If `records` is true, each query is recorded as a dependency, until `take`."""

    def __init__(self, queries: FileSystemQueries, records: bool) -> None:
        self.queries = queries
        self.records = records
        self._dependencies: set[Dependency] = set()
        self._digests: set[FileDigest] = set()
        self._shared: dict[Dependency, Dependency] = {}

    def start(self) -> None:
        """Forget the dependencies of the file before."""
        self._dependencies = set()
        self._digests = set()

    def take(self) -> RecordedDependencies:
        """The dependencies recorded since `start`. Many files share most of theirs, and then also the objects."""
        shared = (self._shared.setdefault(dependency, dependency) for dependency in self._dependencies)
        return RecordedDependencies(tuple(shared), tuple(self._digests)) if self.records else NO_DEPENDENCIES

    def record(self, dependency: Dependency) -> None:
        if self.records:
            self._dependencies.add(dependency)

    def record_digest(self, path: str) -> None:
        """Record which bytes of the file other dependencies were computed from."""
        if self.records:
            self._digests.add(FileDigest(path, self.queries.digest(path)))

    def record_content(self, path: str) -> None:
        """Record that the result depends on all bytes of a file."""
        if self.records:
            self.record_digest(path)
            self.record(FileContent(path, self.queries.digest(path)))

    def may_define(self, path: str, name: str) -> bool:
        may_define = self.queries.may_define(path, name)
        self.record(MayDefine(path, name, may_define))
        self.record_digest(path)
        return may_define

    def module_file(self, root: str, module: str) -> str | None:
        path = self.queries.module_file(root, module)
        self.record(ModuleFile(root, module, path))
        return path

    def module_name(self, path: str) -> tuple[str, str]:
        folder = os.path.dirname(path)
        self.record(PackageOfFolder(folder, *self.queries.package(folder)))
        return self.queries.module_name(path)

    def namespace(self, folder: str) -> str:
        name = self.queries.namespace(folder)
        self.record(NamespaceOfFolder(folder, name))
        return name

    def project_root(self, folder: str) -> str:
        root = self.queries.project_root(folder)
        self.record(RootOfProject(folder, root))
        return root

    def is_installable(self, folder: str) -> bool:
        is_installable = self.queries.is_installable(folder)
        self.record(Installable(folder, is_installable))
        return is_installable

    def search(self, root: str, piece: str, pattern: str) -> tuple[str, ...] | None:
        files = self.queries.search(root, piece, pattern)
        if self.records:
            self.record(MatchingFiles.of(root, piece, pattern, files))
        return files

    def is_mentioned(self, root: str, word: str) -> bool:
        is_mentioned = self.queries.is_mentioned(root, word)
        self.record(MentionedInTexts(root, word, is_mentioned))
        return is_mentioned
