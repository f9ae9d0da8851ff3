"""The classes of other libraries that models and their settings derive from, each listed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from initlint._records import dataclass

FrameworkKind: TypeAlias = Literal["module", "record", "named tuple", "mixin", "function"]
"""What an object of a subclass is.

`module`: an `nn.Module`. `record`: its constructor stores one argument for each annotated field. `named tuple`: such
a record, whose fields are also its items. `function`: an operator with its own gradient, which has a `forward` and is
no module. `mixin`: whatever the other base classes make of it; this one calls nothing and has no `forward`.
"""


@dataclass(frozen=True, slots=True)
class FrameworkClass:
    """A base class.

    `hooks`: the methods that a subclass may override and that the class calls by itself; None if it may call any.
    `loads`: whether its `from_pretrained` fills a model from a checkpoint. `post_init`: whether its method of that
    name applies `_init_weights` to every module.
    """

    kind: FrameworkKind
    hooks: frozenset[str] | None = None
    loads: bool = False
    post_init: bool = False


def _module(hooks: str | None = None, loads: bool = False) -> FrameworkClass:
    return FrameworkClass("module", None if hooks is None else frozenset(hooks.split()), loads)


_LIGHTNING = _module("configure_model configure_sharded_model setup on_fit_start on_train_start")
_MIXIN = FrameworkClass("mixin", frozenset())

FRAMEWORK_CLASSES: Mapping[str, FrameworkClass] = MappingProxyType(
    {
        "diffusers.ModelMixin": _module("", loads=True),
        "fairseq.models.BaseFairseqModel": _module(),
        "fairseq.models.FairseqDecoder": _module(),
        "fairseq.models.FairseqEncoder": _module(),
        "huggingface_hub.PyTorchModelHubMixin": _module("", loads=True),
        "lightning.LightningModule": _LIGHTNING,
        "mmcv.runner.BaseModule": _module(),
        "mmengine.model.BaseModel": _module(),
        "mmengine.model.BaseModule": _module(),
        "pyro.nn.PyroModule": _module(),
        "pytorch_lightning.LightningModule": _LIGHTNING,
        "ray.rllib.models.torch.torch_modelv2.TorchModelV2": _module(),
        "stable_baselines3.common.torch_layers.BaseFeaturesExtractor": _module(""),
        "torch_geometric.nn.MessagePassing": _module("reset_parameters"),
        "transformers.PreTrainedModel": FrameworkClass(
            "module",
            frozenset({"_init_weights", "init_weights", "_initialize_weights", "initialize_weights"}),
            loads=True,
            post_init=True,
        ),
        "pydantic.BaseModel": FrameworkClass("record"),
        "typing.TypedDict": FrameworkClass("record"),
        "typing_extensions.TypedDict": FrameworkClass("record"),
        "typing.NamedTuple": FrameworkClass("named tuple"),
        "typing_extensions.NamedTuple": FrameworkClass("named tuple"),
        "torch.autograd.Function": FrameworkClass("function"),
        "torch.autograd.function.InplaceFunction": FrameworkClass("function"),
        "torch.autograd.function.NestedIOFunction": FrameworkClass("function"),
        "abc.ABC": _MIXIN,
        "builtins.object": _MIXIN,
        "typing.Generic": _MIXIN,
        "typing.Protocol": _MIXIN,
        "typing_extensions.Generic": _MIXIN,
        "typing_extensions.Protocol": _MIXIN,
    }
)
"""By the documented name, or the one that is usually imported.

The hooks of transformers are read in `modeling_utils.py` of 5.23, those of diffusers in `models/modeling_utils.py` of
0.42; those of `LightningModule` are the documented ones. `TorchModelV2` and `PyTorchModelHubMixin` are always mixed
with `nn.Module`.
"""


SKIPPED_FUNCTIONS: frozenset[str] = frozenset(
    {
        "transformers.AutoConfig.from_pretrained",
        "transformers.GenerationConfig.from_model_config",
        "transformers.PreTrainedModel._check_and_adjust_attn_implementation",
        "transformers.PreTrainedModel._check_and_adjust_experts_implementation",
        "transformers._list_model_options",
        "transformers.get_class_from_dynamic_module",
        "transformers.install_all_output_capturing_hooks",
        "transformers.maybe_install_capturing_hooks",
    }
)
"""Functions of such libraries, without the modules that define them, that are long, build no module and write nothing.

They are not run, and their result is unknown: no layer reads a `GenerationConfig`; a configuration or class that comes
from the hub cannot be read; the methods of `PreTrainedModel` choose between implementations of the same attention, by
what is installed; `_list_model_options` writes a docstring; the hooks copy outputs. Read in transformers 5.23.
"""
SKIPPED_FUNCTION_NAMES = frozenset(name.rpartition(".")[2] for name in SKIPPED_FUNCTIONS)

TOOL_CLASSES = frozenset({"GenerationMixin", "PreTrainedModel"})
"""The last names of base classes whose methods load, configure or decode: none of them is called as `forward` is."""


def is_skipped(qualified: str) -> bool:
    """Whether the function of that dotted name is one of `SKIPPED_FUNCTIONS`."""
    package, _, inner = qualified.partition(".")
    parts = inner.rsplit(".", 2)
    return any(f"{package}.{'.'.join(parts[at:])}" in SKIPPED_FUNCTIONS for at in range(1, len(parts)))


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


def _in_package(dotted: str) -> tuple[str, str]:
    return dotted.partition(".")[0], _last(dotted)


def _agreed(names: Iterable[str]) -> Mapping[str, FrameworkClass]:
    """By last name: the classes that are described alike under all `names`."""
    descriptions: dict[str, set[FrameworkClass]] = {}
    for name in names:
        descriptions.setdefault(_last(name), set()).add(FRAMEWORK_CLASSES[name])
    return {last: one for last, (one, *others) in descriptions.items() if not others}


_BY_PACKAGE: Mapping[tuple[str, str], FrameworkClass] = {
    _in_package(name): described for name, described in FRAMEWORK_CLASSES.items()
}
_BY_LAST_NAME = _agreed(name for name, described in FRAMEWORK_CLASSES.items() if described.kind != "mixin")

LOADER_NAMES = frozenset(_last(name) for name, described in FRAMEWORK_CLASSES.items() if described.loads)
POST_INIT_NAMES = frozenset(_last(name) for name, described in FRAMEWORK_CLASSES.items() if described.post_init)
"""The last names of such classes: for source whose imports are not resolved, and for the source of the library."""
POST_INIT_METHODS = ("post_init", "init_weights")
"""The methods of a class with `post_init` that apply `_init_weights`."""


def framework_class(dotted: str) -> FrameworkClass | None:
    """The description of the class `dotted`, None if there is none.

    A library offers a class under several names (`transformers.modeling_utils.PreTrainedModel`): its package and last
    name are enough. A class that comes through a module which cannot be read (`from .base import PreTrainedModel`) is
    described by its last name alone, if all libraries mean the same by it. `BaseModel` is a module in mmengine and a
    record in pydantic: without its library it is neither. The names of mixins are too plain for that.
    """
    return FRAMEWORK_CLASSES.get(dotted) or _BY_PACKAGE.get(_in_package(dotted)) or _BY_LAST_NAME.get(_last(dotted))


def has_kind(names: Iterable[str], *kinds: FrameworkKind) -> bool:
    """Whether any of the classes `names` is of one of `kinds`."""
    return any((described := framework_class(name)) is not None and described.kind in kinds for name in names)


TRAINING_METHODS = frozenset({"backward", "fit", "minimize", "step"})
"""Methods of losses, trainers and optimizers, which change the weights of a model that they need not name."""
