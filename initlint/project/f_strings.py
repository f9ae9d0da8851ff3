"""Formatted strings by the rules of Python 3.12 (PEP 701), for the tokenizer of older versions.

f"{d["#"]}"    since Python 3.12 one string, before that two strings and a comment
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterator

from initlint._lazy import lazy_pattern

_PREFIXED = re.compile(r"[fFtT][rR]?[\"']")
_CODE = lazy_pattern(
    r"(?P<comment>#[^\r\n]*)|(?P<prefix>\b[a-zA-Z]{1,2})?(?P<quote>\"\"\"|'''|[\"'])"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<colon>:)"
)
_PIECES = {quote: re.compile(rf"\\[^{{]|\{{\{{|\{{|{quote}", re.DOTALL) for quote in ('"""', "'''", '"', "'")}
_BRACES = re.compile(r"[{}]")
_NOT_LINE_END = re.compile(r"[^\r\n]")


class _Unterminated(Exception):
    """A string without an end: no valid Python."""


def tokens_of(text: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of `text`. Raises TokenError or SyntaxError where Python's tokenizer gives up."""
    return tokenize.generate_tokens(io.StringIO(tokenizable(text), newline=None).readline)


def tokenizable(text: str) -> str:
    """`text` with formatted strings as calls (`f(xxx)`) of the same size, which all versions tokenize alike.

    Comments within formatted strings stay. Nothing is replaced where the running Python knows these strings.
    """
    if sys.version_info >= (3, 12) or not _PREFIXED.search(text):
        return text
    return replace_formatted(text)


def replace_formatted(text: str) -> str:
    """`text` with formatted strings as calls; `text` itself where a string has no end."""
    pieces: list[str] = []
    position = copied = 0
    try:
        while token := _CODE.search(text, position):
            position = token.end()
            if not token["quote"]:
                continue
            comments: list[tuple[int, int]] = []
            position = _end_of_string(text, token, comments)
            if _is_formatted(token):
                start, end = token.start("quote"), position - 1
                pieces += [text[copied:start], "(", _masked(text, start + 1, end, comments), ")"]
                copied = position
    except (_Unterminated, RecursionError):
        return text
    return "".join([*pieces, text[copied:]])


def _is_formatted(token: re.Match[str]) -> bool:
    prefix = (token["prefix"] or "").lower()
    return "f" in prefix or "t" in prefix


def _masked(text: str, start: int, end: int, comments: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    for comment_start, comment_end in comments:
        pieces += [_NOT_LINE_END.sub("x", text[start:comment_start]), text[comment_start:comment_end]]
        start = comment_end
    return "".join([*pieces, _NOT_LINE_END.sub("x", text[start:end])])


def _end_of_string(text: str, token: re.Match[str], comments: list[tuple[int, int]]) -> int:
    """The end of the string that `token` begins. Adds the comments in it, if it is formatted."""
    quote, position = token["quote"], token.end()
    while piece := _PIECES[quote].search(text, position):
        position = piece.end()
        if piece[0] == quote:
            return position
        if piece[0] == "{" and _is_formatted(token):
            position = _end_of_field(text, position, comments)
    raise _Unterminated


def _end_of_field(text: str, position: int, comments: list[tuple[int, int]]) -> int:
    depth = 0
    while token := _CODE.search(text, position):
        position = token.end()
        if token["comment"]:
            comments.append(token.span())
        elif token["quote"]:
            position = _end_of_string(text, token, comments)
        elif token["open"]:
            depth += 1
        elif token["close"]:
            if not depth:
                return position
            depth -= 1
        elif token["colon"] and not depth:
            return _end_of_format(text, position, comments)
    raise _Unterminated


def _end_of_format(text: str, position: int, comments: list[tuple[int, int]]) -> int:
    while brace := _BRACES.search(text, position):
        position = brace.end()
        if brace[0] == "}":
            return position
        position = _end_of_field(text, position, comments)
    raise _Unterminated
