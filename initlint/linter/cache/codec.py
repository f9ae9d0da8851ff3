"""An outcome as the text of a JSON document and back.

Paths are real ones in it: a file may be shown by another name in the next run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeAlias

from initlint.diagnostics import (
    Applicability,
    Cell,
    Diagnostic,
    Edit,
    Fix,
    FixByActivation,
    FixOfEveryUse,
    Related,
    Severity,
    Span,
)
from initlint.linter.cache.cache_file import compact
from initlint.linter.results import NOTHING, CallUsage, FileResult, Finding, LocationKey

Rename: TypeAlias = Callable[[str], str]

_OWN = ""
"""Stands for the file itself: most of what it says is of its own places."""
_FIXES: Mapping[str, type[Fix]] = {cls.__name__: cls for cls in (Fix, FixByActivation, FixOfEveryUse)}


def written(outcome: FileResult, own: str, real: Rename) -> str:
    """`own` is the file that says it, as it is shown; `real` turns what is shown of others into the real path.

    An outcome with failures is not worth keeping.
    """

    def kept(path: str) -> str:
        return _OWN if path == own else real(path)

    used = outcome.uses.items()
    document = [
        outcome.unreadable and _diagnostic_to_json(outcome.unreadable, kept),
        [
            [_diagnostic_to_json(f.diagnostic, kept), _renamed(f.location, kept), f.model, f.layers]
            for f in outcome.findings
        ],
        {kept(path): compact([[place[1:], _use_to_json(use)] for place, use in uses.items()]) for path, uses in used},
        outcome.roots,
        sorted(outcome.part_classes),
        outcome.incomplete,
        outcome.has_noqa,
    ]
    return compact(document)


_NOTHING = written(NOTHING, _OWN, str)


def read(text: str, own: str, names: Mapping[str, str]) -> FileResult:
    """`own` is what the file is shown as, and `names`, by real path, what others are.

    Raises ValueError, TypeError, KeyError or IndexError for what `written` does not give.
    """
    if text == _NOTHING:
        return NOTHING

    def shown(path: str) -> str:
        return names.get(path, path) if path != _OWN else own

    unreadable, found, uses, roots, part_classes, incomplete, directed = json.loads(text)
    return FileResult(
        unreadable=unreadable and _diagnostic(unreadable, shown),
        findings=tuple(
            Finding(_diagnostic(diagnostic, shown), _renamed(place, shown), model, tuple(layers))
            for diagnostic, place, model, layers in found
        ),
        uses={shown(path): _Uses(text, shown(path)) for path, text in uses.items()},
        roots=tuple(roots),
        part_classes=frozenset(part_classes),
        incomplete=tuple(incomplete),
        has_noqa=directed,
    )


class _Uses(Mapping[LocationKey, CallUsage]):
    """Uses in one file, as JSON. Few of thousands are asked for: those of calls that something is found at."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file

    @cached_property
    def _by_place(self) -> dict[LocationKey, list[Any]]:
        return {(self._file, *place): use for place, use in json.loads(self._text)}

    def __getitem__(self, place: LocationKey) -> CallUsage:
        models, asked, called, on_vectors = self._by_place[place]
        return CallUsage(set(models), dict(asked), set(called), on_vectors)

    def __iter__(self) -> Iterator[LocationKey]:
        return iter(self._by_place)

    def __len__(self) -> int:
        return len(self._by_place)


def _renamed(place: LocationKey, rename: Rename) -> LocationKey:
    return (rename(str(place[0])), *place[1:])


def _use_to_json(use: CallUsage) -> list[Any]:
    return [sorted(use.set_weights_in), use.wanted_calls, sorted(use.called_in), use.on_vectors]


def _diagnostic_to_json(diagnostic: Diagnostic, real: Rename) -> list[Any]:
    fix = diagnostic.fix
    return [
        diagnostic.code,
        diagnostic.name,
        diagnostic.message,
        diagnostic.severity.value,
        _span_to_json(diagnostic.span, real),
        [[_span_to_json(related.span, real), related.message] for related in diagnostic.related],
        fix
        and [
            type(fix).__name__,
            fix.message,
            [[_span_to_json(edit.span, real), edit.replacement] for edit in fix.edits],
            fix.applicability.value,
        ],
        diagnostic.chain,
    ]


def _diagnostic(document: list[Any], shown: Rename) -> Diagnostic:
    code, name, message, severity, span, related, fix, chain = document
    return Diagnostic(
        code,
        name,
        message,
        Severity(severity),
        _span(span, shown),
        tuple(Related(_span(place, shown), text) for place, text in related),
        fix and _fix(fix, shown),
        chain=tuple(chain),
    )


def _fix(document: list[Any], shown: Rename) -> Fix:
    kind, message, edits, applicability = document
    made = tuple(Edit(_span(span, shown), replacement) for span, replacement in edits)
    return _FIXES[kind](message, made, Applicability(applicability))


def _span_to_json(span: Span, real: Rename) -> list[Any]:
    cell = [span.cell.number, span.cell.row] if span.cell else []
    return [real(span.file), span.row, span.column, span.end_row, span.end_column, *cell]


def _span(document: list[Any], shown: Rename) -> Span:
    file, row, column, end_row, end_column, *cell = document
    return Span(shown(file), row, column, end_row, end_column, Cell(*cell) if cell else None)
