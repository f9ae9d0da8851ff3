"""Factors and products at the signal that reaches each layer: biases, forks, pools, loops of unknown length."""

from __future__ import annotations

import pytest

from initlint.analysis.chain_products import all_chains, chains, factors_at
from initlint.analysis.operating_factors import operating_factors
from initlint.analysis.signal_propagation import layer_inputs, mean_squares
from initlint.graph.model import ModelGraph
from tests.support.whole_models import models_of

HEAD = """
class Net(nn.Module):
    def __init__(self, depth):
        super().__init__()
"""
BUILT_IN_A_LOOP = {
    "appended to a list": """
        layers = []
        for _ in range(depth):
            layers.append(nn.Linear(64, 64))
            layers.append(nn.ReLU())
        self.body = nn.Sequential(*layers)
        self.out = nn.Linear(64, 4)

    def forward(self, x):
        return self.out(self.body(x))
""",
    "added to a list": """
        layers = []
        for _ in range(depth):
            layers += [nn.Linear(64, 64), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.out = nn.Linear(64, 4)

    def forward(self, x):
        return self.out(self.body(x))
""",
    "comprehension": """
        self.body = nn.ModuleList([nn.Linear(64, 64) for _ in range(depth)])
        self.out = nn.Linear(64, 4)

    def forward(self, x):
        for layer in self.body:
            x = torch.relu(layer(x))
        return self.out(x)
""",
    "appended to a ModuleList": """
        self.body = nn.ModuleList()
        for _ in range(depth):
            self.body.append(nn.Linear(64, 64))
        self.out = nn.Linear(64, 4)

    def forward(self, x):
        for layer in self.body:
            x = torch.relu(layer(x))
        return self.out(x)
""",
    "one layer in a loop": """
        self.depth = depth
        self.body = nn.Linear(64, 64)
        self.out = nn.Linear(64, 4)

    def forward(self, x):
        for _ in range(self.depth):
            x = torch.relu(self.body(x))
        return self.out(x)
""",
    "skip connections": """
        self.body = nn.ModuleList([nn.Linear(64, 64) for _ in range(depth)])
        self.out = nn.Linear(64, 4)

    def forward(self, x):
        for layer in self.body:
            x = x + torch.relu(layer(x))
        return self.out(x)
""",
}


def net(source: str) -> ModelGraph:
    return models_of(source)["Net"]


@pytest.mark.parametrize("form", BUILT_IN_A_LOOP)
def test_a_loop_of_unknown_length_is_not_counted(form: str) -> None:
    model = net(HEAD + BUILT_IN_A_LOOP[form])
    assert [chain.product for chain in all_chains(model) if len(chain.links) > 1] in ([], [None])
    assert not any("in a row" in str(chain) for chain in all_chains(model))
    assert "out" not in layer_inputs(model)


@pytest.mark.parametrize("form", [form for form in BUILT_IN_A_LOOP if "one layer" not in form and "skip" not in form])
def test_a_loop_of_known_length_is_counted(form: str) -> None:
    model = net(HEAD + BUILT_IN_A_LOOP[form].replace("depth", "5"))
    assert [len(chain.links) for chain in all_chains(model)] == [5]
    assert "out" in layer_inputs(model)


def test_a_norm_after_a_loop_begins_again() -> None:
    source = HEAD + BUILT_IN_A_LOOP["skip connections"].replace("self.out(x)", "self.out(F.layer_norm(x, (64,)))")
    assert layer_inputs(net(source))["out"].moment == pytest.approx(1.0, rel=1e-3)


def test_a_whole_model_in_a_loop_is_counted() -> None:
    source = (
        HEAD.replace(", depth", "")
        + BUILT_IN_A_LOOP["added to a list"].replace("depth", "5")
        + "\n\nfor seed in unknown():\n    net = Net()\n    net(torch.randn(3, 64))\n"
    )
    assert {len(chain.links) for chain in all_chains(net(source))} == {5}
    assert all(chain.product is not None for chain in all_chains(net(source)))


STACK = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {layers}
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Conv2d)):
                {init}

    def forward(self, x):
        {forward}
"""


def test_where_the_bias_sets_the_output_no_factor_is_stated() -> None:
    source = STACK.format(
        layers="self.fcs = nn.Sequential(*[m for _ in range(8) for m in (nn.Linear(256, 256), nn.ReLU())], nn.Linear(256, 4))",
        init="pass",
        forward="return self.fcs(x)",
    )
    model = net(source)
    factors = [link.factors.signal for link in chains(model)["fcs.0"].links]
    assert factors[0] == pytest.approx(0.1673, rel=0.01)
    assert factors[4:] == [None] * 4
    assert chains(model)["fcs.0"].product == pytest.approx(7.8e-4, rel=0.03)  # torch: 7.8e-4


def test_an_activation_that_is_not_zero_at_zero_has_no_factor() -> None:
    source = STACK.format(
        layers="self.a = nn.Linear(64, 64); self.b = nn.Linear(64, 64)",
        init="nn.init.xavier_normal_(m.weight)",
        forward="return self.b(torch.sigmoid(self.a(x)))",
    )
    model = net(source)
    factors = factors_at(model, model.by_path["a"])
    assert factors is not None
    assert factors.signal is None
    assert factors.gradient is not None


def test_a_chain_starts_at_the_signal_that_reaches_it() -> None:
    """Xavier before GELU after an embedding of std 0.02: a small signal is halved in the mean square, twice over."""
    source = STACK.format(
        layers="self.e = nn.Embedding(50, 64); self.a = nn.Linear(64, 64); self.b = nn.Linear(64, 64)\n"
        "        nn.init.normal_(self.e.weight, std=0.02)",
        init="nn.init.xavier_normal_(m.weight); nn.init.zeros_(m.bias)",
        forward="return self.b(F.gelu(self.a(self.e(x))))",
    )
    (link,) = chains(net(source))["a"].links
    assert link.before == pytest.approx(4e-4)
    assert link.factors.signal == pytest.approx(0.25, rel=0.01)


def test_forks_and_max_pools_do_not_end_a_chain() -> None:
    source = STACK.format(
        layers="self.a = nn.Conv2d(32, 32, 3); self.b = nn.Conv2d(32, 32, 3); self.c = nn.Conv2d(32, 32, 3)\n"
        "        self.pool = nn.MaxPool2d(2); self.side = nn.Conv2d(32, 8, 1); self.last = nn.Conv2d(32, 4, 1)",
        init="nn.init.xavier_uniform_(m.weight); nn.init.zeros_(m.bias)",
        forward="a = F.relu(self.a(x))\n        b = F.relu(self.b(a))\n        c = F.relu(self.c(self.pool(b)))\n"
        "        return self.last(c), self.side(a), b.mean()",
    )
    model = net(source)
    assert [link.layer.path for link in chains(model)["a"].links] == ["a", "b", "c"]
    by_path = {o.layer: m for o, m in zip(model.operations, mean_squares(model), strict=True) if o.kind == "layer"}
    product = chains(model)["a"].product
    assert product is not None
    assert by_path["last"] == pytest.approx(product * 2 * 32 / 36)


TIED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(1000, 64)
        self.norm = nn.LayerNorm(64)
        self.head = nn.Linear(64, 1000, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x):
        return self.head(self.norm(self.embed(x)))
"""


def test_a_tied_head_has_the_init_of_the_embedding() -> None:
    net = models_of(TIED)["Net"]
    assert mean_squares(net)[-1] == pytest.approx(64, rel=1e-3)
    factors = operating_factors(net)["head"]
    assert factors.signal == pytest.approx(64)
    assert factors.gradient == pytest.approx(1000)
