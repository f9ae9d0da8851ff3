"""Limits of what is parsed: the memory of a syntax tree, and the stack and the time that libcst's parser needs."""

from __future__ import annotations

import re
from itertools import islice

from initlint._lazy import lazy_pattern

MOST_TOKENS = 350_000
"""Names, numbers and opening brackets in a file. Their nodes in `ast` take 1 KB each, on long lines up to 1.8 KB."""
MOST_TOKENS_OF_LIBCST = 100_000
"""The same for libcst, whose nodes take 4 KB each."""
LARGEST = 1024 * 1024
"""Characters of code: libcst's parser takes five hundred times as much memory."""
DEEPEST = 200
"""Nested brackets, as for Python's own parser."""
LONGEST_CHAIN = 500
"""Operators, calls and strings in one expression. Python's stack ends before that."""

_COUNTED = lazy_pattern(
    r"""\#[^\r\n]*
    |\"\"\"[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*\"\"\"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''
    |"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*'
    |(?P<token>\w+|[(\[{])""",
    re.DOTALL | re.VERBOSE,
)
_TOKEN = lazy_pattern(
    r"""\#[^\r\n]*|\\\r?\n
    |(?P<operand>\"\"\"[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*\"\"\"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''
        |"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*')
    |(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<end>[,;:])|(?P<line>[\r\n])
    |(?P<operator>[-+*/%@|&^~<>=.]+|\b(?:and|or|not|if|else|in|is|await|lambda)\b)""",
    re.DOTALL | re.VERBOSE,
)


class NotNewer(Exception):
    """The code is no Python that can be read, of any version. The message adds what prevents it, or is empty."""


def has_more_tokens(code: str, limit: int) -> bool:
    """Whether `code` has more than `limit` names, numbers and opening brackets."""
    if len(code) <= limit:
        return False
    tokens = (token for token in _COUNTED.finditer(code) if token.lastgroup)
    return next(islice(tokens, limit, None), None) is not None


def is_too_deep(code: str) -> bool:
    """Whether `code` nests or chains more than can be parsed. An estimate: strings in formatted strings count."""
    chains = [0]
    for token in _TOKEN.finditer(code):
        kind = token.lastgroup
        if kind == "open":
            chains.append(0)
            if len(chains) > DEEPEST:
                return True
        elif kind == "end" or (kind == "line" and len(chains) == 1):
            chains[-1] = 0
        elif kind in ("operator", "operand", "close"):
            if kind == "close" and len(chains) > 1:
                chains.pop()
            chains[-1] += 1
            if chains[-1] > LONGEST_CHAIN:
                return True
    return False
