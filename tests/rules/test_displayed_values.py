"""INI105 knows that a notebook shows the last expression of a cell, and which operands are parameters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from tests.support.fixing import findings_of

HEAD = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.emb = nn.Embedding(3, 8)

    def forward(self, x):
        return self.fc(self.emb(x))


net = Net()
a, mask = torch.randn(8), torch.ones(8, 8)
"""


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rows_in_notebook(*cells: str) -> list[tuple[int, int]]:
    """The cell and the row in it of each finding; the model is defined in the first cell."""
    sources = [{"cell_type": "code", "source": text} for text in (HEAD, *cells)]
    data = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": sources})
    result = check([Path("net.ipynb")], Settings(select=("INI105",)), {"net.ipynb": data.encode()})
    assert (result.failures, result.errors) == ((), ())
    spans = [diagnostic.span for diagnostic in result.diagnostics]
    return [(span.cell.number, span.row - span.cell.row + 1) for span in spans if span.cell is not None]


SHOWN = [
    "net.fc.weight * 2",
    "net.fc.weight.data.clamp(-1, 1)",
    "1 - net.fc.bias",
    "torch.clamp(net.fc.weight, 0)",
    "nn.Embedding.from_pretrained(mask)",
    "(net.fc.weight\n  * 3)",
    "net.fc.weight.data.mul(2)  # scaled\n\n# done",
    "  net.fc.weight * 2",
    "%time net.fc.weight * 2",
    "%%time\nnet.fc.weight * 2",
    "'\u03c3', net\nnet.fc.weight * 2  # \u03c3",
]


@pytest.mark.parametrize("cell", SHOWN)
@pytest.mark.parametrize("after", [(), ("net(a)",), ("# end",)])
def test_last_expression_of_a_cell_is_shown(cell: str, after: tuple[str, ...]) -> None:
    assert rows_in_notebook(cell, *after) == []


@pytest.mark.parametrize(
    ("cell", "row"),
    [
        ("net.fc.weight.data.mul(0.1)\nnet.fc", 1),
        ("net.fc.weight * 2\n!ls", 1),
        ("net.fc.weight.data.mul(0.1);", 1),
        ("net.fc.weight.data.mul(0.1) ; # '\u03c3'", 1),
        ("for p in net.parameters():\n    p.data.mul(0.1)", 2),
        ("def shrink(m):\n    m.fc.weight.data.mul(0.1)\nshrink(net)", 2),
        ("if 1:\n    net.fc.weight.data.mul(0.1)", 2),
        ("x = 1\nnet.emb.from_pretrained(mask)\nprint(x)", 2),
    ],
)
def test_other_statements_of_a_cell_drop_it(cell: str, row: int) -> None:
    assert rows_in_notebook(cell, "net(a)") == [(2, row)]


def test_the_last_statement_of_a_script_is_not_shown() -> None:
    assert len(findings_of(f"{HEAD}net.fc.weight * 2\n", ("INI105",))) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "a * mask",
        "1 - a",
        "torch.tensor(1) - a",
        "a.mul(mask)",
        "torch.clamp(a - mask, 0)",
        "a.clone().sub(1)",
        "(a * mask) / 2",
        "a[:2] * mask[0, :2]",
        "net.register_buffer('mask', mask)\nnet.mask * a",
    ],
)
def test_plain_tensors_are_no_parameters(statement: str) -> None:
    assert findings_of(f"{HEAD}{statement}\n", ("INI105",)) == ()
    assert rows_in_notebook(f"{statement}\nprint(a)") == []


@pytest.mark.parametrize(
    "statement",
    [
        "net.fc.weight * mask",
        "mask - net.fc.weight",
        "a.mul(net.fc.weight)",
        "torch.clamp(net.fc.weight - mask, 0)",
        "w = net.fc.weight.data\nw * 0.1",
        "net.fc.weight.clone().mul(2)",
    ],
)
def test_plain_tensors_with_parameters(statement: str) -> None:
    assert len(findings_of(f"{HEAD}{statement}\n", ("INI105",))) == 1
    assert len(rows_in_notebook(f"{statement}\nprint(a)")) == 1
