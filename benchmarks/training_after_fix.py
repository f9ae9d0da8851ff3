"""Trains small networks before and after `initlint check --fix --unsafe-fixes`, and prints their training losses.

    python benchmarks/training_after_fix.py

Each network has one defect in each of its hidden layers of 64 units. It learns the classes that a random network of
two layers gives to 512 inputs, for 200 steps of 64 inputs, with fixed seeds. A loss is the mean cross-entropy over all
512 inputs after the last step, here its mean over five seeds; a network that has learned nothing has one of 2.30.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

SOURCE = """import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
{layers}

    def forward(self, x):
{steps}
        return self.head(x)
"""
CASES = (
    ("INI201", "zeros_(self.fc{0}.weight)", "ReLU", 2),
    ("INI203", "constant_(self.fc{0}.weight, 0.02)", "ReLU", 2),
    ("INI301", "xavier_uniform_(self.fc{0}.weight)", "ReLU", 4),
    ("INI301", "xavier_uniform_(self.fc{0}.weight)", "ReLU", 10),
    ("INI301", "xavier_uniform_(self.fc{0}.weight)", "GELU", 10),
    ("INI301", "xavier_uniform_(self.fc{0}.weight)", "SiLU", 10),
    ("INI305", "kaiming_normal_(self.fc{0}.weight, nonlinearity='relu')", "SELU", 4),
    ("INI305", "kaiming_normal_(self.fc{0}.weight, nonlinearity='relu')", "SELU", 10),
    ("INI401", "normal_(self.fc{0}.weight)", "ReLU", 2),
    ("INI401", "normal_(self.fc{0}.weight)", "ReLU", 4),
    ("INI404", "normal_(self.fc{0}.weight, 0, 0.7)", "ReLU", 2),
    ("INI404", "normal_(self.fc{0}.weight, 0, 0.7)", "ReLU", 4),
)
OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.05),
    "Adam": lambda parameters: torch.optim.Adam(parameters, lr=1e-3),
}
STEPS, SEEDS = 200, 5


def source_of(call: str, activation: str, depth: int) -> str:
    """A module `Net` of `depth` hidden layers, each initialized by `call`, with biases of zero."""
    layers: list[str] = []
    steps: list[str] = []
    for number in range(depth):
        layers += [
            f"self.fc{number} = nn.Linear(64, 64)",
            f"nn.init.{call.format(number)}",
            f"nn.init.zeros_(self.fc{number}.bias)",
        ]
        steps.append(f"x = nn.functional.{activation.lower()}(self.fc{number}(x))")
    layers.append("self.head = nn.Linear(64, 10)")
    return SOURCE.format(
        layers="\n".join(f"        {line}" for line in layers), steps="\n".join(f"        {line}" for line in steps)
    )


def fixed(source: str, code: str) -> str:
    """`source` after the fixes of the rule `code`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.py"
        path.write_text(source)
        command = ["check", "--isolated", "--no-cache", "--select", code, "--fix", "--unsafe-fixes", str(path)]
        run = subprocess.run([sys.executable, "-m", "initlint", *command], capture_output=True, text=True, check=False)
        if path.read_text() == source:
            sys.exit(f"{code} changed nothing: {run.stdout}{run.stderr}")
        return path.read_text()


def training_loss(source: str, optimizer: str) -> float:
    """The mean loss over the seeds after the last step."""
    return sum(_one_run(source, optimizer, seed) for seed in range(SEEDS)) / SEEDS


def _one_run(source: str, optimizer: str, seed: int) -> float:
    torch.manual_seed(1000 + seed)
    teacher = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 10))
    inputs = torch.randn(512, 64)
    classes = teacher(inputs).argmax(1)
    names: dict[str, Any] = {}
    exec(source, names)
    torch.manual_seed(seed)
    net = names["Net"]()
    stepper = OPTIMIZERS[optimizer](net.parameters())
    for _ in range(STEPS):
        batch = torch.randint(512, (64,))
        stepper.zero_grad()
        loss: Any = nn.functional.cross_entropy(net(inputs[batch]), classes[batch])
        loss.backward()
        stepper.step()
    with torch.no_grad():
        return float(nn.functional.cross_entropy(net(inputs), classes))


def main() -> None:
    torch.set_num_threads(1)
    print("| rule | hidden layers | SGD before | SGD after | Adam before | Adam after |\n|---|---|---|---|---|---|")
    for code, call, activation, depth in CASES:
        before = source_of(call, activation, depth)
        after = fixed(before, code)
        losses = [training_loss(source, optimizer) for optimizer in OPTIMIZERS for source in (before, after)]
        shown = " | ".join(f"{loss:.3g}" if math.isfinite(loss) else str(loss) for loss in losses)
        print(f"| {code} | {depth} x {activation} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
