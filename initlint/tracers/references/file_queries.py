"""What can be asked of the names in a file, and answered without the file's tree: each question has a name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import is_dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from initlint.project.dependencies import digest_of
from initlint.tracers.references.syntax_index import SyntaxIndex

Tell = TypeVar("Tell", bound=Callable[..., Any])

_TELLERS: dict[str, Callable[..., Any]] = {}


def teller(tell: Tell) -> Tell:
    """Register a query on a `SyntaxIndex`, so that a cache can run it again by its name."""
    _TELLERS[name_of(tell)] = tell
    return tell


def name_of(tell: Callable[..., Any]) -> str:
    """What a teller is called in a question: `related.spots`."""
    return f"{tell.__module__.removeprefix(f'{__package__}.')}.{tell.__name__}"


def tell(text: SyntaxIndex | None, name: str, *about: str) -> Any:
    """What the teller of that name says of a file; None of one that is no Python that can be read."""
    import_module(f"{__package__}.{name.partition('.')[0]}")
    return None if text is None else _TELLERS[name](text, *about)


def digest_of_told(told: Any) -> str:
    """Equal for equal answers, in whatever process."""
    return digest_of(_text(told).encode(errors="surrogatepass"))


def _text(told: Any) -> str:
    return json.dumps(told, default=_plain, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(map(_text, value))
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Path):
        return str(value)
    assert is_dataclass(value), f"{value!r} is no answer"
    return [getattr(value, field) for field in value.__dataclass_fields__]
