"""Renders the graphs of `initlint graph`; with those of both tracers, also the differences of each layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from initlint._lazy import LazyModule
from initlint.graph.model import Layer, ModelGraph
from initlint.report import graph_json
from initlint.report.formats.json import dumps
from initlint.report.text import escape

if TYPE_CHECKING:
    from initlint.linter import trace_check
    from initlint.report import graph_text
else:
    graph_text = LazyModule("initlint.report.graph_text")
    trace_check = LazyModule("initlint.linter.trace_check")


def render(models: Sequence[ModelGraph], output_format: str, width: int) -> str:
    """The models as `json`, or as `text` of at most `width` columns."""
    return dumps(to_json(models)) if output_format == "json" else listing(models, width)


def to_json(models: Sequence[ModelGraph]) -> dict[str, Any]:
    """The documented shape. Layers of models that both tracers have get a key `differs`."""
    document = graph_json.to_json(models)
    for model, entry in zip(models, document["models"], strict=True):
        compared = dict(_compared(model, models))
        for layer in entry["layers"]:
            if layer["path"] in compared:
                layer["differs"] = list(compared[layer["path"]])
    return document


def listing(models: Sequence[ModelGraph], width: int) -> str:
    """The models as text, then one line for each layer in which the tracers differ."""
    lines = (
        f"differs: {escape(f'{model.name}.{path}')}: {', '.join(fields)}\n"
        for model in models
        for path, fields in _compared(model, models)
        if fields
    )
    return graph_text.listing(models, width) + "".join(lines)


def _compared(model: ModelGraph, models: Sequence[ModelGraph]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """For each layer of a traced model, the fields in which the static model of that name differs."""
    static = next((one for one in models if _key(one) == _key(model) and one.engine == "static"), None)
    if static is None or static is model or model.engine == "static":
        return
    for layer in model.layers:
        other: Layer | None = static.by_path.get(layer.path)
        yield layer.path, ("path",) if other is None else trace_check.layer_differences(other, layer)


def _key(model: ModelGraph) -> tuple[str, str]:
    return model.location.span.file, model.name
