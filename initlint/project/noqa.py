"""`# noqa`: which findings the source itself asks not to hear about.

    x = f()  # noqa                      every rule, on this line
    x = f()  # noqa: CODE, CODE          these rules, on this line
    # initlint: noqa                     every rule, in this file; also `# ruff: noqa` and `# flake8: noqa`
    # initlint: noqa: CODE               these rules, in this file

A line is a logical one: a directive on the first or the last physical line of a statement covers all of it.
"""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping

from initlint._lazy import lazy_pattern
from initlint._records import dataclass
from initlint.project.f_strings import tokens_of
from initlint.project.source import SourceFile, split_lines

_CODES = r"(?P<colon>\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:(?:\s*,\s*|\s+)[A-Z]+[0-9]+)*)?)?"
_LINE = lazy_pattern(rf"#\s*noqa(?![\w-]){_CODES}", re.IGNORECASE)
_ANYWHERE = lazy_pattern(rf"(?P<hash>#)\s*(?:initlint|ruff|flake8)\s*:\s*noqa(?![\w-]){_CODES}", re.IGNORECASE)
_FILE = lazy_pattern(rf"\s*{_ANYWHERE.pattern}", re.IGNORECASE)
_CODE = re.compile(r"[^\s,]+")


@dataclass(frozen=True, slots=True)
class NoqaCode:
    """A code in a directive, in upper case, and its columns: from 1, the end exclusive."""

    name: str
    column: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Directive:
    """One comment, from its `#` to behind its last code. `codes` None means all."""

    codes: tuple[NoqaCode, ...] | None
    row: int
    column: int
    end_column: int

    def covers(self, code: str) -> bool:
        return self.codes is None or any(code == named.name for named in self.codes)


@dataclass(frozen=True, slots=True)
class UnusedNoqa:
    """A directive in `source`, with those of its `codes` that suppress nothing."""

    source: SourceFile
    directive: Directive
    codes: tuple[NoqaCode, ...]


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The directives of one file, and where its long statements begin and end.

    `lines`: row to directive. `statements`: row to the first and the last row of the statement it belongs to.
    """

    file: tuple[Directive, ...]
    lines: Mapping[int, Directive]
    statements: Mapping[int, tuple[int, int]]

    @property
    def directives(self) -> tuple[Directive, ...]:
        """All of them, those for the file first."""
        return (*self.file, *self.lines.values())

    def covers(self, code: str, row: int, end_row: int) -> bool:
        """Whether a finding of `code` at the rows `row` to `end_row`, both inclusive, is suppressed."""
        return any(True for _ in self.covering(code, row, end_row))

    def covering(self, code: str, row: int, end_row: int) -> Iterator[Directive]:
        """The directives that suppress such a finding."""
        yield from (directive for directive in self.file if directive.covers(code))
        for candidate in self.rows(row, end_row):
            directive = self.lines.get(candidate)
            if directive is not None and directive.covers(code):
                yield directive

    def rows(self, row: int, end_row: int) -> tuple[int, ...]:
        """The rows at which a directive would suppress a finding at the rows `row` to `end_row`."""
        first, _ = self.statements.get(row, (row, row))
        _, last = self.statements.get(end_row, (end_row, end_row))
        return tuple(dict.fromkeys((row, end_row, first, last)))


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment, or a line that may hold one. `alone`: nothing stands before it."""

    row: int
    column: int
    text: str
    alone: bool


def parse(text: str, statements: bool = False) -> Suppressions:
    """The directives in `text`. Where Python's tokenizer gives up, every line is searched as it is.

    Without a directive the statements are left out, unless `statements` asks for them.
    """
    if "noqa" not in text.lower() and not statements:
        return Suppressions((), {}, {})
    try:
        tokens = tuple(tokens_of(text))
    except (tokenize.TokenError, SyntaxError):
        lines = split_lines(text)
        return Suppressions(*_directives(_Comment(row, 1, line, True) for row, line in enumerate(lines, 1)), {})
    comments = (_comment(token) for token in tokens if token.type == tokenize.COMMENT)
    return Suppressions(*_directives(comments), dict(_statements(tokens)))


def may_cover(text: str, code: str) -> bool:
    """Whether something in `text` reads like a directive for findings of `code`: a look that costs little."""
    return any(_is_for(found, code) for pattern in (_LINE, _ANYWHERE) for found in pattern.finditer(text))


def _is_for(found: re.Match[str], code: str) -> bool:
    if found["codes"]:
        return code in found["codes"].upper()
    return not found["colon"]


def _comment(token: tokenize.TokenInfo) -> _Comment:
    row, offset = token.start
    return _Comment(row, offset + 1, token.string, not token.line[:offset].strip())


def _directives(comments: Iterable[_Comment]) -> tuple[tuple[Directive, ...], dict[int, Directive]]:
    """Those for the file, and those for a row."""
    for_file: list[Directive] = []
    for_row: dict[int, Directive] = {}
    for comment in comments:
        of_file = _FILE.match(comment.text) if comment.alone else None
        match = of_file or _LINE.search(comment.text)
        if match is None or (match["colon"] and not match["codes"]):
            continue  # a colon without codes (`noqa: because`) is a mistake, and silences nothing
        if of_file:
            for_file.append(_directive(comment, of_file, of_file.start("hash")))
        else:
            for_row[comment.row] = _directive(comment, match, match.start())
    return tuple(for_file), for_row


def _directive(comment: _Comment, match: re.Match[str], start: int) -> Directive:
    codes = None
    if match["codes"]:
        offset = comment.column + match.start("codes")
        found = _CODE.finditer(match["codes"])
        codes = tuple(NoqaCode(code[0].upper(), offset + code.start(), offset + code.end()) for code in found)
    return Directive(codes, comment.row, comment.column + start, comment.column + match.end())


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
