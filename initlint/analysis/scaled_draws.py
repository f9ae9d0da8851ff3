"""Weights that are drawn and then scaled in place: `kaiming_normal_(w)`, then `w.data.mul_(0.01)`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from initlint.analysis.layer_activation import as_number, effective_init, written_fans, written_shape
from initlint.facts.initializer_formulas import mean_and_variance
from initlint.graph.model import Layer, ModelGraph, Write, memoize

_SCALINGS = ("torch.Tensor.mul_", "torch.Tensor.div_")


@memoize
def with_scaled_draws(model: ModelGraph) -> ModelGraph:
    """The model with one draw of the resulting scale in place of each weight's init and the scalings after it."""
    layers = tuple(_with_scaled_draw(layer) for layer in model.layers)
    changed = any(one is not other for one, other in zip(layers, model.layers, strict=True))
    return replace(model, layers=layers) if changed else model


def scaling_of(layer: Layer, write: Write) -> Write | None:
    """The last scaling in place that `write`, a draw that stands for it, comes from; None if it is the init itself."""
    scalings = (each for each in layer.writes if each.location == write.location and each.initializer in _SCALINGS)
    return next(scalings, None) if write.initializer not in _SCALINGS else None


def _with_scaled_draw(layer: Layer) -> Layer:
    writes = [write for write in layer.writes if write.parameter == "weight"]
    scalings = [*_scalings_at_end(writes)]
    if not scalings:
        return layer
    before = replace(layer, writes=tuple(write for write in layer.writes if write not in scalings))
    init, drawn_by = effective_init(before), before.effective_write()
    if init is None or not before.last_write_is_certain() or not all(_is_known(scaling) for scaling in scalings):
        return layer
    sizes = written_fans(before, drawn_by)
    if sizes is None:
        return layer
    drawn = mean_and_variance(*init, sizes.fan_in, sizes.fan_out, written_shape(before, drawn_by))
    if drawn is None:
        return layer
    factor = 1.0
    for scaling in scalings:
        number = as_number(scaling.arguments["value"]) or 1.0
        factor = factor / number if scaling.initializer.endswith("div_") else factor * number
    mean, variance = drawn
    arguments = {"mean": mean * factor, "std": abs(factor) * variance**0.5}
    last = replace(scalings[0], initializer="torch.nn.init.normal_", arguments=arguments, reads_old_value=False)
    return replace(layer, writes=(*layer.writes, last))


def _scalings_at_end(writes: list[Write]) -> Iterator[Write]:
    """The writes after the last one that is no scaling, the last one first."""
    for write in reversed(writes):
        if write.initializer not in _SCALINGS or not write.reads_old_value:
            return
        yield write


def _is_known(scaling: Write) -> bool:
    return scaling.certain and scaling.covers_tensor and bool(as_number(scaling.arguments.get("value")))
