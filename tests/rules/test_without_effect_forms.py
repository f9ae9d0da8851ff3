"""INI105: defects in other words than those of its page, and right programs that look alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of, net

DEFECTS = {
    "weight norm": net(
        """
        self.a = nn.utils.weight_norm(nn.Linear(8, 8))
        init.normal_(self.a.weight, 0, 0.1)
        """,
        "self.a(x)",
    ),
    "parametrization by loop": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.ModuleList(nn.utils.parametrizations.weight_norm(nn.Linear(8, 8)) for _ in range(3))
        for layer in self.a:
            init.normal_(layer.weight, 0, 0.1)

    def forward(self, x):
        for layer in self.a:
            x = layer(x)
        return x
""",
    "clone": net(
        """
        self.a = nn.Linear(8, 8)
        init.xavier_uniform_(self.a.weight.clone())
        """,
        "self.a(x)",
    ),
    "attribute": net(
        """
        self.a = nn.Linear(8, 8)
        self.a.weight.data.copy_ = torch.eye(8)
        """,
        "self.a(x)",
    ),
    "from_pretrained": net(
        """
        self.emb = nn.Embedding(10, 8)
        self.emb.from_pretrained(table)
        """,
        "self.emb(x)",
        arguments=", table",
    ),
    "state dict": net(
        """
        self.a = nn.Linear(8, 8)
        state = self.state_dict()
        for key in state:
            state[key] = torch.zeros_like(state[key])
        """,
        "self.a(x)",
    ),
}
RIGHT = {
    "before weight norm": net(
        """
        self.a = nn.Linear(8, 8)
        init.normal_(self.a.weight, 0, 0.1)
        self.a = nn.utils.weight_norm(self.a)
        """,
        "self.a(x)",
    ),
    "weight_v": net(
        """
        self.a = nn.utils.weight_norm(nn.Linear(8, 8))
        init.normal_(self.a.weight_v, 0, 0.1)
        """,
        "self.a(x)",
    ),
    "old spectral norm": net(
        """
        self.a = nn.utils.spectral_norm(nn.Linear(8, 8))
        init.normal_(self.a.weight, 0, 0.1)
        """,
        "self.a(x)",
    ),
    "copied back": net(
        """
        self.a = nn.Linear(8, 8)
        w = self.a.weight.detach().clone()
        init.xavier_uniform_(w)
        self.a.weight.data.copy_(w)
        """,
        "self.a(x)",
    ),
    "from_pretrained used": net(
        "self.emb = nn.Embedding.from_pretrained(table)",
        "self.emb(x)",
        arguments=", table",
    ),
    "state dict loaded": net(
        """
        self.a = nn.Linear(8, 8)
        state = self.state_dict()
        for key in state:
            state[key] = torch.randn_like(state[key]) * 0.1
        self.load_state_dict(state)
        """,
        "self.a(x)",
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects(tmp_path: Path, name: str) -> None:
    assert "INI105" in codes_of(tmp_path, DEFECTS[name])


@pytest.mark.parametrize("name", RIGHT)
def test_right_programs(tmp_path: Path, name: str) -> None:
    assert codes_of(tmp_path, RIGHT[name]) == set()
