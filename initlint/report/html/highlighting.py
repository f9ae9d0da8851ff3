"""Colours Python code with pygments: each line as pieces with a class of the style sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Literal, Name, Operator

from initlint.report.text import escape

_CLASSES = (
    (Comment, "syntax-comment"),
    (Literal.String, "syntax-string"),
    (Literal.Number, "syntax-number"),
    (Keyword, "syntax-keyword"),
    (Operator.Word, "syntax-keyword"),
    (Name.Function, "syntax-name"),
    (Name.Class, "syntax-name"),
    (Name.Decorator, "syntax-name"),
)
"""The first type of token that contains a token gives its class."""

Piece = tuple[str, str]
"""A class, empty for plain text, and a part of a line."""


class HighlightedFile:
    """The lines of a file with the class of each part."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines: list[list[Piece]] = [[]]
        source = "\n".join(line.replace("\r", " ") for line in lines)  # pygments counts a "\r" as the end of a line
        for token, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source):
            css = _class_of(token)
            for number, part in enumerate(text.split("\n")):
                if number:
                    self._lines.append([])
                if part:
                    self._lines[-1].append((css, part))

    def between(self, row: int, first: int, last: int) -> Markup:
        """The columns from `first` to `last` of a row, counted from 0, as HTML. Rows count from 1."""
        return Markup("").join(self._spans(row, first, last))

    def _spans(self, row: int, first: int, last: int) -> Iterator[Markup | str]:
        column = 0
        for css, text in self._lines[row - 1] if row <= len(self._lines) else ():
            part = text[max(0, first - column) : max(0, last - column)]
            column += len(text)
            if part:
                shown = escape(part.replace("\t", "    "))
                yield Markup('<span class="{}">{}</span>').format(css, shown) if css else shown


def _class_of(token: object) -> str:
    return next((css for kind, css in _CLASSES if token in kind), "")
