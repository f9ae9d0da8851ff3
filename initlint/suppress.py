"""`# noqa`: which findings the source itself asks not to hear about.

    x = f()  # noqa                      every rule, on this line
    x = f()  # noqa: INI301, INI201      these rules, on this line
    # initlint: noqa                     every rule, in this file; also `# ruff: noqa` and `# flake8: noqa`
    # initlint: noqa: INI301             these rules, in this file

A line is a logical one: a directive on the first or the last physical line of a statement covers all of it.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_CODES = r"(?P<colon>\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:(?:\s*,\s*|\s+)[A-Z]+[0-9]+)*)?)?"
_LINE = re.compile(rf"#\s*noqa(?![\w-]){_CODES}", re.IGNORECASE)
_FILE = re.compile(rf"^\s*#\s*(?:initlint|ruff|flake8)\s*:\s*noqa(?![\w-]){_CODES}", re.IGNORECASE)
_SEPARATOR = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class Directive:
    """One comment. `codes` are in upper case; None means all."""

    codes: frozenset[str] | None

    def covers(self, code: str) -> bool:
        return self.codes is None or code in self.codes


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The directives of one file, and where its long statements begin and end.

    `lines`: row to directive. `statements`: row to the first and the last row of the statement it belongs to.
    """

    file: tuple[Directive, ...]
    lines: Mapping[int, Directive]
    statements: Mapping[int, tuple[int, int]]

    def covers(self, code: str, row: int, end_row: int) -> bool:
        """Whether a finding of `code` at the rows `row` to `end_row`, both inclusive, is suppressed."""
        if any(directive.covers(code) for directive in self.file):
            return True
        first, _ = self.statements.get(row, (row, row))
        _, last = self.statements.get(end_row, (end_row, end_row))
        directives = (self.lines.get(candidate) for candidate in {row, end_row, first, last})
        return any(directive is not None and directive.covers(code) for directive in directives)


def parse(text: str) -> Suppressions:
    """The directives in `text`. Where Python's tokenizer gives up, every line is searched as it is."""
    if "noqa" not in text.lower():
        return Suppressions((), {}, {})
    try:
        tokens = tuple(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return Suppressions(*_directives(enumerate(lines, 1)), {})
    comments = ((token.start[0], _comment(token)) for token in tokens if token.type == tokenize.COMMENT)
    return Suppressions(*_directives(comments), dict(_statements(tokens)))


def _comment(token: tokenize.TokenInfo) -> str:
    """The comment, behind a dot if code stands before it: `_FILE` wants a line of its own."""
    return token.string if token.line[: token.start[1]].isspace() or token.start[1] == 0 else f". {token.string}"


def _directives(lines: Iterable[tuple[int, str]]) -> tuple[tuple[Directive, ...], dict[int, Directive]]:
    """Those for the file, and those for a row."""
    for_file: list[Directive] = []
    for_row: dict[int, Directive] = {}
    for row, line in lines:
        match = _FILE.match(line) or _LINE.search(line)
        if match is None or (match["colon"] and not match["codes"]):
            continue  # a colon without codes (`noqa: because`) is a mistake, and silences nothing
        directive = Directive(frozenset(_SEPARATOR.split(match["codes"].upper())) if match["codes"] else None)
        if match.re is _FILE:
            for_file.append(directive)
        else:
            for_row[row] = directive
    return tuple(for_file), for_row


def _statements(tokens: tuple[tokenize.TokenInfo, ...]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Each row of each logical line that is longer than one physical line, with its first and last row."""
    first: int | None = None
    for token in tokens:
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            continue
        if first is None:
            first = token.start[0]
        if token.type == tokenize.NEWLINE:
            last = token.start[0]
            if last > first:
                yield from ((row, (first, last)) for row in range(first, last + 1))
            first = None
