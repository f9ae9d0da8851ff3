"""From what a request names to something that makes a model."""

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

_ALONE = "_initlint_target_"
_names: dict[str, str] = {}
"""The dotted names of the modules that were loaded under other ones."""


class TargetNotFound(Exception):
    """A target that cannot be found or cannot be called as it is asked to."""


def module_of(target: dict[str, Any]) -> ModuleType:
    """The module that the target stands in; raises whatever its import raises.

    A file is imported by its dotted name below `root`, as its own package would. Where that name means another
    file, one that was imported before or is Python's, it is loaded under a name of its own.
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
        found = importlib.util.find_spec(name) if name not in sys.modules else sys.modules[name].__spec__
        if found is not None and found.origin is not None and os.path.realpath(found.origin) == os.path.realpath(file):
            return importlib.import_module(name)
    return _alone(file, name)


def _alone(file: str, dotted: str) -> ModuleType:
    name = _ALONE + str(abs(hash(file)))
    _names[name] = dotted
    if name in sys.modules:
        return sys.modules[name]
    loader = SourceFileLoader(name, file)  # also of a .pyw, which `importlib` knows on Windows only
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


def attribute_of(module: ModuleType, path: str) -> Any:
    """The class, function or model that `path` names in `module`."""
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            raise TargetNotFound(f"{getattr(found, '__name__', found)} has no attribute `{name}`")
        found = getattr(found, name)
    return found


def home_of(found: Any, module: ModuleType) -> str | None:
    """The file that defines the class or function `found`, which `module` may only have imported."""
    home = module if isinstance(found, nn.Module) else sys.modules.get(getattr(found, "__module__", ""), module)
    return getattr(home, "__file__", None)


def maker(found: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Callable[[], Any]:
    """What makes the model: a call of a class or function, or the model itself."""
    if isinstance(found, nn.Module):
        return lambda: found
    if not callable(found):
        raise TargetNotFound(f"{type(found).__name__} is neither a class, a function nor a torch.nn.Module")
    signature = signature_of(found)
    if signature is not None:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TargetNotFound(f"cannot be called as asked: {error}") from None
    return lambda: found(*args, **kwargs)


def signature_of(function: Callable[..., Any]) -> inspect.Signature | None:
    """What `function` takes; None if it is written in C and does not tell."""
    try:
        return inspect.signature(function)
    except ValueError:
        return None


def name_of(module: str) -> str:
    """The dotted name that a module has in its own project."""
    return _names.get(module, module)


def is_offered(module: ModuleType, name: str) -> bool:
    """Whether `name` is a module class that `module` defines and that can be built from its defaults."""
    cls = getattr(module, name, None)
    if not inspect.isclass(cls) or not issubclass(cls, nn.Module) or cls.__module__ != module.__name__:
        return False
    signature = signature_of(cls)
    return signature is not None and all(map(_may_be_left_out, signature.parameters.values()))


def _may_be_left_out(parameter: inspect.Parameter) -> bool:
    return parameter.default is not parameter.empty or parameter.kind in (
        parameter.VAR_POSITIONAL,
        parameter.VAR_KEYWORD,
    )


def files_of(model: nn.Module) -> dict[str, str | None]:
    """The file of each module that a class of the model, or one that it derives from, stands in."""
    names = {base.__module__ for module in model.modules() for base in type(module).__mro__}
    return {name_of(name): getattr(sys.modules.get(name), "__file__", None) for name in names}
