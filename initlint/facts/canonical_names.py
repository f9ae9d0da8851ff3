"""The documented name of each torch function or class that has several dotted names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_MODULE_FILES = frozenset(
    (
        "activation adaptive batchnorm channelshuffle container conv distance dropout flatten fold instancenorm lazy "
        "linear loss module normalization padding pixelshuffle pooling rnn sparse transformer upsampling"
    ).split()
)
"""The files of `torch.nn.modules`, whose public classes are documented as `torch.nn.X`."""

_UNDOCUMENTED = frozenset({"LazyModuleMixin", "NonDynamicallyQuantizableLinear"})
"""Classes of those files that `torch.nn` does not export."""

_PREFIXES = (
    ("torch._C._nn.", "torch.nn.functional."),
    ("torch._C._VariableFunctions.", "torch."),
    ("torch._VariableFunctionsClass.", "torch."),
    ("torch._VariableFunctions.", "torch."),
    ("torch._VF.", "torch."),
    ("torch.functional.", "torch."),
    ("torch.nn.functional.torch.", "torch."),
    ("torch.nn.init.torch.", "torch."),
    ("torch.nn.parameter.", "torch.nn."),
)

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "torch._tensor.Tensor": "torch.Tensor",
        "torch.autograd.variable.Variable": "torch.autograd.Variable",
        "torch.functional.Tensor": "torch.Tensor",
        "torch.nn.Tensor": "torch.Tensor",
        "torch.nn.functional.Tensor": "torch.Tensor",
        "torch.nn.init.Tensor": "torch.Tensor",
        "torch.nn.init._no_grad_fill_": "torch.nn.init.constant_",
        "torch.nn.init._no_grad_normal_": "torch.nn.init.normal_",
        "torch.nn.init._no_grad_trunc_normal_": "torch.nn.init.trunc_normal_",
        "torch.nn.init._no_grad_uniform_": "torch.nn.init.uniform_",
        "torch.nn.init._no_grad_zero_": "torch.nn.init.zeros_",
        "torch.nn.parameter.Tensor": "torch.Tensor",
        "torch.nn.utils.spectral_norm.spectral_norm": "torch.nn.utils.spectral_norm",
        "torch.nn.utils.weight_norm.weight_norm": "torch.nn.utils.weight_norm",
        "torch.utils.checkpoint.checkpoint.checkpoint": "torch.utils.checkpoint.checkpoint",
    }
)

_MODULES = "torch.nn.modules."
_DISTRIBUTIONS = "torch.distributions."

_DOCUMENTED_PACKAGES = frozenset(
    {"builtins", "collections", "functools", "itertools", "numpy", "operator", "torch", "typing"}
)
"""Packages whose names are modules, classes and functions, except `_SETTINGS`."""

_SETTINGS = ("torch.version.", "torch.backends.")


def canonical(dotted: str) -> str:
    """The documented form of a dotted name of torch; any other name is returned unchanged.

    `torch.nn.modules.linear.Linear.forward` is `torch.nn.Linear.forward`. Private bases keep their module
    (`torch.nn.modules.batchnorm._BatchNorm`), since they have no other name.
    """
    if not dotted.startswith("torch."):
        return dotted
    if dotted in _NAMES:
        return _NAMES[dotted]
    if dotted.startswith(_MODULES):
        return _from_module_file(dotted)
    if dotted.startswith(_DISTRIBUTIONS):
        return _DISTRIBUTIONS + dotted.rpartition(".")[2] if dotted.count(".") == 3 else dotted
    for prefix, replacement in _PREFIXES:
        if dotted.startswith(prefix):
            return replacement + dotted[len(prefix) :]
    return dotted


def _from_module_file(dotted: str) -> str:
    parts = dotted[len(_MODULES) :].split(".")
    if parts[0] in _MODULE_FILES:
        parts = parts[1:]
    if not parts or not parts[0][:1].isupper() or parts[0] in _UNDOCUMENTED:
        return dotted
    if parts[0] == "F" and len(parts) > 1:
        return ".".join(["torch.nn.functional", *parts[1:]])
    return ".".join(["torch.nn", *parts])


def is_reference(dotted: str) -> bool:
    """Whether a name from outside the project is certainly a module, a class or a function.

    Settings of a library look like its functions: `config.mode`, `sys.platform`, `torch.version.cuda`.
    """
    top, last = dotted.partition(".")[0], dotted.rpartition(".")[2]
    if last.startswith("__") or dotted.startswith(_SETTINGS):
        return False
    if top in _DOCUMENTED_PACKAGES or top == dotted:
        return True
    return last[:1].isupper() and not last.isupper()
