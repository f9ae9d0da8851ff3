"""What a process that lints again and again keeps between its runs."""

from __future__ import annotations

from dataclasses import field

from initlint._records import dataclass
from initlint.project.file_memory import FileMemory
from initlint.tracers.references.file_users import ImportIndex


@dataclass(frozen=True, slots=True)
class RunMemory:
    """Facts about files, and who imports what. One thread at a time may use it."""

    files: FileMemory = field(default_factory=FileMemory)
    imports: ImportIndex = field(default_factory=ImportIndex)
