"""Which dotted name a file is imported by."""

from __future__ import annotations

from pathlib import Path


def module_name(file: Path) -> tuple[Path, str]:
    """The folder that absolute imports of `file`, a resolved path, start from, and its dotted name below that."""
    folder = file.parent
    parts = [] if file.name == "__init__.py" else [file.stem]
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts) or file.parent.name
