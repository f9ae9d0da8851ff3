"""Open files as the editor sends them, saved or not: one document per Python file or notebook cell."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from lsprotocol import types
from pygls.workspace import PositionCodec

from initlint._records import dataclass
from initlint.diagnostics import Span
from initlint.project.decoding import encode
from initlint.project.notebook import SUFFIX as NOTEBOOK_SUFFIX
from initlint.project.project_search import VIRTUAL_DOCUMENTS

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Document:
    """A text document of the protocol. `version` counts its changes."""

    uri: str
    version: int | None
    text: str

    @cached_property
    def source_lines(self) -> list[str]:
        """The lines as the protocol counts them, without line ends."""
        return _LINE_END.split(self.text)


@dataclass(frozen=True)
class OpenFile:
    """An open file. `path`: where it is or would be saved. `documents`: by cell number, 0 for a Python file."""

    uri: str
    path: Path
    documents: Mapping[int, Document]

    @classmethod
    def of_file(cls, path: Path, document: Document) -> OpenFile:
        """JupyterLab sends the cells of a notebook as one text of plain Python, which is linted as its only cell."""
        if path.suffix == NOTEBOOK_SUFFIX and not document.text.lstrip().startswith("{"):
            return cls.of_notebook(document.uri, _behind_virtual_documents(path), [document])
        return cls(document.uri, path, {0: document})

    @classmethod
    def of_notebook(cls, uri: str, path: Path, cells: Sequence[Document]) -> OpenFile:
        """`cells`: the Python cells, in order."""
        return cls(uri, path.with_suffix(NOTEBOOK_SUFFIX), dict(enumerate(cells, 1)))

    @cached_property
    def content(self) -> bytes:
        """The bytes that saving the file would write."""
        if 0 in self.documents:
            return encode(self.documents[0].text)
        cells = [{"cell_type": "code", "source": document.text} for document in self.documents.values()]
        return json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode()

    def document_at(self, span: Span) -> Document:
        """The document that contains `span`; the first one if the span is the whole file."""
        return self.documents.get(span.cell.number if span.cell else 0) or next(iter(self.documents.values()))

    def cell_number(self, uri: str) -> int:
        """The key of a document in `documents`. Raises KeyError."""
        return {document.uri: number for number, document in self.documents.items()}[uri]

    def document(self, uri: str) -> Document | None:
        """The document at `uri`, if it is one of these."""
        if 0 in self.documents:
            return self.documents[0]
        return next((document for document in self.documents.values() if document.uri == uri), None)


def _behind_virtual_documents(path: Path) -> Path:
    """Where a notebook is that JupyterLab calls `ROOT/.virtual_documents/...`: with the same path below `ROOT`."""
    parts = path.parts
    if VIRTUAL_DOCUMENTS not in parts:
        return path
    at = parts.index(VIRTUAL_DOCUMENTS)
    return Path(*parts[:at], *parts[at + 1 :])


@dataclass(frozen=True)
class PositionEncoder:
    """Converts spans, in characters from 1, to ranges of the protocol, in lines and code units from 0.

    `codec` counts in the code units that the editor has chosen.
    """

    codec: PositionCodec

    def range(self, source_lines: Sequence[str], span: Span) -> types.Range:
        """The range of `span` in a text with these lines, limited to the end of the text."""
        local = span.local
        return types.Range(
            self._position(source_lines, local.row, local.column),
            self._position(source_lines, local.end_row, local.end_column),
        )

    def _position(self, source_lines: Sequence[str], row: int, column: int) -> types.Position:
        if row > len(source_lines):
            return types.Position(
                max(len(source_lines) - 1, 0), self.codec.client_num_units(source_lines[-1]) if source_lines else 0
            )
        return types.Position(row - 1, self.codec.client_num_units(source_lines[row - 1][: column - 1]))
