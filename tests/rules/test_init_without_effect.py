"""INI105 speaks exactly where torch keeps its parameters as they were."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

HEAD = """
import torch
from torch import nn
import torch.nn.utils.parametrizations as P
from torch.nn.utils import parametrize, prune


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)


class Same(nn.Module):
    def forward(self, X):
        return X


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.names = ["weight"]
        {before}
        {last}

    def forward(self, x):
        return self.fc(x)
"""
INIT = "nn.init.normal_(self.fc.weight)"
TWICE = "P.weight_norm(self.fc); parametrize.remove_parametrizations(self.fc, 'weight')"
LOST = [
    ("nn.utils.weight_norm(self.fc)", INIT),
    ("self.fc = nn.utils.weight_norm(self.fc, dim=None)", "self.fc.weight.data.uniform_(-1, 1)"),
    (
        "nn.utils.weight_norm(self.fc)",
        "for m in self.modules(): m.weight.data.fill_(2) if hasattr(m, 'weight_g') else None",
    ),
    ("P.weight_norm(self.fc, 'weight', dim=1)", INIT),
    ("P.weight_norm(self.fc)", "nn.init.zeros_(self.fc.weight.data)"),
    ("P.weight_norm(self.fc)", "self.fc.weight.data = torch.zeros(8, 8)"),
    ("P.weight_norm(self.fc)", "self.fc.weight.data *= 0.5"),
    ("P.spectral_norm(self.fc)", INIT),
    ("P.orthogonal(self.fc)", INIT),
    ("parametrize.register_parametrization(self.fc, 'weight', Symmetric())", INIT),
    ("prune.l1_unstructured(self.fc, 'weight', amount=0.2)", INIT),
    ("prune.identity(self.fc, name='bias')", "nn.init.ones_(self.fc.bias)"),
    ("P.weight_norm(self.fc) if len(__import__('sys').argv) else None", INIT),
    ("", "nn.init.zeros_(self.fc.weight.clone())"),
    ("", "self.fc.weight.data.t().contiguous().zero_()"),
    ("", "self.fc.weight.data.permute(1, 0).reshape(-1).zero_()"),
    ("", "nn.init.ones_(self.fc.weight.data[[0, 2]])"),
    ("", "nn.init.ones_(self.fc.weight.data[:, [0, 2]])"),
]
EFFECTIVE = [
    ("nn.utils.spectral_norm(self.fc)", INIT),
    ("nn.utils.weight_norm(self.fc)", "nn.init.normal_(self.fc.weight_v)"),
    (
        "nn.utils.weight_norm(self.fc)",
        "[nn.init.normal_(p) for n, p in self.named_parameters() if n.endswith('weight_g')]",
    ),
    ("nn.utils.weight_norm(self.fc)", "nn.init.zeros_(self.fc.bias)"),
    ("nn.utils.weight_norm(self.fc); nn.utils.remove_weight_norm(self.fc)", INIT),
    ("P.weight_norm(self.fc)", "nn.init.normal_(self.fc.parametrizations.weight.original1)"),
    ("P.weight_norm(self.fc)", "nn.init.normal_(self.fc.parametrizations['weight'].original0)"),
    ("P.weight_norm(self.fc)", "[nn.init.normal_(p) for p in self.parameters() if p.dim() > 1]"),
    ("P.weight_norm(self.fc)", "self.fc.weight = torch.zeros(8, 8) + 2"),
    (TWICE, INIT),
    ("parametrize.register_parametrization(self.fc, 'weight', Same())", INIT),
    ("prune.identity(self.fc, 'weight'); prune.remove(self.fc, 'weight')", INIT),
    ("", "nn.init.zeros_(self.fc.weight.t())"),
    ("", "nn.init.zeros_(self.fc.weight.contiguous())"),
    ("", "nn.init.zeros_(self.fc.weight.data.reshape(-1))"),
    ("", "nn.init.zeros_(self.fc.weight[0])"),
    ("", "nn.init.zeros_(self.fc.weight[:, 2:4])"),
    ("", "[nn.init.zeros_(w) for w in self.fc.weight.chunk(2)]"),
    ("", "q, k = self.fc.weight.data.chunk(2); nn.init.zeros_(q)"),
    ("w = self.fc.weight.clone()", "self.fc.weight.data = nn.init.zeros_(w)"),
    ("", "self.fc.weight.data[[0, 2]] *= 3"),
    ("", "self.fc.weight.data[[0, 2]] = 3"),
    ("", "self.fc.weight = nn.Parameter(nn.init.zeros_(self.fc.weight.clone()))"),
]


def program(before: str, last: str) -> str:
    return HEAD.format(before=before, last=last)


def reported(before: str, last: str) -> bool:
    result = check([Path("net.py")], Settings(select=("INI105",)), {"net.py": program(before, last).encode()})
    assert result.failures == ()
    return bool(result.diagnostics)


@pytest.mark.parametrize(("before", "last"), LOST)
def test_lost(before: str, last: str) -> None:
    assert reported(before, last)


@pytest.mark.parametrize(("before", "last"), EFFECTIVE)
def test_effective(before: str, last: str) -> None:
    assert not reported(before, last)


def test_the_same_init_again_is_not_told() -> None:
    assert not reported(f"{INIT}; nn.utils.weight_norm(self.fc)", INIT)


def test_a_layer_that_is_the_model_itself_has_its_class_for_a_name() -> None:
    source = """
from torch import nn


class Normed(nn.Linear):
    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out)
        nn.utils.weight_norm(self)
        nn.init.zeros_(self.weight)
"""
    (found,) = check([Path("net.py")], Settings(select=("INI105",)), {"net.py": source.encode()}).diagnostics
    assert "on the weight of `Normed`" in found.message


def parameters(source: str) -> dict[str, object]:
    torch = pytest.importorskip("torch")
    names: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        exec(source, names)
        net = names["Net"]()  # type: ignore[operator]
    return {name: parameter.detach() for name, parameter in net.named_parameters()}


@pytest.mark.parametrize(("before", "last", "lost"), [*((*c, True) for c in LOST), *((*c, False) for c in EFFECTIVE)])
def test_torch_agrees(before: str, last: str, lost: bool) -> None:
    torch = pytest.importorskip("torch")
    without, with_it = parameters(program(before, "pass")), parameters(program(before, last))
    assert all(torch.equal(value, with_it[name]) for name, value in without.items()) == lost


MANY = """
from torch import nn


class Blocks(nn.Module):
    def __init__(self, sizes, depth=3):
        super().__init__()
        self.first = nn.ModuleList([nn.utils.weight_norm(nn.Linear(8, 8)) for _ in range(6)])
        self.blocks = nn.ModuleList()
        for index, size in enumerate({sizes}):
            self.blocks.append(nn.utils.weight_norm(nn.Linear(size, size)))
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.orthogonal_(m.weight)

    def forward(self, x):
        return x
"""


@pytest.mark.parametrize(
    ("sizes", "more"),
    [
        ("sizes", "and more"),
        ("sizes.widths", "and more"),
        ("zip(sizes, sizes[1:])", "and more"),
        ("[8] * len(sizes)", "and more"),
        ("[8, 16]", "and 5 more"),
        ("range(depth)", "and 6 more"),
    ],
)
def test_no_number_of_layers_that_only_a_configuration_knows(sizes: str, more: str) -> None:
    result = check([Path("net.py")], Settings(select=("INI105",)), {"net.py": MANY.format(sizes=sizes).encode()})
    (found,) = result.diagnostics
    assert f"`first.0`, `first.1`, `first.2` {more}: weight norm" in found.message
