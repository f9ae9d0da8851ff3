"""Runs programs with the real torch and measures the parameters that they name.

    python measure_program.py REQUEST.json > MEASURED.json

A script that runs in its own process: torch stays out of the process that tests the linter. REQUEST is a list of {"path", "root", "build", "input", "parameters": {name: [layer, parameter]}}.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import math
import sys
import warnings
from pathlib import Path
from typing import Any

import torch


def main(request: str) -> None:
    """Print one result for each entry, in order: the measurements, or the exception."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    results = []
    for job in json.loads(Path(request).read_text(encoding="utf-8")):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                results.append(run(job))
        except Exception as error:
            results.append({"error": f"{type(error).__name__}: {error}"})
    json.dump(results, sys.stdout)


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Build the model of one job, call it, and measure its parameters."""
    if job["root"] not in sys.path:
        sys.path.insert(0, job["root"])
    torch.manual_seed(0)
    relative = Path(job["path"]).relative_to(job["root"]).with_suffix("")
    module = importlib.import_module(".".join(relative.parts))
    model = eval(job["build"], dict(vars(module)))
    measured = {name: measure(model, *where) for name, where in job["parameters"].items()}
    if job["input"]:
        model(eval(job["input"], {"torch": torch}))
    return {"parameters": measured, "names": [name for name, _ in model.named_modules()]}


def measure(model: torch.nn.Module, layer: str, parameter: str) -> dict[str, Any]:
    """The statistics of one parameter, and the fans that its default init uses."""
    owner: Any = model
    for name in layer.split("."):
        owner = getattr(owner, name)
    tensor = owner if isinstance(owner, torch.nn.Parameter) else getattr(owner, parameter)
    values = tensor.detach().double()
    fan_in, fan_out = math.nan, math.nan
    if values.dim() > 1:
        fan_in, fan_out = torch.nn.init._calculate_fan_in_and_fan_out(values)
    elif hasattr(owner, "weight") and owner.weight.dim() > 1:
        fan_in = torch.nn.init._calculate_fan_in_and_fan_out(owner.weight)[0]
    return {
        "shape": list(values.shape),
        "count": values.numel(),
        "mean": values.mean().item(),
        "std": values.std(unbiased=False).item(),
        "low": values.min().item(),
        "high": values.max().item(),
        "fan_in": fan_in,
        "fan_out": fan_out,
    }


if __name__ == "__main__":
    main(sys.argv[1])
