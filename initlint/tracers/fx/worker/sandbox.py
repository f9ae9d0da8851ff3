"""Restricts the user's code while it is traced: no network, no forks, limited memory.

Constructors often download weights, which tracing does not need. The parent process kills code that does not end.
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

_FORBIDDEN_EVENTS = {
    "socket.connect": "to use the network",
    "socket.getaddrinfo": "to use the network",
    "socket.gethostbyname": "to use the network",
    "socket.gethostbyaddr": "to use the network",
    "socket.getnameinfo": "to use the network",
    "socket.sendto": "to use the network",
    "socket.sendmsg": "to use the network",
    "socket.bind": "to use the network",
    "os.fork": "to start a process",
    "os.forkpty": "to start a process",
}


class ForbiddenAction(OSError):
    """The user's code tried something that tracing does not allow."""


def limit_memory(megabytes: int) -> None:
    """Limit the address space of this process, where the system supports it."""
    if resource is None:
        return
    limit = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forbid_network_and_fork() -> None:
    """Forbid the network and forks from now on: a forked child would continue this worker's request."""
    sys.addaudithook(_refuse)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_exit_child)


def _refuse(event: str, args: Any) -> None:
    action = _FORBIDDEN_EVENTS.get(event)
    if action is not None:
        raise ForbiddenAction(f"it tried {action}, which tracing does not allow")


def _exit_child() -> None:
    os._exit(0)
