"""Reports, baselines and other output of initlint in a project: what they name is no use of it."""

from __future__ import annotations

import re

_CODE = rb"\bINI\d{3}\b"
_DOCUMENT = re.compile(rb"\s*[\[{]")
_OWN_DOCUMENT = re.compile(rb'"INI\d{3}"|"engine"\s*:\s*"(?:static|fx)"')
"""In JSON: a code, or a model graph."""
_TEXT = re.compile(rb"^.*:\d+:\d+: .*" + _CODE + rb"(?:.*\n)*?(?=^Found \d|^```|\Z)", re.MULTILINE)
"""Findings with their code frames, which end with the summary, or with the block of a document."""
_LINE = re.compile(rb"^.*" + _CODE + rb".*$", re.MULTILINE)


def without_own_output(data: bytes) -> bytes:
    """A text without what initlint wrote: reports and baselines as JSON, and lines with its codes."""
    if _DOCUMENT.match(data):
        return b"" if _OWN_DOCUMENT.search(data) else data
    if b"INI" not in data:
        return data
    return _LINE.sub(b"", _TEXT.sub(b"", data))
