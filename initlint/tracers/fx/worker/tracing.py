"""Traces the data flow of a built model: with torch.fx, else by running it on meta, else on the CPU."""

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
"""On meta, torch runs these step by step in Python, which takes longer than on the CPU."""

_GUESSING_SECONDS = 20.0
"""After this time, no further input is tried."""

_NO_KERNEL = NotImplementedError
"""torch raises this for an operator that a device, such as `meta`, does not implement."""
_MAX_PARAMETERS = 400_000_000
"""Larger models are not built on the CPU."""

Shapes: TypeAlias = "Sequence[tuple[Sequence[int], str]] | None"


@dataclass(frozen=True)
class TracedForward:
    """`flows`: that of evaluation mode, and that of training mode if evaluation leaves layers unused.

    `method`: `fx`, `run` (on meta) or `run on cpu`; None if all failed, and then `problem` says why.
    """

    flows: list[Flow]
    method: str | None
    problem: str | None = None


def trace(
    model: nn.Module,
    rebuild: Callable[[], nn.Module],
    shapes: Shapes,
    locations: FrameLocations,
    leaves: frozenset[str],
) -> TracedForward:
    """Trace the data flow of `model`. The method that works in evaluation mode is used in training mode, too.

    `rebuild` creates the model once more, on the CPU.
    """
    if type(model).forward is nn.Module.forward:
        return TracedForward([], None)
    model.eval()
    failures: list[Exception] = []
    symbolic_failures: list[Exception] = []
    for method, traced_model, trace_flow in _methods(model, rebuild, shapes, locations, leaves, failures):
        try:
            flows = [trace_flow()]
        except Exception as error:
            (symbolic_failures if method == "fx" else failures).append(error)
            continue
        if _has_uncalled_weights(model, flows[0], leaves):
            traced_model.train()
            with suppress(Exception):  # the flow of evaluation mode remains valid
                flows.append(trace_flow())
        return TracedForward(flows, method)
    # The first failed run says most about the input that is needed, unless the meta device is the cause.
    failures.sort(key=_is_meta_failure)
    reasons = [*failures, *symbolic_failures]
    return TracedForward([], None, explain(reasons[0]) if reasons else "nothing to call it with")


def _methods(
    model: nn.Module,
    rebuild: Callable[[], nn.Module],
    shapes: Shapes,
    locations: FrameLocations,
    leaves: frozenset[str],
    failures: list[Exception],
) -> Iterator[tuple[str, nn.Module, Callable[[], Flow]]]:
    """The methods in the order to try them: name, model and function. `failures`: those of running it so far."""
    opaque_flows: list[Flow] = []

    def by_fx() -> Flow:
        flow = symbolic.trace(model, locations, leaves)
        if not symbolic.has_no_opaque_calls(flow):
            opaque_flows.append(flow)
            raise OpaqueFunction
        return flow

    def by_running(traced_model: nn.Module, call: inputs.Call) -> Callable[[], Flow]:
        return lambda: running.run(traced_model, call, locations, leaves, with_shapes=shapes is not None)

    if shapes is None:
        yield "fx", model, by_fx
    if _is_on(model, "meta") and not any(isinstance(module, _STEPWISE) for module in model.modules()):
        model.to("meta")  # buffers may still be on the CPU
        for call in _calls(model, shapes, "meta"):
            yield "run", model, by_running(model, call)
            if isinstance(failures[-1], _NO_KERNEL) or "meta Tensors" in str(failures[-1]):
                break  # meta does not support it, whatever the input
    if opaque_flows:
        yield "fx", model, lambda: opaque_flows[0]
    if sum(p.numel() for p in model.parameters()) <= _MAX_PARAMETERS:
        for create_model in (partial(building.build_without_values, rebuild), rebuild):
            failures_before = len(failures)
            try:
                cpu_model = _build_with_memory(create_model)
            except Exception as error:
                failures.append(error)
                continue
            for call in _calls(cpu_model, shapes, "cpu"):
                yield "run on cpu", cpu_model, by_running(cpu_model, call)
            if not any(map(_is_meta_failure, failures[failures_before:])):
                break  # real values would not help


def _is_meta_failure(failure: Exception) -> bool:
    return isinstance(failure, _NO_KERNEL) or "meta" in str(failure)


class OpaqueFunction(Exception):
    """The model calls a function that `torch.fx.wrap` makes opaque."""


def _calls(model: nn.Module, shapes: Shapes, device: str) -> Iterator[inputs.Call]:
    if shapes is not None:
        yield inputs.from_shapes(shapes, device)
        return
    start_time = time.monotonic()
    for call in inputs.guess_calls(model, device, prefer_small=device != "meta"):
        yield call
        if time.monotonic() - start_time > _GUESSING_SECONDS:
            return


def _is_on(model: nn.Module, device: str) -> bool:
    return any(tensor.device.type == device for tensor in model.parameters())


@running.one_thread()
def _build_with_memory(create_model: Callable[[], nn.Module]) -> nn.Module:
    """The model on the CPU with small parameters: the flow depends on shapes, and at most on values being finite."""
    model = create_model()
    with torch.no_grad():
        for parameter in model.parameters():
            if building.is_trainable_dtype(parameter):
                parameter.fill_(0.01)
    return model.eval()


def _has_uncalled_weights(model: nn.Module, flow: Flow, leaves: frozenset[str]) -> bool:
    """Whether a module with a weight matrix is unused in the flow."""
    called_targets = flow.called_targets
    for path, module in model.named_modules():
        matrices = [name for name, p in module._parameters.items() if p is not None and p.dim() > 1]
        is_inside_leaf = any(path.startswith(f"{leaf}.") for leaf in called_targets)
        is_used = path in called_targets or any(
            (f"{path}.{name}" if path else name) in called_targets for name in matrices
        )
        if matrices and not is_used and not is_inside_leaf:
            return True
    return False


def explain(error: BaseException) -> str:
    """One line that describes the error."""
    text = str(error).strip().splitlines()
    if text and type(error).__module__.startswith(__package__ or "."):
        return text[0]
    name = running.failing_module(error) + type(error).__name__
    return f"{name}: {text[0][:300]}" if text else name
