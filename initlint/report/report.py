"""The input of the formats."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path

from initlint._records import dataclass
from initlint.diagnostics import Diagnostic
from initlint.project.decoding import Lines
from initlint.rules._registry import Rule

ORDERS = ("location", "severity")
"""How findings can be sorted: by file and row, or errors first."""

MAX_WIDTH = 120
"""Longer lines of prose are hard to read."""

_CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def checkout() -> Path:
    """The directory to which CI servers name files relative: that of the checkout, else the current one."""
    here = Path.cwd()
    named = (Path(os.environ[variable]) for variable in _CHECKOUTS if os.environ.get(variable))
    return next((directory for directory in named if here.is_relative_to(directory)), here)


def in_order(diagnostics: Sequence[Diagnostic], order: str) -> tuple[Diagnostic, ...]:
    """`diagnostics`, which are sorted by location, in the order `order`, one of `ORDERS`."""
    return tuple(diagnostics if order == "location" else sorted(diagnostics, key=lambda d: -d.severity))


@dataclass(frozen=True, slots=True)
class Report:
    """What a format renders. The command line makes it from a `CheckResult`.

    `fixed`: the number of findings that were fixed and are not in `diagnostics`. `failures`: one line for each internal
    error. `root`: the directory to which the formats for CI servers name files relative. `verbose`: also show the
    layers behind the numbers in a message. `width`: the columns of the terminal, at which text is wrapped.
    """

    diagnostics: Sequence[Diagnostic]
    lines: Lines = lambda _: ()
    fixed: int = 0
    files: Sequence[Path] = ()
    rules: Sequence[Rule] = ()
    failures: Sequence[str] = ()
    root: Path = field(default_factory=checkout)
    verbose: bool = False
    width: int = 80

    def path(self, file: str) -> str:
        """`file` relative to `root`, with `/`; the absolute path if it is elsewhere."""
        path, root = Path(os.path.abspath(file)), os.path.abspath(self.root)
        return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
