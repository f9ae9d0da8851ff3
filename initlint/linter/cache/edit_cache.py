"""The edits of fixes that earlier runs have computed: libcst is slow to import and to parse with.

They have a file of their own: edits depend on the name and content of one file and on the request, on nothing else.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import TypeAlias

from initlint._records import dataclass
from initlint.diagnostics import Edit, FixRequest
from initlint.linter.cache.cache_file import SUFFIX, compact_json, write_file
from initlint.linter.cache.codec import change_from_json, change_to_json
from initlint.linter.cache.result_cache import code_digest
from initlint.project.file_io import CannotWrite, read_file
from initlint.project.filesystem import digest_of

EditsOrNone: TypeAlias = "tuple[Edit, ...] | None"
"""None: no edits can be shown to be right."""

_MOST = 10_000
"""Entries above which those that a run has not used are dropped."""


@dataclass(slots=True)
class EditCache:
    """Edits by a digest of the file and the request, as JSON."""

    path: Path
    entries: dict[str, str] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    changed: bool = False

    @classmethod
    def open(cls, folder: Path) -> EditCache:
        """The cache in the cache directory `folder`. A damaged one is empty."""
        path = folder / f"{code_digest()}-edits{SUFFIX}"
        try:
            digest, text = read_file(path).split(b"\n", 1)
            if digest.decode() != digest_of(text):
                return cls(path)
            os.utime(path)  # files that are used are not removed for their age
            return cls(path, json.loads(text))
        except (OSError, ValueError):
            return cls(path)

    def key(self, content: bytes, request: FixRequest) -> str:
        """The name counts, too: what `__init__.py` imports is left for others to import."""
        file = request.place.file
        relative = change_to_json(request, lambda path: "" if path == file else path)
        return digest_of(compact_json([Path(file).name, digest_of(content), relative]).encode())

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def get(self, key: str, file: str) -> EditsOrNone:
        """The edits of `file` with this key, which must be contained."""
        self.used[key] = self.entries[key]
        document = json.loads(self.entries[key])
        edits = None if document is None else change_from_json(document, lambda _: file)
        assert not isinstance(edits, FixRequest)
        return edits

    def add(self, key: str, edits: EditsOrNone) -> None:
        document = None if edits is None else change_to_json(edits, lambda _: "")
        self.entries[key] = self.used[key] = compact_json(document)
        self.changed = True

    def save(self) -> None:
        """Write the cache if something has been added. An error costs the next run some time and is ignored."""
        if not self.changed:
            return
        text = compact_json(self.entries if len(self.entries) <= _MOST else self.used).encode()
        with suppress(CannotWrite, OSError):
            write_file(self.path, f"{digest_of(text)}\n".encode() + text)
