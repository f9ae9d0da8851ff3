"""What is found about a file does not depend on the other files of the run; `benchmarks/subsets.py` tries real packages."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from initlint import Diagnostic, Settings, check_files, check_paths
from initlint.linter import pipeline
from initlint.linter.pipeline import RunOptions

FILES = {
    "zoo/__init__.py": "from .nets import Small, Wide\nfrom .layers import *\n",
    "zoo/helpers.py": """
from torch import nn

def start(m):
    if isinstance(m, (nn.Linear, nn.Conv2d)):
        nn.init.xavier_uniform_(m.weight)
        nn.init.xavier_uniform_(m.bias)

def linear(inputs, outputs):
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_normal_(layer.weight)
    return layer
""",
    "zoo/base.py": """
from torch import nn
from .helpers import start

class Base(nn.Module):
    def initialize(self):
        self.apply(start)
""",
    "zoo/layers.py": """
from torch import nn
from .helpers import linear

class Mlp(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.a, self.b = linear(width, width), nn.Linear(width, width)
        nn.init.constant_(self.b.weight, 0.5)

    def forward(self, x):
        return self.b(self.a(x).relu()).relu()
""",
    "zoo/nets.py": """
from torch import nn
from .base import Base
from .layers import Mlp

class Small(Base):
    def __init__(self, width=16):
        super().__init__()
        self.body, self.head = Mlp(width), nn.Linear(width, 2)
        self.initialize()

    def forward(self, x):
        return self.head(self.body(x))

class Wide(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.one, self.two = nn.Linear(inputs, 64), nn.Linear(64, 4)
        bound = self.one.weight.size(0) ** -0.5
        nn.init.uniform_(self.one.weight, -bound, bound)

    def forward(self, x):
        return self.two(self.one(x).relu())
""",
    "agent.py": "from zoo import Wide\n\nclass Agent:\n    def __init__(self, n):\n        self.net = Wide(n)\n",
    "train.py": """
from agent import Agent
from zoo import Mlp, Small
from zoo.helpers import start

agent = Agent(4096)
net = Mlp(8)
net.apply(start)
if __name__ == "__main__":
    Small(32)
""",
    "notes.py": "import torch\n\nprint(torch.__version__)\n",
}


@pytest.fixture(autouse=True)
def project(in_directory: Path) -> None:
    for name, text in FILES.items():
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.lstrip(), encoding="utf-8")
    Path("pyproject.toml").touch()


def lint(files: Sequence[str], cache: Path | None = None) -> tuple[Diagnostic, ...]:
    return pipeline.check(map(Path, files), Settings(select=("ALL",)), options=RunOptions(cache=cache)).diagnostics


def texts(diagnostics: Sequence[Diagnostic]) -> set[tuple[object, ...]]:
    """What a user reads of findings about the linted files themselves."""
    return {(d.code, d.span, d.message, d.severity, d.fix) for d in diagnostics if d.origin is None}


def harms(diagnostics: Sequence[Diagnostic]) -> set[tuple[str, Path, int]]:
    """The init calls that findings are about, wherever these are reported."""
    calls = [(d.code, d.origin or d.span) for d in diagnostics]
    return {(code, Path(call.file).resolve(), call.row) for code, call in calls}


def test_random_subsets_in_random_orders() -> None:
    whole, chosen = lint(["."]), random.Random(3)
    assert {d.code for d in whole} >= {"INI101", "INI301", "INI403", "INI404"}
    for _ in range(25):
        subset = chosen.sample([*FILES], chosen.randint(1, len(FILES)))
        result = lint(subset)
        assert texts(result) == {item for item in texts(whole) if str(item[1].file) in subset}  # type: ignore[attr-defined]
        assert harms(result) <= harms(whole)
        assert harms(result) <= harms(lint([*subset, chosen.choice([*FILES])]))


def test_each_helper_and_each_model_that_it_harms_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.mktemp("cache")
    cold = {name: lint([name]) for name in FILES}
    assert harms([d for diagnostics in cold.values() for d in diagnostics]) == harms(lint(["."], cache))
    assert {name: lint([name], cache) for name in FILES} == cold
    at_calls = {(d.span.file, d.code) for diagnostics in cold.values() for d in diagnostics if d.origin is not None}
    assert {("zoo/nets.py", "INI101"), ("train.py", "INI101"), ("zoo/base.py", "INI101")} <= at_calls


def test_in_memory_as_on_disk() -> None:
    files = {name: text.lstrip() for name, text in FILES.items()} | {"pyproject.toml": ""}
    on_disk = check_paths(["."], Settings(select=("ALL",)))
    assert check_files(files, Settings(select=("ALL",))).diagnostics == on_disk.diagnostics
