"""Names and messages that come from source are data: what a terminal would obey is shown, not sent."""

from __future__ import annotations

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of controls, invisible formatting (also the bidirectional kind), surrogates and separators."""


def escape(text: str) -> str:
    r"""`text` with each character that could move the cursor or hide text as `\xNN`, `\uNNNN` or `\UNNNNNNNN`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _UNSAFE else c for c in text)


def _escaped(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
