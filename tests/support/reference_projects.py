"""Small projects for the tests of what is reached."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from initlint.linter.pipeline import check
from initlint.project.settings import Settings


def found(folder: Path, code: str, files: Mapping[str, str], **settings: object) -> list[tuple[str, int, str]]:
    """What the rule `code` says of the first of `files`, the only one that is linted: level, row and message."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    linted = folder / next(iter(files))
    result = check([linted], Settings(select=(code,), root=folder, **settings))  # type: ignore[arg-type]
    assert result.failures == ()
    return [(d.severity.label, d.span.row, d.message) for d in result.diagnostics]
