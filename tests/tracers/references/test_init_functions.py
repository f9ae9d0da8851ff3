"""Init functions that only use other ones."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from initlint.tracers.references.init_functions import init_functions
from initlint.tracers.references.syntax_index import SyntaxIndex


def names(code: str) -> list[str]:
    index = SyntaxIndex(Path("net.py"), ast.parse(f"import torch.nn as nn\nfrom parts import weights_init\n{code}"))
    return [function.name for function in init_functions(index)]


FILLS = "def init_conv(m):\n    nn.init.zeros_(m.weight)\n"


@pytest.mark.parametrize("backwards", [False, True])
def test_a_long_chain_in_either_order(backwards: bool) -> None:
    steps = [f"def init_weights_{n}(m):\n    init_weights_{n + 1}(m)\n" for n in range(2_000)]
    last = "def init_weights_2000(m):\n    nn.init.zeros_(m.weight)\n"
    assert len(names("".join([*steps, last][:: -1 if backwards else 1]))) == 2_001


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (f"{FILLS}def init_all(net):\n    net.apply(init_conv)\n", ["init_conv", "init_all"]),
        (f"{FILLS}def show_all(net):\n    net.apply(init_conv)\n", ["init_conv"]),
        ("def init_all(net):\n    net.apply(weights_init)\n", ["init_all"]),
        ("def init_all(net):\n    init_more(net)\n\ndef init_more(net):\n    init_all(net)\n", []),
        (
            "class Net:\n    def init_weights(self):\n        self.init_conv()\n"
            "    def init_conv(self):\n        nn.init.zeros_(self.conv.weight)\n",
            ["init_weights", "init_conv"],
        ),
        (
            "class Net:\n    def init_weights(self):\n        self.init_conv()\n"
            "class Other:\n    def init_conv(self):\n        nn.init.zeros_(self.conv.weight)\n",
            ["init_conv"],
        ),
    ],
)
def test_which_functions_count(code: str, found: list[str]) -> None:
    assert names(code) == found
