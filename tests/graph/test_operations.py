"""The whole data flow of a model, as `check_models` gives it."""

from __future__ import annotations

from initlint.graph.model import ModelGraph
from initlint.linter.pipeline import check, check_models
from initlint.project.settings import Settings
from tests.support.paths import FIXTURES
from tests.support.whole_models import models_of


def shown(model: ModelGraph) -> list[str]:
    return [f"{o.layer or o.op} {','.join(map(str, o.inputs))}".strip() for o in model.operations]


RESIDUAL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout()
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        y = self.drop(self.bn(self.conv(x))) + x
        return self.head(F.relu(y).mean((2, 3)))
"""

BRANCHES = """
class Net(nn.Module):
    def __init__(self, deep=None):
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = nn.Linear(8, 8)

    def forward(self, x, flag):
        if flag:
            x = self.a(x)
        return self.b(x)
"""

RUN_TWICE = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return torch.tanh(self.fc(x))

net = Net()
net(torch.randn(1, 8))
"""


def test_every_operation_with_its_inputs() -> None:
    assert shown(models_of(RESIDUAL)["Net"]) == [
        "input",
        "conv 0",
        "bn 1",
        "add 0,2",
        "relu 3",
        "pool 4",
        "head 5",
        "output 6",
    ]


def test_an_undecided_branch_is_not_certain() -> None:
    operations = {o.layer: o for o in models_of(BRANCHES)["Net"].operations if o.layer}
    assert not operations["a"].certain
    assert operations["b"].certain
    assert len(operations["b"].inputs) == 2


def test_a_forward_that_runs_twice_is_given_once() -> None:
    assert shown(models_of(RUN_TWICE)["Net"]) == ["input", "fc 0", "tanh 1", "output 2"]


def test_a_class_that_is_part_of_a_model_is_none_of_its_own() -> None:
    source = RESIDUAL.replace("class Net", "class Block") + (
        "class Whole(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.block = Block()\n"
        "    def forward(self, x):\n        return self.block(x)\n"
    )
    assert list(models_of(source)) == ["Whole"]


def test_whole_models_have_the_findings_of_a_check_with_their_layers() -> None:
    path = FIXTURES / "mlp" / "bad.py"
    result = check_models([path], Settings(), whole_models=True)
    assert result.diagnostics == check([path], Settings()).diagnostics
    (findings,) = result.findings_by_model
    by_code = {finding.diagnostic.code: finding.layers for finding in findings}
    assert by_code["INI301"] == tuple(f"net.{at}" for at in range(0, 24, 3))
    assert len(result.models) == 1
