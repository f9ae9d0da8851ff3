"""Traces the data flow by running the model, where torch.fx cannot: branches on shapes or values, einops.

On the meta device this takes no memory and little time. A function mode records the operators, a replacement of
`nn.Module.__call__` the layers.
"""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import nn
from torch.fx.experimental import _config
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from .frames import TORCH_FOLDER, FrameLocations, callers, first_argument
from .json_values import dotted_name, to_json
from .nodes import Flow, is_leaf

_DISTRIBUTIONS = os.path.join(TORCH_FOLDER, "distributions") + os.sep
_UNPACK = "_operator.getitem"
_MAX_DEPTH = 6
_SLOW = frozenset((nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear))
"""Layers that take most of the time of a run on the CPU."""
_RANDOM_COUNT = 1 << 16
"""How many random numbers are drawn, and repeated, for the output of such a layer."""


class FlowRecorder(TorchFunctionMode):
    """Adds a node for each operator that uses data or a parameter."""

    def __init__(self, model: nn.Module, locations: FrameLocations, flow: Flow, with_shapes: bool) -> None:
        super().__init__()
        self._with_shapes = with_shapes
        self._locations = locations
        self._flow = flow
        self._node_numbers: dict[int, int] = {}
        self._kept_alive: list[torch.Tensor] = []
        """Keeps the tensors alive, because their addresses are the keys of `_node_numbers`."""
        named_parameters = [*model.named_parameters(remove_duplicate=True)]
        self._parameters = {id(parameter): path for path, parameter in named_parameters}
        self._model = model
        self._is_paused = False

    def bind(self, value: Any, number: int, depth: int = 0) -> None:
        """Bind all tensors in `value` to node `number` or to items of it."""
        if isinstance(value, torch.Tensor):
            self._node_numbers[id(value)] = number
            if self._with_shapes and value.layout is torch.strided:
                self._flow.nodes[number]["shape"] = list(value.shape)
            self._kept_alive.append(value)
        elif depth < _MAX_DEPTH:
            for key, child in _children(value):
                if isinstance(child, torch.Tensor) or any(True for _ in _children(child)):
                    index = key if isinstance(key, (int, str)) else str(key)
                    self.bind(
                        child, self._flow.add("call_function", _UNPACK, [{"node": number}, index], {}, None), depth + 1
                    )

    def reference(self, value: Any) -> dict[str, Any] | None:
        """A reference to the node that computed `value`; None if it is no tensor."""
        if not isinstance(value, torch.Tensor):
            return None
        if id(value) not in self._node_numbers:
            path = self._parameters.get(id(value))
            if path is None:
                return {"other": "Tensor"}
            self.bind(value, self._flow.add("get_attr", path, [], {}, None))
        return {"node": self._node_numbers[id(value)]}

    def arguments(self, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of a call as JSON, with references to nodes."""
        positional = [to_json(value, self.reference) for value in args]
        return positional, {name: to_json(value, self.reference) for name, value in kwargs.items()}

    @contextmanager
    def paused(self) -> Iterator[None]:
        """A context in which nothing is recorded."""
        was_paused, self._is_paused = self._is_paused, True
        try:
            yield
        finally:
            self._is_paused = was_paused

    @property
    def is_paused(self) -> bool:
        return self._is_paused

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self._is_paused:
            return func(*args, **kwargs)
        name = func.__name__
        if name == "__iter__":
            rows = list(func(*args, **kwargs))
            self._record("Tensor.unbind", args, kwargs, rows)
            return iter(rows)
        try:
            result = func(*args, **kwargs)
        except Exception as error:
            self._note_failing_layer(error, (*args, *kwargs.values()))
            raise
        if name == "__setitem__":
            self._record("Tensor.__setitem__", args, kwargs, args[0])
        elif isinstance(result, (torch.Tensor, tuple, list)) and name != "__set__":
            self._record(dotted_name(func), args, kwargs, result)
        return result

    def _note_failing_layer(self, error: Exception, values: Sequence[Any]) -> None:
        """Note the layer that owns a parameter among the arguments of the function that raised `error`."""
        paths = [self._parameters[id(value)] for value in values if id(value) in self._parameters]
        if paths:
            path = paths[0].rpartition(".")[0]
            data = [value for value in values if id(value) not in self._parameters]
            note_failing_module(error, path, self._model.get_submodule(path), data)

    def _record(self, target: str, args: Any, kwargs: Any, result: Any) -> None:
        if not any(self._is_tracked(value) for value in (*args, *kwargs.values())):
            return
        positional, keywords = self.arguments(args, kwargs)
        op = "call_function"
        distribution = _running_distribution()
        if distribution is not None:
            name, parameter = distribution
            target = f"torch.distributions.{name}"
            positional, keywords = [], {parameter: [*positional, *keywords.values()]}
        if target.startswith("Tensor."):
            op, target = "call_method", target.split(".")[1]
        if isinstance(result, torch.Tensor) or any(isinstance(item, torch.Tensor) for item in result):
            self.bind(result, self._flow.add(op, target, positional, keywords, self._locations.here()))

    def _is_tracked(self, value: Any) -> bool:
        if isinstance(value, torch.Tensor):
            return id(value) in self._node_numbers or id(value) in self._parameters
        return isinstance(value, (list, tuple)) and any(self._is_tracked(item) for item in value)


def _running_distribution() -> tuple[str, str] | None:
    """The class of torch.distributions whose code is running, and `logits` if its constructor has these, else `values`.

    Its internal operators say nothing about the model.
    """
    outermost = None
    for frame in callers():
        if not frame.f_code.co_filename.startswith(_DISTRIBUTIONS):
            break
        outermost = frame
    if outermost is None:
        return None
    has_logits = outermost.f_code.co_name == "__init__" and outermost.f_locals.get("logits") is not None
    return type(first_argument(outermost)).__name__, "logits" if has_logits else "values"


def _children(value: Any) -> Iterator[tuple[Any, Any]]:
    """The items of a dictionary, sequence or data class, by name or position."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        yield from enumerate(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from vars(value).items()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: on tensors this small, synchronizing several threads takes longer."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@one_thread()
def run(
    model: nn.Module,
    call: tuple[Sequence[Any], dict[str, Any]],
    locations: FrameLocations,
    leaves: frozenset[str],
    with_shapes: bool,
) -> Flow:
    """The flow of one call of `model`; `with_shapes`: of its tensors. Raises what the call raises."""
    flow = Flow()
    args, kwargs = call
    recorder = FlowRecorder(model, locations, flow, with_shapes)
    for name, value in [*enumerate(args), *kwargs.items()]:
        recorder.bind(value, flow.add("placeholder", str(name), [], {}, None))
    # A mask on meta selects everything: the flow depends on shapes only.
    _config.meta_nonzero_assume_all_nonzero = True
    with torch.no_grad(), _recording_leaves(model, recorder, flow, locations, leaves), recorder:
        result = model(*args, **kwargs)
    with recorder.paused():
        flow.add("output", "output", [to_json(list(_tensors(result)), recorder.reference)], {}, None)
    return flow


def _tensors(value: Any, depth: int = 0) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif depth < _MAX_DEPTH:
        for _, item in _children(value):
            yield from _tensors(item, depth + 1)


def _is_skippable(layer: nn.Module, args: Sequence[Any]) -> bool:
    """Whether the layer may be skipped, because only the shape of its output matters. Its hooks may need the values."""
    if type(layer) not in _SLOW or layer._forward_pre_hooks or layer._forward_hooks:
        return False
    if len(args) != 1 or not isinstance(args[0], torch.Tensor):
        return False
    return args[0].device.type == "cpu" and args[0].layout is torch.strided  # a nested tensor has no shape


def _random_output(layer: nn.Module, args: Sequence[torch.Tensor]) -> torch.Tensor:
    """Random numbers in the shape of the layer's output. Being random, they route data to all experts or branches."""
    meta_copy = copy.copy(layer)
    parameters: dict[str, Any] = {name: p if p is None else p.to("meta") for name, p in layer._parameters.items()}
    meta_copy._parameters = parameters
    result: torch.Tensor = meta_copy.forward(*(value.to("meta") for value in args))
    return _random(result.shape, result.dtype)


def _random(shape: torch.Size, dtype: torch.dtype) -> torch.Tensor:
    """Numbers between 0 and 1, drawn once and repeated: drawing millions takes longer than the rest of a run."""
    number = shape.numel()
    generator = torch.Generator().manual_seed(0)  # traces are reproducible
    numbers = torch.rand(min(number, _RANDOM_COUNT), generator=generator, dtype=dtype)
    return (numbers if number <= _RANDOM_COUNT else numbers.repeat(-(-number // _RANDOM_COUNT))[:number]).view(shape)


_FAILURE = "_initlint_failure"


def note_failing_module(error: Exception, path: str | None, module: nn.Module, args: Sequence[Any]) -> None:
    """Note on `error` in which module it was raised, and the shapes there. Only the innermost one is noted."""
    if not path or hasattr(error, _FAILURE):
        return
    weight = next((f"{name} {_shape(p)}" for name, p in module._parameters.items() if p is not None), None)
    kind = type(module).__name__ if weight is None else f"{type(module).__name__}, {weight}"
    shapes = ", ".join(_shape(value) for value in _tensors(list(args)))
    with suppress(AttributeError):  # an exception class with slots
        setattr(error, _FAILURE, f"`{path}` ({kind}) is called with {shapes or 'no tensor'}: ")


def failing_module(error: BaseException) -> str:
    """The start of a line about `error`: the module that raised it and the shapes there; empty if unknown."""
    return str(getattr(error, _FAILURE, ""))


def _shape(tensor: torch.Tensor) -> str:
    return "?" if is_lazy(tensor) else "x".join(map(str, tensor.shape)) or "a number"


@contextmanager
def _noting_failure(path: str | None, module: nn.Module, args: Sequence[Any]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        note_failing_module(error, path, module, args)
        raise


@contextmanager
def _recording_leaves(
    model: nn.Module, recorder: FlowRecorder, flow: Flow, locations: FrameLocations, leaves: frozenset[str]
) -> Iterator[None]:
    """A context in which a call of a leaf module becomes one node, without the operators inside."""
    paths = {module: path for path, module in model.named_modules()}
    original = nn.Module.__call__

    def call(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if recorder.is_paused or self not in paths or not is_leaf(self, leaves):
            with _noting_failure(paths.get(self), self, args):
                return original(self, *args, **kwargs)
        positional, keywords = recorder.arguments(args, kwargs)
        with recorder.paused(), _noting_failure(paths[self], self, args):
            result = _random_output(self, args) if _is_skippable(self, args) else original(self, *args, **kwargs)
        recorder.bind(result, flow.add("call_module", paths[self], positional, keywords, locations.here()))
        return result

    nn.Module.__call__ = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        nn.Module.__call__ = original  # type: ignore[method-assign]
