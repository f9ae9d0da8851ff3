"""INI108 reports layers whose values `to_empty` and `skip_init` discard, and writers that nothing or only tests run."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

NET = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = {layer}
        self.b = nn.Linear(8, 2)
        {after}

    def forward(self, x):
        return self.b(self.a(x).relu())


def start(m):
    if isinstance(m, nn.Linear):
        m.reset_parameters()
"""


def discarded(after: str = "pass", layer: str = "nn.Linear(8, 8)", script: str = "") -> list[str]:
    net = NET if script else NET.partition("\n\n\ndef start")[0] + "\n"
    source = net.format(layer=layer, after=after) + script
    result = check([Path("net.py")], Settings(select=("INI108",)), {"net.py": source.encode()})
    assert result.failures == ()
    return [finding.message.partition(" of `")[0] for finding in result.diagnostics]


@pytest.mark.parametrize(
    "script",
    [
        "with torch.device('meta'):\n    net = Net()\nnet.to_empty(device='cpu')\nnet(torch.randn(2, 8))\n",
        "net = Net().to('meta').to_empty(device='cpu')\nopt = torch.optim.SGD(net.parameters(), lr=.1)\n",
        "def main():\n    net = Net().to_empty(device='cpu')\n    for p in net.parameters():\n        print(p.shape)\n",
        "net = Net()\nnn.init.zeros_(net.a.weight)\nnet.to_empty(device='cpu')\n",
    ],
)
def test_to_empty(script: str) -> None:
    assert discarded(script=script) == ["`to_empty` leaves `a` and `b`"]


@pytest.mark.parametrize(
    "script",
    [
        "net = Net().to_empty(device='cpu')\nnet.apply(start)\n",
        "net = Net().to_empty(device='cpu')\nnet.load_state_dict(torch.load('net.pt'))\n",
        "from library import load_sharded\nnet = Net().to_empty(device='cpu')\nload_sharded(net, 'net.pt')\n",
        "import torch.distributed.checkpoint as dcp\nnet = Net().to_empty(device='cpu')\ndcp.load(net.state_dict())\n",
        "def make(path):\n    return Net().to_empty(device='cpu')\n\n\nnet = make('x')\nnet.load_state_dict(torch.load('x'))\n",
        "net = Net().to_empty(device='cpu')\nfor p in net.parameters():\n    nn.init.normal_(p, std=.02)\n",
    ],
)
def test_silent_if_filled(script: str) -> None:
    assert discarded(script=script) == []


@pytest.mark.usefixtures("in_directory")
def test_skip_init() -> None:
    layer = "nn.utils.skip_init(nn.Linear, 8, 8)"
    assert discarded(layer=layer) == ["`skip_init` leaves `a`"]
    assert discarded("nn.init.orthogonal_(self.a.weight)", layer) == []
    assert discarded("self.a.reset_parameters()", layer) == []
    # The weights of a layer without an init are there to be loaded.
    assert discarded(layer=layer, script="net = Net()\nnet.load_state_dict(torch.load('net.pt'))\n") == []


ROUTER = """import torch
from torch import nn
import torch.nn.functional as F


class Router(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.empty(8, 64))

    def forward(self, x):
        return F.linear(x, self.table)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = Router()

    def _start(self, m):
        if isinstance(m, Router):
            nn.init.normal_(m.table, std=0.02)

    def forward(self, x):
        return self.router(x)
"""
APPLIES = "from model import Net\n\nnet = Net()\nnet.apply(net._start)\n"
TEST = f"{APPLIES}\n\ndef test_net():\n    assert net.router.table.std() > 0\n"


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, 1),
        ({"tests/test_model.py": TEST}, 1),
        ({"train.py": APPLIES}, 0),
        ({"tests/test_model.py": "from model import Router\nimport torch\n\n\ndef test_router():\n"
          "    torch.nn.init.zeros_(Router().table)\n"}, 1),
    ],
)  # fmt: skip
def test_writers_that_run_in_tests_only(in_directory: Path, others: dict[str, str], expected: int) -> None:
    Path("setup.cfg").touch()
    for name, text in {"model.py": ROUTER, **others}.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    found = check([Path("model.py")], Settings(select=("INI108",))).diagnostics
    assert ["`table` of `Router`" in finding.message for finding in found] == [True] * expected
