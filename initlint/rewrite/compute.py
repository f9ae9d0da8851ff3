"""Computes the edits that a rule requests: one function for each class of `rewrite.requests`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from initlint.diagnostics import Edit, FixRequest
from initlint.project.source import SourceFile
from initlint.rewrite.calls import move_argument, replace_argument, replace_call, replace_method_call
from initlint.rewrite.deprecated_names import rename_deprecated
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.init_loop import append_loop
from initlint.rewrite.insertions import (
    append_attribute,
    append_statement,
    compare_with_none,
    guard_against_none,
    repeat_construction,
)
from initlint.rewrite.requests import (
    AppendAttribute,
    AppendLoop,
    AppendStatement,
    CompareWithNone,
    GuardAgainstNone,
    MoveArgument,
    MoveIntoParameter,
    RenameDeprecated,
    RepeatConstruction,
    ReplaceArgument,
    ReplaceCall,
    ReplaceMethodCall,
    WrapValue,
)
from initlint.rewrite.wrapping import move_into_parameter, wrap_value

_FUNCTIONS: Mapping[type[FixRequest], Callable[[SourceFile, Any], tuple[Edit, ...]]] = {
    AppendAttribute: append_attribute,
    AppendLoop: append_loop,
    AppendStatement: append_statement,
    CompareWithNone: compare_with_none,
    GuardAgainstNone: guard_against_none,
    MoveArgument: move_argument,
    MoveIntoParameter: move_into_parameter,
    RenameDeprecated: rename_deprecated,
    RepeatConstruction: repeat_construction,
    ReplaceArgument: replace_argument,
    ReplaceCall: replace_call,
    ReplaceMethodCall: replace_method_call,
    WrapValue: wrap_value,
}


def compute_edits(source: SourceFile, request: FixRequest) -> tuple[Edit, ...] | None:
    """The edits of `source`, the file of `request`; None if they cannot be shown to be right."""
    try:
        return _FUNCTIONS[type(request)](source, request)
    except CannotRewrite:
        return None
