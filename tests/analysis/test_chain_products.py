"""Chains: which layers lie on one, where it ends, and what their factors multiply to."""

from __future__ import annotations

import pytest
import torch

from initlint.analysis.chain_products import chains, chains_of
from initlint.facts.fans import AxisRoles
from initlint.graph.model import Layer
from initlint.graph.words import UNDETERMINED
from tests.support.rule_models import OUTPUT, ZERO_BIAS, chain, following, layer, model, reach, to_layer, write


def _row(*layers: Layer) -> list[tuple[tuple[str, ...], float]]:
    """Each chain with the product of its factors, in order."""
    found = dict.fromkeys(
        (tuple(link.layer.path for link in c.links), c.product) for c in chains(model(*layers)).values()
    )
    return list(found)


def test_the_factors_of_a_chain_multiply() -> None:
    (only,) = {c.product for c in chains(chain("relu", 6, "xavier_uniform_")).values()}
    assert only == pytest.approx(0.5**6)


def test_a_layer_without_a_write_has_torchs_own_init() -> None:
    found = chains(chain("relu", 1, "xavier_uniform_"))["fc0"].links
    assert [link.write for link in found] == [write("xavier_uniform_")]
    own = layer("fc", following("relu", reach("out")))
    (link,) = chains(model(own, layer("out", OUTPUT)))["fc"].links
    assert (link.write, link.initializer) == (None, "torch.nn.init.kaiming_uniform_")
    assert link.factors.signal == pytest.approx(1 / 6 + 1 / (3 * 64) / 2)  # the weight's part, and that of the bias
    assert link.factors.weight == pytest.approx(1 / 6)


def test_a_layer_with_nothing_behind_it_is_a_link_too() -> None:
    layers = layer("a", to_layer("b")), layer("b", following("relu", reach("c"))), layer("c", OUTPUT)
    bias = 1 / (3 * 64)
    assert _row(*layers) == [(("a", "b"), pytest.approx(((1 / 3 + bias) / 3 + bias) / 2))]


def test_a_stretch_is_what_lies_from_the_first_to_the_last() -> None:
    found = chains_of(chain("relu", 6, "xavier_uniform_"), {"fc1", "fc3"})
    assert {path: [link.layer.path for link in c.links] for path, c in found.items()} == {
        "fc1": ["fc1", "fc2", "fc3"],
        "fc3": ["fc1", "fc2", "fc3"],
    }


@pytest.mark.parametrize(
    ("product", "shape", "arguments", "signal"),
    [
        (AxisRoles((0,), (1,)), (1024, 8), {}, 256 / 2),
        (AxisRoles((1,), (0,)), (8, 1024), {}, 1.0),
        (AxisRoles((0,), (1,)), (None, None), {}, 1.0),
        (AxisRoles((1,), (2,)), (8, 512, 1024), {}, 1 / 1024),
        (AxisRoles((1,), (2,)), (8, 512, 1024), {"mode": "fan_out"}, 512 / 1024 / 8),
        (AxisRoles((1,), (2,)), (8, None, None), {}, None),
    ],
)
def test_a_raw_weight_is_judged_by_the_fans_in_use(
    product: AxisRoles, shape: tuple[int | None, ...], arguments: dict[str, object], signal: float | None
) -> None:
    raw = layer(
        "W",
        following("relu", reach("out")),
        type="Parameter",
        writes=(write("kaiming_normal_", **arguments),),
        shapes={"weight": shape},
        product=product,
    )
    found = _row(raw, layer("out", OUTPUT))
    assert found == ([] if signal is None else [(("W",), pytest.approx(signal))])


@pytest.mark.parametrize(
    "broken",
    [
        layer("b", following("relu", reach("c", "add"))),
        layer("b", following("relu", reach("c")), residual=True),
        layer("b", following("relu", reach("c")), frozen=True),
        layer("b", following("relu", reach("c")), parametrized=True),
        layer("b", following("relu", reach("c")), to_layer("c")),
        layer("b", to_layer("c", certain=False)),
        layer("b", following("relu", reach("c")), writes=(write("normal_", std=UNDETERMINED),)),
        layer("b", following("relu", reach("c")), writes=(write("ones_"),)),
    ],
    ids=str,
)
def test_what_breaks_a_chain(broken: Layer) -> None:
    first, last = layer("a", following("relu", reach("b"))), layer("c", following("relu", reach("out")))
    assert [paths for paths, _ in _row(first, broken, last, layer("out", OUTPUT))] == [("a",), ("c",)]


def test_the_steps_of_a_chain() -> None:
    own = layer("own", following("relu", reach("out")), arguments={"in_features": 8, "out_features": 8})
    first = layer("first", to_layer("own"), writes=(write("xavier_uniform_"), ZERO_BIAS))
    (found,) = {id(c): c for c in chains(model(first, own, layer("out", OUTPUT))).values()}.values()
    assert found.steps() == (
        "`first` Linear, `xavier_uniform_`: factor 1, product 1",
        "`own` Linear, torch's default, ReLU: factor 0.19, product 0.19",
    )


STACKS = [
    (torch.nn.GELU(), "xavier_normal_", {}, 8),
    (torch.nn.SiLU(), "xavier_uniform_", {}, 8),
    (torch.nn.Mish(), "kaiming_normal_", {}, 6),
    (torch.nn.Hardswish(), "xavier_normal_", {}, 5),
    (torch.nn.SELU(), "kaiming_normal_", {}, 8),
    (torch.nn.ReLU6(), "normal_", {"std": 0.7}, 6),
    (torch.nn.Tanh(), "xavier_normal_", {"gain": 5 / 3}, 6),
    (torch.nn.LeakyReLU(0.2), "xavier_normal_", {}, 6),
    (torch.nn.ELU(0.5), "kaiming_normal_", {}, 5),
]


@pytest.mark.parametrize(("module", "initializer", "arguments", "depth"), STACKS, ids=lambda value: str(value)[:20])
def test_the_product_is_what_torch_measures(
    module: torch.nn.Module, initializer: str, arguments: dict[str, float], depth: int
) -> None:
    """Each factor is taken at the signal that reaches its layer, which matters for all but piecewise linear ones."""
    op = {"LeakyReLU": "leaky_relu"}.get(type(module).__name__, type(module).__name__.lower())
    options = {"leaky_relu": {"negative_slope": 0.2}, "elu": {"alpha": 0.5}}.get(op, {})
    layers = [
        layer(
            f"fc{at}",
            following(op, reach(f"fc{at + 1}"), **options),
            writes=(write(initializer, **arguments),),
            arguments={"in_features": 256, "out_features": 256},
        )
        for at in range(depth)
    ]
    chain_of_all = chains(model(*layers, layer(f"fc{depth}", OUTPUT)))["fc0"]
    torch.manual_seed(0)
    measured = []
    for _ in range(10):
        x = torch.randn(64, 256)
        for _ in range(depth):
            linear = torch.nn.Linear(256, 256)  # with the default bias
            getattr(torch.nn.init, initializer)(linear.weight, **arguments)
            x = module(linear(x)).detach()
        measured.append(x.square().mean().item())
    assert len(chain_of_all.links) == depth
    assert chain_of_all.product == pytest.approx(sum(measured) / len(measured), rel=0.15)
