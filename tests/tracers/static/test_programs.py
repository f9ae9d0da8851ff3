"""Each program in `programs/` covers one thing that people write; `expectations.py` says how its comments read."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from initlint.facts.initializer_formulas import constant_value, variance
from initlint.graph.model import FileGraph, Layer, ModelGraph
from initlint.graph.words import UNDETERMINED
from initlint.project.reading import read_source
from initlint.tracers.static.project import Project
from tests.support.expectations import ExpectedConsumers, ExpectedInit, Section, sections
from tests.support.paths import PROGRAMS, ROOT

FILES = [path for path in sorted(PROGRAMS.rglob("*.py")) if sections(path)]
CASES = [(path, section) for path in FILES for section in sections(path)]
IDS = [f"{path.relative_to(PROGRAMS).with_suffix('').as_posix()}-{section.model}" for path, section in CASES]
_SIGMAS = 6


@pytest.fixture(scope="module")
def graphs() -> dict[Path, FileGraph]:
    return {}


def graph_of(path: Path, graphs: dict[Path, FileGraph]) -> FileGraph:
    if path not in graphs:
        graphs[path] = Project().graph(read_source(path))
    return graphs[path]


@pytest.mark.parametrize(("path", "section"), CASES, ids=IDS)
def test_the_graph_is_as_expected(path: Path, section: Section, graphs: dict[Path, FileGraph]) -> None:
    models = [model for model in graph_of(path, graphs).models if model.name == section.model]
    assert models, f"no graph {section.model}, only {[m.name for m in graph_of(path, graphs).models]}"
    # The class by itself and what the file does with it have the same name: one of them is meant.
    differences = [list(_differences(model, section)) for model in models]
    assert min(differences, key=len) == []


def test_every_program_expects_something() -> None:
    assert [str(path) for path, section in CASES if not (section.layers or section.inits)] == []


def _differences(model: ModelGraph, section: Section) -> Iterator[str]:
    for expected in section.layers:
        layer = model.by_path.get(expected.path)
        yield from [f"no layer {expected.path}"] if layer is None else _consumers(layer, expected)
    for init in section.inits:
        layer = model.by_path.get(init.path)
        yield from [f"no layer {init.path}"] if layer is None else _writes(layer, init)
    for path in section.absent:
        if path in model.by_path:
            yield f"{path} is still there"


def _consumers(layer: Layer, expected: ExpectedConsumers) -> Iterator[str]:
    consumers = {(consumer.op, consumer.between, consumer.certain) for consumer in layer.followed_by}
    if consumers != expected.consumers:
        yield f"{layer.path} has the consumers {sorted(consumers)}, not {sorted(expected.consumers)}"
    span = layer.location.span
    if not _stands(span.file, span.row, expected):
        yield f"{layer.path} stands at {span.file}:{span.row}, not at {expected.file}:{expected.row}"


def _writes(layer: Layer, expected: ExpectedInit) -> Iterator[str]:
    if expected.initializer == "unsettled":
        if layer.last_write_is_certain(expected.parameter):
            yield f"{expected.name} is settled"
        return
    if not layer.last_write_is_certain(expected.parameter) and expected.initializer != "default":
        yield f"{expected.name} is not settled"
    write = layer.effective_write(expected.parameter)
    if expected.initializer == "default":
        if write is not None:
            yield f"{expected.name} is written by {write.initializer} in row {write.location.span.row}"
        return
    if write is None:
        yield f"{expected.name} is never written"
        return
    if write.initializer != expected.canonical:
        yield f"{expected.name} is written by {write.initializer}, not by {expected.canonical}"
    span = write.location.span
    if not _stands(span.file, span.row, expected):
        yield f"{expected.name} is written at {span.file}:{span.row}, not at {expected.file}:{expected.row}"
    for name, value in expected.arguments.items():
        if not _same(write.arguments.get(name, "absent"), value):
            yield f"{expected.name}: {name} is {write.arguments.get(name, 'absent')!r}, not {value!r}"


def _stands(file: str, row: int, expected: ExpectedConsumers | ExpectedInit) -> bool:
    return Path(file).as_posix().endswith(expected.file) and expected.row in (None, row)


def _same(found: object, expected: object) -> bool:
    if found is UNDETERMINED:
        return False
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        return math.isclose(found, expected, rel_tol=1e-9)
    return found == expected


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What real torch makes of the programs, in order; all in one process, for importing torch takes seconds."""
    if find_spec("torch") is None:
        pytest.skip("torch is not installed")
    jobs = [
        {
            "path": str(path),
            "root": str(PROGRAMS),
            "build": section.build,
            "input": section.input,
            "parameters": {init.name: (init.path, init.parameter) for init in section.inits},
        }
        for path, section in CASES
    ]
    request = tmp_path_factory.mktemp("measure") / "request.json"
    request.write_text(json.dumps(jobs), encoding="utf-8")
    command = [sys.executable, str(ROOT / "tests" / "support" / "measure_program.py"), str(request)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return list(json.loads(done.stdout))


@pytest.mark.parametrize("number", range(len(CASES)), ids=IDS)
def test_torch_agrees(number: int, measured: list[Any]) -> None:
    section, result = CASES[number][1], measured[number]
    assert "error" not in result, result.get("error")
    wrong = [
        f"{init.name}: {problem}"
        for init in section.inits
        if init.initializer != "unsettled"
        if (problem := _disagreement(init, result["parameters"][init.name]))
    ]
    assert wrong == []
    assert {layer.path.split(".")[0] for layer in section.layers} - _roots(result["names"], section) == set()


def _roots(names: list[str], section: Section) -> set[str]:
    raw = {init.path.split(".")[0] for init in section.inits}
    return {name.split(".")[0] for name in names} | raw


def _disagreement(init: ExpectedInit, found: dict[str, Any]) -> str | None:
    """Why the measured values cannot come from `init`; None if they can."""
    if init.initializer == "Tensor.copy_":
        return None
    name, arguments = _default(found) if init.initializer == "default" else (init.canonical, init.arguments)
    moments = (name, arguments, found["fan_in"], found["fan_out"], tuple(found["shape"]))
    expected = variance(*moments)
    assert expected is not None, f"{init.name}: no variance known for {name}"
    tolerance = _SIGMAS / math.sqrt(2 * found["count"])
    if not math.isclose(found["std"], math.sqrt(expected), rel_tol=tolerance, abs_tol=1e-7):
        return f"std {found['std']:.4g}, expected {math.sqrt(expected):.4g} by {name}"
    if expected == 0:
        constant = constant_value(name, arguments, UNDETERMINED)
        return None if constant == pytest.approx(found["mean"]) else f"constant {found['mean']}, not {constant}"
    reach = max(found["mean"] - found["low"], found["high"] - found["mean"]) / found["std"]
    if found["count"] >= 256 and ("uniform" in name) != (reach < math.sqrt(3) * (1 + tolerance)):
        return f"the farthest is {reach:.2f} deviations from the mean, which is not {name}"
    return None


def _default(found: dict[str, Any]) -> tuple[str, dict[str, object]]:
    """torch's own init of the weight and of the bias of a Linear or a convolution."""
    bound = 1 / math.sqrt(found["fan_in"])
    return "torch.nn.init.uniform_", {"a": -bound, "b": bound}
