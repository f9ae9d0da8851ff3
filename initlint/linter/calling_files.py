"""Findings about a helper in one file and models in another: where each is reported if only one of them is linted."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from initlint.diagnostics import Diagnostic, Related, Span
from initlint.graph.model import ModelGraph
from initlint.linter.results import Finding, LocationKey
from initlint.project.source import Location, SourceLocation, functions_around
from initlint.rules._registry import Violation

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def calls_to(violation: Violation, model: ModelGraph) -> tuple[tuple[Span, ...], ...]:
    """For each way to a violation in another file, the calls that it may be reported at; see `Finding.calls`.

    A call that constructs a model of another file does not count: what its constructor does is about that model. Nor
    does a call that passes on, as in a loop that calls a given function with each module: its caller chose it.
    """
    file = str(violation.location.key[0])
    chains = dict.fromkeys(_chains(violation, model))
    if all(str(site.key[0]) == file for chain in chains for site in chain):
        return ()
    layer_files = {str(layer.location.key[0]) for layer in model.layers if layer.path in violation.layers}
    calls = (tuple(_calls(chain, violation.location, layer_files)) for chain in chains)
    return tuple(dict.fromkeys(chain for chain in calls if chain))


def with_leading_call(diagnostic: Diagnostic, violation: Violation, model: ModelGraph) -> Diagnostic:
    """`diagnostic` with the call that leads to it, as `self.apply(init_weights)`, as its first related location."""
    chain = next(iter(_chains(violation, model)), ())
    if len(chain) < 2:  # the first is the construction of the model
        return diagnostic
    span = chain[-1].span
    if span == diagnostic.span or any(related.span == span for related in diagnostic.related):
        return diagnostic
    return replace(diagnostic, related=(Related(span, "called here"), *diagnostic.related))


def _chains(violation: Violation, model: ModelGraph) -> Iterator[tuple[Location, ...]]:
    """The call sites that lead to the location, for each layer of the violation that is written there."""
    found = False
    for layer in [layer for layer in model.layers if layer.path in violation.layers] or model.layers:
        writes = (*(ineffective.write for ineffective in layer.ineffective_writes), *layer.writes)
        here = [write for write in writes if write.location == violation.location]
        if here:
            found = True
            yield here[-1].via
    if not found:
        yield from (call.via for call in model.calls if call.location == violation.location)


def _calls(chain: Sequence[Location], location: Location, layer_files: Collection[str]) -> Iterator[Span]:
    """The last call of `chain` in each file but that of `location`."""
    last = {str(site.key[0]): index for index, site in enumerate(chain)}
    last.pop(str(location.key[0]), None)
    called = (*chain[1:], location)
    for file, index in sorted(last.items(), key=lambda item: item[1]):
        site = chain[index]
        node = site.node if isinstance(site, SourceLocation) else None
        if isinstance(node, (ast.ClassDef, *_FUNCTIONS)):  # the model itself, or what builds it
            yield _header(site.span)
        elif not _passes_on(site) and (file in layer_files or not _is_in_constructor(called[index])):
            yield site.span


def _header(span: Span) -> Span:
    """The first word of a definition: the whole would be marked line by line."""
    return replace(span, end_row=span.row, end_column=span.column + len("class"))


def _is_in_constructor(location: Location) -> bool:
    """Whether the innermost function around a location is an `__init__`."""
    around = functions_around(location)
    return bool(around) and around[-1].name == "__init__"


def _passes_on(site: Location) -> bool:
    """Whether a call calls a parameter of a function around it, itself or by `apply`, or such a function again."""
    call = site.node if isinstance(site, SourceLocation) else None
    if not isinstance(call, ast.Call):
        return False
    is_apply = isinstance(call.func, ast.Attribute) and call.func.attr == "apply" and bool(call.args)
    called = call.args[0] if is_apply else call.func
    around = functions_around(site)
    parameters = {
        parameter.arg
        for function in around
        for parameter in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    }
    return isinstance(called, ast.Name) and called.id in parameters.union(function.name for function in around)


def at_linted_calls(findings: Iterable[Finding], linted: Collection[str]) -> list[Finding]:
    """Each finding where it is reported: those in a file that is not linted at the calls that lead there.

    `linted`: the paths as shown. Such a finding keeps its fix only if that changes linted files.
    """
    return [
        _at_call(finding, linted) if finding.calls and finding.diagnostic.span.file not in linted else finding
        for finding in findings
    ]


_LINE_OF_ITS_FILE = re.compile(r"\bin line \d+\b(?! of )")
"""What `analysis.messages.line_of` names in the file of the finding itself."""


def _at_call(finding: Finding, linted: Collection[str]) -> Finding:
    calls = [next((call for call in reversed(chain) if call.file in linted), None) for chain in finding.calls]
    spans = [span for span in dict.fromkeys(calls) if span is not None]
    if not spans:
        return finding
    diagnostic, first = finding.diagnostic, spans[0]
    fix = diagnostic.fix
    reported = replace(
        diagnostic,
        span=first,
        message=_LINE_OF_ITS_FILE.sub(rf"\g<0> of {Path(diagnostic.span.file).name}", diagnostic.message),
        related=(
            Related(diagnostic.span, "the init call"),
            *(Related(span, "this call leads there, too") for span in spans[1:]),
            *diagnostic.related,
        ),
        fix=fix if fix and all(span.file in linted for span in fix.spans) else None,
        origin=diagnostic.span,
    )
    return replace(finding, diagnostic=reported, location=_key(reported, finding.location))


def _key(diagnostic: Diagnostic, origin: LocationKey) -> LocationKey:
    """Two helpers that one call leads to stay apart."""
    span = diagnostic.span
    return (span.file, span.row, span.column, span.end_row, span.end_column, *origin)
