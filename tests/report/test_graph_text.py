"""The trees of `initlint graph`, and the folding of repeated blocks in them."""

from __future__ import annotations

import click
import pytest

import initlint
from initlint.diagnostics import Span
from initlint.graph.model import Consumer, Layer, ModelGraph, Write
from initlint.graph.words import UNDETERMINED
from initlint.linter.pipeline import check_models
from initlint.project.settings import Settings
from initlint.report import graph_text
from initlint.report.folding import Folded, fold
from tests.support.paths import FIXTURES


def at(row: int) -> Span:
    return Span("net.py", row, 1, row, 2)


def listing(model: ModelGraph, width: int = 80) -> str:
    return click.unstyle(graph_text.listing([model], width))


def test_a_layer_with_its_writes_and_consumers() -> None:
    write = Write("weight", "torch.nn.init.xavier_uniform_", {"gain": 1.0}, at(12), via=(at(40),))
    perhaps = Write("bias", "torch.nn.init.zeros_", {}, at(13), certain=False)
    following = (Consumer("layer", ("batch_norm",), at(20), True, layer="fc2"), Consumer("relu", (), at(21), True))
    arguments = {"in_features": 8, "out_features": UNDETERMINED, "bias": False}
    layer = Layer("fc1", "Linear", arguments, "Net", "fc1", at(8), following, (write, perhaps))
    assert listing(ModelGraph("Net", at(5), "static", (layer,), incomplete=("a loop without end",))) == (
        "Net  net.py:5\n"
        "├── fc1  Linear(8, ?, bias=False)  line 8\n"
        "│   ├── weight <- xavier_uniform_(gain=1)  line 12, via line 40\n"
        "│   ├── bias <- zeros_() (perhaps)  line 13\n"
        "│   ├── -> batch_norm -> fc2  line 20\n"
        "│   └── -> relu  line 21\n"
        "└── not followed: a loop without end\n"
    )


def test_lines_fit_the_width() -> None:
    models = check_models([FIXTURES], Settings(), rules=False).models
    for width in (60, 80, 100):
        shown = click.unstyle(graph_text.listing(models, width))
        assert max(map(len, shown.splitlines())) <= width


def test_equal_blocks_are_shown_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("net") / "net.py"
    file.write_text(
        "from torch import nn\n\n\n"
        "class Block(nn.Module):\n"
        "    def __init__(self, dim):\n        super().__init__()\n"
        "        self.fc1 = nn.Linear(dim, 4 * dim)\n        self.fc2 = nn.Linear(4 * dim, dim)\n\n"
        "    def forward(self, x):\n        return self.fc2(self.fc1(x).relu())\n\n\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.blocks = nn.ModuleList([Block(64) for _ in range(12)])\n        self.head = nn.Linear(64, 10)\n\n"
        "    def forward(self, x):\n"
        "        for block in self.blocks:\n            x = block(x)\n        return self.head(x)\n",
        encoding="utf-8",
    )
    (_, net) = check_models([file], Settings(), rules=False).models
    branches = [line[4:].split("  ")[0] for line in listing(net).splitlines()[1:] if line[0] in "├└"]
    assert branches == [
        "blocks.0-10.fc1",
        "blocks.0-10.fc2",
        "blocks.11.fc1",
        "blocks.11.fc2",
        "head",
    ]
    assert listing(net).count("x 11") == 2
    assert initlint.check_source(file.read_text(encoding="utf-8")).diagnostics == ()


def test_fold() -> None:
    entries = [
        *((f"net.{number}", "Linear -> relu") for number in (0, 2, 4)),
        ("net.6", "Linear"),
        *((f"towers.{a}.layers.{b}.fc", f"to towers.{a}.layers.{b + 1}.fc") for a in range(2) for b in range(3)),
        ("head.0", "one"),
        ("head.1", "other"),
    ]
    assert fold(entries) == [
        Folded("net.0-4", (0, 1, 2)),
        Folded("net.6", (3,)),
        Folded("towers.0-1.layers.0-2.fc", (4, 5, 6, 7, 8, 9)),
        Folded("head.0", (10,)),
        Folded("head.1", (11,)),
    ]
    assert fold([]) == []


def test_blocks_that_differ_are_not_folded() -> None:
    odd = [("a.0.x", "1"), ("a.1.x", "1"), ("a.1.y", "1"), ("a.5.x", "1"), ("a.b.x", "1")]
    assert [(folded.label, folded.count) for folded in fold(odd)] == [
        ("a.0.x", 1),
        ("a.1.x", 1),
        ("a.1.y", 1),
        ("a.5.x", 1),
        ("a.b.x", 1),
    ]
    absolute = [("a.0", "to head.0"), ("a.1", "to head.0"), ("a.2", "to a.2")]
    assert [folded.label for folded in fold(absolute)] == ["a.0-1", "a.2"]
