"""Ends what a worker has started and what left its process group, as a child with a session of its own does.

What is started inherits the environment, so a mark there tells it from all other processes. Linux shows it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MARK = "INITLINT_WORKER"
"""The variable that marks a worker; its value is the worker's own."""

_PROCESSES = Path("/proc")


def end(value: str) -> None:
    """End every process whose mark has this value."""
    for number in _marked(f"{MARK}={value}".encode()):
        with suppress(OSError):  # it has ended by itself
            os.kill(number, signal.SIGKILL)


def _marked(entry: bytes) -> Iterator[int]:
    for process in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # another user's, or it has ended
            if entry in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)
