"""Unified diffs that `git apply` accepts; those of notebooks are by cell, for reading."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from initlint.project.notebook import Notebook, is_notebook

_NO_NEWLINE = b"\n\\ No newline at end of file\n"
_QUOTED = re.compile(r'["\\\x00-\x1f\x7f]')
_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def unified_diff(path: str, old: bytes, new: bytes) -> str:
    """The diff of two versions of `path`, named relative to the current directory; empty if they are equal.

    Lines end at line feeds only, as in git, so carriage returns stay. Bytes that are not UTF-8 are surrogates: encode
    the text with `surrogateescape` to write it.

    Each changed cell of a notebook is shown as a file, `nb.ipynb:cell 3`. Raises `NotebookError`.
    """
    name = _shown(path)
    if not is_notebook(path):
        return _diff(_header("a/", name), _header("b/", name), old, new)
    after = Notebook.read(new).sources
    cells = ((number, source, after[number]) for number, source in Notebook.read(old).sources.items())
    return "".join(_cell_diff(f"{name}:cell {number}", one, other) for number, one, other in cells)


def _cell_diff(name: str, old: str, new: str) -> str:
    """A line feed is added to both texts: no cell ends in one, which needs no remark."""
    header = _header("", name)
    return _diff(header, header, f"{old}\n".encode(), f"{new}\n".encode())


def _diff(old_header: bytes, new_header: bytes, old: bytes, new: bytes) -> str:
    lines = difflib.diff_bytes(difflib.unified_diff, _lines(old), _lines(new), old_header, new_header, lineterm=b"\n")
    return b"".join(_ended(line) for line in lines).decode("utf-8", "surrogateescape")


def _lines(data: bytes) -> list[bytes]:
    """Split after each line feed."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + _NO_NEWLINE


def _shown(path: str) -> str:
    """The relative path, of a link that of its target: `git apply` does not write through links."""
    path = os.path.realpath(path) if os.path.islink(path) else path
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive
        return Path(path).as_posix()


def _header(side: str, name: str) -> bytes:
    """As in git, a name with a blank ends in a tab, and one with control characters is quoted."""
    name = side + name
    if _QUOTED.search(name):
        name = '"' + _QUOTED.sub(lambda match: _ESCAPES.get(match[0], f"\\{ord(match[0]):03o}"), name) + '"'
    elif " " in name:
        name += "\t"
    return os.fsencode(name)
