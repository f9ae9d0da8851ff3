"""Finds the location in the user's code from the frames on the stack."""

from __future__ import annotations

import functools
import itertools
import os
import sys
import sysconfig
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

import torch

_WORKER_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
TORCH_FOLDER = os.path.dirname(os.path.abspath(torch.__file__)) + os.sep
_STDLIB_FOLDER = os.path.abspath(sysconfig.get_path("stdlib")) + os.sep
_INSTALLED = tuple(os.sep + name + os.sep for name in ("site-packages", "dist-packages"))

_WRAPPER = "typing_extensions.py"
"""Its decorators wrap functions of torch."""

Position = tuple[str, int, int, int, int]
"""File, row from 1, column in bytes from 0, end row, end column; -1 where the interpreter has no value."""


@functools.cache
def is_user_file(file: str) -> bool:
    """Whether the file belongs neither to this worker nor to torch nor to the standard library."""
    if file.startswith(("<", _WORKER_FOLDER, TORCH_FOLDER)) or os.path.basename(file) == _WRAPPER:
        return False
    return not file.startswith(_STDLIB_FOLDER) or any(part in file for part in _INSTALLED)


def callers() -> Iterator[FrameType]:
    """The frames outside of the worker, innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_WORKER_FOLDER):
        frame = frame.f_back
    while frame is not None:
        yield frame
        frame = frame.f_back


def user_callers() -> Iterator[FrameType]:
    """The frames of the user's code, innermost first."""
    return (frame for frame in callers() if is_user_file(frame.f_code.co_filename))


def first_argument(frame: FrameType) -> Any:
    """The first argument of the frame's function: `self` in a method."""
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None


def position_of(frame: FrameType) -> Position:
    """The position that the frame is executing."""
    # The file is part of the cache key, because equal code objects of two files compare as equal.
    return _position(frame.f_code, frame.f_code.co_filename, frame.f_lasti, frame.f_lineno)


@functools.cache
def _position(code: CodeType, file: str, instruction: int, row: int) -> Position:
    if sys.version_info >= (3, 11):
        code_position = next(itertools.islice(code.co_positions(), instruction // 2, None), (None,) * 4)
        start, end, column, end_column = (-1 if value is None else value for value in code_position)
        if start > 0:
            return (file, start, column, end, end_column)
    return (file, row, -1, -1, -1)


class FrameLocations:
    """Numbers the locations of a request. Results refer to a location by its number."""

    def __init__(self) -> None:
        self._number_of: dict[Position, int] = {}

    def number(self, frame: FrameType | None) -> int | None:
        """The number of the location that `frame` is executing; None without a frame."""
        return None if frame is None else self._number_of.setdefault(position_of(frame), len(self._number_of))

    def here(self) -> int | None:
        """The number of the innermost location in the user's code; None if no user code is running."""
        return self.number(next(user_callers(), None))

    @property
    def positions(self) -> list[Position]:
        return list(self._number_of)
