"""Layers with arguments that torch refuses, or that nobody passes: no figure, or a right one, and no error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from initlint.analysis.gradients import gradients
from initlint.analysis.signal_propagation import mean_squares
from initlint.facts.modules import MODULES
from initlint.facts.signatures import REQUIRED
from initlint.linter.pipeline import check, check_models
from initlint.project.settings import Settings

ODD = ("0", "-1", "None", "10**30", "1e-320", "float('nan')", "-float('inf')", "(0, 0)", "'x'")
SETTINGS = Settings(select=("ALL",), respect_gitignore=False)
NET = """
class Net{number}(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = {call}
        self.c = nn.Linear(8, 8)
        nn.init.xavier_uniform_(self.a.weight)

    def forward(self, x):
        return self.c(torch.relu(self.b(torch.relu(self.a(x)))))
"""


def calls(role: str) -> Iterator[str]:
    """Each module of a role, with each of its arguments odd in each way."""
    for name, module in MODULES.items():
        if module.role != role or not name.startswith("torch.nn.") or name.endswith(("1d", "3d")):
            continue
        required = {argument: "3" for argument, default in module.signature if default is REQUIRED}
        for argument, _ in module.signature:
            for odd in ODD if argument not in ("device", "dtype") else ():
                values = {**required, argument: odd}
                yield f"nn.{module.type}({', '.join(f'{key}={value}' for key, value in values.items())})"


@pytest.mark.parametrize("role", ["layer", "norm", "activation", "pool"])
def test_they_cost_no_figure_of_others(role: str) -> None:
    written = list(calls(role))
    assert len(written) > 100
    for start in range(0, len(written), 50):
        nets = [NET.format(number=number, call=call) for number, call in enumerate(written[start : start + 50])]
        contents = {"net.py": ("import torch\nfrom torch import nn\n" + "".join(nets)).encode()}
        assert check([Path("net.py")], SETTINGS, contents).failures == ()
        drawn = check_models([Path("net.py")], SETTINGS, contents, whole_models=True)
        assert drawn.failures == ()
        for model in drawn.models:
            first, *others = [*mean_squares(model), *gradients(model)]
            assert first is None or first == pytest.approx(1.0)
            assert all(figure is None or figure >= 0 for figure in others), written[start + int(model.name[3:])]


@pytest.mark.parametrize("odd", ["-1", "-64", "0", "10**30"])
def test_a_raw_parameter_of_no_possible_size_is_of_unknown_size(odd: str) -> None:
    call = f"""nn.ReLU()
        self.w = nn.Parameter(torch.randn({odd}, 8))
        self.v = nn.Parameter(torch.randn(8, {odd}))
        nn.init.normal_(self.w[1:], 2)"""
    net = NET.format(number=0, call=call).replace(
        "(torch.relu(self.a(x)))", "(torch.relu(self.a(x) @ self.w) @ self.v)"
    )
    contents = {"net.py": f"import torch\nfrom torch import nn\n{net}".encode()}
    assert check([Path("net.py")], SETTINGS, contents).failures == ()
    drawn = check_models([Path("net.py")], SETTINGS, contents, whole_models=True)
    assert drawn.failures == ()
    for model in drawn.models:
        assert len(mean_squares(model)) == len(gradients(model))
