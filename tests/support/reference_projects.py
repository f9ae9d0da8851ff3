"""Small projects on disk, for the tests of references between files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from initlint.linter.pipeline import check
from initlint.project.settings import Settings


def findings_in_project(
    folder: Path, code: str, files: Mapping[str, str], **settings: object
) -> list[tuple[str, int, str]]:
    """Severity, row and message of each finding of the rule `code` in the first of `files`, the only file linted."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    linted = folder / next(iter(files))
    result = check([linted], Settings(select=(code,), root=folder, **settings))  # type: ignore[arg-type]
    assert result.failures == ()
    return [(d.severity.label, d.span.row, d.message) for d in result.diagnostics]
