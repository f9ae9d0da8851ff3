"""INI202 speaks exactly of the weights that torch leaves at zero, whatever the loss and the number of steps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

HEAD = """
import torch
from torch import nn
import torch.nn.functional as F


def zero(*layers):
    for layer in layers:
        for p in layer.parameters():
            nn.init.zeros_(p)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)
        self.gate = nn.Parameter(torch.zeros(1))
        self.A, self.B = nn.Parameter(torch.zeros(8, 2)), nn.Parameter(torch.zeros(2, 8))
        self.U, self.V = nn.Parameter(torch.zeros(8, 2)), nn.Parameter(torch.zeros(2, 8))
        self.P = nn.ParameterDict({{"k": nn.Parameter(torch.zeros(8, 8))}})
        self.L = nn.ParameterList([nn.Parameter(torch.zeros(8, 8))])
        self.norm = nn.BatchNorm1d(8)
        {init}

    def forward(self, x):
        return {forward}
"""
NAMES = ("a", "b", "c", "gate", "A", "B", "U", "V", "P.k", "L.0", "norm")
GAMMA = "nn.init.zeros_(self.norm.weight)"
Q_K = "F.scaled_dot_product_attention(self.a(x), self.b(x), self.c(x))"
STUCK = [
    ("zero(self.a, self.b)", "x + self.b(self.a(x))", {"a", "b"}),
    ("zero(self.a, self.b)", "x + self.b(self.a(x).tanh())", {"a", "b"}),
    ("zero(self.a, self.b, self.c)", "x + self.c(F.gelu(self.b(F.gelu(self.a(x)))))", {"a", "b", "c"}),
    ("zero(self.a)", "x + self.gate * self.a(x)", {"gate", "a"}),
    ("zero(self.a)", "x + torch.tanh(self.gate) * self.a(x)", {"gate", "a"}),
    ("zero(self.a)", "x + self.a(self.b(x)) * self.gate.view(1, 1)", {"gate", "a"}),
    (f"zero(self.a); {GAMMA}", "x + self.norm(self.a(x))", {"a", "norm"}),
    (GAMMA, "x + self.gate * self.norm(self.a(x))", {"gate", "norm"}),
    ("zero(self.a, self.b)", "x + self.c(F.silu(self.a(x)) * self.b(x))", {"a", "b"}),
    ("pass", "self.a(x) + x @ self.A @ self.B", {"A", "B"}),
    ("pass", "F.linear(x, self.a.weight + torch.matmul(self.A, self.B) * 2, self.a.bias)", {"A", "B"}),
    ("zero(self.a, self.b)", "x + torch.softmax(self.a(x) @ self.b(x).transpose(-2, -1), -1) @ self.c(x)", {"a", "b"}),
    ("zero(self.a, self.b)", f"x + {Q_K}", {"a", "b"}),
    ("pass", "x + (self.A @ self.B @ x.T).T", {"A", "B"}),
    ("pass", "x + x @ (self.A @ self.B).T * 0.5", {"A", "B"}),
    ("nn.init.normal_(self.L[0])", "F.linear(x, self.L[0] + self.A @ self.B)", {"A", "B"}),
    ("pass", "self.a(x) + F.linear(x, torch.matmul(self.A, self.B).t() * 2.0)", {"A", "B"}),
    ("pass", "self.a(x) + F.linear(x, self.A @ self.B + self.U @ self.V)", {"A", "B", "U", "V"}),
    ("pass", "x + torch.einsum('bd,dr,re->be', x, self.A, self.B)", {"A", "B"}),
    ("pass", "x + F.linear(F.linear(x, self.P['k']), self.L[0])", {"P.k", "L.0"}),
    ("pass", "x + F.linear(F.linear(x, self.A.T), self.B.T)", {"A", "B"}),
]
FREE = [
    ("zero(self.b)", "x + self.b(self.a(x))"),
    ("zero(self.a); nn.init.zeros_(self.b.weight)", "x + self.b(self.a(x)) + self.a(x)"),
    ("zero(self.a, self.b); nn.init.ones_(self.a.bias)", "x + self.b(self.a(x))"),
    ("zero(self.a, self.b)", "x + self.a(x) + self.b(x)"),
    ("zero(self.a, self.b)", "self.b(x + self.a(x))"),
    ("zero(self.a, self.b)", "self.b(x + torch.sigmoid(self.a(x)) * x)"),
    ("zero(self.a, self.b)", "self.b(torch.sigmoid(self.a(x)))"),
    ("nn.init.zeros_(self.a.weight); nn.init.zeros_(self.b.weight)", "x + self.b(self.a(x))"),
    ("pass", "x + self.gate * self.a(x)"),
    ("zero(self.a)", "x + torch.sigmoid(self.gate) * self.a(x)"),
    ("zero(self.a)", "x + (1 + self.gate) * self.a(x)"),
    ("zero(self.a)", "x + self.gate * self.a(x) + self.a(x)"),
    ("zero(self.a)", "x + self.norm(self.a(x))"),
    (GAMMA, "x + self.norm(self.a(x))"),
    (f"zero(self.a); {GAMMA}", "self.a(x + self.norm(self.b(x)))"),
    ("zero(self.a)", "x + self.c(F.silu(self.a(x)) * self.b(x))"),
    ("nn.init.normal_(self.A)", "self.a(x) + x @ self.A @ self.B"),
    ("nn.init.normal_(self.A)", "self.a(x) + x @ (self.A @ self.B)"),
    ("zero(self.a, self.c)", f"x + {Q_K}"),
    ("zero(self.a)", f"x + {Q_K}"),
    ("nn.init.normal_(self.A)", "x + (self.A @ self.B @ x.T).T"),
    ("nn.init.normal_(self.B)", "self.a(x) + F.linear(x, self.A @ self.B)"),
    ("nn.init.normal_(self.L[0])", "F.linear(x, self.L[0] + (1 + self.A) @ self.B)"),
    ("pass", "self.a(x) + F.linear(x, self.A @ self.B + self.A.sum(1))"),
    ("nn.init.normal_(self.B)", "x + torch.einsum('bd,dr,re->be', x, self.A, self.B)"),
    ("nn.init.eye_(self.P['k'])", "x + F.linear(F.linear(x, self.P['k']), self.L[0])"),
    ("pass", "x + F.linear(x, self.P['k']) + F.linear(x, self.L[0])"),
]


def program(init: str, forward: str) -> str:
    return HEAD.format(init=init, forward=forward)


def messages(init: str, forward: str) -> list[str]:
    source = program(init, forward).encode()
    result = check([Path("net.py")], Settings(select=("INI202",)), {"net.py": source})
    assert result.failures == ()
    return [found.message.partition("`: ")[2] for found in result.diagnostics]


@pytest.mark.parametrize(("init", "forward", "names"), STUCK)
def test_stuck(init: str, forward: str, names: set[str]) -> None:
    found = " ".join(messages(init, forward))
    assert {name for name in NAMES if f"`{name}`" in found} == names


@pytest.mark.parametrize(("init", "forward"), FREE)
def test_silent(init: str, forward: str) -> None:
    assert messages(init, forward) == []


CALLS = [
    "net = Net(); net(torch.randn(4, 8))",
    "def main(loader):\n    net = Net()\n    for x, y in loader:\n        F.mse_loss(net(x), y).backward()",
    "def main():\n    net = Net()\n    for x in load():\n        net(x)\ndef load():\n    return [torch.randn(4, 8)]",
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "forward", ["x + F.linear(F.linear(x, self.A.T), self.B.T)", "self.a(x) + x @ self.A @ self.B"]
)
def test_code_that_calls_the_model_changes_nothing(forward: str, call: str) -> None:
    source = f"{program('pass', forward)}\n\n{call}\n"
    result = check([Path("net.py")], Settings(select=("INI202",)), {"net.py": source.encode()})
    assert [found.message.partition("`: ")[2] for found in result.diagnostics] == messages("pass", forward) != []


def test_a_zeroed_head_that_is_tied_to_the_embedding() -> None:
    init = (
        "self.e = nn.Embedding(9, 8); self.b = nn.Linear(8, 9, bias=False); self.b.weight = self.e.weight; zero(self.b)"
    )
    forward = "self.b({}(self.e(x.argmax(-1))))"
    assert messages(init, forward.format("")) == [
        "the weights of `e` and `b` both start at zero, and neither receives a gradient while the other is zero, so they never "
        "learn; zero only one of them, and draw the rest"
    ]
    assert messages(init, forward.format("self.a")) == []


PAIR = (
    "{} both start at zero, and neither receives a gradient while the other is zero, so they never learn; "
    "zero only one of them, and draw the rest"
)


@pytest.mark.parametrize(
    ("init", "forward", "expected"),
    [
        ("zero(self.a, self.b)", "x + self.b(self.a(x))", PAIR.format("the weights of `a` and `b`")),
        ("pass", "self.a(x) + x @ self.A @ self.B", PAIR.format("`A` and `B`")),
        ("zero(self.a)", "x + self.a(self.b(x)) * self.gate", PAIR.format("`gate` and the weight of `a`")),
        (
            "zero(self.a, self.b, self.c)",
            "x + self.c(self.b(self.a(x)))",
            "the weights of `a`, `b` and `c` all start at zero, and none receives a gradient while the others are zero, "
            "so they never learn; zero only one of them, and draw the rest",
        ),
    ],
)
def test_the_message(init: str, forward: str, expected: str) -> None:
    assert messages(init, forward) == [expected]


@pytest.mark.parametrize(
    ("blocks", "others"),
    [
        (1, ""),
        (2, " (the same for `1.a` and `1.b`)"),
        (5, " (the same for `1.a` and `1.b`; `2.a` and `2.b`; 2 more such groups)"),
    ],
)
def test_equal_groups_of_one_call(blocks: int, others: str) -> None:
    source = f"""
from torch import nn

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        for layer in (self.a, self.b):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        return x + self.b(self.a(x))

def net():
    return nn.Sequential({", ".join(["Block()"] * blocks)})
"""
    result = check([Path("net.py")], Settings(select=("INI202",)), {"net.py": source.encode()})
    (message,) = {found.message.partition(": ")[2] for found in result.diagnostics}
    assert message == PAIR.format("the weights of `0.a` and `0.b`") + others


def left_at_zero(init: str, forward: str) -> set[str]:
    return zeros_after_training(program(init, forward), "Net")


def zeros_after_training(source: str, name: str) -> set[str]:
    """The weights that are used and still all zero after some steps of SGD."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    names: dict[str, object] = {}
    exec(source, names)
    net = names[name]()  # type: ignore[operator]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x, y = torch.randn(2, 16, 8)
    for _ in range(6):
        optimizer.zero_grad()
        (net(x) - y).pow(2).mean().backward()
        optimizer.step()
    weights = {name: p for name, p in net.named_parameters() if not name.endswith("bias") and p.grad is not None}
    return {name.removesuffix(".weight") for name, p in weights.items() if not p.any()}


@pytest.mark.parametrize(("init", "forward", "names"), [*STUCK, *((*case, set[str]()) for case in FREE)])
def test_torch_agrees(init: str, forward: str, names: set[str]) -> None:
    assert left_at_zero(init, forward) == names


def test_the_order_does_not_depend_on_hashes(tmp_path: Path) -> None:
    source = HEAD.format(init="pass", forward="x + (self.V.T @ self.U.T @ x.T).T + x @ self.A @ self.B")
    (tmp_path / "net.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "initlint", "check", "--isolated", "--no-cache", "--output-format", "concise", "."]
    printed = {
        subprocess.run(
            command, cwd=tmp_path, env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, text=True
        ).stdout
        for seed in range(6)
    }
    assert len(printed) == 1
    assert "`U` and `V`" in printed.pop()


ADAPTER = """
import torch
from torch import nn
import torch.nn.functional as F


class Adapted(nn.{base}):
    def __init__(self):
        super().__init__({sizes})
        self.down = nn.Parameter(torch.{down})
        self.up = nn.Parameter(torch.zeros(8, 2))
        {init}

    def forward(self, x):
        return {forward}
"""
PRODUCT = "super().forward(x) + x @ self.down.T @ self.up.T"
ZEROS = "self.up.data.zero_(); nn.init.zeros_(self.down)"
ADAPTED = [
    (
        "Linear",
        "8, 8",
        "zeros(2, 8)",
        "pass",
        "F.linear(x, self.weight, self.bias) + x @ self.down.T @ self.up.T",
        True,
    ),
    ("Linear", "8, 8, bias=False", "empty(2, 8)", ZEROS, PRODUCT, True),
    ("Linear", "8, 8", "zeros(2, 8)", "self.weight.requires_grad_(False)", PRODUCT, True),
    (
        "Linear",
        "8, 8",
        "zeros((2, 8))",
        "pass",
        "F.linear(x, self.weight + 4 * (self.up @ self.down), self.bias)",
        True,
    ),
    ("Linear", "8, 8", "zeros(2, 8)", "pass", "super().forward(x) + F.linear(F.linear(x, self.down), self.up)", True),
    (
        "Conv1d",
        "8, 8, 1",
        "zeros(2, 8)",
        "pass",
        "self._conv_forward(x.T, self.weight + (self.up @ self.down).view(self.weight.shape), self.bias).T",
        True,
    ),
    ("Embedding", "8, 8", "zeros(2, 8)", "pass", "super().forward(x.argmax(-1)) + x @ self.down.T @ self.up.T", True),
    ("Linear", "8, 8", "randn(2, 8)", "pass", PRODUCT, False),
    ("Linear", "8, 8", "zeros(2, 8)", "nn.init.kaiming_uniform_(self.down, a=5 ** 0.5)", PRODUCT, False),
    ("Linear", "8, 8", "zeros(8, 8)", "pass", "super().forward(x) + (x + x @ self.down) @ self.up @ x[:2]", False),
    ("Linear", "8, 8", "zeros(8, 2)", "pass", "super().forward(x) + (x @ self.down + x @ self.up) @ x[:2]", False),
    (
        "Conv1d",
        "8, 8, 1",
        "randn(2, 8)",
        "pass",
        "self._conv_forward(x.T, self.weight + (self.up @ self.down).view(self.weight.shape), self.bias).T",
        False,
    ),
]


@pytest.mark.parametrize(("base", "sizes", "down", "init", "forward", "stuck"), ADAPTED)
def test_factors_that_a_class_adds_to_a_layer(
    base: str, sizes: str, down: str, init: str, forward: str, stuck: bool
) -> None:
    source = ADAPTER.format(base=base, sizes=sizes, down=down, init=init, forward=forward)
    result = check([Path("net.py")], Settings(select=("INI202",)), {"net.py": source.encode()})
    assert result.failures == ()
    found = [finding.message.partition("`: ")[2] for finding in result.diagnostics]
    assert found == ([PAIR.format("`down` and `up`")] if stuck else [])
    left = zeros_after_training(source, "Adapted")
    assert left == ({"down", "up"} if stuck else set())
