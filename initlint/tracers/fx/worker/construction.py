"""What is known of each module from the moment it is made: where, by which call, and who took it as a child."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

import torch
from torch import nn

from .frames import FrameLocations, callers, first_argument, is_users, user_callers

_ATTRIBUTE = "_initlint_made"


class Made:
    """Where and how a module was made.

    `arguments`: those of the constructor of the torch class that it is or derives from.
    `numbers`: the whole numbers, alone or in a row, among those of the constructors of the user's classes, by name.
    `assigned`: for a child or parameter, the class whose method put it there and the place.
    """

    def __init__(self) -> None:
        self.place: int | None = None
        self.arguments: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self.numbers: dict[str, tuple[int, ...]] = {}
        self.assigned: dict[str, tuple[type, int | None]] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Made:
        return self


def made(module: nn.Module) -> Made:
    """What is known of `module`; a copy of a module shares what is known of the original."""
    found: Made = module.__dict__.setdefault(_ATTRIBUTE, Made())
    return found


def is_torchs(cls: type) -> bool:
    """Whether torch itself defines the class."""
    return cls.__module__ == "torch" or cls.__module__.startswith("torch.")


def watch(places: FrameLocations) -> None:
    """From now on note how modules are made."""
    for cls in _classes():
        if "__init__" in vars(cls):
            cls.__init__ = _constructor(vars(cls)["__init__"], places)  # type: ignore[method-assign]
    for name in ("__setattr__", "add_module", "register_module", "register_parameter"):
        setattr(nn.Module, name, _registering(getattr(nn.Module, name), places))


def _classes() -> set[type[nn.Module]]:
    """The modules of torch, and the private classes that they derive from."""
    known = [cls for cls in vars(nn).values() if inspect.isclass(cls) and issubclass(cls, nn.Module)]
    return {base for cls in known for base in cls.__mro__ if issubclass(base, nn.Module)}


def documented(cls: type) -> str:
    """The name of the class of torch.nn that `cls` is or derives from."""
    names = (base.__name__ for base in cls.__mro__ if base is not nn.Module and vars(nn).get(base.__name__) is base)
    return next(names, "Module")


def _constructor(original: Callable[..., None], places: FrameLocations) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        known = made(self)
        if known.arguments is None:
            known.arguments = (args, kwargs)
        if known.place is None:
            constructors, making = _making(self)
            known.place = places.number(making)
            known.numbers = {name: row for frame in constructors for name, row in _numbers(frame)}
        original(self, *args, **kwargs)

    return __init__


def _making(module: nn.Module) -> tuple[list[FrameType], FrameType | None]:
    """The frames of the constructors of `module` that are running, those of base classes first, and their caller's."""
    constructors: list[FrameType] = []
    for frame in user_callers():
        if first_argument(frame) is not module:
            return constructors, frame
        constructors.append(frame)
    return constructors, None


def _numbers(frame: FrameType) -> Iterator[tuple[str, tuple[int, ...]]]:
    code = frame.f_code
    values = frame.f_locals
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        value = values.get(name)
        row = tuple(value) if isinstance(value, (tuple, list)) else (value,)
        if row and all(type(item) is int for item in row):
            yield name, row


def _registering(original: Callable[..., None], places: FrameLocations) -> Callable[..., None]:
    @functools.wraps(original)
    def register(self: nn.Module, name: str, *value: Any, **named: Any) -> None:
        original(self, name, *value, **named)
        given = value[0] if value else next(iter(named.values()), None)
        if isinstance(given, (nn.Module, torch.Tensor)) and not is_torchs(type(self)):
            made(self).assigned[name] = _assigner(self, places)

    return register


def _assigner(module: nn.Module, places: FrameLocations) -> tuple[type, int | None]:
    """The class whose method is assigning to `module`; the module's own if some other code does."""
    owners = _owners(type(module))  # type: ignore[arg-type]
    place = None
    for frame in callers():
        if not is_users(frame.f_code.co_filename):
            continue
        place = places.number(frame) if place is None else place
        owner = owners.get(frame.f_code)
        if owner is not None:
            return owner, place
        if isinstance(first_argument(frame), nn.Module):
            break
    return type(module), place


@functools.cache
def _owners(cls: type) -> dict[CodeType, type]:
    """Which class each method of `cls` comes from, by its code."""
    found: dict[CodeType, type] = {}
    for base in reversed(cls.__mro__):
        found.update((code, base) for value in vars(base).values() for code in _codes(value))
    return found


def _codes(value: Any) -> Iterator[CodeType]:
    function = inspect.unwrap(getattr(value, "fget", None) or getattr(value, "__func__", value))
    code = getattr(function, "__code__", None)
    if isinstance(code, CodeType):
        yield code
