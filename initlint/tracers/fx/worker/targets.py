"""Imports the target of a request and returns a function that creates its model."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

from torch import nn

_OWN_NAME_PREFIX = "_initlint_target_"
_names: dict[str, str] = {}
"""For modules that are loaded under a name of the worker's: their dotted name in the project."""


class TargetNotFound(Exception):
    """The target does not exist, or does not accept the given arguments."""


def import_module(target: dict[str, Any]) -> ModuleType:
    """The Python module that contains the target. Raises what its import raises.

    A file is imported by its dotted name below its import root, as its own package does. If that name belongs to
    another file, imported before or part of Python, it is loaded under a unique name.
    """
    for folder in reversed(target["roots"]):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    file = target["file"]
    if file is None:
        return importlib.import_module(target["module"])
    name = target["module"]
    stem = os.path.basename(file).rpartition(".")[0]
    if stem.isidentifier() and name.partition(".")[0] not in sys.builtin_module_names:
        spec = importlib.util.find_spec(name) if name not in sys.modules else sys.modules[name].__spec__
        if spec is not None and spec.origin is not None and os.path.realpath(spec.origin) == os.path.realpath(file):
            return importlib.import_module(name)
    return _load_under_own_name(file, name)


def _load_under_own_name(file: str, dotted: str) -> ModuleType:
    name = _OWN_NAME_PREFIX + str(abs(hash(file)))
    _names[name] = dotted
    if name in sys.modules:
        return sys.modules[name]
    loader = SourceFileLoader(name, file)  # also loads .pyw, which `importlib` does on Windows only
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def find_attribute(module: ModuleType, path: str) -> Any:
    """The class, function or model at `path` in `module`."""
    attribute: Any = module
    for name in path.split("."):
        if not hasattr(attribute, name):
            raise TargetNotFound(f"{getattr(attribute, '__name__', attribute)} has no attribute `{name}`")
        attribute = getattr(attribute, name)
    return attribute


def arguments(
    module: ModuleType, args: Sequence[Any], kwargs: dict[str, Any], names: Sequence[tuple[int | str, str]]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call. `names`: those that are attributes of the module, by position or name."""
    values: dict[int | str, Any] = dict(enumerate(args))
    values.update(kwargs.items())
    values.update((key, find_attribute(module, name)) for key, name in names)
    return tuple(values[index] for index in range(len(args))), {name: values[name] for name in kwargs}


def defining_file(attribute: Any, module: ModuleType) -> str | None:
    """The file that defines the target `attribute`, which `module` may only have imported."""
    home = module if isinstance(attribute, nn.Module) else sys.modules.get(getattr(attribute, "__module__", ""), module)
    return getattr(home, "__file__", None)


def model_factory(attribute: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Callable[[], Any]:
    """A function that creates the model by calling the target, or returns the target if it is a model."""
    if isinstance(attribute, nn.Module):
        return lambda: attribute
    if not callable(attribute):
        raise TargetNotFound(f"{type(attribute).__name__} is neither a class, a function nor a torch.nn.Module")
    signature = signature_of(attribute)
    if signature is not None:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TargetNotFound(f"cannot be called with these arguments: {error}") from None
    return lambda: attribute(*args, **kwargs)


def signature_of(function: Callable[..., Any]) -> inspect.Signature | None:
    """The signature of `function`; None for a function in C without one."""
    try:
        return inspect.signature(function)
    except ValueError:
        return None


def project_module_name(module: str) -> str:
    """The dotted name of a module in its own project."""
    return _names.get(module, module)


def is_buildable_module(module: ModuleType, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether `name` is an `nn.Module` class that `module` defines and that can be called with these arguments."""
    cls = getattr(module, name, None)
    if not inspect.isclass(cls) or not issubclass(cls, nn.Module) or cls.__module__ != module.__name__:
        return False
    signature = signature_of(cls)
    try:
        return signature is not None and bool(signature.bind(*args, **kwargs))
    except TypeError:
        return False


def module_files(model: nn.Module) -> dict[str, str | None]:
    """The files of the Python modules that define the model's classes and their base classes, by dotted name."""
    names = {base.__module__ for module in model.modules() for base in type(module).__mro__}
    return {project_module_name(name): getattr(sys.modules.get(name), "__file__", None) for name in names}
