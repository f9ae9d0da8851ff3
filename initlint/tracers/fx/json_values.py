"""Decodes values and call arguments from the worker's JSON. `worker/json_values.py` encodes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from initlint.facts.signatures import Signature
from initlint.graph.words import UNDETERMINED

JsonObject: TypeAlias = Mapping[str, Any]
"""A JSON object that the worker wrote."""


def as_constant(value: Any) -> Any:
    """The value of an argument in a `ModelGraph`: a constant, a tuple of constants, or `UNDETERMINED`."""
    if isinstance(value, list):
        return tuple(as_constant(item) for item in value)
    if isinstance(value, dict):
        return value.get("gain", UNDETERMINED)
    return value


def bind_arguments(signature: Signature, args: Sequence[Any], kwargs: JsonObject) -> dict[str, Any]:
    """The arguments of a call by their names in `signature`. Arguments that the call omits are absent."""
    names = [name for name, _ in signature]
    arguments = dict(zip(names, args, strict=False))
    arguments.update({name: value for name, value in kwargs.items() if name in names})
    return {name: as_constant(value) for name, value in arguments.items()}


def node_references(value: Any) -> Iterator[int]:
    """The indices of the nodes that an argument refers to."""
    if isinstance(value, list):
        for item in value:
            yield from node_references(item)
    elif isinstance(value, dict):
        if "node" in value:
            yield value["node"]
        for item in value.get("items", ()):
            yield from node_references(item[1])


def argument(args: Sequence[Any], kwargs: JsonObject, position: int, *names: str) -> Any:
    """An argument by position or by one of its names; None if it is absent."""
    if position < len(args):
        return args[position]
    return next((kwargs[name] for name in names if name in kwargs), None)
