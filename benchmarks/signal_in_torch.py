"""Compares the stated signal and gradient of random networks with torch.

    python benchmarks/signal_in_torch.py [NETS] [SEED] [FILE] [--jobs N]

Each network is random in depth (2 to 12), widths (16 to 512), activations, initializers, linear or convolutional
layers, skips, concatenations, gates, norms, pools and embeddings. It is run in torch with new weights and inputs until
the standard error of the mean is at most 3 %, or 500 times. A stated signal is right within the greater of 15 % and
three standard errors, a stated gradient within the greater of 25 % and three standard errors.

Network N of a seed is the same however many are run. FILE keeps what torch gave, a network a line, and networks that it
has are not run again.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
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

_MODULES = (
    "ReLU() LeakyReLU(0.2) PReLU() ReLU6() GELU() SiLU() Mish() Hardswish() Tanh() Softsign() Hardtanh() SELU() "
    "Sigmoid() Hardsigmoid() LogSigmoid() ELU() CELU(0.5) Softplus() Tanhshrink() Softshrink() Hardshrink() "
    "RReLU(0.1,0.3) Threshold(0.1,0.05)"
)
ACTIVATIONS = (*(f"nn.{name}" for name in _MODULES.split()), "torch.sin(x)", "x * torch.sigmoid(1.702 * x)")
"""Modules, and functions of `x`."""
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
    "nn.init.eye_(m.weight) if m.weight.dim() == 2 else nn.init.dirac_(m.weight)",
    "nn.init.constant_(m.weight, 0.02)",
)
HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"
MOST_RUNS = 500
WANTED_ERROR = 0.03


@dataclass
class Net:
    """A random network: its layers and steps, the size of its input, and whether that is a batch of indices."""

    draw: random.Random
    init: str = ""
    layers: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    size: tuple[int, ...] = ()
    vocabulary: int = 0
    activation: str = ""

    def source(self) -> str:
        """A module `Net`."""
        types = "nn.Linear, nn.Conv2d"
        lines = ["class Net(nn.Module):", "    def __init__(self):", "        super().__init__()"]
        lines += [f"        {line}" for line in self.layers]
        lines += [
            "        for m in self.modules():",
            f"            if isinstance(m, ({types})):",
            f"                {self.init}",
        ]
        lines += ["", "    def forward(self, x):", *(f"        {step}" for step in self.steps), "        return x"]
        return HEAD + "\n".join(lines) + "\n"

    def activate(self, number: int) -> str:
        """The activation of `y`."""
        if not self.activation.startswith("nn."):
            return self.activation.replace("x", "y")
        self.layers.append(f"self.act{number} = {self.activation}")
        return f"self.act{number}(y)"

    def redraw_activation(self) -> None:
        """Draw a new activation."""
        self.activation = self.draw.choice(ACTIVATIONS)


def random_net(seed: int, number: int) -> Net:
    """Network `number` of a seed."""
    net = Net(random.Random(f"{seed}/{number}"))
    if net.draw.random() < 0.4:
        _fill_conv_net(net, net.draw)
    else:
        _fill_linear_net(net, net.draw)
    net.init = net.draw.choice(INITS)
    return net


def _fill_linear_net(net: Net, draw: random.Random) -> None:
    width, uniform = draw.choice((16, 32, 64, 128, 256, 512)), draw.random() < 0.5
    if draw.random() < 0.2:
        net.vocabulary = 50
        net.layers.append(f"self.embed = nn.Embedding({net.vocabulary}, {width})")
        net.steps.append("x = self.embed(x)")
        net.size = (32,)
    else:
        net.size = (32, width)
    net.redraw_activation()
    for number in range(draw.randint(2, 12)):
        new = width if uniform else draw.choice((16, 32, 64, 128, 256, 512))
        form = draw.random()
        if form < 0.15:
            new = width
        if draw.random() < 0.3:
            net.redraw_activation()
        name = f"self.fc{number}"
        if form >= 0.95:
            net.layers += [f"{name} = nn.Linear({width}, {2 * new})", f"self.glu{number} = nn.GLU(dim=1)"]
            net.steps.append(f"x = self.glu{number}({name}(x))")
            width = new
            continue
        net.layers.append(f"{name} = nn.Linear({width}, {new})")
        if 0.15 <= form < 0.25:
            net.layers.append(f"self.gate{number} = nn.Linear({width}, {new})")
            net.steps.append(f"x = {name}(x) * torch.sigmoid(self.gate{number}(x))")
            width = new
            continue
        net.steps.append(f"y = {name}(x)")
        if 0.35 <= form < 0.5:
            norm = draw.choice(("LayerNorm", "BatchNorm1d"))
            net.layers.append(f"self.norm{number} = nn.{norm}({new})")
            net.steps.append(f"y = self.norm{number}(y)")
        called = net.activate(number)
        if form < 0.15:
            net.steps.append(f"x = x + {called}")
        elif 0.25 <= form < 0.35:
            net.layers.append(f"self.other{number} = nn.Linear({width}, {new})")
            net.steps.append(f"x = torch.cat([{called}, self.other{number}(x)], dim=1)")
            new *= 2
        else:
            net.steps.append(f"x = {called}")
        width = new
    net.layers.append(f"self.last = nn.Linear({width}, 10)")
    net.steps.append("x = self.last(x)")


def _fill_conv_net(net: Net, draw: random.Random) -> None:
    width = draw.choice((16, 32, 64))
    side = 16
    net.size = (4, width, side, side)
    net.redraw_activation()
    for number in range(draw.randint(2, 8)):
        new = draw.choice((16, 32, 64))
        kernel = draw.choice((1, 3)) if side > 4 else 1
        form = draw.random()
        if form < 0.2:
            new = width
        name = f"self.conv{number}"
        net.layers.append(f"{name} = nn.Conv2d({width}, {new}, {kernel})")
        net.steps.append(f"y = {name}(x)")
        if 0.2 <= form < 0.45:
            net.layers.append(f"self.norm{number} = nn.BatchNorm2d({new})")
            net.steps.append(f"y = self.norm{number}(y)")
        called = net.activate(number)
        net.steps.append(f"x = x + {called}" if form < 0.2 and kernel == 1 else f"x = {called}")
        side -= kernel - 1
        if side >= 8 and draw.random() < 0.25:
            pool = draw.choice(("MaxPool2d(2)", "AvgPool2d(2)"))
            net.layers.append(f"self.pool{number} = nn.{pool}")
            net.steps.append(f"x = self.pool{number}(x)")
            side //= 2
        if draw.random() < 0.3:
            net.redraw_activation()
        width = new
    net.layers += ["self.pool = nn.AdaptiveAvgPool2d(1)", f"self.last = nn.Linear({width}, 10)"]
    net.steps += ["x = self.last(self.pool(x).flatten(1))"]


@dataclass(frozen=True)
class Measured:
    """The mean of a value over runs, and the standard error of that mean."""

    mean: float
    error: float

    @classmethod
    def of(cls, values: list[float]) -> Measured:
        count, mean = len(values), sum(values) / len(values)
        return cls(mean, math.sqrt(sum((value - mean) ** 2 for value in values) / (count * (count - 1))))

    @property
    def is_settled(self) -> bool:
        """Whether more runs would change little. What is always zero may be rare."""
        return self.mean != 0 and self.error <= WANTED_ERROR * abs(self.mean)


def measure(net: Net) -> dict[str, tuple[Measured, Measured]]:
    """The signal and the gradient at the output of each layer, by its name."""
    names: dict[str, Any] = {}
    exec(net.source(), names)
    values: dict[str, tuple[list[float], list[float]]] = {}
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
            of_signal, of_gradient = values.setdefault(path, ([], []))
            of_signal.append(value.detach().square().mean().item())
            of_gradient.append(math.nan if value.grad is None else value.grad.square().mean().item())
        if run >= 4 and all(Measured.of(runs).is_settled for pair in values.values() for runs in pair):
            break
    return {
        path: (Measured.of(of_signal), Measured.of(of_gradient)) for path, (of_signal, of_gradient) in values.items()
    }


def _keeper(outputs: dict[str, torch.Tensor], path: str) -> Callable[[nn.Module, Any, torch.Tensor], None]:
    def keep(_: nn.Module, __: Any, out: torch.Tensor) -> None:
        out.retain_grad()
        outputs[path] = out

    return keep


def _measure_numbered(seed_and_number: tuple[int, int]) -> tuple[int, dict[str, tuple[Measured, Measured]]]:
    torch.set_num_threads(1)
    return seed_and_number[1], measure(random_net(*seed_and_number))


def measured_nets(nets: int, seed: int, kept: Path | None, jobs: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """What torch gives for each network, those of the file first; new ones are added to it."""
    done = set()
    for line in kept.read_text("utf-8").splitlines() if kept is not None and kept.exists() else ():
        entry = json.loads(line)
        number = entry["number"]
        net = random_net(seed, number)
        if entry["seed"] == seed and number < nets and (entry["source"], entry["size"]) == (net.source(), [*net.size]):
            done.add(number)
            yield number, {path: tuple(Measured(*values) for values in pair) for path, pair in entry["layers"].items()}
    missing = [(seed, number) for number in range(nets) if number not in done]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for number, layers in pool.imap_unordered(_measure_numbered, missing):
            print(f"net {number}: {len(layers)} layers ({len(done) + 1} of {nets})", file=sys.stderr, flush=True)
            done.add(number)
            if kept is not None:
                pairs = {path: [(value.mean, value.error) for value in pair] for path, pair in layers.items()}
                net = random_net(seed, number)
                entry = {"seed": seed, "number": number, "source": net.source(), "size": net.size, "layers": pairs}
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(entry) + "\n")
            yield number, layers


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


@dataclass
class Comparison:
    """Counts of layers by what was compared, and those that are wrong with their ratio to torch."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[float, str]] = field(default_factory=list)

    def add(self, number: int, net: Net, layers: Mapping[str, tuple[Measured, Measured]]) -> None:
        """Compare a network with what torch gave."""
        predicted = stated(net.source())
        for path, pair in layers.items():
            values = predicted.get(path, (None, None))
            for name, measured, value, tolerance in zip(
                ("signal", "gradient"), pair, values, (0.15, 0.25), strict=True
            ):
                if math.isfinite(measured.mean) and math.isfinite(measured.error):
                    self.counts[f"{name} measured"] += 1
                    if value is not None:
                        self._judge(name, measured, value, tolerance, f"net {number} {path}", net.init)

    def _judge(self, name: str, measured: Measured, value: float, tolerance: float, layer: str, init: str) -> None:
        self.counts[f"{name} stated"] += 1
        if abs(value - measured.mean) <= max(tolerance * abs(measured.mean), 3 * measured.error):
            self.counts[f"{name} right"] += 1
            return
        ratio = value / measured.mean if measured.mean else math.inf
        line = f"{layer}: {name} {value:.3g}, torch {measured.mean:.3g} +- {measured.error:.2g}; {init}"
        self.wrong.append((ratio, line))

    def report(self, most: int) -> str:
        """The shares, and the worst layers."""
        lines = []
        for name in ("signal", "gradient"):
            measured, shown, right = (self.counts[f"{name} {count}"] for count in ("measured", "stated", "right"))
            lines.append(
                f"{name}: stated for {shown} of {measured} layers ({shown / max(1, measured):.1%}), "
                f"right for {right} ({right / max(1, shown):.1%})"
            )
        worst = sorted(self.wrong, key=lambda entry: -abs(math.log(entry[0])) if 0 < entry[0] < math.inf else -math.inf)
        return "\n".join([*lines, *(line for _, line in worst[:most])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nets", nargs="?", type=int, default=300, metavar="NETS")
    parser.add_argument("seed", nargs="?", type=int, default=0, metavar="SEED")
    parser.add_argument("kept", nargs="?", type=Path, metavar="FILE")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that run torch")
    parser.add_argument("--worst", type=int, default=20, metavar="N", help="how many layers to list (default: 20)")
    given = parser.parse_args()
    comparison = Comparison()
    for number, layers in measured_nets(given.nets, given.seed, given.kept, given.jobs):
        comparison.add(number, random_net(given.seed, number), layers)
    print(comparison.report(given.worst))


if __name__ == "__main__":
    main()
