"""Modules that are imported, and patterns that are compiled, when they are first used: many runs need none of them."""

from __future__ import annotations

import importlib
import re
from typing import Any, cast


class LazyModule:
    """Imports the module `name` on first attribute access. Import it under TYPE_CHECKING as well, for type checkers."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


class _LazyPattern:
    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(re.compile(self.pattern, self._flags), attribute)
        setattr(self, attribute, value)
        return value


def lazy_pattern(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """As `re.compile`, which takes up to a millisecond, at the first use of the result."""
    return cast("re.Pattern[str]", _LazyPattern(pattern, flags))
