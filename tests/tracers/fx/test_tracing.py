"""In which way the signal is followed: what torch.fx takes whole, and what a model is called with where it stops."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from initlint.graph.model import ModelGraph
from initlint.project.reading import read_source
from initlint.project.trace_targets import TargetSpec
from initlint.project.user_tables import UserTables
from initlint.tracers.fx import Limits, TraceContext, trace_models
from initlint.tracers.fx.worker.building import build_without_values

HEAD = """
from dataclasses import dataclass
from typing import NamedTuple
import torch
from torch import Tensor, nn

class Named(NamedTuple):
    out: Tensor
    aux: "Tensor | None" = None

@dataclass
class Data:
    out: Tensor
    aux: "Tensor | None" = None

"""

SYMBOLIC = """
class {name}(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.out, self.aux = nn.Linear(4, 4), nn.Linear(4, 2), nn.Linear(4, 2)

    def forward(self, x):
        x = self.fc(x).relu()
        return {record}(self.out(x), self.aux(x) if self.training else None)
"""

RUN = """
class {name}(nn.Module):
    def __init__(self, {arguments}):
        super().__init__()
        self.fc = nn.Linear({width}, 4)

    def forward({parameters}):
        assert {test}
        return self.fc({value}).relu()
"""

ROUTED = """
class Routed(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = nn.Linear(8, 4)
        self.experts = nn.ModuleList(nn.Linear(8, 8) for _ in range(4))

    def forward(self, x):
        assert x.dim() == 3
        chosen, made = self.router(x).argmax(-1), torch.zeros_like(x)
        for number in chosen.unique().tolist():
            made[chosen == number] = self.experts[number](x[chosen == number]).relu()
        return made
"""

ENLARGED = """
class Enlarged(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        short, long = sorted(x.shape[-2:])
        x = nn.functional.interpolate(x, scale_factor=min(800 / short, 1333 / long))
        assert x.shape[-1] * x.shape[-2] < 100_000 and x.sum() > 0
        return self.conv(x).relu()
"""

NESTED = """
class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        assert x.dim() == 3 and x.sum() > 0
        nested = torch.nested.nested_tensor(list(x.unbind()), layout=torch.jagged)
        return self.fc(nested).relu()
"""

WITH_VALUES = """
class {name}(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
        {made}

    def forward(self, x):
        assert x.dim() == 3 and x.sum() > 0
        return self.fc({value}).relu()
"""

MADE = {
    "Reading": ("self.rate = self.fc.weight.sum().item()", "x * self.rate"),
    "Buffering": ("self.register_buffer('kept', self.fc.weight.detach().sum())", "x * self.kept"),
    "Keeping": ("self.kept = self.fc.weight.detach().sum()", "x * self.kept"),
    "Indexing": ("self.order = nn.Parameter(torch.arange(8), requires_grad=False)", "x[..., self.order]"),
    "Recurrent": ("self.rnn = nn.GRU(8, 8)", "self.rnn(x)[0]"),
}
"""Of models that are run with memory: what the constructor makes beside a layer, and what the layer is called with."""

WRAPPING = """
class Wrapping(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Wide()

    def forward(self, x):
        return self.inner(x)
"""

BUFFERED = """
class Buffered(nn.Module):
    def __init__(self):
        super().__init__()
        self.rate = torch.ones(2)[0].item()
        self.register_buffer("scale", torch.ones(8))
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        assert x.dim() == 3
        return self.fc(x * self.scale).relu()
"""

CALLED = {
    "Matrix": (8, "self, x", "x.dim() == 4", "x"),
    "Masked": (8, "self, x, *, mask", "x.dim() == 3", "x * mask.unsqueeze(-1)"),
    "Video": (3 * 16 * 112 * 112, "self, x", "x.dim() == 5", "x.flatten(1)"),
    "Wide": (3 * 40 * 72, "self, x", "x.dim() == 4", "x.flatten(1)"),
    "Grey": (64 * 64, "self, x", "x.dim() == 4", "x.flatten(1)"),
    "Signal": (3 * 64, "self, x", "x.dim() == 3", "x.flatten(1)"),
    "Listed": (3 * 224**2, "self, x: list[Tensor] | list[list[Tensor]]", "len(x) == 1", "torch.stack(x).flatten(1)"),
    "Alone": (8, "self, x", "x.dim() == 3 and torch.get_num_threads() == 1", "x"),
}
"""Of models that torch.fx does not follow: the inner width, and the signature, test and value of `forward`."""

ARGUMENTS = {"Wide": "image_size=(40, 72)", "Grey": "channels=1"}
"""Those of the constructors that have any."""


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ModelGraph]:
    file = tmp_path_factory.mktemp("ways") / "net.py"
    parts = [SYMBOLIC.format(name=f"With{record}", record=record) for record in ("Named", "Data")]
    parts += [
        RUN.format(
            name=name, arguments=ARGUMENTS.get(name, ""), width=width, parameters=parameters, test=test, value=value
        )
        for name, (width, parameters, test, value) in CALLED.items()
    ]
    parts += [WITH_VALUES.format(name=name, made=made, value=value) for name, (made, value) in MADE.items()]
    file.write_text(HEAD + "\n".join([*parts, ROUTED, BUFFERED, WRAPPING, ENLARGED, NESTED]))
    context = TraceContext(Limits(), [], UserTables(), read_source, str)
    names = ["WithNamed", "WithData", "Routed", "Buffered", "Wrapping", "Enlarged", "Nested", *MADE, *CALLED]
    traced = trace_models([TargetSpec(str(file), name) for name in names], context)
    found = {one.spec.attribute: one for one in traced}

    def graph(name: str) -> ModelGraph:
        model = found[name].graph
        assert model is not None, found[name].problem
        return model

    return graph


@pytest.mark.parametrize("name", ["WithNamed", "WithData"])
def test_a_record_of_tensors_is_an_output(graphs: Callable[[str], ModelGraph], name: str) -> None:
    model = graphs(name)
    assert model.trace_method == "fx"
    assert {layer.path: [f.op for f in layer.followed_by] for layer in model.layers} == {
        "fc": ["relu"],
        "out": ["output"],
        "aux": ["output"],
    }


@pytest.mark.parametrize("name", ["Buffered", "Wrapping", *CALLED])
def test_an_input_is_found(graphs: Callable[[str], ModelGraph], name: str) -> None:
    model = graphs(name)
    assert (model.trace_method, model.incomplete) == ("run", ())
    assert [f.op for layer in model.layers for f in layer.followed_by] == ["relu"]


@pytest.mark.parametrize("name", ["Enlarged", "Nested", *MADE])
def test_an_input_with_memory_is_found(graphs: Callable[[str], ModelGraph], name: str) -> None:
    model = graphs(name)
    assert (model.trace_method, model.incomplete) == ("run on cpu", ())
    assert {f.op for layer in model.layers for f in layer.followed_by} - {"layer"} == {"relu"}


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(4, 4)
        self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)
        self.two.weight = self.one.weight


def test_no_values_are_drawn_for_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(nn.init, "kaiming_uniform_", lambda tensor, **_: drawn.append(tensor.device.type))
    model = build_without_values(Tied)
    assert drawn == ["meta", "meta"]
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}
    assert model.two.weight is model.one.weight
    assert model.rnn(torch.zeros(1, 1, 4))[0].shape == (1, 1, 4)


def test_what_is_routed_by_values_goes_everywhere(graphs: Callable[[str], ModelGraph]) -> None:
    model = graphs("Routed")
    assert model.trace_method == "run on cpu"
    assert [layer.path for layer in model.layers if not layer.called] == []
