"""Suppressions that suppress nothing, for the rule INI001."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from initlint.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity
from initlint.project.discovery import discover
from initlint.project.file_io import read_file
from initlint.project.noqa import Directive, NoqaCode
from initlint.project.settings import ALWAYS_ON, Settings
from initlint.project.source import SourceFile

CODE = "INI001"
NAME = "unused-suppression"
NEVER_JUDGED = (ALWAYS_ON, CODE)
"""Codes that a directive may name without a finding: the one is never suppressed, the other speaks of directives."""

_OURS = re.compile(r"INI\d+")
_WORTH_A_LOOK = re.compile(rb"noqa.*INI\d", re.IGNORECASE)
_IMPORT = re.compile(rb"^[ \t]*(?:from\b[^\n(]*\([^)]*\)|(?:from|import)\b[^\n]*)", re.MULTILINE)
_WORD = re.compile(rb"\w+")


def names_our_codes(data: bytes) -> bool:
    """A cheap look at a file: whether it can hold a directive for a code of ours."""
    return _WORTH_A_LOOK.search(data) is not None


def unused(
    source: SourceFile, directives: Iterable[Directive], used: Collection[tuple[Directive, str]]
) -> Iterator[Diagnostic]:
    """One finding for each of `directives` that names a code of ours of which it suppresses nothing.

    `used`: each directive with a code that it does suppress. One without codes is for other linters as well, and is
    left alone.
    """
    for directive in directives:
        idle = [code for code in directive.codes or () if _is_idle(directive, code, used)]
        if idle:
            yield _diagnostic(source, directive, idle)


def _is_idle(directive: Directive, code: NoqaCode, used: Collection[tuple[Directive, str]]) -> bool:
    ours = _OURS.fullmatch(code.name) is not None and code.name not in NEVER_JUDGED
    return ours and (directive, code.name) not in used


def _diagnostic(source: SourceFile, directive: Directive, idle: Collection[NoqaCode]) -> Diagnostic:
    codes = ", ".join(code.name for code in idle)
    span = source.span_at(directive.row, directive.column, directive.row, directive.end_column)
    fix = Fix(f"Remove {codes}", (_removal(source, directive, idle),), Applicability.SAFE)
    return Diagnostic(CODE, NAME, f"`noqa` for {codes} suppresses nothing", Severity.INFO, span, fix=fix)


def _removal(source: SourceFile, directive: Directive, idle: Collection[NoqaCode]) -> Edit:
    """Take the idle codes out; with the last of them goes the directive, with that a comment that held nothing else."""
    row, line, codes = directive.row, source.lines[directive.row - 1], directive.codes or ()
    if any(code not in idle for code in codes):
        return Edit(source.span_at(row, codes[0].column, row, codes[-1].end_column), _without(line, codes, idle))
    before, behind = line[: directive.column - 1].rstrip(), line[directive.end_column - 1 :]
    rest = behind.lstrip(" \t,:;-")
    if rest:  # a reason, or another tool's directive
        kept = rest if rest.startswith("#") else f"# {rest}"
        return Edit(source.span_at(row, directive.column, row, len(line) + 1), kept)
    if before:
        return Edit(source.span_at(row, len(before) + 1, row, len(line) + 1), "")
    end = (row + 1, 1) if row < len(source.lines) else (row, len(line) + 1)
    return Edit(source.span_at(row, 1, *end), "")


def _without(line: str, codes: Sequence[NoqaCode], idle: Collection[NoqaCode]) -> str:
    """The list of codes as it is written, without the idle ones and what parts each of them from its neighbour."""
    text = ""
    for number, code in enumerate(codes):
        if code not in idle:
            start = codes[number - 1].end_column if text else code.column
            text += line[start - 1 : code.end_column - 1]
    return text


def reached_from_elsewhere(linted: Collection[Path], settings: Settings) -> set[Path]:
    """Those of the files that others of the project import, directly or by way of each other, which are not linted.

    What a directive suppresses may hang on these: a helper is judged where a model calls it. The project is what lies
    below the configuration file, or without one beside the files. Names of modules are compared, no more.
    """
    folders = [settings.root] if settings.file else sorted({path.parent for path in linted})
    known = {path.resolve() for path in linted}
    beside = (path for folder in folders for path in sorted(folder.glob("*.py")))
    around = discover(folders, settings).values() if settings.file else beside
    words = set().union(*(_imported(path) for path in around if path.resolve() not in known))
    reached: set[Path] = set()
    while found := {path for path in linted if path not in reached and _module(path) in words}:
        reached |= found
        words = words.union(*map(_imported, found))
    return reached


def _imported(path: Path) -> set[bytes]:
    """Every word of the file's import statements."""
    try:
        data = read_file(path)
    except OSError:
        return set()
    return {word for statement in _IMPORT.findall(data) for word in _WORD.findall(statement)}


def _module(path: Path) -> bytes:
    name = path.absolute().parent.name if path.stem == "__init__" else path.stem
    return name.encode("utf-8", "surrogateescape")
