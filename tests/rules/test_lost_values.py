"""INI105 reports statements that compute values for a parameter and lose them, exactly if torch changes no parameter."""

from __future__ import annotations

import pytest

from tests.support.fixing import findings_of

SOURCE = """import torch
from torch import nn


def restart(m):
    if isinstance(m, nn.Linear):
        return nn.init.normal_(torch.empty_like(m.weight))


def start(m):
    if isinstance(m, nn.Linear):
        return nn.init.normal_(m.weight)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.emb = nn.Embedding(3, 8)
        self.before = [p.detach().clone() for p in self.parameters()]
{lines}

    def forward(self, x):
        return self.fc(self.emb(x))


net = Net()
changed = not all(torch.equal(a, b) for a, b in zip(net.before, net.parameters()))
"""


def program(statement: str) -> str:
    return SOURCE.format(lines="\n".join(f"        {line}" for line in statement.split("\n")))


def is_changed_in_torch(statement: str) -> bool:
    pytest.importorskip("torch")
    names: dict[str, object] = {}
    exec(compile(program(statement), "net.py", "exec"), names)
    return bool(names["changed"])


@pytest.mark.parametrize(
    "statement",
    [
        "self.emb.from_pretrained(torch.randn(3, 8))",
        "nn.Embedding.from_pretrained(torch.randn(3, 8))",
        "self.fc.weight.data.mul(0.1)",
        "self.fc.weight.data * 0.1",
        "self.fc.bias.data.clamp(0, 1)",
        "self.fc.weight.data.copy_ = torch.randn(8, 8)",
        "self.fc.bias.data.fill_ = 0",
        "self.state_dict()['fc.weight'] = torch.zeros(8, 8)",
        "sd = self.state_dict()\nsd['fc.weight'] = sd['fc.weight'] * 2",
        "sd = self.fc.state_dict()\nfor k in sd:\n    sd[k] = torch.empty(sd[k].shape)\n    nn.init.zeros_(sd[k])",
        "for p in self.parameters():\n    p = torch.zeros_like(p)",
        "for n, p in self.named_parameters():\n    if 'bias' in n:\n        p = nn.init.zeros_(torch.empty_like(p))",
        "self.apply(lambda m: torch.randn(3, 3))",
        "self.apply(restart)",
    ],
)
def test_lost(statement: str) -> None:
    assert [d.code for d in findings_of(program(statement), ("INI105",))] == ["INI105"]
    assert not is_changed_in_torch(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "self.emb = nn.Embedding.from_pretrained(torch.randn(3, 8))",
        "self.fc.weight.data.mul_(0.1)",
        "self.fc.weight.data = self.fc.weight.data * 0.1",
        "sd = self.state_dict()\nsd['fc.weight'] = sd['fc.weight'] * 2\nself.load_state_dict(sd)",
        "sd = self.state_dict()\nsd['fc.weight'].zero_()",
        "sd = self.state_dict()\nsd['fc.weight'] = torch.zeros(8, 8)\nsd2 = {**sd}\nself.load_state_dict(sd2)",
        "for p in self.parameters():\n    new = torch.zeros_like(p)\n    p.data = new",
        "for p in self.parameters():\n    data = p.data\n    p = torch.zeros_like(p)\n    data.copy_(p)",
        "self.apply(start)",
        "for v in self.state_dict().values():\n    v.zero_()",
    ],
)
def test_kept(statement: str) -> None:
    assert findings_of(program(statement), ("INI105",)) == ()
    assert is_changed_in_torch(statement)


@pytest.mark.parametrize("loop", ["for v in self.state_dict().values():", "for k, v in self.state_dict().items():"])
def test_ranks_of_the_tensors_of_a_state_dict(loop: str) -> None:
    (finding,) = findings_of(program(f"{loop}\n    nn.init.xavier_uniform_(v)"), ("INI101",))
    assert "and the `bias` of Linear has 1" in finding.message


def test_rank_of_one_entry() -> None:
    (finding,) = findings_of(program("nn.init.orthogonal_(self.state_dict()['fc.bias'])"), ("INI101",))
    assert "and the `bias` of Linear has 1" in finding.message
