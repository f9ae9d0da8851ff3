"""Lazy imports, for modules that only some runs need."""

from __future__ import annotations

import importlib
from typing import Any


class LazyModule:
    """Imports the module `name` on first attribute access. Import it under TYPE_CHECKING as well, for type checkers."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)
