"""Records where and by which call each module is constructed, and which class assigns it as a child."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

import torch
from torch import nn

from .frames import FrameLocations, callers, first_argument, is_user_file, user_callers

_ATTRIBUTE = "_initlint_made"
_OWNER = "_initlint_owner"


class ModuleOrigin:
    """Where and how a module was constructed.

    `arguments`: those of the constructor of the torch class that it is or derives from. `integer_arguments`: integers
    and tuples of integers among the arguments of the user's constructors, by name. `assigned_by`: for each child and
    parameter, the class whose method assigns it, and the location. `copied_at`: the first deep copy of the module.
    """

    def __init__(self) -> None:
        self.location: int | None = None
        self.arguments: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self.integer_arguments: dict[str, tuple[int, ...]] = {}
        self.assigned_by: dict[str, tuple[type, int | None]] = {}
        self.copied_at: int | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> ModuleOrigin:
        if self.copied_at is None:
            self.copied_at = _current_location()
        return self


def _current_location() -> int | None:
    """The location in the user's code; `watch` replaces this function."""
    return None


def origin_of(module: nn.Module) -> ModuleOrigin:
    """The origin of `module`. A copy of a module shares that of the original."""
    origin: ModuleOrigin = module.__dict__.setdefault(_ATTRIBUTE, ModuleOrigin())
    return origin


def owner_of(parameter: torch.Tensor) -> nn.Module | None:
    """The module that registered the parameter first; others that register it are tied to that one."""
    owner: nn.Module | None = vars(parameter).get(_OWNER)
    return owner


def is_torch_class(cls: type) -> bool:
    """Whether torch defines the class."""
    return cls.__module__ == "torch" or cls.__module__.startswith("torch.")


def watch(locations: FrameLocations) -> None:
    """Patch torch's module classes to record the origin of each module from now on."""
    global _current_location
    _current_location = locations.here
    for cls in _torch_module_classes():
        if "__init__" in vars(cls):
            cls.__init__ = _recording_constructor(vars(cls)["__init__"], locations)  # type: ignore[method-assign]
    for name in ("__setattr__", "add_module", "register_module", "register_parameter"):
        setattr(nn.Module, name, _recording_assignment(getattr(nn.Module, name), locations))


def _torch_module_classes() -> set[type[nn.Module]]:
    """The module classes of torch.nn, and the private classes that they derive from."""
    classes = [cls for cls in vars(nn).values() if inspect.isclass(cls) and issubclass(cls, nn.Module)]
    return {base for cls in classes for base in cls.__mro__ if issubclass(base, nn.Module)}


def torch_class_name(cls: type) -> str:
    """The name of the torch.nn class that `cls` is or derives from."""
    names = (base.__name__ for base in cls.__mro__ if base is not nn.Module and vars(nn).get(base.__name__) is base)
    return next(names, "Module")


def _recording_constructor(original: Callable[..., None], locations: FrameLocations) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        origin = origin_of(self)
        if origin.arguments is None:
            origin.arguments = (args, kwargs)
        if origin.location is None:
            constructors, creator = _constructing_frames(self)
            origin.location = locations.number(creator)
            origin.integer_arguments = {
                name: values for frame in constructors for name, values in _integer_arguments(frame)
            }
        original(self, *args, **kwargs)

    return __init__


def _constructing_frames(module: nn.Module) -> tuple[list[FrameType], FrameType | None]:
    """The frames of the running constructors of `module`, base classes first, and the frame that called them."""
    constructors: list[FrameType] = []
    for frame in user_callers():
        if first_argument(frame) is not module:
            return constructors, frame
        constructors.append(frame)
    return constructors, None


def _integer_arguments(frame: FrameType) -> Iterator[tuple[str, tuple[int, ...]]]:
    code = frame.f_code
    values = frame.f_locals
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        value = values.get(name)
        integers = tuple(value) if isinstance(value, (tuple, list)) else (value,)
        if integers and all(type(item) is int for item in integers):
            yield name, integers


def _recording_assignment(original: Callable[..., None], locations: FrameLocations) -> Callable[..., None]:
    @functools.wraps(original)
    def register(self: nn.Module, name: str, *value: Any, **named: Any) -> None:
        original(self, name, *value, **named)
        child = value[0] if value else next(iter(named.values()), None)
        if isinstance(child, nn.Parameter) and _OWNER not in vars(child):
            vars(child)[_OWNER] = self
        if isinstance(child, (nn.Module, torch.Tensor)) and not is_torch_class(type(self)):
            origin_of(self).assigned_by[name] = _assigner(self, locations)

    return register


def _assigner(module: nn.Module, locations: FrameLocations) -> tuple[type, int | None]:
    """The class whose method assigns to `module`, and the location. Other code counts as the module's own class."""
    owners = _method_owners(type(module))  # type: ignore[arg-type]
    location = None
    for frame in callers():
        if not is_user_file(frame.f_code.co_filename):
            continue
        location = locations.number(frame) if location is None else location
        owner = owners.get(frame.f_code)
        if owner is not None:
            return owner, location
        if isinstance(first_argument(frame), nn.Module):
            break
    return type(module), location


@functools.cache
def _method_owners(cls: type) -> dict[CodeType, type]:
    """For the code of each method of `cls`, the class that defines it."""
    owners: dict[CodeType, type] = {}
    for base in reversed(cls.__mro__):
        owners.update((code, base) for value in vars(base).values() for code in _code_objects(value))
    return owners


def _code_objects(value: Any) -> Iterator[CodeType]:
    function = inspect.unwrap(getattr(value, "fget", None) or getattr(value, "__func__", value))
    code = getattr(function, "__code__", None)
    if isinstance(code, CodeType):
        yield code
