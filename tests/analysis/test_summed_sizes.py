"""INI403 where the number of inputs is unknown, but a sum of which the number of outputs is a part."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

CRITIC = """
import math
from torch import cat, nn


def bound_of(layer):
    bound = 1 / math.sqrt(layer.weight.size(0))
    return -bound, bound


class Critic(nn.Module):
    def __init__(self, seen, moves, width=128):
        super().__init__()
        self.width = width
        {before}
        self.fc = nn.Linear({sizes})
        self.out = nn.Linear(width, 1)
        self.fc.weight.data.uniform_(*bound_of(self.fc))

    def forward(self, x):
        return self.out(self.fc(x).relu())
"""


@pytest.mark.parametrize(
    ("sizes", "before", "reported"),
    [
        ("width + seen, width", "pass", False),
        ("seen + moves + width, width", "pass", False),
        ("in_features=seen + self.width, out_features=width", "pass", False),
        ("both, width", "both = width + moves", False),
        ("both + seen, self.width", "both = width + moves", False),
        ("seen, width", "pass", True),
        ("seen + moves, width", "pass", True),
        ("width + seen - moves, width", "pass", True),
        ("both, width", "both = width + moves; both = seen", True),
        ("both, width", "both = width + moves; both -= width", True),
        ("both, width", "both = seen + more; more = moves + both", True),
        ("seen * width, width", "pass", True),
    ],
)
def test_a_bound_of_the_outputs(sizes: str, before: str, reported: bool) -> None:
    text = CRITIC.format(sizes=sizes, before=before)
    result = check([Path("net.py")], Settings(select=("INI403",)), {"net.py": text.encode()})
    assert bool(result.diagnostics) is reported


@pytest.mark.parametrize(
    ("default", "reported"),
    [("128", False), ("32", False), ("512", False), ("31", True), ("513", True), ("None", True)],
)
def test_a_summand_is_known_by_the_default_of_an_argument(default: str, reported: bool) -> None:
    text = CRITIC.format(sizes="hidden + moves, 128", before="pass").replace(
        "width=128", f"width=128, hidden={default}"
    )
    result = check([Path("net.py")], Settings(select=("INI403",)), {"net.py": text.encode()})
    assert bool(result.diagnostics) is reported


@pytest.mark.parametrize(("inputs", "reported"), [("width + 8", False), ("16 + 8", True), ("width * 8", True)])
def test_known_sizes_are_compared(inputs: str, reported: bool) -> None:
    text = CRITIC.format(sizes=f"{inputs}, width", before="pass")
    result = check([Path("net.py")], Settings(select=("INI403",)), {"net.py": text.encode()})
    assert bool(result.diagnostics) is reported
