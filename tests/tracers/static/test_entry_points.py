"""The models of an entry point that builds several."""

from __future__ import annotations

from pathlib import Path

import pytest

import initlint
from initlint.graph.model import ModelGraph
from initlint.project.reading import parse_source
from initlint.tracers.static.project import Project
from tests.support.fixing import findings_of

TWO_MODELS = """
import torch
from torch import nn


def rescale(layer, args):
    layer.weight = layer.weight_raw * 0.1


class Quiet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 64)
        nn.init.xavier_normal_(self.fc.weight)

    def forward(self, x):
        return torch.tanh(self.fc(x))


class Rescaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 64)
        self.out = nn.Linear(64, 2)
        self.fc.weight.data.normal_()
        {rescale}

    def forward(self, x):
        return self.out(torch.relu(self.fc(x)))


def main():
    first, second = {order}
    loose = nn.init.ones_(torch.empty(3))


main()
"""
HOOK = "self.fc.register_forward_pre_hook(rescale)"


def models(source: str) -> dict[str, ModelGraph]:
    file = Path("/nowhere/script.py")
    return {model.name: model for model in Project([file]).graph(parse_source(str(file), source.encode())).models}


def test_each_model_has_the_init_calls_of_its_own_layers_and_those_of_no_layer() -> None:
    found = models(TWO_MODELS.format(rescale="", order="Quiet(), Rescaled()"))
    calls = {name: [call.initializer for call in model.calls] for name, model in found.items()}
    assert calls == {
        "Quiet": ["torch.nn.init.xavier_normal_", "torch.nn.init.ones_"],
        "Rescaled": ["torch.nn.init.normal_", "torch.nn.init.ones_"],
    }


def test_a_finding_names_only_the_models_with_its_layers() -> None:
    for order in ("Quiet(), Rescaled()", "Rescaled(), Quiet()"):
        found = initlint.check_source(TWO_MODELS.format(rescale="", order=order)).diagnostics
        assert [(one.code, one.model) for one in found] == [("INI401", "Rescaled")]
        assert "more model" not in found[0].message


def test_what_makes_a_model_silent_holds_beside_another_model() -> None:
    for order in ("Quiet(), Rescaled()", "Rescaled(), Quiet()"):
        assert not initlint.check_source(TWO_MODELS.format(rescale=HOOK, order=order)).diagnostics


@pytest.mark.parametrize("comment", ["# self.draw(0.2)", "# draws with 0.2"])
def test_a_method_whose_call_is_commented_out_is_run_for_the_errors_in_it(comment: str) -> None:
    source = f"""
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        {comment}
    def draw(self, std):
        nn.init.xavier_normal_(self.fc.bias, std)
    def forward(self, x):
        return self.fc(x)
"""
    assert [found.code for found in findings_of(source, ("INI101",))] == ["INI101"]
