"""Generated `nn.Module` programs: what the static tracer is certain of, against what torch does.

    python -m tools.fuzzing.modules --programs 3000 --seed 0

Each program is made of a few snippets (`module_snippets`). It is interpreted by the static tracer, and built and run in
torch in another process (`torch_values`). Every write sets all elements to a number that no other write uses, so that
the final values show which write was the last. They disagree where the static tracer is certain of

- a write: the parameter has other values in torch,
- the absence of any write: it has the number of a write,
- a consumer of a layer's output: it is another one in torch, or one more.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from initlint.graph.model import Layer, ModelGraph
from initlint.graph.words import UNDETERMINED
from initlint.tracers.static.project import Project
from tools.fuzzing import module_snippets as snippets

IMPORTS = """\
import abc, asyncio, atexit, collections, concurrent.futures, contextlib, copy, dataclasses, functools, itertools
import operator, os, random, threading, types, typing, weakref

import numpy
import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import nn
"""
ATTRIBUTES = "abc"
_ACTIVATIONS = {"relu", "tanh", "sigmoid", "gelu", "silu"}
_LARGEST_DEFAULT = 0.51
"""Torch draws the default weights and biases of a layer with four inputs from (-0.5, 0.5)."""


@dataclass
class Program:
    """A program, and the snippets that it is made of."""

    text: str
    used: tuple[str, ...]


@dataclass
class Disagreement:
    """What the static tracer is certain of, and what torch does."""

    program: Program
    where: str
    certain: str
    torch: str


@dataclass
class Report:
    """The counts of a run, and its disagreements."""

    tried: int = 0
    built: int = 0
    claims: int = 0
    disagreements: list[Disagreement] = field(default_factory=list)


class Generator:
    """Composes one program; `chosen` gives the snippets of some tables, all others are drawn."""

    def __init__(self, seed: int, chosen: dict[str, snippets.Snippet] | None = None) -> None:
        self.random = random.Random(seed)
        self.chosen = chosen or {}
        self.definitions: list[str] = []
        self.used: list[str] = []
        self.count = 0

    def pick(self, table: str) -> snippets.Snippet:
        """A snippet of a table."""
        if table in self.chosen:
            return self.chosen[table]
        options: Sequence[snippets.Snippet] = getattr(snippets, table)
        return options[0] if self.chosen else self.random.choice(options)

    def fill(self, table: str, **values: Any) -> str:
        """A snippet with its values, whose definitions are added to the program."""
        self.count += 1
        snippet = self.pick(table)
        text, definitions = (snippet, "") if isinstance(snippet, str) else snippet
        if not self.chosen or table in self.chosen:
            self.used.append(text)
        if definitions:
            self.definitions.append(definitions.format(n=self.count, **values))
        return text.format(n=self.count, **values)

    def writer(self, returns: str) -> str:
        """The name of a new function that writes to the layer that it receives."""
        self.count += 1
        name, number = f"write_{self.count}", f"{self.count + 10}.0"
        if "LAYER_WRITES" in self.chosen or (not self.chosen and self.random.random() < 0.25):
            body = self.fill("LAYER_WRITES", m="layer", v=number)
        else:
            parameter = self.fill("PARAMETERS", m="layer", v=number)
            body = self.fill("WRITES", p=parameter, v=number)
        self.definitions.append(f"def {name}(layer):\n{_indented(body, 4)}    return {returns}\n")
        return name

    def action(self) -> str:
        """A statement of the constructor."""
        attribute = "a" if self.chosen else self.random.choice(ATTRIBUTES)
        other = self.random.choice([letter for letter in ATTRIBUTES if letter != attribute])
        if "TIES" in self.chosen or (not self.chosen and self.random.random() < 0.1):
            tie = self.fill("TIES", a=attribute, b=other)
            return (
                f"nn.init.constant_(self.{attribute}.weight, 5.0)\n{tie}\nnn.init.constant_(self.{other}.weight, 6.0)"
            )
        returns = "layer" if self.chosen else self.random.choice(snippets.RETURNS)
        function = self.writer(str(self.chosen.get("RETURNS", returns)))
        layer = self.fill("LAYERS", a=attribute)
        if "EXECUTIONS" in self.chosen or (not self.chosen and self.random.random() < 0.6):
            return self.fill("EXECUTIONS", f=function, m=layer)
        return f"{function}({layer})"

    def step(self, attribute: str, data: str) -> str:
        """A statement of `forward`."""
        if not self.chosen and self.random.random() < 0.5:
            return f"{data} = self.{attribute}({data})"
        activation = self.pick("ACTIVATIONS") if self.chosen else self.random.choice(snippets.ACTIVATIONS)
        return self.fill("STEPS", h=data, m=f"self.{attribute}", act=activation)

    def program(self) -> Program:
        """The text of the program."""
        base = self.fill("BASES")
        decorator = self.fill("DECORATORS")
        count = 1 if self.chosen else self.random.randint(1, 3)
        actions = [self.action() for _ in range(count)]
        steps = [self.step(attribute, "x") for attribute in ATTRIBUTES]
        lines = [f"self.{attribute} = nn.Linear(4, 4)\n" for attribute in ATTRIBUTES]
        body = "".join(lines) + "".join(f"{action}\n" for action in actions)
        forward = "".join(f"{step}\n" for step in steps)
        definitions = "\n\n".join(self.definitions)
        text = (
            f"{IMPORTS}\n\n{definitions}\n\n{decorator}class Net({base}):\n    def __init__(self):\n"
            f"        super().__init__()\n{_indented(body, 8)}\n    def forward(self, x):\n{_indented(forward, 8)}"
            "        return x\n"
        )
        if not self.chosen and self.random.random() < 0.3:
            text += "\n\nnet = Net()\n"
        return Program(text, tuple(self.used))


def _indented(text: str, width: int) -> str:
    return "".join(f"{' ' * width}{line}\n" for line in text.splitlines())


TABLES = ("LAYERS", "PARAMETERS", "WRITES", "LAYER_WRITES", "EXECUTIONS", "TIES", "BASES", "DECORATORS", "STEPS")


def single_programs() -> Iterator[Program]:
    """For each snippet of each table, the program with that snippet, and the simplest of the other tables."""
    for table in (*TABLES, "ACTIVATIONS"):
        for snippet in getattr(snippets, table):
            results = snippets.RETURNS if table == "EXECUTIONS" else ("layer",)
            for result in results:
                yield Generator(0, {table: snippet, "RETURNS": result}).program()


def random_programs(count: int, seed: int) -> Iterator[Program]:
    """Programs of snippets that are drawn."""
    for number in range(count):
        yield Generator(seed * 1_000_003 + number).program()


# Comparison ------------------------------------------------------------------------------------------------------


def compare(programs: Sequence[Program], batch: int = 100) -> Report:
    """Interpret the programs, build them in torch, and compare."""
    report = Report()
    for start in range(0, len(programs), batch):
        part = programs[start : start + batch]
        for program, truth in zip(part, _in_torch([program.text for program in part]), strict=True):
            report.tried += 1
            if "error" in truth:
                continue
            report.built += 1
            for where, certain, holds in _claims(program.text, truth):
                report.claims += 1
                if holds is not None:
                    report.disagreements.append(Disagreement(program, where, certain, holds))
    return report


def _in_torch(texts: list[str]) -> list[dict[str, Any]]:
    """What each program does in torch, see `torch_values`."""
    with tempfile.TemporaryDirectory() as folder:
        request, answer = Path(folder, "request.json"), Path(folder, "answer.json")
        request.write_text(json.dumps(texts), encoding="utf-8")
        command = [sys.executable, "-m", "tools.fuzzing.torch_values", str(request), str(answer)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        results: list[dict[str, Any]] = json.loads(answer.read_text(encoding="utf-8"))
    return results


def graph_of(text: str) -> ModelGraph | None:
    """The static tracer's graph of the class `Net`."""
    path = Path("/fuzzing/net.py")
    project = Project(contents={str(path): text.encode()}, has_disk=False)
    models = project.graph(project.load(path)).models
    return next((model for model in models if model.root is not None and model.root.endswith(".Net")), None)


def _claims(text: str, truth: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """What the static tracer is certain of: where, what, and what torch does instead (None if it agrees)."""
    graph = graph_of(text)
    for layer in graph.layers if graph is not None else ():
        yield from _claims_of_writes(layer, truth["values"])
        yield from _claims_of_consumers(layer, truth["consumers"])


def _claims_of_writes(layer: Layer, values: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    for parameter in layer.shapes:
        name = layer.path if layer.type == "Parameter" else f"{layer.path}.{parameter}"
        if name not in values or layer.load is not None or not layer.last_write_is_certain(parameter):
            continue
        constant, largest = values[name]
        shown = f"all {constant}" if constant is not None else f"drawn, at most {largest:.2f}"
        write = layer.effective_write(parameter)
        if write is None:
            yield name, "no write", None if constant is None and largest < _LARGEST_DEFAULT else shown
            continue
        number = _constant(write.initializer, write.arguments)
        certain = f"{write.initializer.rpartition('.')[2]} {number if number is not None else ''}".strip()
        agrees = number is None or number == constant
        yield name, certain, None if agrees else shown


def _constant(initializer: str, arguments: Any) -> float | None:
    """The number that an init function sets; None for any other write, whose values are not known."""
    last = initializer.rpartition(".")[2]
    if last in ("zeros_", "ones_"):
        return float(last == "ones_")
    number = arguments.get("val", UNDETERMINED)
    return float(number) if last == "constant_" and isinstance(number, (int, float)) else None


def _claims_of_consumers(layer: Layer, consumers: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    certain = [f for f in layer.followed_by if f.certain and not f.between]
    actual = consumers.get(layer.path)
    if actual is None:
        return
    for consumer in certain:
        if consumer.op in _ACTIVATIONS:
            claim = consumer.op
        elif consumer.op == "layer" and consumer.layer is not None:
            claim = f"layer {consumer.layer}"
        else:
            continue
        yield layer.path, f"-> {claim}", None if claim in actual else ", ".join(actual) or "nothing"
    if certain and len(certain) == len(layer.followed_by) and all(f.op != "unknown" for f in certain):
        known = {f.op for f in certain}
        further = [name for name in actual if name.partition(" ")[0] not in known]
        yield layer.path, f"-> only {', '.join(sorted(known))}", ", ".join(further) or None


# Command line ----------------------------------------------------------------------------------------------------


def main() -> None:
    """Run, and print the disagreements and the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=300, help="how many programs of drawn snippets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--single", action="store_true", help="one program for each snippet instead")
    parser.add_argument("--show", action="store_true", help="print the programs that disagree")
    options = parser.parse_args()
    programs = list(single_programs() if options.single else random_programs(options.programs, options.seed))
    report = compare(programs)
    for found in report.disagreements:
        print(f"{found.where}: certain {found.certain}; torch {found.torch}; {' | '.join(found.program.used)}")
        if options.show:
            print(found.program.text)
    names = Counter(name for found in report.disagreements for name in set(found.program.used))
    differing = len({id(found.program) for found in report.disagreements})
    for name, times in names.most_common(15):
        print(f"{times:6} {name}")
    print(f"tried {report.tried}, built {report.built}, certain {report.claims}, programs that disagree {differing}")


if __name__ == "__main__":
    main()
