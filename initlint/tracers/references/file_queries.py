"""Named queries over the syntax of one file. Their answers hold no nodes: the tree need not be kept for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import is_dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from initlint.project.filesystem import digest_of
from initlint.tracers.references.syntax_index import SyntaxIndex

Query = TypeVar("Query", bound=Callable[..., Any])

_QUERIES: dict[str, Callable[..., Any]] = {}


def file_query(query: Query) -> Query:
    """Register a function of a `SyntaxIndex` and of names. The cache runs it again by its own name."""
    _QUERIES[query_name(query)] = query
    return query


def query_name(query: Callable[..., Any]) -> str:
    """The module and the function: `instance_holders._spots`."""
    return f"{query.__module__.removeprefix(f'{__package__}.')}.{query.__name__}"


def run_query(index: SyntaxIndex | None, name: str, *arguments: str) -> Any:
    """The answer of the query of that name; None for a file that cannot be parsed."""
    import_module(f"{__package__}.{name.partition('.')[0]}")
    return None if index is None else _QUERIES[name](index, *arguments)


def digest_of_answer(answer: Any) -> str:
    """Equal answers have equal digests, in all processes."""
    return digest_of(_to_json(answer).encode(errors="surrogatepass"))


def _to_json(answer: Any) -> str:
    return json.dumps(answer, default=_plain_value, separators=(",", ":"))


def _plain_value(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(map(_to_json, value))
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Path):
        return str(value)
    assert is_dataclass(value), f"{value!r} is not allowed in an answer"
    return [getattr(value, field) for field in value.__dataclass_fields__]
