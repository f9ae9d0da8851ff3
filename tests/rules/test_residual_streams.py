"""INI204 where a norm starts a residual stream, and where it ends a branch of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.project.settings import Settings
from initlint.project.trace_targets import TargetSpec
from initlint.tracers.fx import Limits, TraceContext, trace_models
from initlint.tracers.fx_run import display_path, project_file_loader
from initlint.tracers.static.project import Project
from tests.support.fixing import findings_of
from tests.support.whole_models import IMPORTS, models_of

NET = """
class Trunk(nn.Module):
    def __init__(self, depth=2):
        super().__init__()
        self.stem = nn.Linear(16, 64)
        self.norm = nn.LayerNorm(64)
        self.up = nn.ModuleList([nn.Linear(64, 64) for _ in range(depth)])
        self.down = nn.Linear(64, 64)
        self.other = nn.LayerNorm(64)
        self.scale = nn.Parameter(torch.ones(64))
        self.head = nn.Linear(64, 4)
        nn.init.normal_(self.norm.weight, 0.0, 0.02)

    def forward(self, x):
        {forward}
"""

STREAMS = {
    "one branch": "x = self.norm(self.stem(x)); return self.head(x + self.down(x))",
    "a branch with a norm": "x = self.norm(self.stem(x)); return self.head(x + self.down(self.other(x)))",
    "a shift": "x = self.norm(self.stem(x)) + self.scale; return self.head(x + self.down(x))",
    "post-norm": "x = self.norm(x + self.stem(x)); return self.head(self.other(x + self.down(x).relu()))",
    "in place": "x = self.norm(self.stem(x)); y = self.down(x); y += x; return self.head(y)",
    "two sums": "x = self.norm(self.stem(x)); y = x + self.down(x); return self.head(y + self.up[0](y) + x)",
}
BRANCHES = {
    "the end of a branch": "x = self.stem(x); return self.head(x + self.norm(self.down(x)))",
    "inside of a longer skip": "x = self.stem(x); y = self.norm(x); return self.head(x + (y + self.down(y)))",
    "another input": "return self.head(x + self.norm(self.stem(y)))",
    "used twice": "x = self.norm(self.stem(x)); return self.head(x + self.norm(self.down(x)))",
    "pooled, at the end": "x = self.stem(x); return self.head(x + self.norm(self.down(x)).mean(1, keepdim=True))",
    "modulated": "y = self.norm(self.stem(x)); return self.head(y * self.down(x) + self.down(x))",
    "unknown": "y = self.norm(self.stem(x)); return self.head(y + self.extra())",
}


def program(forward: str) -> str:
    forward = forward.replace("; ", "\n        ")
    net = NET.format(forward=forward)
    return net.replace("forward(self, x)", "forward(self, x, y)") if "stem(y)" in forward else net


@pytest.mark.parametrize("forward", STREAMS.values(), ids=STREAMS)
def test_a_norm_that_starts_the_stream(forward: str) -> None:
    (finding,) = findings_of(IMPORTS + program(forward), ("INI204",))
    assert finding.layers == ("norm",)


@pytest.mark.parametrize("forward", BRANCHES.values(), ids=BRANCHES)
def test_a_norm_beside_the_stream(forward: str) -> None:
    assert findings_of(IMPORTS + program(forward), ("INI204",)) == ()


@pytest.mark.parametrize("depth", ["3", "config.depth"])
def test_blocks_in_a_loop(depth: str) -> None:
    source = f"""
class Trunk(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.stem, self.norm = nn.Linear(16, 64), nn.LayerNorm(64)
        self.mixers = nn.ModuleList([nn.Sequential(nn.Linear(64, 64), nn.SiLU()) for _ in range({depth})])
        self.head = nn.Linear(64, 4)
        nn.init.trunc_normal_(self.norm.weight, std=0.02)

    def forward(self, x):
        x = self.norm(self.stem(x))
        for mixer in self.mixers:
            x = x + mixer(x)
        return self.head(x)
"""
    (finding,) = findings_of(IMPORTS + source, ("INI204",))
    assert finding.layers == ("norm",)


@pytest.mark.parametrize("form", [*STREAMS, "the end of a branch", "inside of a longer skip", "used twice"])
def test_torch_fx_agrees(form: str, tmp_path: Path) -> None:
    source = program({**STREAMS, **BRANCHES}[form])
    file = tmp_path / "net.py"
    file.write_text(IMPORTS + source, encoding="utf-8")
    context = TraceContext(Limits(), [], Settings().additions, project_file_loader(Project().load), display_path)
    (result,) = trace_models([TargetSpec(str(file), "Trunk")], context)
    assert result.graph is not None, result.problem
    assert result.graph.by_path["norm"].starts_stream is (form in STREAMS)
    assert models_of(source)["Trunk"].by_path["norm"].starts_stream is (form in STREAMS)
