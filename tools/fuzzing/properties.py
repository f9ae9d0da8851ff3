"""What must hold of every input: no exception, positions in the file, output in every format, fixes that fix."""

from __future__ import annotations

import ast
import hashlib
import itertools
import json
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint.api import check_files
from initlint.diagnostics import Applicability, Diagnostic, Edit, Severity, Span
from initlint.linter import pipeline
from initlint.linter.fixer import fix_is_allowed, fix_paths
from initlint.linter.results import CheckResult, Failure
from initlint.project.decoding import decode_lines
from initlint.project.settings import OUTPUT_FORMATS, Settings
from initlint.project.source import split_lines
from initlint.report import graph_comparison
from initlint.report.formats import render
from initlint.report.report import Report
from initlint.rewrite.edits import apply
from initlint.rules import all_rules
from tools.fuzzing.sources import Input, parse

if TYPE_CHECKING:
    from initlint.report.html import page
else:
    # Takes seconds to import, and few inputs are drawn.
    page = LazyModule("initlint.report.html.page")

SETTINGS = Settings(select=("ALL",), respect_gitignore=False)

_DRAWN = 5
"""Of 256 inputs, so many are also drawn: a page takes as long as linting thirty files."""

_MAKES_LAYERS = frozenset({"INI205"})
"""One object becomes several layers, and then something can be said of them as a chain."""

_STOPS_THE_SIGNAL = frozenset({"INI201", "INI203"})
"""Behind a weight of zeros or of one constant, no factor says anything of the signal."""

Contents = Mapping[str, bytes]


class Violated(Exception):
    """A property that does not hold. `kind` is equal for failures with one cause."""

    def __init__(self, kind: str, details: str = "") -> None:
        super().__init__(f"{kind}\n{details}" if details else kind)
        self.kind, self.details = kind, details


def lints(given: Input) -> str:
    """A digest of all that is printed about an input. Raises `Violated`."""
    result = _lint(given.files)
    lines = {path: decode_lines(path, data) or [""] for path, data in given.files.items()}
    raw = {path: split_lines(data.decode(errors="replace")) for path, data in given.files.items()}
    for diagnostic in result.diagnostics:
        is_raw = diagnostic.code == "INI000" and diagnostic.span.cell is None  # JSON that is no notebook
        for span in diagnostic.spans:
            _check_position(span, raw if is_raw and span.file.endswith(".ipynb") else lines, diagnostic)
    findings = json.dumps([diagnostic.to_dict() for diagnostic in result.diagnostics])
    digest = hashlib.sha256(findings.encode())
    digest.update(_rendered(result, given.files, digest.digest()[0]).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:16]


def fixes_are_right(given: Input) -> str:
    """The number of fixes of an input, each of which is applied by itself, then all. Raises `Violated`."""
    result = _lint(given.files)
    fixable = [diagnostic for diagnostic in result.diagnostics if diagnostic.fix is not None]
    for diagnostic in fixable:
        _check_fix(diagnostic, given.files, result.diagnostics)
    for unsafe in {diagnostic.fix.applicability is Applicability.UNSAFE for diagnostic in fixable if diagnostic.fix}:
        _check_all_fixes(given.files, unsafe)
    return str(len(fixable))


Property = Callable[[Input], str]
"""Raises `Violated`, or returns a text that is the same in every process."""


def holds(condition: Property, given: Input) -> str:
    """The text of `condition`. Raises `Violated`, also for any exception."""
    try:
        return condition(given)
    except Violated:
        raise
    except Exception as error:
        raise Violated(f"traceback: {type(error).__name__} in {_frame(error)}", traceback.format_exc()) from None


def _frame(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.name}"


def _lint(files: Contents, edits: bool = True) -> CheckResult:
    result = check_files(files, SETTINGS, edits=edits)
    _check_failures(result.failures)
    return result


def _check_failures(failures: Iterable[Failure]) -> None:
    for failure in failures:
        lines = failure.traceback.strip().splitlines()
        place = [line.strip() for line in lines if line.lstrip().startswith("File ")][-1:]
        raise Violated(f"internal error: {failure.error.partition(':')[0]} in {place}", failure.traceback)


def _check_position(span: Span, lines: Mapping[str, Sequence[str]], diagnostic: Diagnostic) -> None:
    if span.file not in lines:
        raise Violated(f"position in another file: {diagnostic.code}", repr(span))
    rows = lines[span.file]
    for row, column in ((span.row, span.column), (span.end_row, span.end_column)):
        if not 1 <= row <= len(rows) or not 1 <= column <= len(rows[row - 1]) + 1:
            raise Violated(f"position outside of the file: {diagnostic.code}", f"{span}, {len(rows)} lines")
    if (span.row, span.column) > (span.end_row, span.end_column):
        raise Violated(f"position that ends before it begins: {diagnostic.code}", repr(span))


def _rendered(result: CheckResult, files: Contents, choice: int) -> str:
    """The findings in one format; for some inputs also the models, as text, JSON and a page."""
    name = OUTPUT_FORMATS[choice % len(OUTPUT_FORMATS)]
    report = Report(result.diagnostics, partial(_lines, files), files=result.files, rules=all_rules(), root=Path("/"))
    text = render(name, report)
    if choice < _DRAWN:
        drawn = pipeline.check_models([Path(path) for path in files], SETTINGS, files, whole_models=True)
        _check_failures(drawn.failures)
        text += page.render(drawn, "net", page.PageInput(partial(_lines, files)))
        text += graph_comparison.render(drawn.models, "text", 80) + graph_comparison.render(drawn.models, "json", 80)
    return text


def _lines(files: Contents, path: str) -> list[str]:
    return list(decode_lines(path, files[path])) if path in files else []


def _check_fix(diagnostic: Diagnostic, files: Contents, before: Iterable[Diagnostic]) -> None:
    """Apply one fix, as an editor does."""
    assert diagnostic.fix is not None
    code = diagnostic.code
    paths = {span.file for span in diagnostic.fix.spans}
    if len(paths) != 1 or not diagnostic.fix.edits:
        raise Violated(f"{code}: a fix of {len(paths)} files, {len(diagnostic.fix.edits)} edits", repr(diagnostic))
    [path] = paths
    if not path.endswith(".py"):
        return
    text = files[path].decode()
    new, applied = apply(text, [diagnostic])
    if not applied:
        raise Violated(f"{code}: edits that overlap", repr(diagnostic.fix))
    if new == text:
        raise Violated(f"{code}: a fix that changes nothing", repr(diagnostic.fix))
    if parse(text) is not None and not _compiles(new) and _compiles(text):
        raise Violated(f"{code}: does not compile after the fix", new)
    _check_rows(diagnostic, text)
    fixed = {**files, path: new.encode()}
    functions = _Functions(files), _Functions(fixed)
    for finding in new_findings(before, _lint(fixed, edits=False).diagnostics, functions):
        if code in _MAKES_LAYERS and finding.severity is Severity.INFO:
            continue
        raise Violated(f"{code}: the fix brings {finding.code}", f"{finding}\n{new}")


def _check_rows(diagnostic: Diagnostic, text: str) -> None:
    """The edits are in the statements of the finding and in imports, insert lines, or rename what an import binds."""
    tree = parse(text)
    if tree is None or diagnostic.fix is None:
        return
    named = [diagnostic.span, *(related.span for related in diagnostic.related)]
    path = diagnostic.span.file
    rows = {row for span in named if span.file == path for row in range(span.row, span.end_row + 1)}
    allowed = set(rows)
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            is_simple = not hasattr(node, "body")
            if isinstance(node, (ast.Import, ast.ImportFrom)) or (is_simple and not rows.isdisjoint(span)):
                allowed.update(span)
    for edit in diagnostic.fix.edits:
        if _is_insertion(edit) or (edit.replacement.isidentifier() and _text(edit, text) + "_" == edit.replacement):
            continue
        if not allowed.issuperset(range(edit.span.row, edit.span.end_row + 1)):
            raise Violated(f"{diagnostic.code}: edits another line", f"{edit}\n{sorted(allowed)}")


def _text(edit: Edit, text: str) -> str:
    """What it replaces on its first line."""
    return split_lines(text)[edit.span.row - 1][edit.span.column - 1 : edit.span.end_column - 1]


def _is_insertion(edit: Edit) -> bool:
    """Whether it inserts whole lines."""
    span = edit.span
    is_empty = (span.row, span.column) == (span.end_row, span.end_column)
    return is_empty and (edit.replacement.endswith(("\n", "\r")) or edit.replacement.startswith(("\n", "\r")))


def _check_all_fixes(files: Contents, unsafe: bool) -> None:
    """Apply all fixes until there are none, and again."""
    lint, wanted = partial(_lint, edits=False), partial(fix_is_allowed, unsafe=unsafe)
    fixed = fix_paths(lint, files, wanted)
    for error in fixed.errors:
        if "bug" in error:
            raise Violated(f"not fixed: {error.partition('not fixed: ')[2]}", error)
    now = {path: fixed.changed[path][1] if path in fixed.changed else data for path, data in files.items()}
    for path in fixed.changed:
        if path.endswith(".py") and _compiles_bytes(files[path]) and not _compiles_bytes(now[path]):
            raise Violated("does not compile after all fixes", now[path].decode(errors="replace"))
    again = {} if fixed.errors else fix_paths(lint, now, wanted).changed
    for _, twice in again.values():
        raise Violated("changed again by a second run", twice.decode(errors="replace"))


class _Functions:
    """The functions of some files, by path and name, so that those of two texts can be compared."""

    def __init__(self, files: Contents) -> None:
        self._files = files

    def around(self, span: Span) -> tuple[str, str] | None:
        """The innermost function around the beginning of `span`; None for the top level, or what is not parsed."""
        tree = parse(self._files[span.file].decode(errors="replace")) if span.file.endswith(".py") else None
        name = "" if tree is None else _function_at(tree, span.row)
        return (span.file, name) if name else None


def _function_at(node: ast.AST, row: int, scope: str = "") -> str:
    """The name of the innermost function at `row`, with the scopes around it; empty if there is none."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.stmt, ast.expr)) and not child.lineno <= row <= (child.end_lineno or 0):
            continue
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return _function_at(child, row, f"{scope}.{child.name}") or f"{scope}.{child.name}"
        if found := _function_at(child, row, f"{scope}.{child.name}" if isinstance(child, ast.ClassDef) else scope):
            return found
    return ""


def new_findings(
    before: Iterable[Diagnostic], after: Iterable[Diagnostic], functions: tuple[_Functions, _Functions]
) -> Iterator[Diagnostic]:
    """Those of `after` whose rule reported none of their layers before; of a file as a whole: nothing at all.

    Where a call raised before, other faults of the call and of its layers may appear, and of the calls of the same
    constructor, which never ended: the error hid them. So may lesser ones of the layers of any error, and of any layer
    of a model in which no signal passed a constant weight. `functions`: those of the files before and after.
    """
    before = tuple(before)
    old = [(finding.code, finding.model, set(finding.layers)) for finding in before]
    errors = [finding for finding in before if finding.severity is Severity.ERROR]
    failed = [functions[0].around(error.span) for error in errors if "raises" in error.message]
    unbuilt = {function for function in failed if function is not None and function[1].endswith(".__init__")}
    for finding in after:
        layers, rows = set(finding.layers), {finding.span.row, *(related.span.row for related in finding.related)}
        is_old = any(
            (code, model) == (finding.code, finding.model) and (not layers or layers & paths)
            for code, model, paths in old
        )
        was_hidden = any(
            _is_inside(error.span, finding.span)
            or ("raises" in error.message and error.span.row in rows)
            or ((finding.severity < Severity.ERROR or "raises" in error.message) and _share_one(layers, error.layers))
            for error in errors
        ) or any(
            one.code in _STOPS_THE_SIGNAL and finding.severity < Severity.ERROR and one.model == finding.model
            for one in before
        )
        was_hidden = was_hidden or (bool(unbuilt) and functions[1].around(finding.span) in unbuilt)
        if not is_old and not was_hidden:
            yield finding


def _share_one(layers: Iterable[str], others: Iterable[str]) -> bool:
    """Whether a layer is in both, where a model may contain the other: `fc` is `head.fc` there."""
    pairs = itertools.product(layers, others)
    return any(f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}") for one, other in pairs)


def _is_inside(inner: Span, outer: Span) -> bool:
    starts = (outer.row, outer.column) <= (inner.row, inner.column)
    return starts and (inner.end_row, inner.end_column) <= (outer.end_row, outer.end_column)


def _compiles(text: str) -> bool:
    return _compiles_bytes(text.encode())


def _compiles_bytes(data: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(data, "net.py", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
