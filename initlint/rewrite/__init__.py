"""Fixes as text: from a libcst node to edits that change that place and nothing else.

Every public function here returns edits, or None where it cannot show that they are right: the call has `*args`,
a name has two meanings, the new name is taken. What a name means is read from the file's own imports (`names`),
how the file would spell a function too (`imports.Speller`); lists keep their comments and shape (`commas`).
"""

from __future__ import annotations

from initlint.rewrite.arguments import Code, Gain, Value
from initlint.rewrite.calls import move_argument, replace_argument, replace_call, replace_method_call
from initlint.rewrite.loops import append_loop
from initlint.rewrite.places import append_attribute, append_statement, compare_with_none, guard_against_none
from initlint.rewrite.references import rename

__all__ = [
    "Code",
    "Gain",
    "Value",
    "append_attribute",
    "append_loop",
    "append_statement",
    "compare_with_none",
    "guard_against_none",
    "move_argument",
    "rename",
    "replace_argument",
    "replace_call",
    "replace_method_call",
]
