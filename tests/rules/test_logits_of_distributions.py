"""INI408 for logits that a distribution over classes gets: it takes their softmax."""

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

POLICY = """
import torch.distributions as D
from torch.distributions import Categorical, OneHotCategorical
from torch.distributions.categorical import Categorical as Choice


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 64)
        self.norm = nn.LayerNorm(64)
        self.actor = nn.Linear(64, 6)
        nn.init.normal_(self.actor.weight, std=1.0)
        {more}

    def forward(self, x):
        h = self.norm(self.body(x))
        {forward}
"""
LOGITS = [
    "return Categorical(logits=self.actor(h)).sample()",
    "choice = Choice(logits=self.actor(h)); action = choice.sample(); return action, choice.log_prob(action)",
    "return D.OneHotCategorical(None, self.actor(h)).sample()",
    "return D.RelaxedOneHotCategorical(torch.tensor(1.0), logits=self.actor(h)).rsample()",
    "logits = self.actor(h); return Categorical(logits=logits).entropy(), logits",
]
OTHERS = [
    "return Categorical(probs=self.actor(h).abs()).sample()",
    "return Categorical(self.actor(h).exp()).sample()",
    "return D.Normal(self.actor(h), 1.0).sample()",
    "return Categorical(logits=0.01 * self.actor(h)).sample()",
]


def program(forward: str, more: str = "") -> str:
    return POLICY.format(forward=forward.replace("; ", "\n        "), more=more)


@pytest.mark.parametrize("forward", LOGITS)
def test_logits(forward: str) -> None:
    (finding,) = findings_of(IMPORTS + program(forward), ("INI408",))
    assert "the logits start with a standard deviation of 8" in finding.message


@pytest.mark.parametrize("forward", OTHERS)
def test_no_logits(forward: str) -> None:
    assert findings_of(IMPORTS + program(forward), ("INI408",)) == ()


def test_a_zero_head_stays_right() -> None:
    zero = "nn.init.zeros_(self.actor.weight); nn.init.zeros_(self.actor.bias)"
    assert findings_of(IMPORTS + program(LOGITS[0], zero), ("INI201", "INI203", "INI408")) == ()


def test_the_factor_of_the_layer_is_that_on_its_logits() -> None:
    for end in ("Categorical(logits=self.actor(h)).sample()", "F.softmax(self.actor(h), -1)", "self.actor(h)"):
        source = program(f"return {end}", "nn.init.normal_(self.actor.weight)").replace("self.norm(", "F.relu(")
        (finding,) = findings_of(IMPORTS + source, ("INI401",))
        assert "multiplies the signal's mean square by 64" in finding.message


@pytest.mark.parametrize("forward", [*LOGITS, *OTHERS[:2]])
def test_torch_agrees_on_what_follows_the_head(forward: str, tmp_path: Path) -> None:
    source = program(forward)
    file = tmp_path / "net.py"
    file.write_text(IMPORTS + source, encoding="utf-8")
    context = TraceContext(Limits(), [], Settings().additions, project_file_loader(Project().load), display_path)
    (result,) = trace_models([TargetSpec(str(file), "Policy")], context)
    assert result.graph is not None, result.problem
    traced, static = result.graph.by_path["actor"], models_of(source)["Policy"].by_path["actor"]
    assert {consumer.op for consumer in traced.followed_by} == {consumer.op for consumer in static.followed_by}
