"""Directory listings, real paths, stats and digests. Each folder is listed once in a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import Enum
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

from initlint._records import dataclass

Stat: TypeAlias = "tuple[int, int]"
"""The time of the last change in nanoseconds, and the size."""


def stat_of(path: str) -> Stat:
    """Raises OSError."""
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size


def digest_of(data: bytes | memoryview) -> str:
    return blake2b(data, digest_size=16).hexdigest()


class EntryKind(Enum):
    """The kind of an entry of a folder. A symbolic link is a `LINK` whatever its target is."""

    FOLDER = "folder"
    FILE = "file"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True)
class DirectoryListing:
    """The names in one folder, sorted."""

    entries: tuple[tuple[str, EntryKind], ...]

    @classmethod
    def of(cls, folder: str) -> DirectoryListing:
        """Raises OSError, and ValueError for a path that no folder can have."""
        with os.scandir(folder) as entries:
            return cls(tuple(sorted((entry.name, _kind(entry)) for entry in entries)))

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.entries)


def _kind(entry: os.DirEntry[str]) -> EntryKind:
    if entry.is_symlink():
        return EntryKind.LINK
    if entry.is_dir(follow_symlinks=False):
        return EntryKind.FOLDER
    return EntryKind.FILE if entry.is_file(follow_symlinks=False) else EntryKind.OTHER


_EMPTY = DirectoryListing(())


class DirectoryListings:
    """Listings by folder, each from the time of its first use.

    `in_memory`: the real paths of files that exist as well. With `has_disk` false, no others do.
    """

    def __init__(self, in_memory: Iterable[str] = (), has_disk: bool = True) -> None:
        self.has_disk = has_disk
        self._listings: dict[str, DirectoryListing] = {}
        self._files = frozenset(in_memory)
        self._entries: dict[str, dict[str, EntryKind]] = {}
        for path in self._files:
            self._add(path, EntryKind.FILE)

    def _add(self, path: str, kind: EntryKind) -> None:
        folder, name = os.path.split(path)
        if not name or name in self._entries.get(folder, {}):
            return
        self._entries.setdefault(folder, {})[name] = kind
        self._add(folder, EntryKind.FOLDER)

    def of(self, folder: str) -> DirectoryListing:
        """Raises as `DirectoryListing.of` does."""
        if folder not in self._listings:
            self._listings[folder] = self._list(folder)
        return self._listings[folder]

    def _list(self, folder: str) -> DirectoryListing:
        added = self._entries.get(folder)
        if added is None and self.has_disk:
            return DirectoryListing.of(folder)
        on_disk: tuple[tuple[str, EntryKind], ...] = ()
        if self.has_disk:
            with suppress(OSError, ValueError):
                on_disk = DirectoryListing.of(folder).entries
        return DirectoryListing(tuple(sorted({**(added or {}), **dict(on_disk)}.items())))

    def is_file(self, path: str) -> bool:
        """Whether a file exists; also for a link to one."""
        return path in self._files or (self.has_disk and os.path.isfile(path))

    def exists(self, path: str) -> bool:
        """Whether anything exists there."""
        return path in self._files or path in self._entries or (self.has_disk and os.path.exists(path))

    def is_folder(self, path: str) -> bool:
        """Whether a folder exists; also for a link to one."""
        return path in self._entries or (self.has_disk and os.path.isdir(path))

    def listing_or_empty(self, folder: str) -> DirectoryListing:
        """As `of`, but empty if `folder` is no folder or cannot be listed."""
        with suppress(OSError, ValueError):
            return self.of(folder)
        self._listings[folder] = _EMPTY
        return _EMPTY


class RealPaths:
    """Real paths of many files. The links in a folder's path are resolved once for all files in it."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}
        self._files: dict[str, str] = {}

    def of(self, path: str | Path) -> str:
        key = str(path)
        if key not in self._files:
            self._files[key] = self._resolve(key)
        return self._files[key]

    def _resolve(self, path: str) -> str:
        folder, separator, name = path.rpartition(os.sep)
        if name in ("", os.curdir, os.pardir):
            return os.path.realpath(path)
        folder = folder or separator or os.curdir
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        real = os.path.join(self._folders[folder], name)
        return os.path.realpath(real) if os.path.islink(real) else real


def by_real_path(contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """`contents` with real paths as keys."""
    return {os.path.realpath(path): data for path, data in contents.items()}
