"""Norms that are written out are norms as the modules are: INI408 behind them, scale rules before them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from initlint.graph.model import ModelGraph
from initlint.project.settings import Settings
from initlint.project.trace_targets import TargetSpec
from initlint.tracers.fx import Limits, TraceContext, trace_models
from initlint.tracers.fx_run import display_path, project_file_loader
from initlint.tracers.static.project import Project
from tests.support.fixing import findings_of
from tests.support.whole_models import IMPORTS, models_of

WRITER = """
class Written(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.root = dim ** -0.5
        self.gain = nn.Parameter(torch.ones(dim))
        self.shift = nn.Parameter(torch.zeros(dim))
        {init}

    def rooted(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)

    def forward(self, x):
        {norm}


class Writer(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.words = nn.Embedding(100, dim)
        self.mix = nn.Linear(dim, dim)
        self.norm = Written(dim)
        self.head = nn.Linear(dim, 100, bias=False)
        self.head.weight = self.words.weight

    def forward(self, ids):
        return self.head(self.norm(self.mix(self.words(ids))))
"""
NORMS = {
    "in a method": "return self.rooted(x.float()).type_as(x) * self.gain",
    "in steps": "v = x.to(torch.float32).pow(2).mean(-1, keepdim=True); x = x * torch.rsqrt(v + self.eps); return self.gain * x",
    "a square": "return x / torch.sqrt(x.square().mean(dim=-1, keepdim=True) + 1e-5) * self.gain",
    "a product": "return x * ((x * x).mean(-1, True) + self.eps) ** -0.5",
    "a power": "return x * (1 / torch.sqrt((x ** 2).mean(-1, keepdim=True) + self.eps)) * self.gain",
    "centered": "return self.gain * (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + self.eps) + self.shift",
    "by the variance": "v = x.var(-1, unbiased=False, keepdim=True); x = (x - x.mean(-1, keepdim=True)) / (v + 1e-5).sqrt(); return x * self.gain",
    "by deviations": "c = x - x.mean(-1, keepdim=True); return c * torch.rsqrt(c.pow(2).mean(-1, keepdim=True) + 1e-5)",
    "an L2 norm times a root": "return x / x.norm(dim=-1, keepdim=True) * 64 ** 0.5 * self.gain",
    "an L2 norm of roots": "return x / (torch.norm(x, dim=-1, keepdim=True) * self.root).clamp(min=1e-8) * self.gain",
    "normalize": "return F.normalize(x, dim=-1) / self.root * self.gain",
    "a function": "return F.rms_norm(x, (64,), self.gain)",
}
LOOKALIKES = {
    "an L2 norm": "return x / x.norm(dim=-1, keepdim=True) * self.gain",
    "another value's scale": "return x * torch.rsqrt(self.shift.pow(2).mean(-1, keepdim=True) + 1)",
    "a large offset": "return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1.0)",
    "the mean": "return x / x.mean(-1, keepdim=True) * self.gain",
    "each value": "return x * torch.rsqrt(x.pow(2) + self.eps)",
    "the scale kept": "return x * x.pow(2).mean(-1, keepdim=True).sqrt()",
    "divided by the mean square": "return x / (x.pow(2).mean(-1, keepdim=True) + self.eps)",
    "scaled after it": "return self.rooted(x) * self.root",
    "under a condition": "return self.rooted(x) if torch.rand(1) > 0.5 else x",
}


def program(norm: str, init: str = "pass") -> str:
    return WRITER.format(norm=norm.replace("; ", "\n        "), init=init)


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
def test_a_head_behind_it(norm: str) -> None:
    (finding,) = findings_of(IMPORTS + program(norm), ("INI408",))
    assert "after a norm, the logits start with a standard deviation of 8" in finding.message
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    scope: dict[str, Any] = {}
    exec(IMPORTS + program(norm), scope)
    ids = torch.arange(100)
    assert scope["Writer"]()(ids).std().item() == pytest.approx(8.0, rel=0.15)


@pytest.mark.parametrize("norm", LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_is_no_norm(norm: str) -> None:
    assert findings_of(IMPORTS + program(norm), ("INI408",)) == ()


@pytest.mark.parametrize(
    ("init", "count"),
    [
        ("nn.init.ones_(self.gain)", 1),
        ("nn.init.constant_(self.gain, 0.05)", 0),
        ("nn.init.normal_(self.gain, std=0.02)", 0),
        ("self.gain.data.mul_(0.1)", 0),
    ],
)
@pytest.mark.parametrize("norm", [NORMS["in steps"], NORMS["a function"]])
def test_its_gain(norm: str, init: str, count: int) -> None:
    assert len(findings_of(IMPORTS + program(norm, init), ("INI408",))) == count


def test_its_scale_used_elsewhere_is_no_norm() -> None:
    source = program(
        "v = x.pow(2).mean(-1, keepdim=True); self.kept = torch.log(v); return x * torch.rsqrt(v + self.eps)"
    )
    graph = models_of(source)["Writer"]
    assert [consumer.op for consumer in graph.by_path["mix"].followed_by] == ["pow", "layer"]


TOWER = """
class Scaled(nn.Module):
    def forward(self, x):
        return {norm}


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.last = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 4)
        self.norm = Scaled()
        {init}

    def forward(self, x):
        return self.last(self.norm(self.two(F.relu(self.one(x)))).relu())
"""


@pytest.mark.parametrize(
    ("code", "init"),
    [
        ("INI301", "nn.init.xavier_uniform_(self.one.weight)"),
        ("INI404", "nn.init.normal_(self.one.weight, std=1.0)"),
    ],
)
def test_a_layer_before_it(code: str, init: str) -> None:
    norm = "x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)"
    assert findings_of(IMPORTS + TOWER.format(norm=norm, init=init), (code,)) == ()
    for other in ("x", "x * torch.sigmoid(x.mean(-1, keepdim=True))"):
        assert len(findings_of(IMPORTS + TOWER.format(norm=other, init=init), (code,))) == 1


def flow(graph: ModelGraph) -> list[object]:
    return [
        (each.kind, each.op, each.layer, each.factors, {**each.arguments}, len(each.inputs))
        for each in graph.operations
    ]


@pytest.mark.parametrize(
    "norm", [*NORMS.values(), *list(LOOKALIKES.values())[:-1]], ids=[*NORMS, *list(LOOKALIKES)[:-1]]
)
def test_torch_fx_agrees(norm: str, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(IMPORTS + program(norm), encoding="utf-8")
    context = TraceContext(Limits(), [], Settings().additions, project_file_loader(Project().load), display_path)
    (result,) = trace_models([TargetSpec(str(file), "Writer")], context)
    assert result.graph is not None, result.problem
    assert flow(result.graph) == flow(models_of(program(norm))["Writer"])
