"""Fixes as text: from a place in a file to edits that change that place and nothing else.

Every public function here returns edits, or None where it cannot show that they are right: the call has `*args`,
a name has two meanings, the new name is taken. What a name means is read from the file's own imports (`names`),
how the file would spell a function too (`imports.ImportSpelling`); lists keep their comments and shape (`commas`).

Rules say `rewrite.replace_call(...)`: a run that finds nothing to mend does not load libcst.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initlint.rewrite.calls import move_argument as move_argument
    from initlint.rewrite.calls import replace_argument as replace_argument
    from initlint.rewrite.calls import replace_call as replace_call
    from initlint.rewrite.calls import replace_method_call as replace_method_call
    from initlint.rewrite.deprecated_names import mentions as mentions
    from initlint.rewrite.deprecated_names import rename as rename
    from initlint.rewrite.imports import unused_since as unused_since
    from initlint.rewrite.init_loop import append_loop as append_loop
    from initlint.rewrite.insertions import append_attribute as append_attribute
    from initlint.rewrite.insertions import append_statement as append_statement
    from initlint.rewrite.insertions import compare_with_none as compare_with_none
    from initlint.rewrite.insertions import guard_against_none as guard_against_none

_PUBLIC = {
    "calls": "move_argument replace_argument replace_call replace_method_call",
    "imports": "unused_since",
    "init_loop": "append_loop",
    "deprecated_names": "mentions rename",
    "insertions": "append_attribute append_statement compare_with_none guard_against_none",
}
_HOME = {name: f"initlint.rewrite.{module}" for module, names in _PUBLIC.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    """A public function, imported when it is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module 'initlint.rewrite' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
