"""Dependencies whose check parses a file; see `initlint.project.dependencies`, which must not import a parser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from initlint.project.decoding import DecodingError, decode
from initlint.project.dependencies import Dependency
from initlint.project.parsing import InvalidPython, parse_python
from initlint.project.queries import FileSystemQueries
from initlint.project.reading import read_source
from initlint.project.source import SourceError
from initlint.tracers.references.file_queries import digest_of_answer, run_query
from initlint.tracers.references.module_body import ModuleBody
from initlint.tracers.references.syntax_index import SyntaxIndex


class Definition(NamedTuple):
    """The source text of all top-level statements of a module that bind `name`; see `ModuleBody.digest`.

    With an empty `name`, that the file can be parsed.
    """

    path: str
    name: str
    digest: str
    kind: Literal["definition"] = "definition"

    def is_current(self, files: FileSystemQueries) -> bool:
        body = files.parsed(self.path, _module_body)
        return body is not None and body.digest(self.name) == self.digest


class QueryAnswer(NamedTuple):
    """The answer of a file query, by its name, to the names `arguments`."""

    path: str
    query: str
    arguments: tuple[str, ...]
    digest: str
    kind: Literal["query"] = "query"

    def is_current(self, files: FileSystemQueries) -> bool:
        def run() -> Any:
            return run_query(files.parsed(self.path, _syntax_index), self.query, *self.arguments)

        memory = files.memory
        key = (self.query, *self.arguments)
        answer = run() if memory is None else memory.answer(self.path, files.digest(self.path), key, run)
        return digest_of_answer(answer) == self.digest


KINDS: Mapping[str, Callable[..., Dependency]] = {"definition": Definition, "query": QueryAnswer}
"""The classes above by kind."""


def _module_body(files: FileSystemQueries, path: str) -> ModuleBody | None:
    if files.memory is not None:
        known: ModuleBody | None = files.memory.tree(path, (Path(path), files.digest(path)))
        if known is not None:
            return known
    try:
        return ModuleBody(read_source(Path(path), lambda: files.read(path)))
    except SourceError:
        return None


def _syntax_index(files: FileSystemQueries, path: str) -> SyntaxIndex | None:
    return parse_index(Path(path), files.content(path))


def parse_index(path: Path, data: bytes) -> SyntaxIndex | None:
    """The names of a file; None if it is no Python that can be parsed, or a notebook."""
    if path.suffix == ".ipynb":
        return None
    try:
        return SyntaxIndex(path, parse_python(decode(data)[0]))
    except (DecodingError, InvalidPython):
        return None
