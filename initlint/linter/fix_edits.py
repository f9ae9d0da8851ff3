"""Computes the edits of the fixes that are shown or applied. Rules only request a change: most runs need no edits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from initlint import rewrite
from initlint.diagnostics import Applicability, Diagnostic, FixRequest
from initlint.project.source import SourceError, SourceFile


def with_edits(diagnostic: Diagnostic, source: SourceFile | None) -> Diagnostic:
    """`diagnostic` with its fix as edits of `source`, the file to fix; without a fix if that cannot be done."""
    fix = diagnostic.fix
    if fix is None or not isinstance(fix.change, FixRequest):
        return diagnostic
    edits = None if source is None else rewrite.compute_edits(source, fix.change)
    return replace(diagnostic, fix=None if edits is None else replace(fix, change=edits))


def compute_fixes(
    diagnostics: Iterable[Diagnostic],
    contents: Mapping[str, bytes],
    applicabilities: Collection[Applicability] = tuple(Applicability),
) -> tuple[Diagnostic, ...]:
    """The diagnostics with the fixes of these applicabilities as edits. The others stay requests.

    `contents`: bytes by path, which replace those on disk.
    """
    computed = list(diagnostics)
    by_file: dict[str, list[int]] = {}
    for index, diagnostic in enumerate(computed):
        fix = diagnostic.fix
        if fix is not None and isinstance(fix.change, FixRequest) and fix.applicability in applicabilities:
            by_file.setdefault(fix.change.place.file, []).append(index)
    for file, indexes in by_file.items():  # one file after another: the trees of a few files are kept only
        source = _read(file, contents)
        for index in indexes:
            computed[index] = with_edits(computed[index], source)
    return tuple(computed)


def _read(file: str, contents: Mapping[str, bytes]) -> SourceFile | None:
    """None for a file that has been removed or broken since it was linted."""
    try:
        return SourceFile.parse(file, contents[file]) if file in contents else SourceFile.read(Path(file))
    except SourceError:
        return None
