"""Which dotted name a file is imported by."""

from __future__ import annotations

from pathlib import Path

from initlint.disk import Disk


def module_name(file: Path) -> tuple[Path, str]:
    """The folder that absolute imports of `file`, a resolved path, start from, and its dotted name below that."""
    folder, name = Disk({}).name(str(file))
    return Path(folder), name
