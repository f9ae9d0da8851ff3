"""Suppressions that suppress nothing, for the rule on unused `noqa` comments."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from initlint.diagnostics import Diagnostic
from initlint.project.discovery import discover
from initlint.project.file_io import read_file
from initlint.project.noqa import Directive, NoqaCode, UnusedNoqa
from initlint.project.settings import Settings
from initlint.project.source import SourceFile
from initlint.rules import rule_for, rules_by_code

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
    """One finding for each of `directives` that names a code of initlint of which it suppresses nothing.

    `used`: each directive with a code that it does suppress. One without codes is for other linters as well, and is
    left alone.
    """
    rule = rule_for("unused noqa")
    for directive in directives:
        unused_codes = tuple(code for code in directive.codes or () if _is_unused(directive, code, used))
        if unused_codes:
            yield from map(rule.diagnostic, rule.check(UnusedNoqa(source, directive, unused_codes)))


def _is_unused(directive: Directive, code: NoqaCode, used: Collection[tuple[Directive, str]]) -> bool:
    return _OURS.fullmatch(code.name) is not None and is_tracked(code.name) and (directive, code.name) not in used


def is_tracked(code: str) -> bool:
    """Whether it is known if a directive for `code` suppresses something; so it is for a code that no rule has."""
    rule = rules_by_code().get(code)
    return rule is None or rule.checks_models


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
