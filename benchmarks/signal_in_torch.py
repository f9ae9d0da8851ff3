"""Compares the stated signal and gradient of random networks with torch.

    python benchmarks/signal_in_torch.py [NETS] [SEED]

Each network is random in depth (2 to 12), widths (16 to 512), activations, initializers, linear or convolutional
layers, skips, concatenations, gates, norms, pools and embeddings. It is run in torch with new weights and inputs until
the standard error of the mean is at most 3 %, or 500 times. A stated signal is right within the greater of 15 % and
three standard errors, a stated gradient within the greater of 25 % and three standard errors.
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from initlint.analysis.gradients import gradients
from initlint.analysis.signal_propagation import mean_squares
from initlint.graph.model import ModelGraph
from initlint.linter.pipeline import check_models
from initlint.project.settings import Settings

ACTIVATIONS = (
    "ReLU() LeakyReLU(0.2) PReLU() ReLU6() GELU() SiLU() Mish() Hardswish() Tanh() Softsign() Hardtanh() SELU() "
    "Sigmoid() Hardsigmoid() LogSigmoid() ELU() CELU(0.5) Softplus() Tanhshrink() Softshrink() Hardshrink() "
    "RReLU(0.1,0.3)"
).split()
INITS = (
    "pass",
    "nn.init.xavier_uniform_(m.weight); nn.init.zeros_(m.bias)",
    "nn.init.xavier_normal_(m.weight, gain=1.5)",
    "nn.init.kaiming_normal_(m.weight, nonlinearity='relu'); nn.init.zeros_(m.bias)",
    "nn.init.kaiming_uniform_(m.weight, a=0.2, nonlinearity='leaky_relu')",
    "nn.init.kaiming_normal_(m.weight, nonlinearity='linear')",
    "nn.init.orthogonal_(m.weight)",
    "nn.init.normal_(m.weight, std=0.05); nn.init.constant_(m.bias, 0.1)",
    "nn.init.trunc_normal_(m.weight, std=0.1)",
    "nn.init.uniform_(m.weight, -0.1, 0.1); nn.init.normal_(m.bias, std=0.1)",
    "nn.init.uniform_(m.weight, 0, 0.05)",
    "nn.init.sparse_(m.weight, 0.5, std=0.1) if m.weight.dim() == 2 else None",
)
HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"
MOST_RUNS = 500
WANTED_ERROR = 0.03


@dataclass
class Net:
    """The source of a network, the size of its input, and whether that is a batch of indices."""

    layers: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    size: tuple[int, ...] = ()
    vocabulary: int = 0

    def source(self, init: str) -> str:
        """A module `Net`."""
        types = "nn.Linear, nn.Conv2d"
        lines = ["class Net(nn.Module):", "    def __init__(self):", "        super().__init__()"]
        lines += [f"        {line}" for line in self.layers]
        lines += [
            "        for m in self.modules():",
            f"            if isinstance(m, ({types})):",
            f"                {init}",
        ]
        lines += ["", "    def forward(self, x):", *(f"        {step}" for step in self.steps), "        return x"]
        return HEAD + "\n".join(lines) + "\n"


def random_net(draw: random.Random) -> Net:
    """One network."""
    return _conv_net(draw) if draw.random() < 0.4 else _linear_net(draw)


def _linear_net(draw: random.Random) -> Net:
    net, width, uniform = Net(), draw.choice((16, 32, 64, 128, 256, 512)), draw.random() < 0.5
    if draw.random() < 0.2:
        net.vocabulary = 50
        net.layers.append(f"self.embed = nn.Embedding({net.vocabulary}, {width})")
        net.steps.append("x = self.embed(x)")
        net.size = (32,)
    else:
        net.size = (32, width)
    activation = draw.choice(ACTIVATIONS)
    for number in range(draw.randint(2, 12)):
        new = width if uniform else draw.choice((16, 32, 64, 128, 256, 512))
        form = draw.random()
        if form < 0.15:
            new = width
        name = f"self.fc{number}"
        net.layers.append(f"{name} = nn.Linear({width}, {new})")
        if draw.random() < 0.3:
            activation = draw.choice(ACTIVATIONS)
        net.layers.append(f"self.act{number} = nn.{activation}")
        called = f"self.act{number}({name}(x))"
        if form < 0.15:
            net.steps.append(f"x = x + {called}")
        elif form < 0.25:
            net.layers.append(f"self.gate{number} = nn.Linear({width}, {new})")
            net.steps.append(f"x = {name}(x) * torch.sigmoid(self.gate{number}(x))")
        elif form < 0.35:
            net.layers.append(f"self.other{number} = nn.Linear({width}, {new})")
            net.steps.append(f"x = torch.cat([{called}, self.other{number}(x)], dim=1)")
            new *= 2
        elif form < 0.5:
            norm = draw.choice(("LayerNorm", "BatchNorm1d"))
            net.layers.append(f"self.norm{number} = nn.{norm}({new})")
            net.steps.append(f"x = self.act{number}(self.norm{number}({name}(x)))")
        else:
            net.steps.append(f"x = {called}")
        width = new
    net.layers.append(f"self.last = nn.Linear({width}, 10)")
    net.steps.append("x = self.last(x)")
    return net


def _conv_net(draw: random.Random) -> Net:
    net, width = Net(), draw.choice((16, 32, 64))
    side = 24
    net.size = (8, width, side, side)
    activation = draw.choice(ACTIVATIONS)
    for number in range(draw.randint(2, 8)):
        new = draw.choice((16, 32, 64))
        kernel = draw.choice((1, 3)) if side > 4 else 1
        form = draw.random()
        if form < 0.2:
            new = width
        name = f"self.conv{number}"
        net.layers += [f"{name} = nn.Conv2d({width}, {new}, {kernel})", f"self.act{number} = nn.{activation}"]
        called = f"self.act{number}({name}(x))"
        cut = (kernel - 1) // 2
        inner = f"x[:, :, {cut}:-{cut}, {cut}:-{cut}]" if cut else "x"
        if form < 0.2 and not cut:
            net.steps.append(f"x = {inner} + {called}")
        elif form < 0.45:
            net.layers.append(f"self.norm{number} = nn.BatchNorm2d({new})")
            net.steps.append(f"x = self.act{number}(self.norm{number}({name}(x)))")
        else:
            net.steps.append(f"x = {called}")
        side -= 2 * cut
        if side >= 8 and draw.random() < 0.25:
            pool = draw.choice(("MaxPool2d(2)", "AvgPool2d(2)"))
            net.layers.append(f"self.pool{number} = nn.{pool}")
            net.steps.append(f"x = self.pool{number}(x)")
            side //= 2
        if draw.random() < 0.3:
            activation = draw.choice(ACTIVATIONS)
        width = new
    net.layers += ["self.pool = nn.AdaptiveAvgPool2d(1)", f"self.last = nn.Linear({width}, 10)"]
    net.steps += ["x = self.last(self.pool(x).flatten(1))"]
    return net


@dataclass
class Measured:
    """Sums over runs of a value and its square."""

    values: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        return sum(self.values) / len(self.values)

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        count, mean = len(self.values), self.mean
        return math.sqrt(sum((value - mean) ** 2 for value in self.values) / (count * (count - 1)))

    @property
    def is_settled(self) -> bool:
        return self.mean == 0 or self.error <= WANTED_ERROR * abs(self.mean)


def measure(net: Net, source: str) -> tuple[dict[str, Measured], dict[str, Measured]]:
    """The signal and the gradient at the output of each layer, by its name."""
    names: dict[str, Any] = {}
    exec(source, names)
    signals: dict[str, Measured] = {}
    gradients: dict[str, Measured] = {}
    for run in range(MOST_RUNS):
        torch.manual_seed(run)
        model = names["Net"]()
        outputs: dict[str, torch.Tensor] = {}
        for path, module in model.named_modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                module.register_forward_hook(_keeper(outputs, path))
        x = torch.randint(net.vocabulary, net.size) if net.vocabulary else torch.randn(net.size)
        out = model(x)
        (out * torch.randn_like(out)).sum().backward()
        for path, value in outputs.items():
            signals.setdefault(path, Measured()).values.append(value.detach().square().mean().item())
            gradient = value.grad
            gradients.setdefault(path, Measured()).values.append(
                math.nan if gradient is None else gradient.square().mean().item()
            )
        if run >= 4 and all(measured.is_settled for measured in (*signals.values(), *gradients.values())):
            break
    return signals, gradients


def _keeper(outputs: dict[str, torch.Tensor], path: str) -> Callable[[nn.Module, Any, torch.Tensor], None]:
    def keep(_: nn.Module, __: Any, out: torch.Tensor) -> None:
        out.retain_grad()
        outputs[path] = out

    return keep


def stated(source: str) -> dict[str, tuple[float | None, float | None]]:
    """initlint's signal and gradient for each layer."""
    model = _model(source)
    return {
        operation.layer: (moment, gradient)
        for operation, moment, gradient in zip(model.operations, mean_squares(model), gradients(model), strict=True)
        if operation.kind == "layer" and operation.layer is not None
    }


def _model(source: str) -> ModelGraph:
    result = check_models([Path("net.py")], Settings(), {"net.py": source.encode()}, whole_models=True)
    return next(model for model in result.models if model.name == "Net")


def main() -> None:
    nets, seed = (int(argument) for argument in (*sys.argv[1:3], *("300", "0")[len(sys.argv) - 1 :]))
    torch.set_num_threads(1)
    draw = random.Random(seed)
    counts: Counter[str] = Counter()
    wrong: list[tuple[float, str]] = []
    for number in range(nets):
        net, init = random_net(draw), draw.choice(INITS)
        source = net.source(init)
        try:
            signals, gradients = measure(net, source)
        except (RuntimeError, ValueError) as error:
            print(f"net {number}: torch: {error}")
            continue
        predicted = stated(source)
        for path in signals:
            for name, measured, value, tolerance in (
                ("signal", signals[path], predicted.get(path, (None, None))[0], 0.15),
                ("gradient", gradients[path], predicted.get(path, (None, None))[1], 0.25),
            ):
                if not math.isfinite(measured.mean):
                    continue
                counts[f"{name} measured"] += 1
                if value is None:
                    continue
                counts[f"{name} stated"] += 1
                allowed = max(tolerance * abs(measured.mean), 3 * measured.error)
                if abs(value - measured.mean) <= allowed:
                    counts[f"{name} right"] += 1
                else:
                    ratio = value / measured.mean if measured.mean else math.inf
                    wrong.append((ratio, f"net {number} {path}: {name} {value:.3g}, torch {measured.mean:.3g}; {init}"))
    for name in ("signal", "gradient"):
        measured_count, stated_count = counts[f"{name} measured"], counts[f"{name} stated"]
        print(
            f"{name}: stated for {stated_count} of {measured_count} layers ({stated_count / measured_count:.1%}), "
            f"right for {counts[f'{name} right']} ({counts[f'{name} right'] / max(1, stated_count):.1%})"
        )
    for _, line in sorted(wrong, key=lambda entry: -abs(math.log(entry[0])) if 0 < entry[0] < math.inf else 0)[:20]:
        print(line)


if __name__ == "__main__":
    main()
