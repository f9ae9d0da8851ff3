"""What a format is given to show."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from initlint.diagnostics import Diagnostic
from initlint.project.decoding import Lines
from initlint.rules._registry import Rule

_CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def checkout() -> Path:
    """The directory from which a server of continuous integration names files: that of its checkout, else this one."""
    here = Path.cwd()
    named = (Path(os.environ[variable]) for variable in _CHECKOUTS if os.environ.get(variable))
    return next((directory for directory in named if here.is_relative_to(directory)), here)


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one run.

    `fixed`: how many findings were mended besides `diagnostics`. `failures`: a line for each defect of initlint that
    the run met. `root`: the directory that the formats of continuous integration name files from. `verbose`: show also
    the layers behind the numbers of a message.
    """

    diagnostics: Sequence[Diagnostic]
    lines: Lines = lambda _: ()
    fixed: int = 0
    files: Sequence[Path] = ()
    rules: Sequence[Rule] = ()
    failures: Sequence[str] = ()
    root: Path = field(default_factory=checkout)
    verbose: bool = False

    def path(self, file: str) -> str:
        """`file` from `root`, with `/`; the whole path for a file that lies elsewhere."""
        path, root = Path(os.path.abspath(file)), os.path.abspath(self.root)
        return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
