"""Train the tutorial's classifier before and after `initlint check --fix`, and write the results.

    python -m tools.website.train_tutorial

needs torch and takes about two minutes. It writes tools/website/tutorial.json, the numbers of the tutorial.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import nn

BROKEN = Path(__file__).parents[2] / "docs" / "tutorial" / "broken.py"
RESULT = Path(__file__).with_name("tutorial.json")

SEEDS = (0, 1, 2)
STEPS = 600
LEARNING_RATE = 0.05
BATCH = 128
TRAINING, TESTING = 7168, 1024
EVERY = 20


def fixed_source() -> str:
    """The source of the broken file after fixing."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "net.py")
        copy.write_bytes(BROKEN.read_bytes())
        subprocess.run([sys.executable, "-m", "initlint", "check", "--isolated", "--fix-only", str(copy)], check=True)
        return copy.read_text(encoding="utf-8")


def train(source: str, seed: int) -> dict[str, Any]:
    """One run: the training loss, averaged over each `EVERY` steps, and the share of right answers at the end."""
    names: dict[str, Any] = {}
    exec(source, names)
    torch.manual_seed(seed)
    inputs = torch.randn(TRAINING + TESTING, 64)
    labels = (inputs @ torch.randn(64, 10)).argmax(1)
    model: nn.Module = names["Classifier"]()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    losses = []
    for _ in range(STEPS):
        batch = torch.randint(0, TRAINING, (BATCH,))
        loss = nn.functional.cross_entropy(model(inputs[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    right = (model(inputs[TRAINING:]).argmax(1) == labels[TRAINING:]).float().mean().item()
    return {"losses": [round(mean(losses[at : at + EVERY]), 4) for at in range(0, STEPS, EVERY)], "right": right}


def main() -> None:
    torch.set_num_threads(1)
    sources = {"as it is": BROKEN.read_text(encoding="utf-8"), "fixed": fixed_source()}
    runs = {name: [train(source, seed) for seed in SEEDS] for name, source in sources.items()}
    settings = {"steps": STEPS, "every": EVERY, "learning_rate": LEARNING_RATE, "seeds": len(SEEDS)}
    RESULT.write_text(
        json.dumps({"torch": torch.__version__, **settings, "runs": runs}, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
