"""Measures the signal and the gradient at each layer, in several runs with real weights on random data."""

from __future__ import annotations

import functools
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from . import inputs
from .index_inputs import IndexTables
from .running import note_failing_module
from .tracing import Shapes, explain

_SHARE_OF_TIME = 0.4
"""No further run is started after this part of the time limit."""

_BATCH = 8
"""Batch statistics of fewer samples differ much from those of training."""

Measured = dict[str, Any]


def measure(create_model: Callable[[], Any], shapes: Shapes, options: dict[str, Any]) -> tuple[Measured | None, Any]:
    """For each module with weights, the mean square of its output and of the gradient there, in each run.

    The gradient starts as random numbers of unit variance at the model's outputs. `options`: the first `seed`, how
    often to `repeat` with further seeds, the `mode`, and the time limit in `seconds`. If no input works, returns None
    and one line that says why.
    """
    runs: list[_Run] = []
    start_time = time.monotonic()
    for number in range(options["repeat"]):
        if number and time.monotonic() - start_time > _SHARE_OF_TIME * options["seconds"]:
            break
        _set_seed(options["seed"] + number)
        model: nn.Module = create_model()
        _set_mode(model, options["mode"])
        run, problem = _first_run_that_works(model, shapes)
        if run is None:
            if runs:
                break
            return None, f"cannot be measured: {_explain(problem, shapes)}"
        runs.append(run)
    paths = dict.fromkeys(path for run in runs for path in run.moments)
    return {
        "runs": len(runs),
        "layers": {path: [run.moments[path] for run in runs if path in run.moments] for path in paths},
        "parameters": next(({**run.not_finite_parameters} for run in runs if run.not_finite_parameters), {}),
    }, None


def _explain(problem: Exception | None, shapes: Shapes) -> str:
    if problem is None:
        return "no input fits"
    if "more than 1 value per channel" in str(problem):
        return f"{explain(problem)}; --input with more samples, or --eval, avoids that"
    return (
        explain(problem) if shapes is not None else f"{explain(problem)}; the input was guessed, --input gives another"
    )


def _set_seed(seed: int) -> None:
    random.seed(seed)
    torch.manual_seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed % 2**32)


def _set_mode(model: nn.Module, mode: str) -> None:
    """`train` and `eval` are torch's modes. In `start`, norms use batch statistics, and dropout is off.

    At the start the running statistics of a norm make it the identity.
    """
    model.train(mode == "train")
    if mode != "start":
        return
    for module in model.modules():
        if isinstance(module, nn.SyncBatchNorm):  # in training mode it runs on GPUs only
            module.running_mean = module.running_var = None
        elif isinstance(module, _NormBase):
            module.train()


def _first_run_that_works(model: nn.Module, shapes: Shapes) -> tuple[_Run | None, Exception | None]:
    problem: Exception | None = None
    for args, kwargs in _calls(model, shapes):
        for further_args, further_kwargs in _with_random_values(model, args, kwargs):
            run = _Run(model)
            try:
                run.execute(further_args, further_kwargs)
            except Exception as error:
                problem = problem or error
            else:
                return run, None
    return None, problem


def _calls(model: nn.Module, shapes: Shapes) -> Iterator[inputs.Call]:
    if shapes is not None:
        yield inputs.from_shapes(shapes, "cpu")
    else:
        yield from inputs.guess_calls(model, "cpu", prefer_small=True, batch=_BATCH)


def _with_random_values(model: nn.Module, args: list[Any], kwargs: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The arguments with random numbers: normal ones, and indices of the tables that they index.

    Then the same with indices as they are, in case the random ones do not fit.
    """
    tables = IndexTables([args, kwargs])
    if tables.has_index_inputs:
        tables.find(model, args, kwargs)
        yield _random(args, tables.draw), _random(kwargs, tables.draw)
    yield _random(args), _random(kwargs)


def _random(value: Any, draw: Callable[[torch.Tensor], torch.Tensor] = lambda tensor: tensor) -> Any:
    if isinstance(value, torch.Tensor):
        return torch.randn_like(value) if value.is_floating_point() else draw(value)
    if isinstance(value, dict):
        return {key: _random(item, draw) for key, item in value.items()}
    return [_random(item, draw) for item in value] if isinstance(value, (list, tuple)) else value


class _Run:
    """One call of a model. `moments`: by the path of the module, in the order of the calls.

    `not_finite_parameters`: what parameters contain that is not finite, by their paths.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self.moments: dict[str, list[float | None]] = {}
        self.not_finite_parameters: dict[str, str] = {}

    def execute(self, args: Any, kwargs: Any) -> None:
        """Run the model forwards and backwards. Raises what it raises."""
        undo = [
            self._watch(path, module)
            for path, module in self._model.named_modules()
            if hasattr(module, "parametrizations") or any(p is not None for p in module._parameters.values())
        ]
        try:
            outputs = [tensor for tensor in _tensors(self._model(*args, **kwargs)) if tensor.requires_grad]
            torch.autograd.backward(outputs, [torch.randn_like(output) for output in outputs])
        finally:
            for function in undo:
                function()
        self.not_finite_parameters = {
            path: "nan" if bool(p.isnan().any()) else "inf"
            for path, p in self._model.named_parameters()
            if p.is_floating_point() and not bool(p.isfinite().all())
        }

    def _watch(self, path: str, module: nn.Module) -> Callable[[], Any]:
        """Record each output of `module`. Returns a function that ends it."""
        if module._forward_hooks:  # they may change the output

            def record(module: nn.Module, args: Any, result: Any) -> None:
                self._record(path, result)

            return module.register_forward_hook(record).remove
        forward = module.forward

        @functools.wraps(forward)
        def recording(*args: Any, **kwargs: Any) -> Any:
            try:
                result = forward(*args, **kwargs)
            except Exception as error:
                note_failing_module(error, path, module, args)
                raise
            self._record(path, result)
            return result

        own = module.__dict__.get("forward")
        module.__dict__["forward"] = recording  # also for code that calls `forward` itself
        if own is None:
            return lambda: module.__dict__.pop("forward", None)
        return lambda: module.__dict__.update(forward=own)

    def _record(self, path: str, result: Any) -> None:
        output = next((tensor for tensor in _tensors(result) if tensor.is_floating_point()), None)
        if output is None or path in self.moments:
            return
        moments: list[float | None] = [_mean_square(output), None]
        self.moments[path] = moments
        if output.requires_grad:

            def record_gradient(gradient: torch.Tensor) -> None:
                moments[1] = _mean_square(gradient)

            output.register_hook(record_gradient)  # type: ignore[no-untyped-call]


def _mean_square(tensor: torch.Tensor) -> float:
    return float(tensor.detach().double().square().mean())


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)
