"""SARIF 2.1.0, which GitHub code scanning, editors and security dashboards read.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from initlint import __version__
from initlint.diagnostics import Diagnostic, Edit, Fix, Related, Span, rule_url
from initlint.linter.fingerprint import content, fingerprints
from initlint.report.formats.json import dumps
from initlint.report.report import Report
from initlint.report.rule_pages import page, section
from initlint.report.text import escape, in_file, message_of
from initlint.rules._registry import Rule

_ROOT = "SRCROOT"
_HOME = "https://initlint.readthedocs.io/"


def render(report: Report) -> str:
    """One JSON document with a single run. Columns count code points, from 1; ends are exclusive."""
    contents = (content(d, report.path(d.span.file), report.lines(d.span.file)) for d in report.diagnostics)
    named = zip(report.diagnostics, fingerprints(contents), strict=True)
    notes = [{"level": "error", "message": {"text": escape(line)}} for line in report.failures]
    run = {
        "tool": {"driver": _driver(report)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"uri": f"{report.root.absolute().as_uri()}/"}},
        "invocations": [{"executionSuccessful": not notes, "toolExecutionNotifications": notes}],
        "results": [_result(diagnostic, fingerprint, report) for diagnostic, fingerprint in named],
    }
    return dumps({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})


def _driver(report: Report) -> dict[str, Any]:
    return {
        "name": "initlint",
        "version": __version__,
        "informationUri": _HOME,
        "rules": [_rule(rule) for rule in report.rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": f"{rule.summary}."},
        "fullDescription": {"text": section(rule, "What it does")},
        "help": {"text": page(rule), "markdown": page(rule)},
        "helpUri": rule_url(rule.name),
        "defaultConfiguration": {"enabled": rule.default},
    }


def _result(diagnostic: Diagnostic, fingerprint: str, report: Report) -> dict[str, Any]:
    numbers = {rule.code: number for number, rule in enumerate(report.rules)}
    index = {"ruleIndex": numbers[diagnostic.code]} if diagnostic.code in numbers else {}
    return {
        "ruleId": diagnostic.code,
        **index,
        "level": diagnostic.severity.kind,
        "message": {"text": _braced(message_of(diagnostic))},
        "locations": [{"physicalLocation": _place(diagnostic.span, report)}],
        "relatedLocations": [_related(related, report) for related in diagnostic.related],
        "partialFingerprints": {"initlint/v1": fingerprint},
        "properties": _properties(diagnostic),
        "fixes": [_fix(diagnostic.fix, report)] if diagnostic.fix and not diagnostic.span.cell else [],
    }


def _properties(diagnostic: Diagnostic) -> dict[str, Any]:
    """The model, its layers and the numbers of the message, as in JSON; without those that it does not have."""
    values = {"model": diagnostic.model, "layers": list(diagnostic.layers) or None, **asdict(diagnostic.numbers)}
    return {name: value for name, value in values.items() if value is not None}


def _related(related: Related, report: Report) -> dict[str, Any]:
    return {"physicalLocation": _place(related.span, report), "message": {"text": _braced(escape(related.message))}}


def _fix(fix: Fix, report: Report) -> dict[str, Any]:
    by_file: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_file.setdefault(edit.span.file, []).append(edit)
    return {
        "description": {"text": _braced(escape(fix.message))},
        "properties": {"applicability": fix.applicability.value},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(file, report),
                "replacements": [
                    {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.replacement}}
                    for edit in edits
                ],
            }
            for file, edits in by_file.items()
        ],
    }


def _braced(text: str) -> str:
    """Double the braces: single ones mark placeholders."""
    return text.replace("{", "{{").replace("}", "}}")


def _place(span: Span, report: Report) -> dict[str, Any]:
    snippet = {"text": _text_at(span, report.lines(span.file))}
    return {"artifactLocation": _artifact(span.file, report), "region": {**_region(in_file(span)), "snippet": snippet}}


def _text_at(span: Span, lines: Sequence[str]) -> str:
    """The text at `span` of the file with these `lines`; empty if it cannot be read."""
    rows = list(lines[span.row - 1 : span.end_row])
    if not rows:
        return ""
    rows[-1] = rows[-1][: span.end_column - 1]
    rows[0] = rows[0][span.column - 1 :]
    return "\n".join(rows)


def _artifact(file: str, report: Report) -> dict[str, Any]:
    path = PurePath(report.path(file))
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(os.fsencode(path.as_posix())), "uriBaseId": _ROOT}


def _region(span: Span) -> dict[str, Any]:
    return {
        "startLine": span.row,
        "startColumn": span.column,
        "endLine": span.end_row,
        "endColumn": span.end_column,
    }
