"""An outcome as the text of a JSON document and back.

Paths are real ones in it: a file may be shown by another name in the next run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import cached_property
from typing import Any, TypeAlias

from initlint.diagnostics import (
    Applicability,
    Cell,
    Diagnostic,
    Edit,
    Fix,
    FixCondition,
    FixRequest,
    Related,
    Severity,
    Span,
)
from initlint.linter.cache.cache_file import compact_json
from initlint.linter.results import NOTHING, CallUsage, FileResult, Finding, LocationKey
from initlint.rewrite import requests
from initlint.rewrite.requests import Expression, GainExpression, Value

Rename: TypeAlias = Callable[[str], str]

_REQUESTS: Mapping[str, type[FixRequest]] = {kind.__name__: kind for kind in requests.ALL}
_OWN = ""
"""Stands for the file itself: most of what it says is of its own places."""


def encode(outcome: FileResult, own: str, real: Rename) -> str:
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
        {
            kept(path): compact_json([[place[1:], _use_to_json(use)] for place, use in uses.items()])
            for path, uses in used
        },
        outcome.roots,
        sorted(outcome.part_classes),
        outcome.incomplete,
        outcome.has_noqa,
    ]
    return compact_json(document)


_NOTHING = encode(NOTHING, _OWN, str)


def decode(text: str, own: str, names: Mapping[str, str]) -> FileResult:
    """`own` is what the file is shown as, and `names`, by real path, what others are.

    Raises ValueError, TypeError, KeyError or IndexError for what `encode` does not return.
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
            fix.message,
            change_to_json(fix.change, real),
            fix.applicability.value,
            fix.condition.value,
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
    message, change, applicability, condition = document
    return Fix(message, change_from_json(change, shown), Applicability(applicability), FixCondition(condition))


def change_to_json(change: FixRequest | tuple[Edit, ...], real: Rename) -> list[Any]:
    """A request as the name of its class and its fields, edits as a list of lists."""
    if not isinstance(change, FixRequest):
        return [[_span_to_json(edit.span, real), edit.replacement] for edit in change]
    return [type(change).__name__, *(_field_to_json(getattr(change, field.name), real) for field in fields(change))]


def change_from_json(document: list[Any], shown: Rename) -> FixRequest | tuple[Edit, ...]:
    if not document or not isinstance(document[0], str):
        return tuple(Edit(_span(span, shown), replacement) for span, replacement in document)
    kind = _REQUESTS[document[0]]
    read = (_field(field.name, value, shown) for field, value in zip(fields(kind), document[1:], strict=True))
    return kind(*read)


def _field_to_json(value: Any, real: Rename) -> Any:
    if isinstance(value, Span):
        return _span_to_json(value, real)
    if isinstance(value, tuple):
        return [_span_to_json(span, real) for span in value]
    if isinstance(value, Mapping):
        return {name: _field_to_json(argument, real) for name, argument in value.items()}
    if isinstance(value, GainExpression):
        return [value.nonlinearity, value.param]
    return [value.text] if isinstance(value, Expression) else value


def _field(name: str, document: Any, shown: Rename) -> Any:
    if name == "place":
        return _span(document, shown)
    if name == "constructors":
        return tuple(_span(span, shown) for span in document)
    if name == "arguments":
        return {argument: _value(value) for argument, value in document.items()}
    return _value(document)


def _value(document: Any) -> Value:
    if isinstance(document, list):
        return Expression(*document) if len(document) == 1 else GainExpression(*document)
    value: Value = document
    return value


def _span_to_json(span: Span, real: Rename) -> list[Any]:
    cell = [span.cell.number, span.cell.row] if span.cell else []
    return [real(span.file), span.row, span.column, span.end_row, span.end_column, *cell]


def _span(document: list[Any], shown: Rename) -> Span:
    file, row, column, end_row, end_column, *cell = document
    return Span(shown(file), row, column, end_row, end_column, Cell(*cell) if cell else None)
