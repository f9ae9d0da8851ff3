"""Rows and columns, which count characters from 1, to the protocol's lines and code units, which count from 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsprotocol import types
from pygls.workspace import PositionCodec

from initlint.diagnostics import Span


@dataclass(frozen=True)
class Positions:
    """`codec` counts in the units that the editor has asked for."""

    codec: PositionCodec

    def range(self, lines: Sequence[str], span: Span) -> types.Range:
        """Where `span` stands in a text with these lines; what lies behind its end is cut off."""
        local = span.local
        return types.Range(
            self._position(lines, local.row, local.column), self._position(lines, local.end_row, local.end_column)
        )

    def _position(self, lines: Sequence[str], row: int, column: int) -> types.Position:
        if row > len(lines):
            return types.Position(max(len(lines) - 1, 0), self.codec.client_num_units(lines[-1]) if lines else 0)
        return types.Position(row - 1, self.codec.client_num_units(lines[row - 1][: column - 1]))
