"""The rules: one module each, found by walking this package, so that adding one edits no other file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from initlint.rules._registry import Rule, Scope, registered

FAMILIES: Mapping[str, str] = {
    "INI0": "the file cannot be read, or a comment suppresses nothing",
    "INI1": "the call raises or does nothing",
    "INI2": "weights that cannot learn",
    "INI3": "init and activation do not match",
    "INI4": "the scale is wrong",
    "INI9": "deprecated names",
}
"""What the rules whose codes begin alike have in common."""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of this package, by code."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return tuple(registered())


@cache
def rules_by_code() -> Mapping[str, Rule]:
    return {rule.code: rule for rule in all_rules()}


@cache
def rule_for(scope: Scope) -> Rule:
    """The one rule of `scope`, which is neither of the two for models."""
    (only,) = (rule for rule in all_rules() if rule.scope == scope)
    return only
