"""What the editor holds of a file, saved or not: one text, or in a notebook one text for each cell."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from initlint.api import encoded
from initlint.diagnostics import Span
from initlint.project.notebook import SUFFIX as NOTEBOOK_SUFFIX

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Document:
    """One text document of the protocol. `version` counts its changes."""

    uri: str
    version: int | None
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """Without their ends, as the protocol counts lines."""
        return _LINE_END.split(self.text)


@dataclass(frozen=True)
class OpenFile:
    """A file by the path that it has on disk, or would have. `parts`: by number of the cell, 0 for a file of Python."""

    uri: str
    path: Path
    parts: Mapping[int, Document]

    @classmethod
    def of_file(cls, path: Path, part: Document) -> OpenFile:
        return cls(part.uri, path, {0: part})

    @classmethod
    def of_notebook(cls, uri: str, path: Path, cells: Sequence[Document]) -> OpenFile:
        """`cells` are those of Python, in order."""
        return cls(uri, path.with_suffix(NOTEBOOK_SUFFIX), dict(enumerate(cells, 1)))

    @cached_property
    def data(self) -> bytes:
        """The file as it would be saved."""
        if 0 in self.parts:
            return encoded(self.parts[0].text)
        cells = [{"cell_type": "code", "source": part.text} for part in self.parts.values()]
        return json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode()

    def part_of(self, span: Span) -> Document:
        """The document in which a place of this file lies: the first if that is the file as a whole."""
        return self.parts.get(span.cell.number if span.cell else 0) or next(iter(self.parts.values()))

    def number_of(self, uri: str) -> int:
        """The key in `parts` of a document. Raises KeyError."""
        return {part.uri: number for number, part in self.parts.items()}[uri]
