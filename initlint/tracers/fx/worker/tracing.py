"""The data flow of a built model: by torch.fx, else by running it, on meta and then with memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import torch
from torch import nn

from . import building, inputs, running, symbolic
from .frames import FrameLocations
from .nodes import Flow

_STEPWISE = (nn.RNNBase, nn.RNNCellBase)
"""On meta, torch runs these step by step in Python, which takes longer than the real thing."""

_PATIENCE_SECONDS = 20.0
"""After that, no further input is tried."""

_NO_KERNEL = NotImplementedError
"""What torch raises for an operator that a device, such as `meta`, does not have."""
_MOST_PARAMETERS = 400_000_000
"""Larger models are not given memory."""

Shapes: TypeAlias = "Sequence[tuple[Sequence[int], str]] | None"


@dataclass(frozen=True)
class TracedForward:
    """`flows`: the first as the model is evaluated, a second one as it is trained where that uses further layers.

    `way`: `fx`, `run` (on meta) or `run on cpu`; None if nothing worked, and then `problem` says why.
    """

    flows: list[Flow]
    way: str | None
    problem: str | None = None


def trace(
    model: nn.Module, rebuild: Callable[[], nn.Module], shapes: Shapes, places: FrameLocations, leaves: frozenset[str]
) -> TracedForward:
    """Follow the signal through `model`; the way that works in evaluation is used in training, too.

    `rebuild` makes the model once more, on the CPU.
    """
    if type(model).forward is nn.Module.forward:
        return TracedForward([], None)
    model.eval()
    failures: list[Exception] = []
    symbolic_failures: list[Exception] = []
    for way, subject, follow in _ways(model, rebuild, shapes, places, leaves, failures):
        try:
            flows = [follow()]
        except Exception as error:
            (symbolic_failures if way == "fx" else failures).append(error)
            continue
        if _uncalled(model, flows[0], leaves):
            subject.train()
            with suppress(Exception):  # what the evaluation showed stands
                flows.append(follow())
        return TracedForward(flows, way)
    # The first failure of running it says most about what to give it, unless meta itself cannot run it.
    failures.sort(key=_blames_meta)
    reasons = [*failures, *symbolic_failures]
    return TracedForward([], None, explain(reasons[0]) if reasons else "nothing to call it with")


def _ways(
    model: nn.Module,
    rebuild: Callable[[], nn.Module],
    shapes: Shapes,
    places: FrameLocations,
    leaves: frozenset[str],
    failures: list[Exception],
) -> Iterator[tuple[str, nn.Module, Callable[[], Flow]]]:
    """What to try, one after the other; `failures` are those of running it so far."""
    opaque: list[Flow] = []

    def by_fx() -> Flow:
        flow = symbolic.trace(model, places, leaves)
        if not symbolic.is_whole(flow):
            opaque.append(flow)
            raise _Opaque
        return flow

    def by_running(subject: nn.Module, call: inputs.Call) -> Callable[[], Flow]:
        return lambda: running.run(subject, *call, places, leaves)

    if shapes is None:
        yield "fx", model, by_fx
    if _is_on(model, "meta") and not any(isinstance(module, _STEPWISE) for module in model.modules()):
        model.to("meta")  # buffers, too, where only the parameters were built there
        for call in _calls(model, shapes, "meta"):
            yield "run", model, by_running(model, call)
            if isinstance(failures[-1], _NO_KERNEL) or "meta Tensors" in str(failures[-1]):
                break  # meta itself cannot do it, whatever the input
    if opaque:
        yield "fx", model, lambda: opaque[0]
    if sum(p.numel() for p in model.parameters()) <= _MOST_PARAMETERS:
        for make in (partial(building.without_values, rebuild), rebuild):
            before = len(failures)
            try:
                real = _with_memory(make)
            except Exception as error:
                failures.append(error)
                continue
            for call in _calls(real, shapes, "cpu"):
                yield "run on cpu", real, by_running(real, call)
            if not any(map(_blames_meta, failures[before:])):
                break  # nothing was lacking that only values give


def _blames_meta(failure: Exception) -> bool:
    return isinstance(failure, _NO_KERNEL) or "meta" in str(failure)


class _Opaque(Exception):
    """torch.fx was told (`torch.fx.wrap`) not to look into a function of the model."""


def _calls(model: nn.Module, shapes: Shapes, device: str) -> Iterator[inputs.Call]:
    if shapes is not None:
        yield inputs.given(shapes, device)
        return
    began = time.monotonic()
    for call in inputs.guesses(model, device, small=device != "meta"):
        yield call
        if time.monotonic() - began > _PATIENCE_SECONDS:
            return


def _is_on(model: nn.Module, device: str) -> bool:
    return any(tensor.device.type == device for tensor in model.parameters())


@running.one_thread()
def _with_memory(make: Callable[[], nn.Module]) -> nn.Module:
    """The model on the CPU, its parameters small: the flow hangs on shapes, and at most on what is finite."""
    model = make()
    with torch.no_grad():
        for parameter in model.parameters():
            if building.can_be_trained(parameter):
                parameter.fill_(0.01)
    return model.eval()


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
