"""What libcst's parser is spared: code so deep that it would overflow the stack, and chains that take it minutes."""

from __future__ import annotations

import re

LARGEST = 1024 * 1024
"""Characters of code: libcst's parser takes five hundred times as much memory."""
DEEPEST = 200
"""Nested brackets, as for Python's own parser."""
LONGEST_CHAIN = 500
"""Operators, calls and strings in one expression. Python's stack ends before that."""

_TOKEN = re.compile(
    r"""\#[^\r\n]*|\\\r?\n
    |(?P<operand>\"\"\"[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*\"\"\"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''
        |"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*')
    |(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<end>[,;:])|(?P<line>[\r\n])
    |(?P<operator>[-+*/%@|&^~<>=.]+|\b(?:and|or|not|if|else|in|is|await|lambda)\b)""",
    re.DOTALL | re.VERBOSE,
)


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
