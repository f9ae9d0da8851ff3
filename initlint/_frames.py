"""Room for the frames of nested calls.

CPython keeps the frames of Python functions in chunks of 16 KB. It asks the system for another chunk at each call that
crosses the end of one, and gives it back when that call returns (`push_chunk` in CPython's Python/pystate.c, since
3.11). An interpreter that works near such an end does so at nearly every call.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_SLOTS = 1 << 17
"""Values that the frame of a call could hold: 1 MB. Its chunk has twice that, and the rest is for the calls in it."""


def with_room(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """`function`, which runs in a frame so large that the calls in it need no other chunk."""

    def run(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        return function(*args, **kwargs)

    run.__code__ = run.__code__.replace(co_stacksize=_SLOTS)
    return update_wrapper(run, function)
