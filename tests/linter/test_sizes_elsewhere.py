"""Numbers for sizes that a class alone does not know, where code that builds it gives them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

NET = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.one = nn.Linear(inputs, hidden)
        self.last = nn.Linear(hidden, 4)
        nn.init.xavier_uniform_(self.one.weight)
    def forward(self, x):
        return self.last(torch.relu(self.one(x)))
"""
AGENT = """
from torch import nn
from net import Net
class Agent(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.net = Net(inputs, hidden)
        self.unused = None
    def forward(self, x):
        return self.net(x)
"""
ASSUMED = "passes on 0.50 of the signal's mean square if it has as many outputs as inputs"


def found(files: Mapping[str, str], linted: tuple[str, ...] = ("net.py",)) -> list[str]:
    contents = {name: text.encode() for name, text in {"net.py": NET, **files}.items()}
    return [finding.message for finding in check([Path(name) for name in linted], Settings(), contents).diagnostics]


def test_nothing_builds_it() -> None:
    (text,) = found({})
    assert ASSUMED in text


@pytest.mark.parametrize("linted", [("net.py",), ("net.py", "train.py"), ("train.py", "net.py")])
@pytest.mark.parametrize(
    ("sizes", "numbers"),
    [
        ("8192, 128", []),
        ("64, 128", ["0.34"]),
        ("128, 128", ["0.50"]),
    ],
)
def test_the_only_builder(sizes: str, numbers: list[str], linted: tuple[str, ...]) -> None:
    texts = found({"train.py": f"from net import Net\nnet = Net({sizes})\n"}, linted)
    assert ["0.34" if "passes on 0.34" in text else "0.50" for text in texts] == numbers
    assert not any(ASSUMED in text for text in texts)


def test_a_function_that_builds_it() -> None:
    assert found({"train.py": "from net import Net\ndef main():\n    net = Net(8192, 128)\n    return net\n"}) == []


def test_other_code_builds_it_with_unknown_sizes() -> None:
    fixed = "from net import Net\nnet = Net(8192, 128)\n"
    (text,) = found(
        {"train.py": fixed, "tune.py": "import sys\nfrom net import Net\nnet = Net(int(sys.argv[1]), 64)\n"}
    )
    assert ASSUMED in text


def test_a_test_that_builds_it_does_not_count() -> None:
    test = "import pytest\nfrom net import Net\ndef test_net():\n    Net(8192, 128)\n"
    (text,) = found({"test_net.py": test})
    assert ASSUMED in text


def test_a_model_that_contains_it() -> None:
    agent = {"agent.py": AGENT}
    (text,) = found(agent, ("net.py", "agent.py"))
    assert ASSUMED in text
    # Someone else may build `Agent` with other sizes.
    (text,) = found({**agent, "train.py": "from net import Net\nnet = Net(8192, 128)\n"}, ("net.py", "agent.py"))
    assert ASSUMED in text
    assert found({**agent, "train.py": "from agent import Agent\nnet = Agent(8192, 128)\n"}, ("net.py",)) == []


def test_a_container_that_gives_the_sizes() -> None:
    whole = AGENT.replace("Net(inputs, hidden)", "Net(8192, 128)").replace("self, inputs, hidden", "self")
    assert found({"agent.py": whole}) == []


def test_other_initializers_do_not_depend_on_the_ratio() -> None:
    net = NET.replace("xavier_uniform_(self.one.weight)", "normal_(self.one.weight, 0.02)")
    texts = found({"net.py": net, "train.py": "from net import Net\nnet = Net(8192, 128)\n"})
    assert len(texts) == 1
