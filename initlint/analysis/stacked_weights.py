"""The weights of recurrent layers and of `MultiheadAttention`: several matrices, each with a name of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from initlint.analysis.layer_activation import constant
from initlint.facts.fans import MODULES, Rows, fans_of_shape
from initlint.graph.model import Layer, Write

RECURRENT = frozenset(module.type for module in MODULES.values() if module.family == "rnn")
ATTENTION = frozenset(module.type for module in MODULES.values() if module.family == "attention")


class StackedWrite(NamedTuple):
    """The effective write to one matrix of a layer. `fan_in`: the number of inputs that one output sums."""

    name: str
    write: Write
    fan_in: int | None


def matrix_names(layer: Layer) -> Iterator[str]:
    """The names of the matrices of a recurrent layer or an attention: `weight_ih_l0`, `in_proj_weight`."""
    if layer.type in RECURRENT or layer.type in ATTENTION:
        yield from (name for name in layer.shapes if name.startswith("weight_") or name.endswith("_proj_weight"))


def matrix_writes(layer: Layer) -> Iterator[StackedWrite]:
    """The writes that certainly set a whole matrix of the layer."""
    for name in matrix_names(layer):
        write = layer.effective_write(name)
        if write is not None and layer.last_write_is_certain(name):
            fan_in, _ = fans_of_shape(layer.shapes[name])
            yield StackedWrite(name, write, fan_in)


def constant_of(layer: Layer, name: str) -> float | None:
    """The number that certainly fills a parameter of the layer; None if it is random or unknown."""
    write = layer.effective_write(name)
    return constant(write) if write is not None and layer.last_write_is_certain(name) else None


def constant_cells(layer: Layer) -> Iterator[tuple[Write, float | None]]:
    """For each recurrent cell whose two matrices are one constant each: the write to the first.

    With it comes the constant of its biases: 0 without biases, None if one is random.
    """
    for name in layer.shapes if layer.type in RECURRENT else ():
        suffix = name.removeprefix("weight_ih")
        write = layer.effective_write(name)
        if (
            suffix == name
            or write is None
            or None in (constant_of(layer, name), constant_of(layer, f"weight_hh{suffix}"))
        ):
            continue
        biases = [
            constant_of(layer, f"{bias}{suffix}")
            for bias in ("bias_ih", "bias_hh")
            if f"{bias}{suffix}" in layer.shapes
        ]
        yield write, None if None in biases else sum(bias or 0.0 for bias in biases)


_ROWS: Mapping[str, Rows] = {part: (at / 3, (at + 1) / 3) for at, part in enumerate("qkv")}
"""The rows of each projection in `in_proj_weight`."""


def _zeroing(attention: Layer, part: str) -> Write | None:
    """The write after which the weight of the projection `q`, `k` or `v` is certainly zero; None if there is none."""
    if "in_proj_weight" not in attention.shapes:
        name = f"{part}_proj_weight"
        return attention.effective_write(name) if constant_of(attention, name) == 0.0 else None
    first, last = _ROWS[part]
    for write in reversed(attention.writes):
        if write.parameter != "in_proj_weight":
            continue
        rows = (0.0, 1.0) if write.covers_tensor else write.rows
        if rows is None:
            return None
        if rows[1] <= first or last <= rows[0]:
            continue
        is_whole = rows[0] <= first and last <= rows[1] and write.certain and not write.reads_old_value
        return write if is_whole and constant(write) == 0.0 else None
    return None


class AttentionStall(NamedTuple):
    """Projections of an attention that start at zero and keep each other at zero."""

    parts: tuple[str, ...]
    write: Write


def attention_stalls(attention: Layer, output: Layer | None) -> Iterator[AttentionStall]:
    """The projections of a `MultiheadAttention` that never get a gradient. `output`: its `out_proj`.

    The gradient of the query is a product with the key, and the other way round, and so with the value and the output
    projection. A bias that is not zero lets it pass; by default that of query, key and value is zero.
    """
    if attention.type not in ATTENTION or not _has_zero_bias(attention):
        return
    zeroing = {part: _zeroing(attention, part) for part in _ROWS}
    stalled: list[str] = []
    if zeroing["q"] is not None and zeroing["k"] is not None:
        stalled += ["query", "key"]
    if zeroing["v"] is not None and output is not None and constant_of(output, "weight") == 0.0 and not output.frozen:
        stalled += ["value", "output projection"]
    write = zeroing["q" if "query" in stalled else "v"]
    if stalled and write is not None:
        yield AttentionStall(tuple(stalled), write)


def _has_zero_bias(attention: Layer) -> bool:
    is_written = any(write.parameter == "in_proj_bias" for write in attention.writes)
    return not is_written or constant_of(attention, "in_proj_bias") == 0.0
