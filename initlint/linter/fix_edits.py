"""Computes the edits of the fixes that are shown or applied. Rules only request a change: most runs need no edits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from initlint import rewrite
from initlint._lazy import LazyModule
from initlint.diagnostics import Applicability, Diagnostic, Fix, FixRequest
from initlint.project.file_io import read_file
from initlint.project.reading import parse_source
from initlint.project.source import SourceError, SourceFile

if TYPE_CHECKING:
    from initlint.linter.cache import edit_cache
    from initlint.linter.cache.edit_cache import EditCache, EditsOrNone
else:
    # Not needed by a run without a cache.
    edit_cache = LazyModule("initlint.linter.cache.edit_cache")


def with_edits(diagnostic: Diagnostic, source: SourceFile) -> Diagnostic:
    """`diagnostic` with its fix as edits of `source`, the file to fix; without a fix if that cannot be done."""
    fix = diagnostic.fix
    if fix is None or not isinstance(fix.change, FixRequest):
        return diagnostic
    edits = rewrite.compute_edits(source, fix.change)
    return replace(diagnostic, fix=None if edits is None else replace(fix, change=edits))


def compute_fixes(
    diagnostics: Iterable[Diagnostic],
    contents: Mapping[str, bytes],
    applicabilities: Collection[Applicability] = tuple(Applicability),
    cache_folder: Path | None = None,
) -> tuple[Diagnostic, ...]:
    """The diagnostics with the fixes of these applicabilities as edits. The others stay requests.

    `contents`: bytes by path, which replace those on disk. Without libcst no diagnostic has a fix.
    """
    computed = list(diagnostics)
    if any(diagnostic.fix is not None for diagnostic in computed) and not rewrite.can_rewrite():
        return tuple(replace(diagnostic, fix=None) for diagnostic in computed)
    by_file: dict[str, list[tuple[int, Fix, FixRequest]]] = {}
    for index, diagnostic in enumerate(computed):
        fix = diagnostic.fix
        if fix is not None and isinstance(fix.change, FixRequest) and fix.applicability in applicabilities:
            by_file.setdefault(fix.change.place.file, []).append((index, fix, fix.change))
    if not by_file:
        return tuple(computed)
    cache = edit_cache.EditCache.open(cache_folder) if cache_folder else None
    for file, fixes in by_file.items():
        requests = [request for _, _, request in fixes]
        for (index, fix, _), edits in zip(fixes, _edits(file, contents, requests, cache), strict=True):
            computed[index] = replace(computed[index], fix=None if edits is None else replace(fix, change=edits))
    if cache:
        cache.save()
    return tuple(computed)


def _edits(
    file: str, contents: Mapping[str, bytes], requests: Iterable[FixRequest], cache: EditCache | None
) -> Iterator[EditsOrNone]:
    """The edits for each request. The file is parsed only if some are not cached."""
    try:
        content = contents[file] if file in contents else read_file(file)
    except OSError:  # removed since it was linted
        yield from (None for _ in requests)
        return
    source: SourceFile | None = None
    for request in requests:
        key = cache.key(content, request) if cache else ""
        if cache and key in cache:
            yield cache.get(key, file)
            continue
        source = source or _parse(file, content)
        edits = None if source is None else rewrite.compute_edits(source, request)
        if cache:
            cache.add(key, edits)
        yield edits


def _parse(file: str, content: bytes) -> SourceFile | None:
    """None for a file that has been broken since it was linted."""
    try:
        return parse_source(file, content)
    except SourceError:
        return None
