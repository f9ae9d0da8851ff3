"""What is in the folders of a project: each is listed once in a run, for all that want to know."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cached_property


class EntryKind(Enum):
    """What a name in a folder stands for. A link is one whatever it leads to."""

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
        """Raises OSError, and ValueError for what can be no folder's name."""
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


_NOTHING = DirectoryListing(())


class DirectoryListings:
    """The folders as they were when they were first asked about."""

    def __init__(self) -> None:
        self._known: dict[str, DirectoryListing] = {}

    def of(self, folder: str) -> DirectoryListing:
        """Raises as `DirectoryListing.of` does."""
        if folder not in self._known:
            self._known[folder] = DirectoryListing.of(folder)
        return self._known[folder]

    def found_in(self, folder: str) -> DirectoryListing:
        """Nothing for a folder that is none, or cannot be listed."""
        with suppress(OSError, ValueError):
            return self.of(folder)
        self._known[folder] = _NOTHING
        return _NOTHING
