"""The command `initlint`, and `python -m initlint`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule

if TYPE_CHECKING:
    from initlint.cli import commands
else:
    commands = LazyModule("initlint.cli.commands")


def main() -> None:
    """Run the command line. Ctrl-C ends it with 130 and without a traceback, also while its modules are imported."""
    try:
        commands.main()
    except KeyboardInterrupt:
        os._exit(130)


if __name__ == "__main__":
    main()
