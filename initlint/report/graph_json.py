"""The models as JSON, in the documented shape for other programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from initlint.graph.model import Layer, ModelGraph
from initlint.graph.words import UNDETERMINED, Arguments
from initlint.project.source import Location


def to_json(models: Iterable[ModelGraph]) -> dict[str, Any]:
    """The document, version 1. In a notebook, lines count from the top of `cell`."""
    return {"version": 1, "models": [_model(m) for m in models]}


def _model(model: ModelGraph) -> dict[str, Any]:
    return {
        "name": model.name,
        **_at(model.location),
        "engine": model.engine,
        **({} if model.engine == "static" else {"way": model.trace_method}),
        "layers": [_layer(layer) for layer in model.layers],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "path": layer.path,
        "type": layer.type,
        "owner": layer.owner,
        "attribute": layer.attribute,
        **_at(layer.location),
        "arguments": _arguments(layer.arguments),
        "followed_by": [
            {"op": f.op, "between": list(f.between), **_at(f.location), "certain": f.certain} for f in layer.followed_by
        ],
        "writes": [
            {
                "parameter": w.parameter,
                "initializer": w.initializer,
                "arguments": _arguments(w.arguments),
                **_at(w.location),
                "via": [_at(v) for v in w.via],
                "certain": w.certain,
            }
            for w in layer.writes
        ],
    }


def _at(place: Location) -> dict[str, Any]:
    span = place.span
    return {"file": span.file, **span.cell_number, "line": span.local.row}


def _arguments(arguments: Arguments) -> dict[str, Any]:
    return {name: _plain(value) for name, value in arguments.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return "?" if value is UNDETERMINED else value
