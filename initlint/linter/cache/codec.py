"""An outcome as the text of a JSON document and back.

Paths are real ones in it: a file may be shown by another name in the next run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, fields
from functools import cached_property
from typing import Any, TypeAlias

from initlint.diagnostics import (
    NO_NUMBERS,
    Applicability,
    Cell,
    Diagnostic,
    Edit,
    Fix,
    FixCondition,
    FixRequest,
    Related,
    Severity,
    SignalNumbers,
    Span,
)
from initlint.linter.cache.cache_file import OF_ANOTHER_SHAPE, compact_json
from initlint.linter.results import BY_ATTRIBUTE, NOTHING, CallUsage, FileResult, Finding, LocationKey
from initlint.rewrite import requests
from initlint.rewrite.requests import Expression, GainExpression, Value
from initlint.rules import rules_by_code

Rename: TypeAlias = Callable[[str], str]

_REQUESTS: Mapping[str, type[FixRequest]] = {kind.__name__: kind for kind in requests.ALL}
_OWN = ""
"""In place of the path of the linted file itself, which most locations are in."""


def encode(result: FileResult, own: str, real_path: Rename) -> str:
    """`result` as JSON. `own` is the display path of the linted file; `real_path` returns the real path of others.

    Failures are not encoded.
    """

    def stored(path: str) -> str:
        return _OWN if path == own else real_path(path)

    document = [
        result.unreadable and _diagnostic_to_json(result.unreadable, stored),
        [
            [
                _diagnostic_to_json(finding.diagnostic, stored),
                _renamed(finding.location, stored),
                finding.model,
                finding.layers,
                [[_span_to_json(call, stored) for call in chain] for chain in finding.calls],
                finding.attributes,
                finding.assumes_sizes,
            ]
            for finding in result.findings
        ],
        {
            stored(path): compact_json([[location[1:], _use_to_json(use)] for location, use in uses.items()])
            for path, uses in result.uses.items()
        },
        result.roots,
        sorted(result.part_classes),
        sorted([root, _renamed(location, stored)] for root, location in result.redrawn),
        sorted(result.zeroed),
        sorted(result.alone),
        result.incomplete,
        result.has_noqa,
    ]
    return compact_json(document)


_NOTHING = encode(NOTHING, _OWN, str)


def decode(text: str, own: str, display_paths: Mapping[str, str]) -> FileResult:
    """`own` is the display path of the linted file; `display_paths` has those of others by real path.

    Raises ValueError, TypeError, KeyError or IndexError for a text that `encode` does not return.
    """
    if text == _NOTHING:
        return NOTHING

    def shown(path: str) -> str:
        return display_paths.get(path, path) if path != _OWN else own

    (
        unreadable,
        findings,
        uses_by_file,
        roots,
        part_classes,
        redrawn,
        zeroed,
        alone,
        incomplete,
        has_noqa,
    ) = json.loads(text)
    return FileResult(
        unreadable=unreadable and _diagnostic(unreadable, shown),
        findings=tuple(
            Finding(
                _diagnostic(diagnostic, shown),
                _renamed(location, shown),
                model,
                tuple(layers),
                tuple(tuple(_span(call, shown) for call in chain) for chain in calls),
                attributes=tuple(attributes),
                assumes_sizes=assumes_sizes,
            )
            for diagnostic, location, model, layers, calls, attributes, assumes_sizes in findings
        ),
        uses={shown(path): _Uses(uses, shown(path)) for path, uses in uses_by_file.items()},
        roots=tuple(roots),
        part_classes=frozenset(part_classes),
        redrawn=frozenset((root, _renamed(location, shown)) for root, location in redrawn),
        zeroed=frozenset((root, attribute, is_redrawn) for root, attribute, is_redrawn in zeroed),
        alone=frozenset(alone),
        incomplete=tuple(incomplete),
        has_noqa=has_noqa,
    )


class _Uses(Mapping[LocationKey, CallUsage]):
    """The init calls in one file, as JSON. It is decoded only if a finding is about one of the calls."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file

    @cached_property
    def _by_location(self) -> dict[LocationKey, list[Any]]:
        try:
            return {(self._file, *location): use for location, use in json.loads(self._text)}
        except OF_ANOTHER_SHAPE:
            return {}

    def __getitem__(self, location: LocationKey) -> CallUsage:
        try:
            set_weights_in, wanted_calls, called_in, on_vectors, *by_attribute = self._by_location[location]
            numbers = ({name: set(models) for name, models in entries.items()} for entries in by_attribute)
            return CallUsage(
                set(set_weights_in),
                dict(wanted_calls),
                set(called_in),
                on_vectors,
                **dict(zip(BY_ATTRIBUTE, numbers, strict=True)),
            )
        except OF_ANOTHER_SHAPE:
            raise KeyError(location) from None

    def __iter__(self) -> Iterator[LocationKey]:
        return iter(self._by_location)

    def __len__(self) -> int:
        return len(self._by_location)


def _renamed(location: LocationKey, rename: Rename) -> LocationKey:
    return (rename(str(location[0])), *location[1:])


def _use_to_json(use: CallUsage) -> list[Any]:
    by_attribute = (
        {attribute: sorted(numbers) for attribute, numbers in getattr(use, name).items()} for name in BY_ATTRIBUTE
    )
    return [sorted(use.set_weights_in), use.wanted_calls, sorted(use.called_in), use.on_vectors, *by_attribute]


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
        diagnostic.model,
        diagnostic.layers,
        None if diagnostic.numbers == NO_NUMBERS else astuple(diagnostic.numbers),
    ]


def _diagnostic(document: list[Any], shown: Rename) -> Diagnostic:
    code, name, message, severity, span, related, fix, chain, model, layers, numbers = document
    return Diagnostic(
        rules_by_code()[code].code,
        name,
        message,
        Severity(severity),
        _span(span, shown),
        tuple(Related(_span(place, shown), text) for place, text in related),
        fix and _fix(fix, shown),
        chain=tuple(chain),
        model=model,
        layers=tuple(layers),
        numbers=NO_NUMBERS if numbers is None else SignalNumbers(*numbers),
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
