"""Which of the traced classes of a package are models and no parts of models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from initlint.graph.model import Layer, ModelGraph
from initlint.project.source import SourceLocation

Place = tuple[object, ...]
"""What tells a layer apart in the source: the call that constructs it, the class that has it, and its attribute."""


@dataclass
class TracedClass:
    """A class with the graphs in which it is the outermost module."""

    name: str
    graphs: list[ModelGraph] = field(default_factory=list)
    places: set[Place] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    """In which the class, or a base class of it, has layers of its own."""

    def add(self, graph: ModelGraph) -> None:
        self.graphs.append(graph)
        self.places.update(map(place, graph.layers))
        self.files.update(layer.location.span.file for layer in graph.layers if layer.path == layer.attribute)


def place(layer: Layer) -> Place:
    """The place of the layer in the source, the same for all blocks of a series."""
    return (*layer.location.key, layer.owner, re.sub(r"\d+", "*", layer.attribute))


def whole_classes(models: Iterable[ModelGraph]) -> list[TracedClass]:
    """The classes that no other traced one contains, by name.

    One that has layers of its own inside of another class is a part, and so is one whose layers are all among those of
    another: the decoder of an autoencoder, or the backbone of a classifier that derives from it. Of classes with the
    same layers the first one counts.
    """
    classes: dict[str, TracedClass] = {}
    for model in models:
        if model.root is not None and not _is_in_tests(model):
            classes.setdefault(model.root, TracedClass(model.root)).add(model)
    inside = set(_inside(classes.values()))
    known: set[frozenset[Place]] = set()
    whole = []
    holders = _holders(classes)
    for name, traced in sorted(classes.items()):
        is_part = any((file, name.rpartition(".")[2]) in inside for file in traced.files)
        places = frozenset(traced.places)
        if not is_part and places not in known and not _is_within_another(traced, classes, holders):
            known.add(places)
            whole.append(traced)
    return whole


def _is_in_tests(model: ModelGraph) -> bool:
    return isinstance(model.location, SourceLocation) and model.location.source.holds_tests


def _inside(classes: Iterable[TracedClass]) -> Iterator[tuple[str, str]]:
    """The file and name of each class that has a layer below the outermost module."""
    layers = (layer for traced in classes for graph in traced.graphs for layer in graph.layers)
    return ((layer.location.span.file, layer.owner) for layer in layers if layer.path != layer.attribute)


def _holders(classes: Mapping[str, TracedClass]) -> dict[Place, set[str]]:
    holders: dict[Place, set[str]] = {}
    for name, traced in classes.items():
        for at in traced.places:
            holders.setdefault(at, set()).add(name)
    return holders


def _is_within_another(
    traced: TracedClass, classes: Mapping[str, TracedClass], holders: Mapping[Place, set[str]]
) -> bool:
    around = set.intersection(*(holders[at] for at in traced.places))
    return any(len(classes[name].places) > len(traced.places) for name in around)
