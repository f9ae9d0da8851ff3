"""A message that names a line of another file than its own names that file."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint import Settings, check_paths
from initlint.analysis.messages import line_of
from initlint.diagnostics import Cell, Span

START = """from torch import nn


def start(m):
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, std=0.5)


def close(net):
    nn.init.zeros_(net.head.weight)
    net.apply(start)
"""
NET = """from torch import nn
from {module} import close, start


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 8)
        self.head = nn.Linear(8, 8)
        {init}

    def forward(self, x):
        return self.head(self.body(x).tanh())
"""


@pytest.mark.parametrize(
    ("init", "module", "linted", "file", "place"),
    [
        ("nn.init.zeros_(self.head.weight); self.apply(start)", "inits", "net.py", "net.py", "line 6 of inits.py "),
        (
            "nn.init.zeros_(self.head.weight); self.apply(start)",
            "inits.net",
            "net.py",
            "net.py",
            "line 6 of inits/net.py ",
        ),
        ("close(self)", "inits", "inits.py", "inits.py", "line 6 overwrites"),
        ("close(self)", "inits", ".", "inits.py", "line 6 overwrites"),
        ("close(self)", "inits", "net.py", "net.py", "line 6 of inits.py overwrites"),
    ],
)
def test_an_init_that_a_helper_overwrites(
    in_directory: Path, init: str, module: str, linted: str, file: str, place: str
) -> None:
    helper = Path(f"{module.replace('.', '/')}.py")
    helper.parent.mkdir(exist_ok=True)
    helper.write_text(START, encoding="utf-8")
    Path("net.py").write_text(NET.format(init=init, module=module), encoding="utf-8")
    (found,) = check_paths([linted], Settings(select=("INI107",))).diagnostics
    assert found.span.file == file
    assert f"in {place}" in found.message


def test_the_lines_of_cells() -> None:
    here, there = Span("a.py", 3, 1, 3, 9), Span("b.ipynb", 12, 1, 12, 9, Cell(4, 10))
    assert line_of(here, here) == "line 3"
    assert line_of(there, there) == "line 3 of cell 4"
    assert line_of(there, here) == "line 3 of b.ipynb, cell 4"
