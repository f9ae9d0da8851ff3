"""The data flow of a built model: by torch.fx, else by running it, on meta and then with memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import fx, nn

from . import inputs, running, symbolic
from .frames import Places
from .nodes import Flow

_STEPWISE = (nn.RNNBase, nn.RNNCellBase)
"""On meta, torch runs these step by step in Python, which takes longer than the real thing."""

_PATIENCE_SECONDS = 20.0
"""After that, no further input is tried."""

_MOST_PARAMETERS = 400_000_000
"""Larger models are not given memory."""

Shapes: TypeAlias = "Sequence[tuple[Sequence[int], str]] | None"


@dataclass(frozen=True)
class Traced:
    """`flows`: the first as the model is evaluated, a second one as it is trained where that uses further layers.

    `way`: `fx`, `run` (on meta) or `run on cpu`; None if nothing worked, and then `problem` says why.
    """

    flows: list[Flow]
    way: str | None
    problem: str | None = None


def trace(model: nn.Module, shapes: Shapes, places: Places, leaves: frozenset[str]) -> Traced:
    """Follow the signal through `model`; the way that works in evaluation is used in training, too."""
    if type(model).forward is nn.Module.forward:
        return Traced([], None)
    model.eval()
    problem: Exception | None = None
    began = time.monotonic()
    for way, follow in _ways(model, shapes, places, leaves):
        if time.monotonic() - began > _PATIENCE_SECONDS:
            break
        try:
            flows = [follow()]
        except Exception as error:
            if problem is None or isinstance(problem, fx.proxy.TraceError):
                problem = error  # that of running it says more about what to give it
            continue
        if _uncalled(model, flows[0], leaves):
            model.train()
            with suppress(Exception):  # what the evaluation showed stands
                flows.append(follow())
        return Traced(flows, way)
    return Traced([], None, None if problem is None else explain(problem))


def _ways(model: nn.Module, shapes: Shapes, places: Places, leaves: frozenset[str]) -> Iterator[tuple[str, Any]]:
    opaque: list[Flow] = []

    def by_fx() -> Flow:
        flow = symbolic.trace(model, places, leaves)
        if not symbolic.is_whole(flow):
            opaque.append(flow)
            raise _Opaque
        return flow

    def by_running(call: inputs.Call) -> Any:
        return lambda: running.run(model, *call, places, leaves)

    if shapes is None:
        yield "fx", by_fx
    if _is_on(model, "meta") and not any(isinstance(module, _STEPWISE) for module in model.modules()):
        for call in _calls(model, shapes, "meta"):
            yield "run", by_running(call)
    if opaque:
        yield "fx", lambda: opaque[0]
    if sum(p.numel() for p in model.parameters()) <= _MOST_PARAMETERS:
        _give_memory(model)
        for call in _calls(model, shapes, "cpu"):
            yield "run on cpu", by_running(call)


class _Opaque(Exception):
    """torch.fx was told (`torch.fx.wrap`) not to look into a function of the model."""


def _calls(model: nn.Module, shapes: Shapes, device: str) -> Iterator[inputs.Call]:
    if shapes is not None:
        yield inputs.given(shapes, device)
    else:
        yield from inputs.guesses(model, device)


def _is_on(model: nn.Module, device: str) -> bool:
    return any(tensor.device.type == device for tensor in model.parameters())


def _give_memory(model: nn.Module) -> None:
    """Small values in place of what was never there: the flow hangs on shapes, and at most on what is finite."""
    tensors = [*model.parameters(), *model.buffers()]
    if any(tensor.is_meta for tensor in tensors):
        model.to_empty(device="cpu")
        with torch.no_grad():
            for tensor in [*model.parameters(), *model.buffers()]:
                if tensor.is_floating_point():
                    tensor.uniform_(0.0, 0.02)
                else:
                    tensor.zero_()


def _uncalled(model: nn.Module, flow: Flow, leaves: frozenset[str]) -> bool:
    """Whether a module with a matrix of weights takes no part."""
    called = flow.called
    for path, module in model.named_modules():
        matrices = [name for name, p in module._parameters.items() if p is not None and p.dim() > 1]
        inside = any(path.startswith(f"{leaf}.") for leaf in called)
        used = path in called or any((f"{path}.{name}" if path else name) in called for name in matrices)
        if matrices and not used and not inside:
            return True
    return False


def explain(error: BaseException) -> str:
    """One line that says what went wrong."""
    text = str(error).strip().splitlines()
    if text and type(error).__module__.startswith(__package__ or "."):
        return text[0]
    return f"{type(error).__name__}: {text[0][:300]}" if text else type(error).__name__
