from __future__ import annotations

import pytest

import initlint
from initlint.facts.fans import AxisRoles
from initlint.graph.model import Layer
from initlint.graph.words import UNDETERMINED
from initlint.project.settings import Settings
from tests.support.rule_models import OUTPUT, following, layer, message, model, reach, run, write

RELU = following("relu", reach("out"))
KAIMING = write("kaiming_normal_")
XAVIER = write("xavier_uniform_")
IN_OUT = AxisRoles((0,), (1,))
STACKED = AxisRoles((1,), (2,))


def raw(shape: tuple[int | None, ...], product: AxisRoles | None = IN_OUT, **more: object) -> Layer:
    given = {"type": "Parameter", "writes": (KAIMING,), "shapes": {"weight": shape}, "product": product, **more}
    return layer("W", more.pop("followed", RELU), **{k: v for k, v in given.items() if k != "followed"})  # type: ignore[arg-type]


def conv(type: str, ins: int, outs: int, **more: object) -> Layer:
    options = {"kernel_size": 4, "stride": 1, **{k: more.pop(k) for k in ("stride", "groups") if k in more}}
    return layer(
        "conv",
        RELU,
        **{"writes": (KAIMING,), **more},  # type: ignore[arg-type]
        type=type,
        arguments={"in_channels": ins, "out_channels": outs, **options},
    )


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (
            raw((1024, 8)),
            "`kaiming_normal_` on `W`: it is used as `x @ W`, and torch takes its second axis for the inputs, "
            "so the variance is 128 times the intended one; use `mode='fan_out'`",
        ),
        (
            raw((8, 512, 1024), STACKED, writes=(XAVIER,)),
            "`xavier_uniform_` on `W`: torch takes its stacked matrices for one, "
            "so the variance is 0.0029 times the intended one; initialize each matrix by itself",
        ),
        (
            raw((None, None, None), STACKED),
            "`kaiming_normal_` on `W`: torch takes its stacked matrices for one; initialize each matrix by itself",
        ),
        (
            conv("ConvTranspose2d", 512, 3, stride=2),
            "`kaiming_normal_` on the weight of `conv`: torch takes the outputs of a transposed convolution for its "
            "inputs, so the variance is 42.67 times the intended one; use `mode='fan_out'`",
        ),
        (
            conv("Conv2d", 256, 256, groups=256, writes=(write("kaiming_normal_", mode="fan_out"),)),
            "`kaiming_normal_` on the weight of `conv`: torch counts the outputs of all groups, "
            "so the variance is 0.0039 times the intended one",
        ),
        (
            layer(
                "fc", RELU, writes=(write("uniform_", a=-(400**-0.5), b=400**-0.5),),
                arguments={"in_features": 24, "out_features": 400},
            ),
            "`uniform_` on the weight of `fc`: the bound is 1/sqrt(outputs) = 1/sqrt(400), not 1/sqrt(inputs) = "
            "1/sqrt(24), so the variance is 0.06 times the intended one; compute the bound from the inputs",
        ),
    ],
)  # fmt: skip
def test_message(wrong: Layer, text: str) -> None:
    assert message("INI403", model(wrong)) == text


@pytest.mark.parametrize(
    "silent",
    [
        raw((64, 16)),
        raw((16, 64)),
        raw((1024, 8), writes=(XAVIER,)),
        raw((1024, 8), writes=(write("kaiming_normal_", mode="fan_out"),)),
        raw((1024, 8), AxisRoles((1,), (0,))),
        raw((None, 8)),
        raw((1024, 8), None),
        raw((1024, 8), frozen=True),
        raw((1024, 8), followed=following("relu", reach("out"), between=("layer_norm",))),
        raw((4, 2, 2), STACKED, writes=(XAVIER,)),
        raw((None, None, 1), STACKED, writes=(XAVIER,)),
        raw((8, 512, 1024), STACKED, writes=(write("normal_", std=0.02),)),
        conv("ConvTranspose2d", 256, 128, stride=2),
        conv("ConvTranspose2d", 512, 3, stride=2, writes=(XAVIER,)),
        conv("ConvTranspose2d", 512, 3, stride=UNDETERMINED),
        conv("Conv2d", 512, 3),
        conv("Conv2d", 256, 256, groups=256),
        conv("Conv2d", 256, 256, groups=256, residual=True, writes=(write("kaiming_normal_", mode="fan_out"),)),
        conv("Conv2d", 256, 256, groups=4, writes=(write("kaiming_normal_", mode="fan_out"),)),
        conv("Conv2d", 256, 256, groups=UNDETERMINED, writes=(write("kaiming_normal_", mode="fan_out"),)),
    ],
    ids=str,
)
def test_silent(silent: Layer) -> None:
    assert run("INI403", model(silent, layer("out", OUTPUT))) == []


@pytest.mark.parametrize(("ins", "outs"), [(24, 24), (400, 300), (24, 90)])
def test_a_bound_by_the_fan_in_or_near_it_is_right(ins: int, outs: int) -> None:
    bound = outs**-0.5
    wrong = layer(
        "fc", RELU, writes=(write("uniform_", a=-bound, b=bound),), arguments={"in_features": ins, "out_features": outs}
    )
    assert run("INI403", model(wrong)) == []


@pytest.mark.parametrize(
    ("bounds", "reported"),
    [("-b, b", True), ("a=-b, b=b, generator=None", True), ("-0.05, 0.05", False), ("a=-0.05, b=0.05", False)],
)
def test_only_a_bound_that_is_written_as_a_number_may_be_so_by_chance(bounds: str, reported: bool) -> None:
    code = (
        "from math import sqrt\nimport torch\nfrom torch import nn\n\nclass Net(nn.Module):\n    def __init__(self):\n"
    )
    code += "        super().__init__()\n        self.fc = nn.Linear(24, 400)\n        b = 1 / sqrt(400)\n"
    code += f"        nn.init.uniform_(self.fc.weight, {bounds})\n\n"
    code += "    def forward(self, x):\n        return torch.relu(self.fc(x))\n"
    found = initlint.check_source(code, settings=Settings(select=("INI403",))).diagnostics
    assert bool(found) is reported


@pytest.mark.parametrize(
    ("weight", "forward", "reason"),
    [
        ("self.fc = nn.Linear(n, 400)", "self.fc(x)", "the bound is 1/sqrt(outputs), not 1/sqrt(inputs); compute the"),
        (
            "self.fc = nn.Linear(33, 400)",
            "self.fc(x)",
            "the bound is 1/sqrt(outputs) = 1/sqrt(400), not 1/sqrt(inputs) = 1/sqrt(33), so the variance is 0.083",
        ),
        (
            "self.fc = nn.Conv2d(16, 64, 3)",
            "self.fc(x)",
            "the bound is 1/sqrt(16), not 1/sqrt(inputs) = 1/sqrt(144), so the variance is 9",
        ),
    ],
)
def test_the_bound_is_named_by_its_origin(weight: str, forward: str, reason: str) -> None:
    size = 1 if "Conv" in weight else 0
    code = f"""
from math import sqrt
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        {weight}
        b = 1 / sqrt(self.fc.weight.size({size}))
        nn.init.uniform_(self.fc.weight, -b, b)

    def forward(self, x):
        return torch.relu({forward})
"""
    (found,) = initlint.check_source(code, settings=Settings(select=("INI403",))).diagnostics
    assert f"`uniform_` on the weight of `fc`: {reason}" in found.message


STACK = """
import torch
import torch.nn as nn


class Mix(nn.Module):
    def __init__(self, n=2):
        super().__init__()
        self.n = n
        self.w = nn.Parameter(torch.empty(n, {shape}))
        {init}

    def forward(self, x):
        return torch.tanh({forward})
"""


@pytest.mark.parametrize(
    ("shape", "init", "forward", "expected"),
    [
        ("4, 64, 16", "for i in range(n): nn.init.xavier_normal_(self.w[i])", "x @ self.w[0][1]", "0.074"),
        ("4, 64, 16", "for i in range(n): nn.init.xavier_normal_(self.w.data[i])", "x @ self.w[1, 3]", "0.074"),
        ("4, 64, 64", "for i in range(n): nn.init.xavier_normal_(self.w[i])", "x + x @ self.w[0, 1]", "0.029"),
        ("1, 64, 16", "for i in range(n): nn.init.xavier_normal_(self.w[i])", "x @ self.w[1, 0]", None),
        ("64, 16", "for i in range(n): nn.init.xavier_normal_(self.w[i])", "x @ self.w[1]", None),
        ("4, 64, 16", "nn.init.xavier_normal_(self.w[0]); self.w.data[1].normal_(0, 0.1)", "x @ self.w[1, 3]", None),
        (
            "4, 64, 16",
            "for i in range(n):\n            for j in range(4): nn.init.xavier_normal_(self.w[i, j])",
            "x @ self.w[1, 3]",
            None,
        ),
    ],
)
def test_items_of_a_stack(shape: str, init: str, forward: str, expected: str | None) -> None:
    source = STACK.format(shape=shape, init=init, forward=forward)
    found = initlint.check_source(source, settings=Settings(select=("INI403",))).diagnostics
    messages = [one.message for one in found]
    assert len(messages) == (expected is not None)
    assert expected is None or f"the variance is {expected} times the intended one" in messages[0]


VIEW = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Projection(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty({shape}))
        {init}

    def forward(self, x):
        return F.relu({forward})
"""


@pytest.mark.parametrize(
    ("shape", "init", "forward", "expected"),
    [
        ("784, 32", "nn.init.kaiming_normal_(self.weight.t(), nonlinearity='relu')", "x @ self.weight", None),
        ("784, 32", "nn.init.kaiming_normal_(self.weight.T)", "torch.matmul(x, self.weight)", None),
        ("784, 32", "nn.init.kaiming_uniform_(self.weight.mT)", "x @ self.weight", None),
        ("784, 32", "nn.init.kaiming_uniform_(self.weight.data.t())", "x @ self.weight", None),
        ("784, 32", "nn.init.kaiming_uniform_(torch.transpose(self.weight, -1, 0))", "x @ self.weight", None),
        ("784, 32", "nn.init.kaiming_uniform_(self.weight.permute((1, 0)))", "x @ self.weight", None),
        ("784, 32", "nn.init.kaiming_uniform_(self.weight.t(), mode='fan_out')", "x @ self.weight", None),
        ("784, 32", "self.weight.data = nn.init.kaiming_normal_(torch.empty(32, 784)).t()", "x @ self.weight", None),
        ("784, 32", "nn.init.kaiming_normal_(self.weight.t())", "F.linear(x, self.weight)", "0.041"),
        ("784, 32", "nn.init.kaiming_normal_(self.weight.t().t())", "x @ self.weight", "24.50"),
        ("784, 32", "self.weight.data = nn.init.kaiming_normal_(torch.empty(784, 32))", "x @ self.weight", "24.50"),
        ("32, 784", "nn.init.kaiming_normal_(self.weight.T)", "x @ self.weight.t()", "24.50"),
        (
            "8, 64, 16",
            "nn.init.xavier_normal_(self.weight.mT)",
            "torch.einsum('ebi,eio->ebo', x, self.weight)",
            "0.052",
        ),
    ],
)
def test_fans_of_a_view(shape: str, init: str, forward: str, expected: str | None) -> None:
    source = VIEW.format(shape=shape, init=init, forward=forward)
    found = initlint.check_source(source, settings=Settings(select=("INI403",))).diagnostics
    messages = [one.message for one in found]
    assert len(messages) == (expected is not None), messages
    assert expected is None or f"the variance is {expected} times the intended one" in messages[0], messages


@pytest.mark.parametrize(
    ("init", "expected"),
    [
        ("nn.init.kaiming_normal_(torch.empty({ins}, 16).t(), mode='fan_out').t()", "0.0"),
        ("nn.init.kaiming_normal_(torch.empty(16, {ins})).t()", None),
        ("nn.init.kaiming_normal_(torch.empty({ins}, 16)).t().t()", "32"),
    ],
)
def test_parameter_made_of_a_view(init: str, expected: str | None) -> None:
    source = VIEW.format(
        shape="1", init=f"self.weight = nn.Parameter({init.format(ins=512)})", forward="x @ self.weight"
    )
    found = initlint.check_source(source, settings=Settings(select=("INI403",))).diagnostics
    messages = [one.message for one in found]
    assert len(messages) == (expected == "32"), messages


def test_transposed_view_of_a_linear_layer() -> None:
    source = """
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 1024)
        self.out = nn.Linear(1024, 2)
        nn.init.kaiming_normal_(self.fc.weight.t(), nonlinearity="relu")

    def forward(self, x):
        return self.out(self.fc(x).relu())
"""
    (found,) = initlint.check_source(source, settings=Settings(select=("INI403",))).diagnostics
    assert "the view that it gets has the inputs first" in found.message
    assert "0.0078 times the intended one; use `mode='fan_out'`" in found.message
