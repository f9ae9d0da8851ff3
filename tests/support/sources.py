"""Sources that several tests lint: one net, the examples of the rules, and one notebook."""

from __future__ import annotations

import re

from initlint.rules._registry import Rule


def net(call: str = "xavier_uniform_", comment: str = "") -> str:
    """A net whose first weight, before a ReLU, is initialized by `call`."""
    return f"""\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.{call}(self.fc1.weight){comment}

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())
"""


def example(rule: Rule, heading: str) -> str:
    """The code below a heading of the rule's documentation."""
    code = re.search(rf"^## {heading}\n+```python\n(.*?)^```", rule.documentation, re.MULTILINE | re.DOTALL)
    assert code, f"{rule.code} has no `## {heading}`"
    return code[1]


IMPORTS = "%matplotlib inline\n!echo ready\nimport torch\nfrom torch import nn\ntorch.manual_seed(0)"
CLASS = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))"""
INIT = """\
def init(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_normal(m.weight)

%time net = Net()
net.apply(init)"""
SHOW = "print(f'second moment {net.fc1.weight.pow(2).mean().item() * 64:.0f}')"
