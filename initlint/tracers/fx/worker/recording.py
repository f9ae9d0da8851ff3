"""Records every write to a tensor while a model is built.

Writes are recorded by storage. This covers `.data`, views, slices, deep copies and tied weights.

The functions of `torch.nn.init` are replaced, because several of them (`trunc_normal_`, `orthogonal_`, `sparse_`,
`dirac_`) return early on the meta device and dispatch nothing. They are not executed, and neither are random fills on
meta, the first of which imports hundreds of torch's modules.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch
from torch import nn
from torch.nn import init
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from .frames import TORCH_FOLDER, FrameLocations, callers, is_user_file
from .json_values import CalculatedGain, dotted_name, to_json

_TORCH_INIT_FOLDERS = tuple(os.path.join(TORCH_FOLDER, "nn", folder) + os.sep for folder in ("modules", "utils"))
"""Folders of torch's own init code."""
_WRAPPERS = frozenset(
    os.path.join(TORCH_FOLDER, *name.split("/"))
    for name in (
        "_tensor.py",
        "functional.py",
        "nn/functional.py",
        "nn/init.py",
        "nn/parameter.py",
        "utils/_contextlib.py",
    )
)
"""Files of torch whose functions call one operator for the user. The operators in other files are torch's own."""
_NOT_WRITING = frozenset(
    (
        "as_strided_ detach_ pin_memory_ rename_ requires_grad_ resize_ resize_as_ retain_grad_ set_ share_memory_ "
        "squeeze_ swapaxes_ swapdims_ t_ transpose_ unsqueeze_"
    ).split()
)
_RANDOM_FILLS = frozenset("bernoulli_ cauchy_ exponential_ geometric_ log_normal_ normal_ random_ uniform_".split())
_COPYING = ("torch.Tensor.copy_", "torch.Tensor.__setitem__")
"""Methods that write the elements of their last argument."""
_COPIES = frozenset(
    (
        "bfloat16 clone contiguous cpu cuda detach double expand float half permute repeat reshape t to transpose type "
        "type_as view"
    ).split()
)
_ARITHMETIC = frozenset("add div mul neg sub true_divide __rsub__ __rdiv__ __rtruediv__".split())

Write = dict[str, Any]


class Recorder(TorchFunctionMode):
    """Records writes while it is active. `helpers`: dotted names of init functions that count as one write each."""

    def __init__(self, locations: FrameLocations, helpers: frozenset[str]) -> None:
        super().__init__()
        self._locations = locations
        self._helpers = helpers
        self._entered = 0
        self.clear()

    def __enter__(self) -> Recorder:
        self._entered += 1
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *raised: Any) -> None:
        self._entered -= 1
        super().__exit__(*raised)  # type: ignore[no-untyped-call]

    def clear(self) -> None:
        """Discard all records."""
        self._writes: dict[int, tuple[Any, list[Write]]] = {}
        self._current_helper: tuple[FrameType | None, int] = (None, 0)
        self.calls: list[dict[str, Any]] = []
        self.writes_before_norm: dict[int | None, int] = {}
        """How many writes there were to the storage of a weight when its weight norm was computed."""

    @contextmanager
    def discarding(self) -> Iterator[None]:
        """A context in which initializers are not executed and nothing stays recorded."""
        outer_state = self._writes, self._current_helper, self.calls
        self.clear()
        try:
            with self:
                yield
        finally:
            self._writes, self._current_helper, self.calls = outer_state

    def writes(self, tensor: torch.Tensor) -> list[Write]:
        """The writes to the storage of `tensor`, in order."""
        key = storage_key(tensor)
        return self._writes[key][1] if key in self._writes else []

    def replace_initializers(self) -> None:
        """Replace the functions of `torch.nn.init` with recording ones, in all modules of torch.nn that import them."""
        replacements = {}
        for name, function in list(vars(init).items()):
            is_initializer = inspect.isfunction(function) and "tensor" in inspect.signature(function).parameters
            if is_initializer or f"{name}_" in vars(init):  # `name` is a deprecated alias
                replacements[function] = self._recording(name, function)
        replacements[init.calculate_gain] = _recording_gain
        modules = [module for name, module in list(sys.modules.items()) if name.startswith("torch.nn.")]
        for module in modules:
            for name, value in list(vars(module).items()):
                if inspect.isfunction(value) and value in replacements:
                    setattr(module, name, replacements[value])

    def _recording(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        if name.startswith("_"):
            return original

        @functools.wraps(original)
        def initialize(tensor: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._entered:
                return original(tensor, *args, **kwargs)
            function = f"torch.nn.init.{name}"
            if isinstance(tensor, torch.Tensor):
                self.record_write(tensor, function, args, kwargs)
            else:
                self._record_call(function, None, type(tensor).__name__, args, kwargs, self._call_context())
            return tensor

        return initialize

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func.__name__
        first_tensor = args[0] if args and isinstance(args[0], torch.Tensor) else None
        if name == "__get__":
            return func(*args, **kwargs)
        if name == "__set__":
            result = func(*args, **kwargs)
            if getattr(func.__self__, "__name__", "") == "data" and storage_key(args[0]) not in self._writes:
                self.record_write(args[0], "torch.Tensor.copy_", args[1:], {})  # of data from outside of torch
            return result
        if first_tensor is not None and (name == "__setitem__" or (name[-1] == "_" and name[-2] != "_")):
            if name in _NOT_WRITING:
                return func(*args, **kwargs)
            result = first_tensor if name in _RANDOM_FILLS and first_tensor.is_meta else func(*args, **kwargs)
            self.record_write(first_tensor, f"torch.Tensor.{name}", args[1:], kwargs)
            return result
        result = func(*args, **kwargs)
        if name == "norm_except_dim" and first_tensor is not None:
            self.writes_before_norm[storage_key(first_tensor)] = len(self.writes(first_tensor))
        if isinstance(result, torch.Tensor) and name != "untyped_storage":
            self._record_new_tensor(result, first_tensor, name, func, args, kwargs)
        return result

    def _record_new_tensor(
        self, result: torch.Tensor, source: torch.Tensor | None, name: str, func: Any, args: Any, kwargs: Any
    ) -> None:
        """Record a new tensor: a copy has the writes of its source, any other is written by its constructor."""
        key = storage_key(result)
        if key is None or (source is not None and storage_key(source) == key):
            return
        if name in _COPIES and source is not None:
            self._store(key, result, [*self.writes(source)])
        elif name in _ARITHMETIC and source is not None:
            self._store(key, result, [*self.writes(source)])
            self.record_write(result, f"torch.{name}", args[1:], kwargs, derived=True)
        elif source is not None and name.startswith("new_"):
            self._store(key, result, [])
            self.record_write(result, f"torch.{name[4:]}", args[1:], kwargs)
        else:
            self._store(key, result, [])
            self.record_write(result, dotted_name(func), args, kwargs)

    def _store(self, key: int, tensor: torch.Tensor, writes: list[Write]) -> None:
        # Keep the storage alive, because its address is the key.
        self._writes[key] = (tensor.untyped_storage(), writes)

    def record_write(self, tensor: torch.Tensor, function: str, args: Any, kwargs: Any, derived: bool = False) -> None:
        """Record a write to `tensor`. `derived`: the tensor is new, and computed from one with writes of its own."""
        key = storage_key(tensor)
        if key is None:
            return
        context = self._call_context()
        helper, is_internal = context.pop("helper"), context.pop("internal")
        if helper is not None:
            # All writes of one helper call to one tensor count as one.
            frame, function, args, kwargs = helper
            if self._current_helper == (frame, key):
                return
            self._current_helper = (frame, key)
        elif is_internal:
            # Nothing is known of the values: `torch.distributions` draws, scales and clamps them.
            function, args, kwargs, derived = "torch.Tensor.copy_", (), {}, False
            if not isinstance(tensor, nn.Parameter):
                self._store(key, tensor, [])
        if key not in self._writes:
            self._store(key, tensor, [])
        storage, writes = self._writes[key]
        covers_storage = tensor.numel() * tensor.element_size() >= storage.nbytes()
        if function.endswith("__setitem__"):
            covers_storage = covers_storage and _selects_all(args[0])
        write = {
            "function": function,
            "args": [to_json(value) for value in args],
            "kwargs": {name: to_json(value) for name, value in kwargs.items()},
            "covers_storage": covers_storage,
            "shape": list(tensor.shape),
            "derived": derived,
            "leaf": isinstance(tensor, nn.Parameter) and tensor.requires_grad,
            "copied": self._only_write(args) if function in _COPYING else None,
            **context,
        }
        writes.append(write)
        if function.startswith("torch.nn.init."):
            self.calls.append({**write, "storage": key, "kind": "tensor"})

    def _only_write(self, args: Any) -> Write | None:
        """The only write to the tensor that is copied, the last argument, if that is no Parameter."""
        value = args[-1] if args else None
        if not isinstance(value, torch.Tensor) or isinstance(value, nn.Parameter):
            return None
        writes = self.writes(value)
        return writes[0] if len(writes) == 1 else None

    def _record_call(self, function: str, key: int | None, kind: str, args: Any, kwargs: Any, context: Any) -> None:
        del context["helper"], context["internal"]
        self.calls.append(
            {
                "function": function,
                "args": [to_json(value) for value in args],
                "kwargs": {name: to_json(value) for name, value in kwargs.items()},
                "storage": key,
                "kind": kind,
                **context,
            }
        )

    def _call_context(self) -> dict[str, Any]:
        """The origin of a write: its location, the calls that lead to it, and whether it is torch's default init."""
        all_frames = list(callers())
        user_frames = [frame for frame in all_frames if is_user_file(frame.f_code.co_filename)]
        helper = None
        for index, frame in enumerate(user_frames):
            name = f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"
            if name in self._helpers:
                helper = (frame, name, (), _arguments(frame))
                users_of_helper = user_frames[index + 1 :]
        if helper is not None:
            user_frames = users_of_helper
        innermost = all_frames[0].f_code.co_filename if all_frames else ""
        is_default = innermost.startswith(_TORCH_INIT_FOLDERS)
        is_internal = innermost.startswith(TORCH_FOLDER) and innermost not in _WRAPPERS and not is_default
        return {
            "location": self._locations.number(user_frames[0]) if user_frames else None,
            "via": [self._locations.number(frame) for frame in reversed(user_frames[1:])],
            "helpers": [frame.f_code.co_name for frame in reversed(user_frames)],
            "default": is_default,
            "internal": is_internal and bool(user_frames),
            "no_grad": not torch.is_grad_enabled(),
            "helper": helper,
        }


_original_gain = init.calculate_gain


@functools.wraps(_original_gain)
def _recording_gain(nonlinearity: Any, param: Any = None) -> float:
    gain = CalculatedGain(_original_gain(nonlinearity, param))
    gain.nonlinearity = str(nonlinearity)
    return gain


def _arguments(frame: FrameType) -> dict[str, Any]:
    """The arguments of the frame's function, without the first."""
    code = frame.f_code
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    return {name: frame.f_locals[name] for name in names if name in frame.f_locals}


def storage_key(tensor: torch.Tensor) -> int | None:
    """The address of the storage of `tensor`; None if it has no storage: a lazy, sparse or mapped one."""
    if is_lazy(tensor) or not torch._C._has_storage(tensor):
        return None
    return int(tensor.untyped_storage()._cdata)


def _selects_all(index: Any) -> bool:
    """Whether `tensor[index]` has all elements of the tensor."""
    if isinstance(index, tuple):
        return bool(index) and all(map(_selects_all, index))
    return index is ... or (isinstance(index, slice) and index == slice(None))
