"""JUnit XML, which most CI servers show as failed tests.

Source: https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from initlint.diagnostics import Diagnostic
from initlint.report.report import Report
from initlint.report.text import escape, in_file


def render(report: Report) -> str:
    """One suite for each linted file, with a failure for each finding or one passing case."""
    by_file = {file: list(diagnostics) for file, diagnostics in groupby(report.diagnostics, lambda d: d.span.file)}
    files = sorted({*by_file, *map(str, report.files)}, key=Path)
    root = Element("testsuites", name="initlint", tests="0", failures="0", errors="0")
    for file in files:
        _add_suite(root, _text(report.path(file)), by_file.get(file, []))
    root.set("tests", str(sum(int(suite.get("tests", 0)) for suite in root)))
    root.set("failures", str(len(report.diagnostics)))
    indent(root)
    declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f"{declaration}{tostring(root, encoding='unicode')}\n"


def _add_suite(root: Element, name: str, diagnostics: list[Diagnostic]) -> None:
    tests, failures = str(len(diagnostics) or 1), str(len(diagnostics))
    suite = SubElement(root, "testsuite", name=name, tests=tests, failures=failures, errors="0", skipped="0")
    if not diagnostics:
        SubElement(suite, "testcase", name="initlint", classname=name, file=name, time="0")
    for diagnostic in diagnostics:
        _add_case(suite, name, diagnostic)


def _add_case(suite: Element, file: str, diagnostic: Diagnostic) -> None:
    span, message = diagnostic.span, _text(diagnostic.message)
    cell = f"cell {span.cell.number}:" if span.cell else ""
    at = f"{cell}{span.local.row}:{span.column}"
    title, line = f"{diagnostic.code} {diagnostic.name} ({at})", str(in_file(span).row)
    case = SubElement(suite, "testcase", name=title, classname=file, file=file, line=line, time="0")
    failure = SubElement(case, "failure", message=message, type=diagnostic.severity.label)
    failure.text = f"{file}:{at}: {diagnostic.code} {message}\n{diagnostic.url}"


def _text(text: str) -> str:
    """Remove the characters that are not allowed in XML."""
    return escape(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
