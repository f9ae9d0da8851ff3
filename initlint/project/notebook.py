"""Jupyter notebooks: the JSON of a `.ipynb` file to the Python in its cells, and back.

The sources of all cells are joined into one text; a line with a form feed precedes each.
When that text has been edited, only the sources that differ are replaced in the JSON: all else stays byte for byte.

The format is https://nbformat.readthedocs.io/en/latest/format_description.html, version 4.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from initlint._records import dataclass
from initlint.diagnostics import Cell

SUFFIX = ".ipynb"

BREAK = "\f"
"""The line before each cell."""
_BREAK = f"{BREAK}\n"
_SPACE = re.compile(r"[ \t\n\r]*")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_decode = json.JSONDecoder(strict=False).raw_decode


def is_notebook(path: str) -> bool:
    return path.endswith(SUFFIX)


class NotebookError(Exception):
    """A file that is no notebook; `row` and `column` count from 1."""

    def __init__(self, message: str, row: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message, self.row, self.column = message, row, column


@dataclass(frozen=True)
class Notebook:
    """The code cells of a notebook. `sources`: number of the cell, counted from 1 over all cells, to what it holds.

    Cells in other languages than Python are skipped, and so are notebooks in other languages.
    """

    data: bytes
    sources: Mapping[int, str]

    @classmethod
    def read(cls, data: bytes) -> Notebook:
        """Raises `NotebookError`."""
        try:
            document = json.loads(data.decode("utf-8-sig"), strict=False)
        except UnicodeDecodeError as error:
            raise NotebookError(f"cannot be decoded: {error}") from None
        except json.JSONDecodeError as error:
            raise NotebookError(f"not a notebook: no JSON: {error.msg}", error.lineno, error.colno) from None
        except RecursionError:
            raise NotebookError("not a notebook: JSON that is nested too deeply") from None
        except ValueError as error:  # a number of thousands of digits
            raise NotebookError(f"not a notebook: {error}") from None
        return cls(data, dict(_sources(document)))

    @cached_property
    def text(self) -> str:
        """All cells in order, as they are."""
        return "".join(f"{_BREAK}{source}\n" for source in self.sources.values())

    @cached_property
    def lines(self) -> list[str]:
        """Those of `text`, without their ends."""
        return _LINE_END.split(self.text)

    @cached_property
    def _cells(self) -> tuple[Cell, ...]:
        # With its last line end: a CR at the end of a source is one with the LF that follows.
        lengths = (len(_LINE_END.findall(f"{source}\n")) + 1 for source in self.sources.values())
        return tuple(map(Cell, self.sources, accumulate(lengths, initial=2)))

    def cell(self, row: int) -> Cell | None:
        """The cell that a row of the text belongs to; None in a notebook without cells."""
        index = bisect_right(self._cells, row, key=lambda cell: cell.row - 1)
        return self._cells[max(index - 1, 0)] if self._cells else None

    def pieces(self) -> Iterator[tuple[int, str]]:
        """Each source, with the row of the text that it begins at: that of the line before it."""
        for cell, source in zip(self._cells, self.sources.values(), strict=True):
            yield cell.row - 1, source

    def with_text(self, text: str) -> bytes:
        """The file with the cells of an edited `text`. Raises ValueError if the cells cannot be separated in it."""
        sources = text[len(_BREAK) : -1].split(f"\n{_BREAK}") if text else []
        if len(sources) != len(self.sources):
            raise ValueError("the cells cannot be separated")
        pairs = zip(self.sources.items(), sources, strict=True)
        edited = {number: new for (number, old), new in pairs if old != new}
        return _replaced(self.data, edited) if edited else self.data


def _sources(document: Any) -> Iterator[tuple[int, str]]:
    if not isinstance(document, dict) or not isinstance(document.get("nbformat"), int):
        raise NotebookError("not a notebook: it has no `nbformat`")
    if document["nbformat"] != 4:
        advice = "`jupyter nbconvert --to notebook --inplace` brings it up to date"
        raise NotebookError(f"a notebook in format {document['nbformat']}, and only 4 can be read; {advice}")
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise NotebookError("not a notebook: it has no list of `cells`")
    if not _is_python(_language(document.get("metadata"))):
        return
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict):
            raise NotebookError(f"not a notebook: cell {number} is no object")
        if cell.get("cell_type") == "code" and _is_python(_look_up(cell, "metadata", "vscode", "languageId")):
            yield number, _source(number, cell.get("source"))


def _source(number: int, value: Any) -> str:
    lines = [value] if isinstance(value, str) else value
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise NotebookError(f"not a notebook: the `source` of cell {number} is no text")
    source = "".join(lines)
    if not source.isascii() and re.search("[\ud800-\udfff]", source):
        raise NotebookError(f"cannot be decoded: the `source` of cell {number} holds half of a character")
    return source


def _language(metadata: Any) -> Any:
    return _look_up(metadata, "language_info", "name") or _look_up(metadata, "kernelspec", "language")


def _look_up(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _is_python(language: Any) -> bool:
    """Where nothing is said, it is."""
    return language is None or (isinstance(language, str) and language.lower() in ("python", "ipython", "python3"))


class _Value(NamedTuple):
    """A value in a JSON text with its start and end offsets."""

    value: Any
    start: int
    end: int


def _replaced(data: bytes, sources: Mapping[int, str]) -> bytes:
    text = data.decode("utf-8")
    cells = list(_items(text, _members(text, _skip(text, text.index("{")))["cells"].start))
    pieces: list[str] = []
    position = 0
    for number, source in sorted(sources.items()):
        old = _members(text, cells[number - 1].start)["source"]
        pieces += [text[position : old.start], _literal(text, old, source)]
        position = old.end
    return "".join([*pieces, text[position:]]).encode("utf-8")


def _literal(text: str, old: _Value, source: str) -> str:
    """`source` in the form of the value that it replaces: one string, or a list that keeps its unchanged items."""
    ascii_only = text.isascii()
    if isinstance(old.value, str):
        return json.dumps(source, ensure_ascii=ascii_only)
    items = list(_items(text, old.start))
    before = _common(source, [item.value for item in items])
    rest = source[sum(len(item.value) for item in items[:before]) :]
    after = _common(rest[::-1], [item.value[::-1] for item in reversed(items[before:])])
    kept = items[len(items) - after :]
    changed = rest[: len(rest) - sum(len(item.value) for item in kept)]
    literals = [
        *(text[item.start : item.end] for item in items[:before]),
        *(json.dumps(line, ensure_ascii=ascii_only) for line in _LINES.findall(changed)),
        *(text[item.start : item.end] for item in kept),
    ]
    opening, closing = text[old.start : items[0].start], text[items[-1].end : old.end]
    between = text[items[0].end : items[1].start] if len(items) > 1 else f",{opening[1:] or ' '}"
    return f"{opening}{between.join(literals)}{closing}"


def _common(source: str, items: list[str]) -> int:
    """How many of `items` the source begins with."""
    position = 0
    for number, item in enumerate(items):
        if not source.startswith(item, position):
            return number
        position += len(item)
    return len(items)


def _members(text: str, start: int) -> dict[str, _Value]:
    """The members of the JSON object at `start`, which is well formed."""
    members: dict[str, _Value] = {}
    position = _skip(text, start + 1)
    while text[position] != "}":
        key, position = _decode(text, position)
        value, position = _value(text, _skip(text, _skip(text, position) + 1))
        members[key] = value
    return members


def _items(text: str, start: int) -> Iterator[_Value]:
    """The items of the JSON list at `start`, which is well formed."""
    position = _skip(text, start + 1)
    while text[position] != "]":
        value, position = _value(text, position)
        yield value


def _value(text: str, start: int) -> tuple[_Value, int]:
    """The value at `start`, and the offset of the next value or closing bracket."""
    value, end = _decode(text, start)
    position = _skip(text, end)
    return _Value(value, start, end), _skip(text, position + 1) if text[position] == "," else position


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position
