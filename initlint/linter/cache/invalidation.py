"""Questions that are asked again of files that have changed, about what their names mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint.project.dependencies import FileSystemQueries, Question
from initlint.project.source import SourceError, SourceFile

if TYPE_CHECKING:
    from initlint.tracers.references import file_queries, module_body, syntax_index
else:
    # A run in which nothing has changed asks nothing again.
    module_body = LazyModule("initlint.tracers.references.module_body")
    syntax_index = LazyModule("initlint.tracers.references.syntax_index")
    file_queries = LazyModule("initlint.tracers.references.file_queries")


class AskedAgain:
    """Asks of what `disk` holds now."""

    def __init__(self, disk: FileSystemQueries) -> None:
        self._disk = disk
        self._top: tuple[str, module_body.ModuleBody | None] = ("", None)
        self._text: tuple[str, syntax_index.SyntaxIndex | None] = ("", None)

    def holds(self, question: Question) -> bool:
        """Whether the question still has the answer that it had."""
        kind, path, *about, answer = question
        if kind == "bound":
            top = self._top_of(path)
            return top is not None and top.digest(about[0]) == answer
        if kind == "told":
            return file_queries.digest_of_told(file_queries.tell(self._text_of(path), *about)) == answer
        return self._disk.holds(question)

    # Questions come file by file: the last one is all that need be kept.

    def _top_of(self, path: str) -> module_body.ModuleBody | None:
        if self._top[0] != path:
            self._top = path, self._parsed(path)
        return self._top[1]

    def _parsed(self, path: str) -> module_body.ModuleBody | None:
        try:
            return module_body.ModuleBody(SourceFile.read(Path(path), lambda: self._disk.read(path)))
        except SourceError:
            return None

    def _text_of(self, path: str) -> syntax_index.SyntaxIndex | None:
        if self._text[0] != path:
            self._text = path, syntax_index.SyntaxIndex.parse(Path(path), self._disk.content(path))
        return self._text[1]
