"""Questions that are asked again of files that have changed, about what their names mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from initlint.disk import Disk, Question
from initlint.lazily import Lazily
from initlint.source import SourceError, SourceFile

if TYPE_CHECKING:
    from initlint.interpret import top_level
    from initlint.reach import text, told
else:
    # A run in which nothing has changed asks nothing again.
    top_level = Lazily("initlint.interpret.top_level")
    text = Lazily("initlint.reach.text")
    told = Lazily("initlint.reach.told")


class AskedAgain:
    """Asks of what `disk` holds now."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._top: tuple[str, top_level.TopLevel | None] = ("", None)
        self._text: tuple[str, text.FileText | None] = ("", None)

    def holds(self, question: Question) -> bool:
        """Whether the question still has the answer that it had."""
        kind, path, *about, answer = question
        if kind == "bound":
            top = self._top_of(path)
            return top is not None and top.digest(about[0]) == answer
        if kind == "told":
            return told.digest_of_told(told.tell(self._text_of(path), *about)) == answer
        return self._disk.holds(question)

    # Questions come file by file: the last one is all that need be kept.

    def _top_of(self, path: str) -> top_level.TopLevel | None:
        if self._top[0] != path:
            self._top = path, self._parsed(path)
        return self._top[1]

    def _parsed(self, path: str) -> top_level.TopLevel | None:
        try:
            return top_level.TopLevel(SourceFile.read(Path(path), lambda: self._disk.read(path)))
        except SourceError:
            return None

    def _text_of(self, path: str) -> text.FileText | None:
        if self._text[0] != path:
            self._text = path, text.FileText.parse(Path(path), self._disk.content(path))
        return self._text[1]
