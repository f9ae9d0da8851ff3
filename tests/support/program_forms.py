"""Lints short programs, each in a project of its own, for tests of the many forms of one defect."""

from __future__ import annotations

import textwrap
from pathlib import Path

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

_HEAD = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn import init
"""


def codes_of(tmp_path: Path, program: str) -> set[str]:
    """The codes of the default rules that report a program, after the usual imports."""
    (tmp_path / ".git").mkdir()
    path = tmp_path / "net.py"
    path.write_text(_HEAD + program, encoding="utf-8")
    result = check([path], Settings())
    assert result.failures == ()
    return {found.code for found in result.diagnostics}


def net(build: str, forward: str, methods: str = "", arguments: str = "") -> str:
    """A module `Net` of the statements that `build` it, what `forward(self, x)` returns, and its other methods.

    `arguments`: those of the constructor, each with a comma before it.
    """
    return (
        f"class Net(nn.Module):\n    def __init__(self{arguments}):\n        super().__init__()\n"
        f"{_block(build, 8)}\n\n    def forward(self, x):\n        return {forward}\n\n{_block(methods, 4)}\n"
    )


def _block(code: str, indent: int) -> str:
    return textwrap.indent(textwrap.dedent(code).strip("\n"), " " * indent)
