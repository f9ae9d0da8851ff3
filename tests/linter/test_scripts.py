"""Scripts that build a project's models, and do not name anything of torch."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint import Settings, check_paths

NET = """from torch import nn


class Policy(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.one = nn.Linear(inputs, 64)
        self.two = nn.Linear(64, 64)
        self.three = nn.Linear(64, 2)
        for layer in (self.one, self.two):
            nn.init.uniform_(layer.weight, -(1 / layer.weight.size(0)) ** 0.5, (1 / layer.weight.size(0)) ** 0.5)

    def forward(self, x):
        return self.three(self.two(self.one(x).relu()).relu())
"""
AGENT = (
    "from net import Policy\n\n\nclass Agent:\n    def __init__(self, inputs):\n        self.policy = Policy(inputs)\n"
)


def findings(linted: str) -> list[tuple[int, bool]]:
    """The rows of what is found about fans, and whether the number of inputs is known: the message states a factor."""
    found = [d for d in check_paths([linted], Settings()).diagnostics if d.code == "INI403"]
    return [(d.span.row, "times the intended" in d.message) for d in found]


@pytest.mark.parametrize(
    ("script", "built"),
    [
        ("from agent import Agent\n\nAgent(4096)\n", True),
        ("import agent\n\na = agent.Agent(inputs=4096)\n", True),
        ("from agent import Agent\n\n\ndef main():\n    return Agent(4096)\n", True),
        ("from agent import Agent\n\nif __name__ == '__main__':\n    Agent(4096)\n", True),
        ("from agent import Agent\n\nprint(Agent)\n", False),
    ],
)
def test_a_script_that_builds_a_model_by_way_of_other_files(in_directory: Path, script: str, built: bool) -> None:
    Path("net.py").write_text(NET, encoding="utf-8")
    Path("agent.py").write_text(AGENT, encoding="utf-8")
    Path("main.py").write_text(script, encoding="utf-8")
    assert [has_sizes for _, has_sizes in findings(".")] == [built]
    assert findings("net.py") == findings(".")
