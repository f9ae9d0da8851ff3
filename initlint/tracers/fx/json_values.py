"""What the worker wrote down, read back: values out of JSON, and the arguments of a call by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from initlint.facts.signatures import Signature
from initlint.graph.model import UNDETERMINED

Raw: TypeAlias = Mapping[str, Any]
"""An object of the worker's JSON."""


def literal(value: Any) -> Any:
    """The value as graphs show it: a constant, a tuple of constants, or `UNDETERMINED`."""
    if isinstance(value, list):
        return tuple(literal(item) for item in value)
    if isinstance(value, dict):
        return value.get("gain", UNDETERMINED)
    return value


def bound(signature: Signature, args: Sequence[Any], kwargs: Raw) -> dict[str, Any]:
    """The arguments of a call by the names in `signature`, as graphs show them; those left to a default are absent."""
    names = [name for name, _ in signature]
    given = dict(zip(names, args, strict=False))
    given.update({name: value for name, value in kwargs.items() if name in names})
    return {name: literal(value) for name, value in given.items()}


def references(value: Any) -> Iterator[int]:
    """The numbers of the nodes in an argument."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        if "node" in value:
            yield value["node"]
        for item in value.get("items", ()):
            yield from references(item[1])
