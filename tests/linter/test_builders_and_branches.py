"""A class is judged with what the code that uses it does: it may draw zeros again, or add what a norm returns."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

IMPORTS = "import torch\nfrom torch import nn\n"
CHAIN = f"""
{IMPORTS}
class Chain(nn.Module):
    def __init__(self, width, rank):
        super().__init__()
        self.down = nn.Linear(width, rank, bias=False)
        self.up = nn.Linear(rank, width, bias=False)
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.up.weight)
    def forward(self, x):
        return x + self.up(self.down(x))
"""
RAW = f"""
{IMPORTS}
class Chain(nn.Module):
    def __init__(self, width, rank):
        super().__init__()
        self.down = nn.Parameter(torch.zeros(rank, width))
        self.up = nn.Parameter(torch.zeros(width, rank))
    def forward(self, x):
        return x + x @ self.down.T @ self.up.T
"""
HOLDER = """
class Holder(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.chain = Chain(width, 4)
    def forward(self, x):
        return self.chain(x)
"""


def codes(files: dict[str, str]) -> list[str]:
    contents = {name: text.encode() for name, text in files.items()}
    return [finding.code for finding in check([Path(name) for name in files], Settings(), contents).diagnostics]


def builder(*lines: str, name: str = "make", module: str = "parts") -> str:
    body = "\n    ".join(lines)
    return f"from {module} import Chain\n{IMPORTS}\ndef {name}(width, rank):\n    {body}\n    return chain\n"


BUILD = "chain = Chain(width, rank)"
DRAWS = "nn.init.normal_(chain.down{}, std=0.02)"


@pytest.mark.parametrize(("source", "weight"), [(CHAIN, ".weight"), (RAW, "")])
@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([DRAWS], []),
        (["nn.init.normal_(chain.up{}, std=0.02)"], []),
        (["for p in chain.parameters():\n        nn.init.normal_(p, std=0.02)"], []),
        (["if rank > 4:\n        nn.init.normal_(chain.down{}, std=0.02)"], ["INI202"]),
        (["nn.init.zeros_(chain.down{})"], ["INI202"]),
        (["pass"], ["INI202"]),
        (["chain.eval()"], ["INI202"]),
    ],
)
def test_a_builder_draws_a_zero_again(source: str, weight: str, lines: list[str], found: list[str]) -> None:
    text = builder(BUILD, *(line.format(weight) for line in lines))
    one_file = {"net.py": source + text.replace("from parts import Chain", "")}
    for files in ({"parts.py": source, "build.py": text}, one_file):
        assert sorted({code for code in codes(files) if code == "INI202"}) == found


def test_all_builders_must_draw_it() -> None:
    drawing, plain = builder(BUILD, DRAWS.format(".weight")), builder("chain = Chain(64, 4)", name="other")
    plain = plain.replace("other(width, rank)", "other()")
    assert codes({"parts.py": CHAIN, "one.py": drawing, "two.py": drawing.replace("make", "again")}) == []
    assert codes({"parts.py": CHAIN, "one.py": drawing, "two.py": plain}) == ["INI202"]


def test_a_test_is_no_builder() -> None:
    test = builder(BUILD, DRAWS.format(".weight")) + "\n\ndef test_chain():\n    assert make(8, 2)\n"
    assert codes({"parts.py": CHAIN, "test_chain.py": test}) == ["INI202"]


def test_a_class_that_holds_it_does_not_draw_it() -> None:
    holder = f"from parts import Chain\n{IMPORTS}\n{HOLDER}"
    drawing = builder(BUILD, DRAWS.format(".weight"))
    assert codes({"parts.py": CHAIN, "holder.py": holder, "build.py": drawing}) == ["INI202"]
    holding = builder("chain = Holder(width)", DRAWS.format(".weight").replace("chain", "chain.chain"), module="holder")
    files = {"parts.py": CHAIN, "holder.py": holder, "build.py": holding.replace("import Chain", "import Holder")}
    assert codes(files) == []


def test_the_other_pair_of_a_class_is_reported_where_it_is_built() -> None:
    source = CHAIN.replace(
        "    def forward(self, x):\n        return x + self.up(self.down(x))",
        """        self.out = nn.Linear(width, rank, bias=False)
        self.back = nn.Linear(rank, width, bias=False)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.back.weight)
    def forward(self, x):
        return x + self.up(self.down(x)) + self.back(self.out(x))""",
    )
    assert codes({"parts.py": source, "build.py": builder(BUILD, DRAWS.format(".weight"))}) == ["INI202"]


def ends_in_norm(gain: str = "nn.init.normal_(self.norm.weight, 0.0, 0.02)") -> str:
    return f"""
{IMPORTS}
class Part(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mix = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        {gain}
    def forward(self, x):
        return self.norm(self.mix(x))
"""


def holder(expression: str, name: str = "Net", module: str = "parts") -> str:
    return f"""
from {module} import Part
{IMPORTS}
class {name}(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.part = Part(width)
        self.other = nn.Linear(width, width)
        self.head = nn.Linear(width, 4)
    def forward(self, x):
        {expression}
        return self.head(x)
"""


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("x = x + self.part(x)", []),
        ("x = x + self.part(self.other(x))", []),
        ("x = self.other(x) * self.part(x)", []),
        ("x = self.part(x)", ["INI204"]),
        ("x = torch.relu(self.part(x))", ["INI204"]),
        ("x = self.part(x); x = x + self.other(x)", ["INI204"]),
    ],
)
def test_a_class_that_ends_in_a_norm(expression: str, found: list[str]) -> None:
    assert codes({"parts.py": ends_in_norm(), "net.py": holder(expression)}) == found


def test_each_use_of_the_norm_counts() -> None:
    branch, series = holder("x = x + self.part(x)"), holder("x = self.part(x)", "Series")
    assert codes({"parts.py": ends_in_norm(), "one.py": branch, "two.py": series}) == ["INI204"]
    assert codes({"parts.py": ends_in_norm()}) == ["INI204"]


def test_a_norm_inside_of_the_part_is_reported() -> None:
    source = ends_in_norm().replace("self.norm(self.mix(x))", "self.mix(self.norm(x))")
    assert codes({"parts.py": source, "net.py": holder("x = x + self.part(x)")}) == ["INI204"]
