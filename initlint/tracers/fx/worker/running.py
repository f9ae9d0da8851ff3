"""The data flow by running the model, where torch.fx stops: at tests of shapes or values, at einops.

On the meta device that takes no memory and little time. The operators are seen by a function mode, the layers by
standing in for `nn.Module.__call__`.
"""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.fx.experimental import _config
from torch.overrides import TorchFunctionMode

from .frames import TORCH, FrameLocations, callers, first_argument
from .nodes import Flow, is_leaf
from .values import plain, qualified

_DISTRIBUTIONS = os.path.join(TORCH, "distributions") + os.sep
_UNPACK = "_operator.getitem"
_MAX_DEPTH = 6
_SLOW = frozenset((nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear))
"""Layers that take most of the time of a run with memory."""
_DRAWN = 1 << 16
"""How many random numbers stand for all that such a layer gives."""


class _Watcher(TorchFunctionMode):
    """Adds a node for each operator that touches data or a parameter."""

    def __init__(self, model: nn.Module, places: FrameLocations, flow: Flow) -> None:
        super().__init__()
        self._places = places
        self._flow = flow
        self._numbers: dict[int, int] = {}
        self._kept: list[torch.Tensor] = []
        """Tensors are told apart by their address, which nothing else may get."""
        named = [*model.named_parameters(remove_duplicate=True)]
        self._parameters = {id(parameter): path for path, parameter in named}
        self._asleep = False

    def learn(self, value: Any, number: int, depth: int = 0) -> None:
        """All tensors in `value` are the value of node `number`, or parts of it."""
        if isinstance(value, torch.Tensor):
            self._numbers[id(value)] = number
            self._kept.append(value)
        elif depth < _MAX_DEPTH:
            for key, item in _items(value):
                if isinstance(item, torch.Tensor) or any(True for _ in _items(item)):
                    at = key if isinstance(key, (int, str)) else str(key)
                    self.learn(
                        item, self._flow.add("call_function", _UNPACK, [{"node": number}, at], {}, None), depth + 1
                    )

    def reference(self, value: Any) -> dict[str, Any] | None:
        """The node that `value` is the value of."""
        if not isinstance(value, torch.Tensor):
            return None
        if id(value) not in self._numbers:
            path = self._parameters.get(id(value))
            if path is None:
                return {"other": "Tensor"}
            self.learn(value, self._flow.add("get_attr", path, [], {}, None))
        return {"node": self._numbers[id(value)]}

    def arguments(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of a call as a node has them."""
        positional = [plain(value, self.reference) for value in args]
        return positional, {name: plain(value, self.reference) for name, value in kwargs.items()}

    @contextmanager
    def sleeping(self) -> Iterator[None]:
        """Nothing is noted in here."""
        before, self._asleep = self._asleep, True
        try:
            yield
        finally:
            self._asleep = before

    @property
    def asleep(self) -> bool:
        return self._asleep

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self._asleep:
            return func(*args, **kwargs)
        name = func.__name__
        if name == "__iter__":
            parts = list(func(*args, **kwargs))
            self._note("Tensor.unbind", args, kwargs, parts)
            return iter(parts)
        result = func(*args, **kwargs)
        if name == "__setitem__":
            self._note("Tensor.__setitem__", args, kwargs, args[0])
        elif isinstance(result, (torch.Tensor, tuple, list)) and name != "__set__":
            self._note(qualified(func), args, kwargs, result)
        return result

    def _note(self, target: str, args: Any, kwargs: Any, result: Any) -> None:
        if not any(self._matters(value) for value in (*args, *kwargs.values())):
            return
        given, named = self.arguments(args, kwargs)
        op = "call_function"
        distribution = _distribution()
        if distribution is not None:
            target = f"torch.distributions.{distribution}"
        if target.startswith("Tensor."):
            op, target = "call_method", target.split(".")[1]
        if isinstance(result, torch.Tensor) or any(isinstance(item, torch.Tensor) for item in result):
            self.learn(result, self._flow.add(op, target, given, named, self._places.here()))

    def _matters(self, value: Any) -> bool:
        if isinstance(value, torch.Tensor):
            return id(value) in self._numbers or id(value) in self._parameters
        return isinstance(value, (list, tuple)) and any(self._matters(item) for item in value)


def _distribution() -> str | None:
    """The class of torch.distributions whose code is running: what it does inside tells nothing of the model."""
    found = None
    for frame in callers():
        if not frame.f_code.co_filename.startswith(_DISTRIBUTIONS):
            return found
        found = type(first_argument(frame)).__name__
    return found


def _items(value: Any) -> Iterator[tuple[Any, Any]]:
    """What a result holds by name or position."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        yield from enumerate(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from vars(value).items()


@contextmanager
def one_thread() -> Iterator[None]:
    """torch works on one thread: on tensors this small, several take longer to wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@one_thread()
def run(
    model: nn.Module, args: Sequence[Any], kwargs: dict[str, Any], places: FrameLocations, leaves: frozenset[str]
) -> Flow:
    """The flow of `model` called with these; raises whatever that raises."""
    flow = Flow()
    watcher = _Watcher(model, places, flow)
    for name, value in [*enumerate(args), *kwargs.items()]:
        watcher.learn(value, flow.add("placeholder", str(name), [], {}, None))
    # A mask on meta selects everything: shapes are all that the flow hangs on.
    _config.meta_nonzero_assume_all_nonzero = True
    with torch.no_grad(), _leaves_noted(model, watcher, flow, places, leaves), watcher:
        result = model(*args, **kwargs)
    with watcher.sleeping():
        flow.add("output", "output", [plain(list(_tensors(result)), watcher.reference)], {}, None)
    return flow


def _tensors(value: Any, depth: int = 0) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif depth < _MAX_DEPTH:
        for _, item in _items(value):
            yield from _tensors(item, depth + 1)


def _is_slow(layer: nn.Module, args: Sequence[Any]) -> bool:
    """Whether the values that the layer gives are not worth their time. Its hooks may need them, or make its weight."""
    if type(layer) not in _SLOW or layer._forward_pre_hooks or layer._forward_hooks:
        return False
    if len(args) != 1 or not isinstance(args[0], torch.Tensor):
        return False
    return args[0].device.type == "cpu" and args[0].layout is torch.strided  # the shape of a nested one is not known


def _imagined(layer: nn.Module, args: Sequence[torch.Tensor]) -> torch.Tensor:
    """Small random numbers in the shape of what the layer gives: what is routed by them goes everywhere."""
    twin = copy.copy(layer)
    parameters: dict[str, Any] = {name: p if p is None else p.to("meta") for name, p in layer._parameters.items()}
    twin._parameters = parameters
    result: torch.Tensor = twin.forward(*(value.to("meta") for value in args))
    return _random(result.shape, result.dtype)


def _random(shape: torch.Size, dtype: torch.dtype) -> torch.Tensor:
    """Numbers between 0 and 1, drawn once and repeated: to draw millions anew takes longer than the rest of a run."""
    number = shape.numel()
    generator = torch.Generator().manual_seed(0)  # a trace is the same each time
    drawn = torch.rand(min(number, _DRAWN), generator=generator, dtype=dtype)
    return (drawn if number <= _DRAWN else drawn.repeat(-(-number // _DRAWN))[:number]).view(shape)


@contextmanager
def _leaves_noted(
    model: nn.Module, watcher: _Watcher, flow: Flow, places: FrameLocations, leaves: frozenset[str]
) -> Iterator[None]:
    """Calls of layers become nodes, and what happens inside of them does not."""
    paths = {module: path for path, module in model.named_modules()}
    original = nn.Module.__call__

    def call(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if watcher.asleep or self not in paths or not is_leaf(self, leaves):
            return original(self, *args, **kwargs)
        given, named = watcher.arguments(args, kwargs)
        with watcher.sleeping():
            result = _imagined(self, args) if _is_slow(self, args) else original(self, *args, **kwargs)
        watcher.learn(result, flow.add("call_module", paths[self], given, named, places.here()))
        return result

    nn.Module.__call__ = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module.__call__ = original  # type: ignore[method-assign]
