"""Counts the models of one package, how their layers are initialized, and what the rules find.

A model is a class that the tracer builds outside of tests, and that no other class contains: see `whole`. A layer is a
place in the source, the call that constructs it for an attribute of a class: it counts once, however many blocks and
models it is built for. What differs from one of these to another is `undecided`, and so is what the tracer is not
certain of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from initlint.facts.activations import ACTIVATIONS
from initlint.facts.fans import MODULES
from initlint.graph.model import Layer, Write
from initlint.linter.pipeline import check_models
from initlint.project.reading import read_source
from initlint.project.settings import Settings
from initlint.project.source import SourceError
from tools.ecosystem.field.table import Counts
from tools.ecosystem.field.ways import form, is_in_other_file, way
from tools.ecosystem.field.whole import Place, place, whole_classes

UNDECIDED = "undecided"
DEFAULT = "default"
_Aspect = tuple[str, str]


@dataclass
class _Place:
    """What is known of the layers that one place in the source constructs: the values of each aspect."""

    family: str
    values: dict[str, set[str]] = field(default_factory=dict)

    def add(self, aspects: Iterator[_Aspect]) -> None:
        for aspect, value in aspects:
            self.values.setdefault(aspect, set()).add(value)

    def value(self, aspect: str) -> str | None:
        """The value on which all agree, None if there is none."""
        values = self.values.get(aspect)
        if not values:
            return None
        return next(iter(values)) if len(values) == 1 else UNDECIDED


def count(folder: Path) -> Counts:
    """The counts of the package in `folder`, by kind and key."""
    result = check_models([folder], Settings(), whole_models=True)
    counts: Counts = Counter()
    classes = whole_classes(result.models)
    codes = {
        id(model): {finding.diagnostic.code for finding in findings}
        for model, findings in zip(result.models, result.findings_by_model, strict=True)
    }
    places: dict[Place, _Place] = {}
    for traced in classes:
        for code in set[str]().union(*(codes[id(graph)] for graph in traced.graphs)):
            counts["models with", code] += 1
        counts["size", _size(len(traced.places))] += 1
        for layer in (layer for graph in traced.graphs for layer in graph.layers):
            places.setdefault(place(layer), _Place(family(layer))).add(_aspects(layer))
    counts["models", ""] = len(classes)
    tests = {path for path in {diagnostic.span.file for diagnostic in result.diagnostics} if _holds_tests(path)}
    for diagnostic in result.diagnostics:
        if diagnostic.span.file not in tests:
            counts["finding", f"{diagnostic.code} {diagnostic.severity.label}"] += 1
    for each in places.values():
        counts.update(_rows(each))
    counts["failure", ""] = len(result.failures)
    return +counts


def _size(layers: int) -> str:
    return "1" if layers == 1 else "2 to 9" if layers < 10 else "10 or more"


def _holds_tests(path: str) -> bool:
    try:
        return read_source(Path(path)).holds_tests
    except SourceError:
        return False


def family(layer: Layer) -> str:
    """The kind of layer: a family of `facts.modules`, or `parameter` for a raw one."""
    module = MODULES.get(f"torch.nn.{layer.type}")
    return "parameter" if module is None or not module.family else module.family


def _rows(place: _Place) -> Iterator[tuple[str, str]]:
    """The kinds and keys that the place counts for."""
    init = place.value("init")
    if init is None:
        return
    yield "init", f"{place.family} {init}"
    for aspect in ("way", "form", "file"):
        value = place.value(aspect)
        if value is not None and init not in (DEFAULT, UNDECIDED):
            yield aspect, f"{place.family} {value}"
    activation = place.value("activation")
    if activation not in (None, UNDECIDED) and place.family not in ("norm", "parameter"):
        yield "activation", f"{activation} {init}"


def _aspects(layer: Layer) -> Iterator[_Aspect]:
    """What is counted about the weight of a layer: by which init it is drawn, how that is applied and written."""
    if layer.tied is not None or weight_name(layer) not in layer.shapes:
        return
    write, init = weight_init(layer)
    yield "init", init
    if write is not None:
        yield "way", way(layer, write)
        yield "form", form(write)
        yield "file", "other" if is_in_other_file(layer, write) else "same"
    consumers = {consumer.op for consumer in layer.followed_by}
    if len(consumers) == 1 and all(consumer.certain for consumer in layer.followed_by) and consumers <= {*ACTIVATIONS}:
        yield "activation", consumers.pop()


def weight_init(layer: Layer) -> tuple[Write | None, str]:
    """The last write to the whole weight that does not keep a part of its old value, and the name of its initializer.

    The name alone is `default` or `undecided` where there is no such write, or no certain one. A load of pretrained
    weights, which mostly depends on an argument, does not count.
    """
    weight = weight_name(layer)
    writes = [write for write in layer.writes if write.parameter == weight and write.covers_tensor]
    if any(not write.certain for write in writes):
        certain = [at for at, write in enumerate(writes) if write.certain and not write.reads_old_value]
        writes = writes[certain[-1] :] if certain else writes
        if any(not write.certain for write in writes):
            return None, UNDECIDED
    whole = [write for write in writes if not write.reads_old_value]
    if whole:
        return whole[-1], whole[-1].initializer.rpartition(".")[2]
    if writes or layer.emptied is not None or layer.type == "Parameter":
        return None, UNDECIDED
    return None, DEFAULT


def weight_name(layer: Layer) -> str:
    """The parameter that stands for the layer: the input weights of a recurrent layer and of an attention."""
    names = ("weight", "weight_ih_l0", "weight_ih", "in_proj_weight")
    return next((name for name in names if name in layer.shapes), "weight")
