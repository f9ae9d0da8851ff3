"""What is recorded of the writes to parameters, in the many ways in which people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.graph.model import ModelGraph
from initlint.project.reading import read_source
from initlint.project.trace_targets import TargetSpec
from initlint.project.user_tables import UserTables
from initlint.tracers.fx import Limits, TraceContext, trace_models

PROGRAM = """
import copy
import numpy
import torch
from torch import nn
from torch.nn.init import xavier_uniform_ as xavier

def spread(tensor, std):
    with torch.no_grad():
        tensor.normal_(0, std)  # in spread

class Own(nn.Linear):
    def forward(self, x):
        if x.shape[0] == 0:
            return x
        return torch.relu(nn.functional.linear(x, self.weight, self.bias))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.untouched = nn.Linear(4, 4)
        self.aliased = nn.Linear(4, 4)
        xavier(self.aliased.weight)  # aliased
        self.by_data = nn.Linear(4, 4)
        self.by_data.weight.data.uniform_(-1, 1)  # by_data
        self.by_helper = nn.Linear(4, 4)
        spread(self.by_helper.weight, 0.5)
        self.copied = nn.Linear(4, 4)
        self.copied.weight.data.copy_(torch.eye(4))  # copied
        self.twice = nn.Linear(4, 4)
        nn.init.ones_(self.twice.weight)
        nn.init.trunc_normal_(self.twice.weight, std=0.02)  # twice
        self.orthogonal = nn.Linear(4, 4)
        nn.init.orthogonal_(self.orthogonal.weight, gain=2)  # orthogonal
        self.scaled = nn.Parameter(torch.randn(4, 4) * 0.02)  # scaled
        self.zeros = nn.Parameter(torch.zeros(4))  # zeros
        self.cloned = copy.deepcopy(self.orthogonal)
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.aliased.weight
        self.again = nn.Linear(4, 4)
        nn.init.zeros_(self.again.weight)
        self.again.reset_parameters()
        self.partly = nn.Linear(4, 4)
        self.partly.weight.data[0] = 1.0  # partly
        self.divided = nn.Linear(4, 4)
        nn.init.ones_(self.divided.weight)
        self.divided.weight.data.div_(2)  # divided
        self.gained = nn.Linear(4, 4)
        nn.init.xavier_normal_(self.gained.weight, gain=nn.init.calculate_gain("relu"))  # gained
        self.attention = nn.MultiheadAttention(4, 2)
        self.normed = torch.nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
        self.own = torch.nn.utils.parametrizations.weight_norm(Own(4, 4))
        self.rebound = nn.Linear(4, 4)
        self.rebound.weight.data = self.rebound.weight.data * 3  # rebound
        self.redrawn = nn.Linear(4, 4)
        self.redrawn.weight.data = torch.randn(4, 4) / 2  # redrawn
        self.apply(self._last)

    def _last(self, module):
        if isinstance(module, nn.Bilinear):
            nn.init.zeros_(module.weight)

    def forward(self, x):
        return self.own(x)

class Filled(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.fc.weight.data = torch.from_numpy(numpy.eye(4, dtype="float32"))  # from numpy
        self.turned = torch.nn.utils.parametrizations.orthogonal(nn.Linear(4, 4))  # turned
        self.sampled = nn.Linear(4, 4)
        with torch.no_grad():
            self.sampled.weight.copy_(torch.distributions.Gamma(2.0, 1.0).sample((4, 4)))
        self.gammas = nn.Parameter(torch.distributions.Gamma(2.0, 1.0).sample((4, 4)))
        self.uniforms = nn.Parameter(torch.distributions.Uniform(-1.0, 1.0).sample((4, 4)))

    def forward(self, x):
        return self.fc(x)
"""

EXPECTED = {
    "untouched.weight": [],
    "aliased.weight": [("torch.nn.init.xavier_uniform_", {})],
    "by_data.weight": [("torch.nn.init.uniform_", {"a": -1, "b": 1})],
    "by_helper.weight": [("torch.nn.init.normal_", {"mean": 0, "std": 0.5})],
    "copied.weight": [("torch.Tensor.copy_", {})],
    "twice.weight": [("torch.nn.init.ones_", {}), ("torch.nn.init.trunc_normal_", {"std": 0.02})],
    "orthogonal.weight": [("torch.nn.init.orthogonal_", {"gain": 2})],
    "scaled.weight": [("torch.nn.init.normal_", {"mean": 0.0, "std": 0.02})],
    "zeros.weight": [("torch.nn.init.zeros_", {})],
    "cloned.weight": [("torch.nn.init.orthogonal_", {"gain": 2})],
    "tied.weight": [("torch.nn.init.xavier_uniform_", {})],
    "again.weight": [],
    "partly.weight": [("torch.nn.init.constant_", {"val": 1.0})],
    "divided.weight": [("torch.nn.init.ones_", {}), ("torch.Tensor.div_", {"value": 2})],
    "gained.weight": [("torch.nn.init.xavier_normal_", {"gain": pytest.approx(2**0.5)})],
    "attention.in_proj_weight": [],
    "normed.weight": [],
    "rebound.weight": [("torch.Tensor.mul_", {"value": 3})],
    "redrawn.weight": [("torch.nn.init.normal_", {"mean": 0.0, "std": 0.5})],
}


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> list[ModelGraph]:
    file = tmp_path_factory.mktemp("recording") / "net.py"
    file.write_text(PROGRAM)
    context = TraceContext(Limits(), [], UserTables(), read_source, lambda path: Path(path).name)
    traced = trace_models([TargetSpec(str(file), name) for name in ("Net", "Filled")], context)
    graphs = [one.graph for one in traced if one.graph is not None]
    assert len(graphs) == 2, [one.problem for one in traced]
    return graphs


@pytest.fixture(scope="module")
def graph(graphs: list[ModelGraph]) -> ModelGraph:
    return graphs[0]


@pytest.mark.parametrize("name", EXPECTED)
def test_each_way_to_write_is_recorded(graph: ModelGraph, name: str) -> None:
    path, _, parameter = name.rpartition(".")
    layer = graph.by_path[path]
    found = [(w.initializer, dict(w.arguments)) for w in layer.writes if w.parameter == parameter]
    assert found == EXPECTED[name]


ROWS = {text.split("# ")[1]: row for row, text in enumerate(PROGRAM.splitlines(), 1) if "  # " in text}


@pytest.mark.parametrize("name", sorted(ROWS.keys() - {"in spread", "from numpy", "turned"}))
def test_the_place_is_the_call(graph: ModelGraph, name: str) -> None:
    assert graph.by_path[name].writes[-1].location.span.row == ROWS[name]


def test_a_helper_is_entered_and_named(graph: ModelGraph) -> None:
    (write,) = graph.by_path["by_helper"].writes
    assert write.location.span.row == ROWS["in spread"]
    assert (write.helpers[-1], write.no_grad, len(write.via)) == ("spread", True, 1)


def test_parts_and_relative_writes_are_marked(graph: ModelGraph) -> None:
    assert not graph.by_path["partly"].writes[-1].covers_tensor
    assert graph.by_path["divided"].writes[-1].reads_old_value
    assert graph.by_path["divided"].last_write_is_certain() is False


def test_values_from_outside_and_from_inside_of_torch_are_unknown(graphs: list[ModelGraph]) -> None:
    for path in ("fc", "sampled", "gammas", "uniforms"):
        (write,) = [write for write in graphs[1].by_path[path].writes if write.parameter == "weight"]
        assert (path, write.initializer, write.reads_old_value) == (path, "torch.Tensor.copy_", False)
    assert graphs[1].by_path["fc"].writes[0].location.span.row == ROWS["from numpy"]


def test_an_orthogonal_parametrization_is_an_init(graphs: list[ModelGraph]) -> None:
    (write,) = graphs[1].by_path["turned"].writes
    assert (write.initializer, write.location.span.row) == ("torch.nn.init.orthogonal_", ROWS["turned"])


def test_a_value_times_a_number_depends_on_the_default(graph: ModelGraph) -> None:
    (write,) = graph.by_path["rebound"].writes
    assert write.reads_old_value
    assert not graph.by_path["rebound"].last_write_is_certain()


def test_a_parametrized_layer_keeps_its_weight(graph: ModelGraph) -> None:
    normed = graph.by_path["normed"]
    assert (normed.type, normed.subclass, normed.parametrized, normed.shapes["weight"]) == (
        "Linear",
        None,
        True,
        (4, 4),
    )


def test_a_parametrized_layer_with_a_forward_of_its_own_is_followed(graph: ModelGraph) -> None:
    assert graph.trace_method == "run"
    assert graph.by_path["own"].type == "Linear"


def test_init_calls_know_their_targets(graph: ModelGraph) -> None:
    (call,) = [call for call in graph.calls if call.gain == "relu"]
    (target,) = call.targets
    assert (target.kind, target.layer, target.parameter, target.shape) == ("parameter", "Linear", "weight", (4, 4))
