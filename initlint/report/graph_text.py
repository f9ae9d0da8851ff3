"""The models as text for reading; `graph_json` renders them for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from click import style

from initlint.graph.model import Arguments, Consumer, Layer, Location, ModelGraph, Write
from initlint.report.text import escape, file_of


def listing(models: Iterable[ModelGraph]) -> str:
    """Each model with its layers in order, the writes to their parameters, and their consumers."""
    return "\n".join("".join(f"{line}\n" for line in _model(model)) for model in models)


def _model(model: ModelGraph) -> Iterator[str]:
    yield f"{style(escape(model.name), bold=True)}  {_at(model.location)}"
    for layer in model.layers:
        yield f"  {style(escape(layer.path), fg='cyan')}  {_type(layer)}  {_at(layer.location)}"
        yield from (f"    {_write(write)}" for write in layer.writes)
        yield from (f"    {_following(following)}" for following in layer.followed_by)
    yield from (f"  not followed: {escape(reason)}" for reason in model.incomplete)


def _type(layer: Layer) -> str:
    return escape(f"{layer.type}({_arguments(layer.arguments)})")


def _write(write: Write) -> str:
    call = escape(f"{write.parameter} <- {write.initializer}({_arguments(write.arguments)})")
    via = "".join(f", via {_at(place)}" for place in write.via)
    return f"{call}{_doubt(write.certain)}  {_at(write.location)}{via}"


def _following(following: Consumer) -> str:
    path = escape(" ".join(f"-> {op}" for op in (*following.between, following.op)))
    onto = f" {escape(following.layer)}" if following.layer else ""
    return f"{path}{onto}{_doubt(following.certain)}  {_at(following.location)}"


def _doubt(certain: bool) -> str:
    return "" if certain else " (perhaps)"


def _arguments(arguments: Arguments) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _at(place: Location) -> str:
    span = place.span
    return style(f"{file_of(span)}:{span.local.row}", dim=True)
