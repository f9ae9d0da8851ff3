"""Calls that are commented out: the function is there, and switched off on purpose."""

from __future__ import annotations

import re


def is_commented_out(name: str, code: str) -> bool:
    """Whether a comment is a call of the function, or `apply` with it."""
    call = rf"[\w.\[\]]*\b(?:{name} *\(|apply\([\w.]*\b{name}\b)[^#\n]*\)"
    return name in code and re.search(rf"^[ \t]*#[# \t]*{call}[ \t]*$", code, re.MULTILINE) is not None
