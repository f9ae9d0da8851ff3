from __future__ import annotations

import pytest

from initlint.tracers.static.prefilter import (
    imported_modules,
    is_main_module,
    may_call_initializers,
    may_contain_models,
)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = nn.Linear(1, 1)\n", True),
        ("from .base import Net\n\nclass Mine(Net):\n    def forward(self, x): ...\n", True),
        ("from .base import Net\n\nclass Mine[T: (int, str)](Net):\n    def forward(self, x): ...\n", True),
        ("from torch import nn\n\nclass Crop(nn.Module):\n    def forward(self, x): ...\n", False),
        ("from torch.nn import Linear\n", True),
        ("from torch.nn import init as I\n", True),
        ("import torch.nn as tnn\n", True),
        ("import torch.nn as nn\n\nclass Crop(nn.Module): ...\n", False),
        ("net.apply(weights)\n", True),
        ("def init_weights(m):\n    m.weight.data.normal_(0.0, 0.02)\n", True),
        ("import torch\n\nclass Digits(torch.utils.data.Dataset):\n    def __init__(self): ...\n", False),
        ("print('hello')\n", False),
        ("", False),
    ],
)
def test_which_files_can_matter(code: str, expected: bool) -> None:
    assert may_contain_models(code) is expected


def test_scripts() -> None:
    assert is_main_module("def main(): ...\n\nif __name__ == '__main__':\n    main()\n")
    assert not is_main_module("# python -m this, __main__\n")
    code = "import os\nfrom . import near\nfrom agents.base import Agent\n\ndef f():\n    import late\n"
    assert imported_modules(code) == ["os", "agents.base", "late"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("net = Net(weight_init='jax', gain_init = -1.0, bn_init=False, act_init=None)", False),
        ("net = Net(weight_init=draw)", True),
        ("net.weight_init('jax')", True),
        ("weights_init(net)", True),
        ("net = Net(init_values=1e-5)", False),
    ],
)
def test_an_argument_that_is_a_constant_is_no_init_call(code: str, expected: bool) -> None:
    assert may_call_initializers(code) is expected
