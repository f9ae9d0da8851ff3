from __future__ import annotations

import pytest

import initlint
from initlint.facts.fans import AxisRoles
from initlint.graph.model import Layer, Target
from initlint.graph.words import UNDETERMINED
from tests.support.fixing import findings_of
from tests.support.rule_models import OUTPUT, call, following, layer, message, model, reach, run, write

RELU = following("relu", reach("out"))


def hidden(*writes: object, **more: object) -> Layer:
    return layer("fc", RELU, writes=writes, **more)  # type: ignore[arg-type]


def test_message() -> None:
    calls = (call("uniform_", Target("parameter", "Linear", "weight", (64, 64))),)
    assert message("INI402", model(hidden(write("uniform_")), calls=calls)) == (
        "`uniform_` draws the weight of `fc` from 0 to 1: "
        "with one sign only, all outputs start as nearly the same sum of the inputs; draw it from -0.22 "
        "to 0.22 (sqrt(3 / inputs))"
    )


def test_a_raw_parameter() -> None:
    W = hidden(write("uniform_"), type="Parameter", product=AxisRoles((0,), (1,)), shapes={"weight": (64, 9)})
    assert message("INI402", model(W)).startswith("`torch.rand` draws `fc` from 0 to 1:")


@pytest.mark.parametrize(("a", "b"), [(0.0, 0.1), (0.5, 1.0), (-1.0, 0.0), (-0.2, -0.1), (0, 1)])
def test_bounds_of_one_sign(a: float, b: float) -> None:
    assert f"from {a:g} to {b:g}:" in message("INI402", model(hidden(write("uniform_", a=a, b=b))))


@pytest.mark.parametrize(
    "silent",
    [
        hidden(write("uniform_", a=-0.1, b=0.1)),
        hidden(write("uniform_", a=-0.1, b=0.2)),
        hidden(write("uniform_", a=UNDETERMINED, b=0.2)),
        hidden(write("uniform_", a=0.5, b=0.5)),
        hidden(write("normal_", mean=1.0)),
        hidden(write("uniform_", parameter="bias")),
        hidden(write("uniform_"), parametrized=True),
        hidden(write("uniform_"), arguments={"in_features": 1, "out_features": 64}),
        hidden(write("uniform_"), type="Embedding", arguments={"num_embeddings": 9, "embedding_dim": 64}),
        hidden(write("uniform_"), type="Parameter", shapes={"weight": (64, 9)}),
        hidden(write("uniform_"), type="Parameter", shapes={"weight": (64,)}, product=AxisRoles((0,), ())),
        hidden(write("uniform_"), arguments={"in_features": 64, "out_features": 1}),
    ],
    ids=str,
)
def test_silent(silent: Layer) -> None:
    assert run("INI402", model(silent, layer("out", OUTPUT))) == []


@pytest.mark.parametrize(
    ("dtype", "codes"), [("torch.cfloat", []), ("torch.complex64", []), ("torch.float", ["INI402"])]
)
def test_complex_weights_are_not_judged(dtype: str, codes: list[str]) -> None:
    text = (
        "import torch\nfrom torch import nn\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.w = nn.Parameter(torch.rand(32, 32, dtype={dtype}))\n\n"
        "    def forward(self, x):\n        return torch.tanh(x @ self.w) @ x\n"
    )
    assert [diagnostic.code for diagnostic in initlint.check_source(text).diagnostics] == codes


@pytest.mark.parametrize(
    ("name", "outputs", "high", "reported"),
    [
        ("fc", 8, 0.02, True),
        ("fc", 1, 0.02, False),
        ("write_gate", 8, 0.02, False),
        ("gates2", 8, 0.02, False),
        ("write_gate", 8, 1.0, True),
        ("aggregate", 8, 0.02, True),
    ],
)
def test_one_output_and_gates_also_where_the_forward_is_not_followed(
    name: str, outputs: int, high: float, reported: bool
) -> None:
    source = f"""
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.{name} = nn.Linear(24, {outputs})
        nn.init.uniform_(self.{name}.weight, 0.0, {high})
    def forward(self, x):
        return unknown(x, self.{name})
"""
    assert [found.code for found in findings_of(source, ("INI402",))] == ["INI402"] * reported
