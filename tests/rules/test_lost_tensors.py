"""INI105 for new tensors that nothing refers to: in branches, from arithmetic, and copies with a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import net
from tests.support.reference_projects import findings_in_project

HEAD = "import torch\nimport torch.nn as nn\nfrom torch.nn import init\n\n"


def findings(folder: Path, code: str, top: str = "") -> list[str]:
    text = HEAD + top + net(f"self.a = nn.Linear(8, 8)\nself.b = nn.Linear(8, 8)\n{code}", "self.b(self.a(x).tanh())")
    return [message for _, _, message in findings_in_project(folder, "INI105", {"net.py": text})]


LOOP = "for name, p in self.named_parameters():\n    if 'weight' in name:\n        {}\n    else:\n        {}\n"


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (LOOP.format("p = torch.randn_like(p)", "p.data.zero_()"), 1),
        (LOOP.format("p = torch.randn_like(p) * 0.02", "p = torch.zeros_like(p)"), 2),
        ("for p in self.parameters():\n    p = p * 0.1", 1),
        ("for p in self.parameters():\n    p = p.data.mul(0.1)", 1),
        ("for p in self.parameters():\n    p = torch.zeros_like(p)", 1),
        (LOOP.format("p = torch.randn_like(p)", "p.data.zero_()") + "    self.last = p", 0),
        (LOOP.format("p = p * 0.1", "p.data.zero_()") + "    print(p.sum())", 0),
        (LOOP.format("p = torch.randn_like(p); self.last = p", "p.data.zero_()"), 0),
        ("for p in self.parameters():\n    p = p.data\n    p.mul_(0.1)", 0),
        ("for p in self.parameters():\n    p = p.data", 0),
        ("for p in self.parameters():\n    for _ in range(2):\n        print(p)\n        p = p * 0.1", 0),
        ("for p in self.parameters():\n    p *= 0.1", 0),
    ],
)
def test_rebound_variables(tmp_path: Path, code: str, number: int) -> None:
    assert len(findings(tmp_path, code)) == number


@pytest.mark.parametrize(
    ("returned", "number"),
    [
        ("m.weight * 0.1", 1),
        ("m.weight.data.mul(0.1)", 1),
        ("0.1 * m.weight + m.weight", 1),
        ("m.weight.data.mul_(0.1)", 0),
        ("init.normal_(m.weight)", 0),
        ("m.weight", 0),
        ("m.weight.data.abs().mean()", 0),
        ("m", 0),
        ("None", 0),
    ],
)
def test_returned_arithmetic(tmp_path: Path, returned: str, number: int) -> None:
    top = f"def scale(m):\n    if isinstance(m, nn.Linear):\n        return {returned}\n\n\n"
    assert len(findings(tmp_path, "self.apply(scale)", top)) == number
    assert findings(tmp_path, "self.values = [scale(m) for m in self.modules()]", top) == []


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("w = self.b.weight.t().contiguous()\ninit.orthogonal_(w)", 1),
        ("w = self.b.weight.clone()\nw.data.normal_(0, 0.1)", 1),
        ("w = self.b.weight.data.clone()\nwith torch.no_grad():\n    init.zeros_(w)", 1),
        ("for p in self.parameters():\n    q = p.data.clone()\n    q.normal_(0, 0.02)", 1),
        ("w = self.b.weight.t()\ninit.orthogonal_(w)", 0),
        ("w = self.b.weight.data\nw.normal_(0, 0.1)", 0),
        ("w = self.b.weight.data.clone()\nw.normal_(0, 0.1)\nself.b.weight.data.copy_(w)", 0),
        ("w = self.b.weight.data.clone()\nw.normal_(0, 0.1)\nself.b.weight.data = w", 0),
        ("w = self.b.weight.detach().clone()\nw.normal_()\nself.register_buffer('first', w)", 0),
        ("w = self.b.weight.data.clone()\nw.normal_()\nself.b.weight = nn.Parameter(w)", 0),
        ("w = self.b.weight.data.clone()\nw.normal_()\nprint(w)", 0),
        ("global saved\nsaved = self.b.weight.data.clone()\nsaved.normal_()", 0),
    ],
)
def test_copies_with_a_name(tmp_path: Path, code: str, number: int) -> None:
    found = findings(tmp_path, code)
    assert len(found) == number
    assert all("writes to a temporary copy of the" in message for message in found)
