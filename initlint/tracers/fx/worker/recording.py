"""Writing down every write to a tensor while a model is built.

Writes are kept by storage, so that `.data`, views, slices, deep copies and tied weights need no care.

The functions of `torch.nn.init` are replaced: several of them (`trunc_normal_`, `orthogonal_`, `sparse_`, `dirac_`)
return early on the meta device and dispatch nothing. They are not executed, and neither are random fills on meta: the
first of these imports hundreds of torch's modules.
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

from .frames import TORCH, FrameLocations, callers, is_users
from .values import CalculatedGain, plain, qualified

_DEFAULTS = tuple(os.path.join(TORCH, "nn", folder) + os.sep for folder in ("modules", "utils"))
"""Code of torch that gives parameters their first values."""
_NOT_WRITING = frozenset(
    (
        "as_strided_ detach_ pin_memory_ rename_ requires_grad_ resize_ resize_as_ retain_grad_ set_ share_memory_ "
        "squeeze_ swapaxes_ swapdims_ t_ transpose_ unsqueeze_"
    ).split()
)
_FILLS = frozenset("bernoulli_ cauchy_ exponential_ geometric_ log_normal_ normal_ random_ uniform_".split())
_COPIES = frozenset(
    (
        "bfloat16 clone contiguous cpu cuda detach double expand float half permute repeat reshape t to transpose type "
        "type_as view"
    ).split()
)
_ARITHMETIC = frozenset("add div mul neg sub true_divide __rsub__ __rdiv__ __rtruediv__".split())

Write = dict[str, Any]


class Recorder(TorchFunctionMode):
    """Notes writes while it is entered. `helpers`: dotted names of init functions that count as one write each."""

    def __init__(self, places: FrameLocations, helpers: frozenset[str]) -> None:
        super().__init__()
        self._places = places
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
        """Forget what was noted."""
        self._writes: dict[int, tuple[Any, list[Write]]] = {}
        self._inside: tuple[FrameType | None, int] = (None, 0)
        self.calls: list[dict[str, Any]] = []

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Initializers are not executed in here either, and what is noted is forgotten."""
        kept = self._writes, self._inside, self.calls
        self.clear()
        try:
            with self:
                yield
        finally:
            self._writes, self._inside, self.calls = kept

    def writes(self, tensor: torch.Tensor) -> list[Write]:
        """What was written to the storage of `tensor`, in order."""
        key = storage_key(tensor)
        return self._writes[key][1] if key in self._writes else []

    def replace_initializers(self) -> None:
        """Put noting functions in the place of those of `torch.nn.init`, wherever torch itself imported them."""
        replaced = {}
        for name, function in list(vars(init).items()):
            fills = inspect.isfunction(function) and "tensor" in inspect.signature(function).parameters
            if fills or f"{name}_" in vars(init):  # which a deprecated name stands for
                replaced[function] = self._noting(name, function)
        replaced[init.calculate_gain] = _calculate_gain
        modules = [module for name, module in list(sys.modules.items()) if name.startswith("torch.nn.")]
        for module in modules:
            for name, value in list(vars(module).items()):
                if inspect.isfunction(value) and value in replaced:
                    setattr(module, name, replaced[value])

    def _noting(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        if name.startswith("_"):
            return original

        @functools.wraps(original)
        def initialize(tensor: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._entered:
                return original(tensor, *args, **kwargs)
            function = f"torch.nn.init.{name}"
            if isinstance(tensor, torch.Tensor):
                self.note(tensor, function, args, kwargs)
            else:
                self._note_call(function, None, type(tensor).__name__, args, kwargs, self._context())
            return tensor

        return initialize

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func.__name__
        target = args[0] if args and isinstance(args[0], torch.Tensor) else None
        if name == "__get__":
            return func(*args, **kwargs)
        if target is not None and (name == "__setitem__" or (name[-1] == "_" and name[-2] != "_")):
            if name in _NOT_WRITING:
                return func(*args, **kwargs)
            result = target if name in _FILLS and target.is_meta else func(*args, **kwargs)
            self.note(target, f"torch.Tensor.{name}", args[1:], kwargs)
            return result
        result = func(*args, **kwargs)
        if isinstance(result, torch.Tensor) and name != "untyped_storage":
            self._note_new(result, target, name, func, args, kwargs)
        return result

    def _note_new(
        self, result: torch.Tensor, source: torch.Tensor | None, name: str, func: Any, args: Any, kwargs: Any
    ) -> None:
        """A new tensor: a copy has what its source has, all else is a write by the function that made it."""
        key = storage_key(result)
        if key is None or (source is not None and storage_key(source) == key):
            return
        if name in _COPIES and source is not None:
            self._keep(key, result, [*self.writes(source)])
        elif name in _ARITHMETIC and source is not None:
            self._keep(key, result, [*self.writes(source)])
            self.note(result, f"torch.{name}", args[1:], kwargs, derived=True)
        elif source is not None and name.startswith("new_"):
            self._keep(key, result, [])
            self.note(result, f"torch.{name[4:]}", args[1:], kwargs)
        else:
            self._keep(key, result, [])
            self.note(result, qualified(func), args, kwargs)

    def _keep(self, key: int, tensor: torch.Tensor, writes: list[Write]) -> None:
        # The storage is kept, so that no other one can get its address.
        self._writes[key] = (tensor.untyped_storage(), writes)

    def note(self, tensor: torch.Tensor, function: str, args: Any, kwargs: Any, derived: bool = False) -> None:
        """A write to `tensor` by `function`. `derived`: the tensor is new, made from one that was written to before."""
        key = storage_key(tensor)
        if key is None:
            return
        context = self._context()
        helper = context.pop("helper")
        if helper is not None:
            # All that a helper does to one tensor is one write.
            frame, function, args, kwargs = helper
            if self._inside == (frame, key):
                return
            self._inside = (frame, key)
        if key not in self._writes:
            self._keep(key, tensor, [])
        storage, writes = self._writes[key]
        whole = tensor.numel() * tensor.element_size() >= storage.nbytes()
        write = {
            "function": function,
            "args": [plain(value) for value in args],
            "kwargs": {name: plain(value) for name, value in kwargs.items()},
            "whole": whole and not function.endswith("__setitem__"),
            "derived": derived,
            "leaf": isinstance(tensor, nn.Parameter) and tensor.requires_grad,
            **context,
        }
        writes.append(write)
        if function.startswith("torch.nn.init."):
            self.calls.append({**write, "storage": key, "shape": list(tensor.shape), "kind": "tensor"})

    def _note_call(self, function: str, key: int | None, kind: str, args: Any, kwargs: Any, context: Any) -> None:
        context.pop("helper")
        self.calls.append(
            {
                "function": function,
                "args": [plain(value) for value in args],
                "kwargs": {name: plain(value) for name, value in kwargs.items()},
                "storage": key,
                "kind": kind,
                **context,
            }
        )

    def _context(self) -> dict[str, Any]:
        """Who writes: the place, the calls that led there, and whether it is torch's own default."""
        stack = list(callers())
        users = [frame for frame in stack if is_users(frame.f_code.co_filename)]
        helper = None
        for at, frame in enumerate(users):
            name = f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"
            if name in self._helpers:
                helper = (frame, name, (), _arguments(frame))
                users_of_helper = users[at + 1 :]
        if helper is not None:
            users = users_of_helper
        return {
            "place": self._places.number(users[0]) if users else None,
            "via": [self._places.number(frame) for frame in reversed(users[1:])],
            "helpers": [frame.f_code.co_name for frame in reversed(users)],
            "default": bool(stack) and stack[0].f_code.co_filename.startswith(_DEFAULTS),
            "no_grad": not torch.is_grad_enabled(),
            "helper": helper,
        }


_computed_gain = init.calculate_gain


@functools.wraps(_computed_gain)
def _calculate_gain(nonlinearity: Any, param: Any = None) -> float:
    gain = CalculatedGain(_computed_gain(nonlinearity, param))
    gain.nonlinearity = str(nonlinearity)
    return gain


def _arguments(frame: FrameType) -> dict[str, Any]:
    """The arguments of the function of `frame`, but the first."""
    code = frame.f_code
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    return {name: frame.f_locals[name] for name in names if name in frame.f_locals}


def storage_key(tensor: torch.Tensor) -> int | None:
    """What stands for the memory of `tensor`; None if it has none: a lazy, sparse or mapped one."""
    if is_lazy(tensor) or not torch._C._has_storage(tensor):
        return None
    return int(tensor.untyped_storage()._cdata)
