"""The text of a source file by offsets, and edits of it."""

from __future__ import annotations

import functools
from bisect import bisect_right

import libcst as cst

from initlint._records import dataclass
from initlint.diagnostics import Edit
from initlint.project.source import SourceFile
from initlint.rewrite.cst import CstFile
from initlint.rewrite.edits import LINE_END, Change, line_starts
from initlint.rewrite.errors import CannotRewrite


@dataclass(frozen=True, eq=False)
class SourceText:
    """The offsets of nodes in the text of their file, in characters."""

    source: SourceFile
    text: str
    starts: tuple[int, ...]

    @classmethod
    @functools.lru_cache(maxsize=4)
    def of(cls, source: SourceFile) -> SourceText:
        return cls(source, source.text, line_starts(source.text))

    def range(self, node: cst.CSTNode) -> tuple[int, int]:
        """The offsets at which `node` begins and ends."""
        file = CstFile.of(self.source)
        row, column, end_row, end_column = file.bounds(node)
        # libcst drops form feeds at the start of a line, which moves the columns of that line.
        if self.source.lines[row - 1 : end_row] != file.lines[row - 1 : end_row]:
            raise CannotRewrite
        return self.offset(row, column), self.offset(end_row, end_column)

    def offset(self, row: int, column: int) -> int:
        return self.starts[row - 1] + column - 1

    def of_node(self, node: cst.CSTNode) -> str:
        """The text of `node`, without the parentheses around it."""
        start, end = self.range(node)
        return self.text[start:end]

    def edit(self, change: Change) -> Edit:
        row, column = self._place(change.start)
        return Edit(self.source.span_at(row, column, *self._place(change.end)), change.replacement)

    def indent(self, offset: int) -> str:
        """The white space at the start of the line with `offset`."""
        line = self.text[self._start(offset) : offset]
        return line[: len(line) - len(line.lstrip())]

    def line_tail(self, offset: int) -> str:
        """The text from `offset` to the end of its line. A lone CR ends a line as well."""
        end = LINE_END.search(self.text, offset)
        return self.text[offset:] if end is None else self.text[offset : end.start()]

    def alone_before(self, offset: int) -> bool:
        """Whether only white space precedes `offset` on its line."""
        return not self.text[self._start(offset) : offset].strip()

    def newline(self, offset: int) -> str:
        """How the line with `offset` ends: a file may have several kinds of ends. The last line may have none."""
        end = LINE_END.search(self.text, offset)
        return end[0] if end is not None else CstFile.of(self.source).module.default_newline

    def _start(self, offset: int) -> int:
        return self.starts[bisect_right(self.starts, offset) - 1]

    def _place(self, offset: int) -> tuple[int, int]:
        row = bisect_right(self.starts, offset)
        return row, offset - self.starts[row - 1] + 1
