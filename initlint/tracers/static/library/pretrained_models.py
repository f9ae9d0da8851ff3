"""`post_init` of transformers' PreTrainedModel, which calls `_init_weights` on every module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from initlint._records import dataclass
from initlint.facts.frameworks import POST_INIT_NAMES, framework_class
from initlint.facts.initializer_names import is_setup
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.module_summaries import call_on_each
from initlint.tracers.static.tensors.writes import UNKNOWN_WRITE, record_write
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.functions import BoundMethod, method_of
from initlint.tracers.static.values.module_tree import children, modules, own_parameters
from initlint.tracers.static.values.objects import Instance, as_module
from initlint.tracers.static.values.questions import entries, options
from initlint.tracers.static.values.tensors import Storage
from initlint.tracers.static.values.values import CallArguments, NativeMethod, Value

INIT_WEIGHTS = "_init_weights"
_CONTAINERS = ("torch.nn.ParameterDict", "torch.nn.ParameterList")
_NORM_NAMES = ("LayerNorm", "RMSNorm")
"""The base class initializes the weight and bias of each module whose class has one of these in its name."""


def is_pretrained_model(instance: Instance) -> bool:
    """Whether its class derives from PreTrainedModel outside the project."""
    cls = instance.user_class
    return cls is not None and any(
        (base := framework_class(name)) is not None and base.post_init for name in cls.externals()
    )


def replaces_library_init(cls: ClassValue) -> bool:
    """Whether a class of the project writes `_init_weights` for a model class of transformers: `BertPreTrainedModel`.

    Without that the library's own runs, of which is not known what it writes.
    """
    is_derived = any(name.startswith("transformers.") and name.endswith("PreTrainedModel") for name in cls.externals())
    return is_derived and method_of(cls, INIT_WEIGHTS) is not None


def run_post_init(interpreter: Interpreter, instance: Instance, call: CallArguments) -> Value:
    """Run `_init_weights` of the innermost pretrained model on every module, and record the parameters it leaves."""

    def visited(module: Instance, init: Value) -> Iterator[tuple[Instance, Value]]:
        for _, submodule, _ in module.conditional_children():
            own = method_of(submodule.user_class, INIT_WEIGHTS) if submodule.user_class is not None else None
            yield from visited(submodule, init if own is None else BoundMethod(own, submodule))
        yield module, init

    init = interpreter.attribute(instance, INIT_WEIGHTS)
    if not isinstance(init, BoundMethod) and is_pretrained_model(instance):
        init = NativeMethod(instance, INIT_WEIGHTS)
    if isinstance(init, (BoundMethod, NativeMethod)) and not instance.parent:
        before = {id(p.storage): len(p.storage.writes) for p in _raw_parameters(instance)}
        call_on_each(interpreter, visited(instance, init), call.site)
        if not _overrides_initialization(instance) and _may_build_on_meta(instance):
            interpreter.log.left_by_init_weights[id(instance)] = frozenset(
                id(p.storage)
                for p in _raw_parameters(instance)
                if before.get(id(p.storage)) == len(p.storage.writes) and p.is_used
            )
    return None


def _overrides_initialization(instance: Instance) -> bool:
    """Whether a class of the project replaces a method of PreTrainedModel that calls `_init_weights`."""
    cls = instance.user_class
    if cls is None:
        return False
    owners = (cls.find(name)[1] for name in _CALLERS)
    return any(owner is not None and owner.name not in POST_INIT_NAMES for owner in owners)


def _may_build_on_meta(instance: Instance) -> bool:
    """Whether `from_pretrained` may build the model without memory: not that of another library with such a class."""
    cls = instance.user_class
    bases = [] if cls is None else [base for base in cls.mro if isinstance(base, ClassValue)]
    own = [base for base in bases if base.name in POST_INIT_NAMES]
    return not own or any(_META.search(base.scope.source.code) for base in own)


_META = re.compile(r"""["']meta["']|init_empty_weights""")
_CALLERS = ("initialize_weights", "init_weights", "post_init", "_initialize_weights", "_initialize_missing_keys")


def run_base_init_weights(interpreter: Interpreter, call: CallArguments) -> None:
    """`PreTrainedModel._init_weights`: it initializes torch's layers and the norms of models, but no raw parameters."""
    for option, condition in options(call.get(0, "module")):
        module = as_module(option)
        if module is not None:
            is_norm = any(name in module.class_name for name in _NORM_NAMES)
            is_layer = module.torch_name not in ("torch.nn.Module", *_CONTAINERS)
            for name, tensor, _ in own_parameters(module):
                if is_layer or (is_norm and name in ("weight", "bias")):
                    record_write(interpreter, tensor, UNKNOWN_WRITE, {}, call.site, condition=condition)


@dataclass(frozen=True, slots=True)
class _RawParameter:
    """A parameter that a class of the project creates; `name`: its attribute, or that of the list that it is in."""

    name: str
    cls: ClassValue
    storage: Storage

    @property
    def is_used(self) -> bool:
        """Whether a method of the file, other than one that initializes, reads an attribute of its name."""
        functions = (node for node in ast.walk(self.cls.scope.source.tree) if isinstance(node, ast.FunctionDef))
        return any(
            isinstance(node, ast.Attribute) and node.attr == self.name and isinstance(node.ctx, ast.Load)
            for function in functions
            if function.name != "__init__" and not is_setup(function.name)
            for node in ast.walk(function)
        )


def _raw_parameters(root: Instance) -> Iterator[_RawParameter]:
    """The parameters that classes of the project create, without those that are tied to others by name."""
    tied_names: set[str] = set()
    raw_parameters: list[_RawParameter] = []
    for _, module, _ in modules(root):
        cls = module.user_class
        if cls is None or module.torch_name != "torch.nn.Module":
            continue
        tied_names.update(_texts([cls.find("_tied_weights_keys")[0]]))
        containers = [(name, child) for name, child in children(module) if child.torch_name in _CONTAINERS]
        named = [(name, tensor) for name, tensor, _ in own_parameters(module)]
        named += [(name, tensor) for name, child in containers for _, tensor, _ in own_parameters(child)]
        for name, tensor in named:
            assert tensor.storage is not None
            raw_parameters.append(_RawParameter(name, cls, tensor.storage))
    return (p for p in raw_parameters if not any(p.name in text for text in tied_names))


def _texts(values: Iterable[Value]) -> Iterator[str]:
    """All strings in these values, and in lists and dictionaries among them."""
    for value in values:
        for option, _ in options(value):
            if isinstance(option, str):
                yield option
            elif (named := entries(option)) is not None:
                yield from _texts([*named, *named.values()])
            elif isinstance(option, ListValue):
                yield from _texts(option.items)
