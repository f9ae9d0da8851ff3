"""Cheap looks at a text."""

from __future__ import annotations

import re


class Marks:
    """Patterns that are searched for one by one.

    Each is to begin with plain characters, with what must not stand before these behind them (`init(?<!\\winit)`): they
    are found at the speed of `in`, where the edge of a word or a choice of words is tried at each character.
    """

    def __init__(self, *patterns: str) -> None:
        self._patterns = tuple(map(re.compile, patterns))

    def found_in(self, text: str) -> bool:
        return any(pattern.search(text) for pattern in self._patterns)


def calls_of(*methods: str) -> str:
    """The pattern of a call of one of `methods`, whose names end with an underscore."""
    return r"_\((?:" + "|".join(rf"(?<=\b{name}\()" for name in methods) + ")"
