"""What keeps the user's code from doing harm while it is traced: it was asked for a look, not for its work.

Constructors download weights, so there is no network; the process may take only so much memory. What does not end is
ended from outside, by the client.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

resource: ModuleType | None
try:
    import resource
except ImportError:  # not POSIX
    resource = None

_FORBIDDEN = {
    "socket.connect": "to use the network",
    "socket.getaddrinfo": "to use the network",
    "socket.gethostbyname": "to use the network",
    "socket.sendto": "to use the network",
    "socket.bind": "to use the network",
    "os.fork": "to start a process",
    "os.forkpty": "to start a process",
}


class Forbidden(OSError):
    """What tracing does not let the user's code do."""


def limit_memory(megabytes: int) -> None:
    """Let the process have no more address space than this, where the system can do that."""
    if resource is None:
        return
    limit = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forbid() -> None:
    """From now on neither the network nor forks: the children of a fork would go on with this worker's work."""
    sys.addaudithook(_refuse)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_leave)


def _refuse(event: str, args: Any) -> None:
    wish = _FORBIDDEN.get(event)
    if wish is not None:
        raise Forbidden(f"it tried {wish}, which tracing does not allow")


def _leave() -> None:
    os._exit(0)
