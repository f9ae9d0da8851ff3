"""How many models of real packages the fx tracer builds and traces, and how long that takes.

    python benchmarks/trace_models.py torchvision=PATH timm=PATH segmentation_models_pytorch=PATH vit_pytorch=PATH

PATH is the folder that holds the package. Prints for each package, and for all, how many models were built and how many
were traced in which way. `--floor N` also times N random models of each package (the same ones in every run) against
importing torch, building on meta and `torch.fx.symbolic_trace`, each in a process of its own. `--graphs FOLDER` writes
PACKAGE.json there, in the shape of `initlint graph`; `tracer_agreement.py` compares the static tracer's graphs with
them. The folder `stubs` replaces torchvision's compiled operators.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from initlint.facts.library_initializers import LIBRARY_INITIALIZERS
from initlint.facts.operators import EXTERNAL_MODULES
from initlint.project.user_tables import UserTables
from initlint.report.graph_json import to_json
from initlint.tracers.fx.graphs import read_graph
from initlint.tracers.fx.source_locations import SourceLocations
from initlint.tracers.fx.worker_process import Limits, Request, run

HERE = Path(__file__).parent

LISTING = {
    "torchvision": """
import inspect
from torchvision import models
builders = map(models.get_model_builder, models.list_models())
found = [[b.__module__, b.__name__,
          {"weights_backbone": None} if "weights_backbone" in inspect.signature(b).parameters else {}]
         for b in builders if "quantization" not in b.__module__]
""",
    "timm": """
import re, sys, timm
families = {}
for name in sorted(timm.list_models()):
    builder = timm.model_entrypoint(name)
    families.setdefault((builder.__module__, re.split(r"[\\d_]", name)[0]), name)
found = [[module, name, {}] for (module, _), name in families.items()]
""",
    "segmentation_models_pytorch": """
import segmentation_models_pytorch as smp
from segmentation_models_pytorch.encoders import encoders
architectures = [cls.__name__ for cls in smp.MODEL_ARCHITECTURES_MAPPING.values()]
families = {}
for name, entry in encoders.items():
    families.setdefault(entry["encoder"], name)
found = [["segmentation_models_pytorch", name, {"encoder_weights": None}] for name in architectures]
found += [["segmentation_models_pytorch", "Unet", {"encoder_weights": None, "encoder_name": name,
           **({"encoder_depth": 4, "decoder_channels": (128, 64, 32, 16), "head_upsampling": 2}
              if "mit" in name else {})}] for name in families.values()]
""",
    "vit_pytorch": """
import ast, re
from importlib.metadata import metadata
found = []
for example in re.findall(r"```python\\n(.*?)```", metadata("vit-pytorch").get_payload(), re.DOTALL):
    calls = [node for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Call)]
    modules = {alias.name: node.module for node in ast.walk(ast.parse(example)) if isinstance(node, ast.ImportFrom)
               for alias in node.names if node.module.startswith("vit_pytorch")}
    for call in calls:
        name = ast.unparse(call.func)
        try:
            kwargs = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        except ValueError:  # it is built from another model
            continue
        if name in modules and not call.args and [modules[name], name, kwargs] not in found:
            found.append([modules[name], name, kwargs])
""",
}
"""Python code that sets `found` to the module, the name and the keyword arguments of each model of a package.

One architecture of each family of timm; the encoders of segmentation-models with its U-Net; the models that the manual
of vit-pytorch builds from literals.
"""

HOME = """
import importlib
homes = [getattr(importlib.import_module(module), name, None) for module, name, _ in found]
print([[home.__module__, name, kwargs] for home, (_, name, kwargs) in zip(homes, found) if home is not None])
"""
"""Python code that prints them with the module that defines them, without those that do not exist."""

FLOOR = """
import ast, importlib, sys
module, name, kwargs = ast.literal_eval(sys.argv[1])
import torch
with torch.device("meta"):
    model = getattr(importlib.import_module(module), name)(**kwargs)
try:
    torch.fx.symbolic_trace(model.eval())
except Exception:
    pass
"""


GOAL = 1.5
"""The largest accepted ratio to the floor."""

SEED = 2


@dataclass
class Tally:
    """Counts of models. `ways`: how they were traced; `ratios`: their time divided by that of the floor."""

    models: int = 0
    devices: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    ratios: list[float] = field(default_factory=list)
    cpu_ratios: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count the models of `other`, too."""
        self.models += other.models
        self.devices += other.devices
        self.ways += other.ways
        self.ratios += other.ratios
        self.cpu_ratios += other.cpu_ratios

    def report(self, name: str) -> None:
        """Print the lines of `name`."""
        built, followed = self.devices.total(), self.ways.total()
        by_fx, total = self.ways["fx"], self.models
        print(f"{name}: built {_share(built, total)} {dict(self.devices)}")
        print(f"{name}: traced {_share(followed, total)}: by fx {by_fx}, by running {followed - by_fx}")
        if self.ratios:
            wall, cpu = (f"{statistics.median(r):.2f}, at most {max(r):.2f}" for r in (self.ratios, self.cpu_ratios))
            within = sum(ratio <= GOAL for ratio in self.ratios)
            print(
                f"{name}: times the floor, {len(self.ratios)} models: median {wall} (of processor time: {cpu});",
                end=" ",
            )
            print(f"{within} within {GOAL}", flush=True)


def main() -> None:
    """Print the counts of each package and of all, and the models that could not be built or traced."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="+", metavar="PACKAGE=PATH")
    parser.add_argument("--graphs", type=Path)
    parser.add_argument("--floor", type=int, default=0, metavar="N")
    parser.add_argument("--only", default="", help="only models whose name contains this")
    options = parser.parse_args()
    packages = dict(text.split("=", 1) for text in options.packages)
    folders = [str(HERE / "stubs"), *packages.values()]
    os.environ["PYTHONPATH"] = os.pathsep.join([*folders, os.environ.get("PYTHONPATH", "")])
    total = Tally()
    for package in packages:
        models = ast.literal_eval(_python(LISTING[package] + HOME))
        models = [model for model in models if options.only in model[1]]
        tally = _survey(package, models, folders, options.graphs)
        chosen = random.Random(SEED).sample(models, min(options.floor, len(models)))
        _measure_against_floor(chosen, folders, tally)
        tally.report(package)
        total.add(tally)
    total.report("all")


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / max(1, whole):.1f} %)"


def _python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1]


def _requests(models: Iterable[Sequence[Any]], folders: Sequence[str]) -> list[Request]:
    return [Request(None, module, name, tuple(folders), (), kwargs) for module, name, kwargs in models]


def _run(requests: Sequence[Request]) -> Iterable[Any]:
    return run(requests, Limits(seconds=300), sorted(LIBRARY_INITIALIZERS), sorted(EXTERNAL_MODULES))


def _survey(package: str, models: Sequence[Sequence[Any]], folders: Sequence[str], graphs: Path | None) -> Tally:
    places = SourceLocations(lambda _: None, lambda file: file)
    tally = Tally(models=len(models))
    graphs_found = []
    for model, outcome in zip(models, _run(_requests(models, folders)), strict=True):
        name = f"{model[0]}:{model[1]} {model[2] or ''}"
        if outcome.result is None:
            print(f"  not built: {name}: {outcome.problem}", flush=True)
            continue
        result = outcome.result
        tally.devices[result["device"]] += 1
        if result["way"] is None:
            print(f"  not traced: {name}: {result['problem']}", flush=True)
        else:
            tally.ways[result["way"]] += 1
        graphs_found.append(read_graph(result, model[1], places, UserTables()))
    if graphs is not None:
        graphs.mkdir(parents=True, exist_ok=True)
        (graphs / f"{package}.json").write_text(json.dumps(to_json(graphs_found)), encoding="utf-8")
    return tally


def _measure_against_floor(models: Sequence[Sequence[Any]], folders: Sequence[str], tally: Tally) -> None:
    for number, model in enumerate(models):
        # The second run finds the files in memory: the order alternates.
        measured = {}
        for subject in ("floor", "traced") if number % 2 else ("traced", "floor"):
            began, cpu = time.perf_counter(), _cpu_seconds()
            if subject == "floor":
                # In a new session, as the worker: a busy system divides its processors by session.
                command = [sys.executable, "-c", FLOOR, str(model)]
                subprocess.run(command, capture_output=True, check=False, start_new_session=True)
            else:
                list(_run(_requests([model], folders)))
            measured[subject] = time.perf_counter() - began, _cpu_seconds() - cpu
        wall, own = (traced / floor for traced, floor in zip(measured["traced"], measured["floor"], strict=True))
        tally.ratios.append(wall)
        tally.cpu_ratios.append(own)
        print(f"  {wall:.2f} times the floor (of processor time: {own:.2f}): {model[0]}:{model[1]}", flush=True)


def _cpu_seconds() -> float:
    """The processor time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
