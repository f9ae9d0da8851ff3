"""INI106 reports comprehensions, tests that are always true, and callbacks that ignore their argument."""

from __future__ import annotations

import pytest

from tests.support.fixing import findings_of

NET = """from torch import nn
from torch.nn import Conv2d, Linear


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = nn.Linear(8, 2)
        self.n = nn.LayerNorm(8)
{init}

    def forward(self, x):
        return self.b(self.n(self.a(x)))
"""


def messages(init: str) -> list[str]:
    source = NET.format(init="\n".join(f"        {line}" for line in init.split("\n")))
    return [finding.message.partition(": `Net`")[0] for finding in findings_of(source, ("INI106",))]


@pytest.mark.parametrize(
    "init",
    [
        "[nn.init.xavier_uniform_(m.weight) for m in self.modules() if isinstance(m, nn.Conv2d)]",
        "list(nn.init.zeros_(p) for n, p in self.named_parameters() if 'kernel' in n)",
    ],
)
def test_comprehensions(init: str) -> None:
    (message,) = messages(init)
    assert "this init reaches none of the 3 layers (LayerNorm x 1, Linear x 2)" in message


@pytest.mark.parametrize(
    ("test", "operand"),
    [
        ("isinstance(m, nn.Linear) or nn.Conv2d", "nn.Conv2d"),
        ("isinstance(m, Linear) or Conv2d", "Conv2d"),
        ("type(m) == nn.Linear or nn.LayerNorm or nn.Conv2d", "nn.LayerNorm"),
        ("'Linear' or 'Conv' in type(m).__name__", "'Linear'"),
    ],
)
def test_always_true(test: str, operand: str) -> None:
    loop = f"for m in self.modules():\n    if {test}:\n        pass\n    elif isinstance(m, nn.LayerNorm):\n"
    (message,) = messages(loop + "        nn.init.ones_(m.weight)")
    assert f"this test is always true, because `{operand}` is" in message


@pytest.mark.parametrize(
    "init",
    [
        "def start(m):\n    if isinstance(m, nn.Linear):\n        nn.init.zeros_(self.a.bias)\nself.apply(start)",
        "self.apply(lambda m: nn.init.xavier_uniform_(self.a.weight))",
        "layer = self.a\ndef start(m):\n    if isinstance(m, nn.Linear):\n        layer.weight.data.normal_()\n"
        "self.apply(start)",
    ],
)
def test_the_argument_is_ignored(init: str) -> None:
    (message,) = messages(init)
    assert "for each module, and never the argument `m`" in message


@pytest.mark.parametrize(
    "init",
    [
        "[nn.init.xavier_uniform_(m.weight) for m in self.modules() if isinstance(m, nn.Linear)]",
        "[m for m in self.modules() if isinstance(m, nn.Conv2d)]",
        "for m in self.modules():\n    if isinstance(m, nn.Linear) or isinstance(m, nn.Conv2d):\n"
        "        nn.init.zeros_(m.bias)\n    elif isinstance(m, nn.LayerNorm):\n        nn.init.ones_(m.weight)",
        "def start(m):\n    if isinstance(m, nn.Linear):\n        nn.init.zeros_(m.bias)\n"
        "        nn.init.zeros_(self.a.bias)\nself.apply(start)",
        "def start(m):\n    if m is self:\n        nn.init.zeros_(self.a.bias)\nself.apply(start)",
        "def start(m):\n    for p in m.parameters(recurse=False):\n        nn.init.normal_(p)\nself.apply(start)",
        "def start(m):\n    w = getattr(m, 'weight', None)\n    if w is not None:\n        nn.init.normal_(w)\n"
        "self.apply(start)",
    ],
)
def test_silent(init: str) -> None:
    assert messages(init) == []
