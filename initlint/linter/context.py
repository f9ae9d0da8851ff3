"""The files of a project that use the linted ones: they may build or initialize the models of these."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint.project.decoding import decode_python
from initlint.project.discovery import excluded
from initlint.project.notebook import is_notebook
from initlint.project.queries import FileSystemQueries
from initlint.project.settings import Settings

if TYPE_CHECKING:
    from initlint.linter.memory import RunMemory
    from initlint.tracers.references import file_users
else:
    # Not needed if all files of a project are linted.
    file_users = LazyModule("initlint.tracers.references.file_users")


def files_in_use(
    files: Mapping[str, Path], settings: Settings, queries: FileSystemQueries, memory: RunMemory | None = None
) -> dict[str, Path]:
    """The files of the projects of `files` that may run what these define, and are not among them, by real path.

    Excluded files are left out, and too large projects. `memory`: of earlier runs.
    """
    by_root: dict[str, list[str]] = {}
    for real in files:
        by_root.setdefault(queries.project_root(os.path.dirname(real)), []).append(real)
    own = replace(settings, force_exclude=True)
    read = _reader(queries)
    users: dict[str, Path] = {}
    for root, linted in by_root.items():
        others = [path for path in queries.code_files(root) or () if path not in files]
        if others and any(file_users.may_have_findings(read(path)) for path in linted):
            known = (memory.imports, queries.digest) if memory is not None else ()
            found = file_users.FileUsers([*others, *linted], read, *known).of(linted).intersection(others)
            users |= {path: Path(path) for path in found if not excluded(Path(path), own)}
    return users


def _reader(queries: FileSystemQueries) -> Callable[[str], bytes]:
    def read(path: str) -> bytes:
        data = queries.content(path)
        return decode_python(path, data).encode(errors="replace") if is_notebook(path) else data

    return read
