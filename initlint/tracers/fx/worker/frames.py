"""Where in the user's code something happens."""

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

_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep
TORCH = os.path.dirname(os.path.abspath(torch.__file__)) + os.sep
_PYTHON = os.path.abspath(sysconfig.get_path("stdlib")) + os.sep
_INSTALLED = tuple(os.sep + name + os.sep for name in ("site-packages", "dist-packages"))

_WRAPPER = "typing_extensions.py"
"""Its decorators stand around functions of torch."""

Place = tuple[str, int, int, int, int]
"""File, row from 1, column in bytes from 0, end row, end column; -1 for what the interpreter does not tell."""


@functools.cache
def is_users(file: str) -> bool:
    """Whether code of that file is neither this worker's nor torch's nor Python's."""
    if file.startswith(("<", _OWN, TORCH)) or os.path.basename(file) == _WRAPPER:
        return False
    return not file.startswith(_PYTHON) or any(part in file for part in _INSTALLED)


def callers() -> Iterator[FrameType]:
    """The frames below the worker's own, the innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
    while frame is not None:
        yield frame
        frame = frame.f_back


def user_callers() -> Iterator[FrameType]:
    """The frames of the user's code, the innermost first."""
    return (frame for frame in callers() if is_users(frame.f_code.co_filename))


def first_argument(frame: FrameType) -> Any:
    """What the function of the frame was handed first: `self` in a method."""
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None


def place_of(frame: FrameType) -> Place:
    """What the frame is executing."""
    # The file is part of the key: code of two files that reads the same is equal.
    return _place(frame.f_code, frame.f_code.co_filename, frame.f_lasti, frame.f_lineno)


@functools.cache
def _place(code: CodeType, file: str, instruction: int, row: int) -> Place:
    if sys.version_info >= (3, 11):
        found = next(itertools.islice(code.co_positions(), instruction // 2, None), (None,) * 4)
        start, end, column, end_column = (-1 if value is None else value for value in found)
        if start > 0:
            return (file, start, column, end, end_column)
    return (file, row, -1, -1, -1)


class FrameLocations:
    """The places of one target, each written down once and meant by its number."""

    def __init__(self) -> None:
        self._numbers: dict[Place, int] = {}

    def number(self, frame: FrameType | None) -> int | None:
        """The number of the place that `frame` is at; None without a frame."""
        return None if frame is None else self._numbers.setdefault(place_of(frame), len(self._numbers))

    def here(self) -> int | None:
        """The number of the place in the user's code that led here; None if none did."""
        return self.number(next(user_callers(), None))

    @property
    def listed(self) -> list[Place]:
        return list(self._numbers)
