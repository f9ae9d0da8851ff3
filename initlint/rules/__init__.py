"""The rules: one module each, found by walking this package, so that adding one edits no other file."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from initlint.rules._registry import Rule, registered


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of this package, by code."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return tuple(registered())
