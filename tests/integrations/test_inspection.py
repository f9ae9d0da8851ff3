"""`initlint.inspect` on real modules: what it measures, what it finds, and that it leaves the module as it was."""

from __future__ import annotations

import copy
import math
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import initlint
from initlint.diagnostics import Severity
from initlint.integrations.inspection.findings import ModuleFinding


def mlp(depth: int = 4, width: int = 64) -> nn.Sequential:
    torch.manual_seed(0)
    blocks = [layer for _ in range(depth) for layer in (nn.Linear(width, width), nn.ReLU())]
    return nn.Sequential(*blocks, nn.Linear(width, 10))


class Everything(nn.Module):
    """State of every kind: running statistics, dropout, a hook, a called `forward`, in-place operations, frozen layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(8, 4)
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.scale = nn.Parameter(torch.ones(1))
        self.fc.register_forward_hook(lambda module, args, output: output * 2)
        self.drop.eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu_(self.norm(self.conv(x)))
        x = self.drop(x).mean((2, 3))
        x = self.fc.forward(x) * self.scale + torch.randn(4)
        return self.frozen(x)


def state(net: nn.Module) -> dict[str, Any]:
    """All that must not change."""
    return {
        "values": {name: tensor.clone() for name, tensor in net.state_dict().items()},
        "memory": {name: tensor.data_ptr() for name, tensor in net.state_dict().items()},
        "gradients": {name: None if p.grad is None else p.grad.clone() for name, p in net.named_parameters()},
        "modes": [module.training for module in net.modules()],
        "hooks": [[dict(getattr(m, key)) for key in vars(m) if key.endswith("_hooks")] for m in net.modules()],
        "attributes": [sorted(vars(module)) for module in net.modules()],
        "needs": [p.requires_grad for p in net.parameters()],
        "random": torch.get_rng_state(),
    }


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.parametrize("grad", [True, False])
def test_the_module_stays_as_it_was(grad: bool) -> None:
    net = Everything()
    net(torch.randn(4, 3, 8, 8)).sum().backward()
    before = state(net)
    with torch.set_grad_enabled(grad):
        inspection = initlint.inspect(net, torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(1)))
        assert torch.is_grad_enabled() == grad
    assert inspection.measured
    after = state(net)
    for kind in before:
        assert same(before[kind], after[kind]), kind


def test_it_stays_as_it_was_if_forward_raises() -> None:
    net = Everything()
    before = state(net)
    with pytest.raises(RuntimeError, match="channels"):
        initlint.inspect(net, torch.zeros(1, 4, 8, 8))
    assert same(before, state(net))


def test_the_numbers_are_those_of_torch() -> None:
    net, x = mlp(), torch.randn(256, 64, generator=torch.Generator().manual_seed(2))
    inspection = initlint.inspect(net, x, seed=3)
    first, *_, last = (row for row in inspection.layers if len(row.shape) > 1)
    output = net[0](x)
    weight = net[0].weight
    assert first.signal == pytest.approx(float(output.square().mean()), rel=1e-5)
    assert (first.path, first.layer, first.kind, first.shape) == ("0.weight", "0", "Linear", (64, 64))
    assert first.std == pytest.approx(float(weight.std(correction=0)), rel=1e-5)
    torch.manual_seed(3)
    result = net(x)
    start = torch.randn_like(result)
    (gradient,) = torch.autograd.grad(result, weight, start)
    assert first.weight_gradient == pytest.approx(float(gradient.square().mean()), rel=1e-4)
    assert last.gradient == pytest.approx(float(start.square().mean()), rel=1e-5)


def test_layers_come_in_the_order_of_the_calls_and_arguments_by_name() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.second, self.first, self.unused = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: torch.Tensor, twice: bool = False) -> torch.Tensor:
            return self.second(self.first(x)) * (2 if twice else 1)

    inspection = initlint.inspect(Two(), {"x": torch.randn(8, 4), "twice": True})
    weights = [row for row in inspection.layers if row.path.endswith("weight")]
    assert [row.layer for row in weights] == ["first", "second", "unused"]
    assert weights[2].signal is None
    assert initlint.inspect(Two(), (torch.randn(8, 4), True)).measured


def found(net: nn.Module, x: torch.Tensor | None = None) -> list[tuple[Severity, str]]:
    return [(finding.severity, finding.layer) for finding in initlint.inspect(net, x).findings]


X = torch.randn(64, 64, generator=torch.Generator().manual_seed(4))


def zero_hidden(net: nn.Sequential) -> None:
    nn.init.zeros_(net[2].weight)
    nn.init.zeros_(net[2].bias)


def constant(net: nn.Sequential) -> None:
    for layer in (net[0], net[2], net[4]):
        nn.init.constant_(layer.weight, 0.01)
        nn.init.zeros_(layer.bias)


def copied(net: nn.Sequential) -> None:
    net[4] = copy.deepcopy(net[2])


def not_a_number(net: nn.Sequential) -> None:
    with torch.no_grad():
        net[2].weight[0, 0] = math.nan


def exploding(net: nn.Sequential) -> None:
    for layer in (net[0], net[2], net[4], net[6]):
        nn.init.normal_(layer.weight)


def vanishing(net: nn.Sequential) -> None:
    for layer in (net[0], net[2], net[4], net[6]):
        nn.init.normal_(layer.weight, std=1e-3)
        nn.init.zeros_(layer.bias)


def raw(net: nn.Sequential) -> None:
    with torch.no_grad():
        net[4].weight[0, 0] = 1e30


def dead(net: nn.Sequential) -> None:
    nn.init.constant_(net[2].bias, -1e3)


DEFECTS: list[tuple[Callable[[nn.Sequential], None], tuple[Severity, str]]] = [
    (zero_hidden, (Severity.ERROR, "2.weight")),
    (constant, (Severity.ERROR, "2.weight")),
    (copied, (Severity.WARNING, "2.weight")),
    (not_a_number, (Severity.ERROR, "2.weight")),
    (exploding, (Severity.WARNING, "6")),
    (vanishing, (Severity.WARNING, "6")),
    (raw, (Severity.WARNING, "4.weight")),
    (dead, (Severity.WARNING, "2.weight")),
]


@pytest.mark.parametrize(("break_it", "expected"), DEFECTS, ids=lambda value: getattr(value, "__name__", ""))
def test_defects_are_found(break_it: Callable[[nn.Sequential], None], expected: tuple[Severity, str]) -> None:
    net = mlp()
    break_it(net)
    assert expected in found(net, X)


def test_right_modules_have_no_findings() -> None:
    net = mlp()
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert found(net) == found(net, X) == []
    head = mlp()
    nn.init.zeros_(head[-1].weight)  # a zero head learns
    assert "8.weight" not in [layer for _, layer in found(head, X)]
    norms = nn.Sequential(nn.Linear(64, 64), nn.LayerNorm(64), nn.ReLU(), nn.Linear(64, 64), nn.BatchNorm1d(64))
    assert found(norms, X) == []
    shared = nn.Linear(64, 64)
    assert found(nn.Sequential(shared, nn.Tanh(), shared), X) == []


def test_the_first_output_that_is_not_finite() -> None:
    class Log(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.clamp(max=0).log()

    net = nn.Sequential(nn.Linear(64, 64), Log(), nn.Linear(64, 64), nn.Linear(64, 64))
    assert (Severity.ERROR, "2") in found(net, X)


def test_text_and_html() -> None:
    net = mlp(depth=1)
    zero_and_odd = initlint.inspect(net)
    text = str(zero_and_odd)
    assert text.splitlines()[0] == "Sequential: 2 weights, nothing found"
    assert re.search(r"0\.weight +Linear +64x64", text)
    assert "initlint.inspect(net, x)" in text
    assert "<table>" in zero_and_odd._repr_html_()
    hostile = initlint.Inspection("<b>", (), (ModuleFinding(Severity.ERROR, "<i>", "\x1b<u>"),), True)
    shown = hostile._repr_html_()
    assert not any(tag in shown for tag in ("<b><b>", "<i>", "<u>", "\x1b"))
    assert "\x1b" not in str(hostile)


def test_lazy_and_empty_modules() -> None:
    assert found(nn.Sequential(nn.LazyLinear(4))) == []
    assert initlint.inspect(nn.ReLU(), X).layers == ()


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match=r"takes a torch\.nn\.Module, not int"):
        initlint.inspect(3)  # type: ignore[arg-type]


def test_the_magic_of_ipython() -> None:
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "import torch\nfrom torch import nn\n"
        "shell = InteractiveShell.instance()\n"
        "shell.user_ns.update(box=type('Box', (), {'net': nn.Linear(4, 4)}), x=torch.ones(2, 4))\n"
        "shell.run_line_magic('load_ext', 'initlint')\n"
        "print(shell.run_line_magic('initlint', 'box.net x'))\n"
        "for line in ('gone', 'box.gone', 'x', ''):\n    shell.run_cell(f'%initlint {line}')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.startswith("Linear: 1 weight,"), done.stderr
    assert done.stderr.splitlines()[-4:] == [
        "UsageError: name 'gone' is not defined",
        "UsageError: type object 'Box' has no attribute 'gone'",
        "UsageError: initlint.inspect takes a torch.nn.Module, not Tensor",
        "UsageError: %initlint takes the name of a module and those of its inputs: %initlint net x",
    ]


def test_torch_is_imported_on_use_only() -> None:
    code = "import initlint, sys; assert 'torch' not in sys.modules; initlint.inspect; assert 'torch' in sys.modules"
    subprocess.run([sys.executable, "-c", code], timeout=120, check=True)
