"""The sign of life of a long run: one line on standard error, which is gone when the report is printed."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

DELAY = 1.0
"""Seconds before the line appears: most runs are shorter."""

INTERVAL = 0.1
"""Seconds between two changes of the line."""

_CLEAR = "\r\x1b[K"


class Progress:
    """Shows `12 of 300 files` on a terminal. `report` is called after each file; at the end the line is removed.

    On anything but a terminal it shows nothing: logs of CI servers would have a line for each change.
    """

    def __init__(self, quiet: bool, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._shows = not quiet and self._stream.isatty()
        self._next = time.monotonic() + DELAY
        self._visible = False

    def report(self, done: int, total: int) -> None:
        """`done` of `total` files have been linted."""
        if self._shows and (now := time.monotonic()) >= self._next:
            self._next = now + INTERVAL
            self._visible = True
            print(f"{_CLEAR}{done} of {total} files", end="", file=self._stream, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._visible:
            print(_CLEAR, end="", file=self._stream, flush=True)
            self._visible = False
