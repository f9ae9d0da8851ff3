"""Measure E[x^2] after each layer of the theory page's networks with torch, for the plots.

    python -m tools.website.measure_signal

takes about a minute and writes tools/website/signal.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from tools.website.stacks import DEPTH, STACKS, WIDTH, source

RESULT = Path(__file__).with_name("signal.json")
DRAWS, BATCH = 20, 128


def measure(text: str) -> list[float]:
    """E[x^2] of the output of each layer, over draws of the weights, for inputs of E[x^2] = 1."""
    names: dict[str, Any] = {}
    exec(text, names)
    total = [0.0] * DEPTH
    for seed in range(DRAWS):
        torch.manual_seed(seed)
        model = names["Net"]()
        for at, layer in enumerate(model.layers):

            def add_moment(_: object, __: object, out: torch.Tensor, at: int = at) -> None:
                total[at] += out.square().mean().item() / DRAWS

            layer.register_forward_hook(add_moment)
        with torch.no_grad():
            model(torch.randn(BATCH, WIDTH))
    return [float(f"{value:.4g}") for value in total]


def main() -> None:
    torch.set_num_threads(1)
    moments = {plot: {curve: measure(source(plot, curve)) for curve in curves} for plot, curves in STACKS.items()}
    RESULT.write_text(json.dumps({"torch": torch.__version__, "moments": moments}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
