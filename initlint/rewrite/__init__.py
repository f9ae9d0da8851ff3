"""Fixes as text: from a request for a change to edits that make this change and no other.

Rules state what they want as plain data (`requests`). `compute_edits` returns the edits for that, or None where they
cannot be shown to be right: the call has `*args`, a name has two meanings, the new name is taken. The meaning of a name
is read from the file's own imports (`names`), and so is the spelling of a new one (`imports`). Lists keep their
comments and shape (`comma_list`).

The functions below are imported on first use: a run that needs no edits does not load libcst. Without libcst findings
are reported as ever, and have no fixes (`can_rewrite`).
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initlint.rewrite.compute import compute_edits as compute_edits
    from initlint.rewrite.deprecated_names import mentions as mentions
    from initlint.rewrite.imports import unused_since as unused_since


class MissingLibcst(ImportError):
    """Fixing was requested, and libcst is not installed."""

    def __init__(self) -> None:
        super().__init__("fixing needs libcst, which is not installed: pip install libcst", name="libcst")


def can_rewrite() -> bool:
    """Whether libcst is installed. Nothing is imported."""
    return find_spec("libcst") is not None


_MODULES = {"compute_edits": "compute", "mentions": "deprecated_names", "unused_since": "imports"}

__all__ = sorted([*_MODULES, "MissingLibcst", "can_rewrite"])


def __getattr__(name: str) -> object:
    """A public function, imported when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module 'initlint.rewrite' has no attribute {name!r}")
    return getattr(importlib.import_module(f"initlint.rewrite.{_MODULES[name]}"), name)
