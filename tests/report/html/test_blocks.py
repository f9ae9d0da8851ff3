"""Equal blocks are drawn once, and modules that are too tangled as one box."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.api import models
from initlint.diagnostics import Severity
from initlint.report.html.drawing import MAX_ENTANGLEMENT, Annotations, Badge, Drawing, draw

HEAD = "import torch, torch.nn as nn, torch.nn.functional as F\n"

RESIDUAL = """
class Block(nn.Module):
    def __init__(self, wide=32):
        super().__init__()
        self.up, self.down = nn.Linear(8, wide), nn.Linear(wide, 8)
    def forward(self, x):
        return x + self.down(F.relu(self.up(x)))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(3, 8)
        self.blocks = nn.ModuleList({blocks})
        self.head = nn.Linear(8, 2)
    def forward(self, x):
        x = self.stem(x)
        {body}
        return self.head(x)
"""
LOOP = "for block in self.blocks: x = block(x)"


def drawn(tmp_path: Path, source: str, marked: str = "") -> Drawing:
    """The drawing of the last model, with a finding on the layer `marked`."""
    (tmp_path / "net.py").write_text(HEAD + source, encoding="utf-8")
    model = models([tmp_path / "net.py"])[-1]
    rows = {layer.path: number for number, layer in enumerate(model.layers, 1)}
    texts = {layer.path: f"{layer.type} {dict(layer.arguments)}" for layer in model.layers}
    on_layer = {marked: (Badge("INI201", Severity.ERROR, 1),)} if marked else {}
    levels = [float(number) for number, _ in enumerate(model.operations)]
    return draw(model, Annotations(rows, texts, levels, {}, on_layer))


def frames(drawing: Drawing) -> list[tuple[str, int]]:
    return [(frame.label, frame.count) for frame in drawing.frames]


def cards(drawing: Drawing) -> list[str]:
    return [box.title for box in drawing.boxes if box.kind in ("layer", "module")]


def residual(tmp_path: Path, blocks: str, body: str = LOOP, marked: str = "") -> Drawing:
    return drawn(tmp_path, RESIDUAL.format(blocks=blocks, body=body), marked)


def test_equal_blocks_are_drawn_once(tmp_path: Path) -> None:
    drawing = residual(tmp_path, "[Block() for _ in range(12)]")
    assert frames(drawing) == [("blocks.0-11", 12)]
    assert cards(drawing) == ["stem", "blocks.0.up", "blocks.0.down", "head"]
    titles = [drawing.boxes[box].title for box in drawing.frames[0].boxes]
    assert titles == ["blocks.0.up", "ReLU", "blocks.0.down", "add"]
    down, head = (next(b for b in drawing.boxes if b.title == title) for title in ("blocks.0.down", "head"))
    assert down.level == "4 → 48"  # after the first block's, and after the last one's
    assert head.level == "50"
    arrows = {(drawing.boxes[a.source].title, drawing.boxes[a.target].title) for a in drawing.arrows}
    assert ("add", "head") in arrows
    assert ("stem", "blocks.0.up") in arrows


@pytest.mark.parametrize(
    ("blocks", "body", "marked", "expected"),
    [
        ("[Block(16), *(Block() for _ in range(4))]", LOOP, "", [("blocks.1-4", 4)]),
        (
            "[*(Block() for _ in range(3)), *(Block(64) for _ in range(3))]",
            LOOP,
            "",
            [("blocks.0-2", 3), ("blocks.3-5", 3)],
        ),
        ("[Block() for _ in range(5)]", LOOP, "blocks.2.up", [("blocks.0-1", 2), ("blocks.3-4", 2)]),
        ("[nn.Linear(8, 8) for _ in range(2)]", LOOP, "", []),
        ("[nn.Linear(8, 8) for _ in range(3)]", LOOP, "", []),
        (
            "[Block() for _ in range(4)]",
            "a = self.blocks[0](x); b = self.blocks[1](a); x = self.blocks[3](self.blocks[2](b)) + a",
            "",
            [("blocks.1-3", 3)],
        ),
    ],
    ids=["another first", "two kinds", "a finding on one", "two layers", "no frame around one box", "read later"],
)
def test_what_differs_is_drawn(
    tmp_path: Path, blocks: str, body: str, marked: str, expected: list[tuple[str, int]]
) -> None:
    assert frames(residual(tmp_path, blocks, body, marked)) == expected


DENSE = """
class Layer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, 8, 3, padding=1)
    def forward(self, found):
        return self.conv(F.relu(torch.cat(found, 1)))
class Dense(nn.Module):
    def __init__(self, count):
        super().__init__()
        for i in range(count):
            self.add_module(f"layer{{i}}", Layer(8 * (i + 1)))
        self.count = count
    def forward(self, x):
        found = [x]
        for layer in self.children():
            found.append(layer(found))
        return torch.cat(found, 1)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense1, self.dense2 = Dense({count}), Dense({count})
        self.between = nn.Conv2d(8 * ({count} + 1), 8, 1)
    def forward(self, x):
        return self.dense2(self.between(self.dense1(x)))
"""


def test_tangled_modules_are_one_box_each(tmp_path: Path) -> None:
    drawing = drawn(tmp_path, DENSE.format(count=26))
    assert drawing.total_span <= MAX_ENTANGLEMENT
    assert cards(drawing) == ["dense1", "between", "dense2"]
    box = next(box for box in drawing.boxes if box.title == "dense1")
    assert (box.kind, box.detail) == ("module", "26 layers: Conv2d")
    simple = drawn(tmp_path, DENSE.format(count=4))
    assert not any(box.kind == "module" for box in simple.boxes)
