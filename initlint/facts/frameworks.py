"""Base classes of well-known frameworks that derive from `nn.Module`, and the methods that they call by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_LIGHTNING = frozenset("configure_model configure_sharded_model setup on_fit_start on_train_start".split())

HOOKS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "LightningModule": _LIGHTNING,
        "PreTrainedModel": frozenset({"_init_weights", "init_weights", "_initialize_weights", "initialize_weights"}),
        "ModelMixin": frozenset(),
        "MessagePassing": frozenset({"reset_parameters"}),
        "PyTorchModelHubMixin": frozenset(),
        "BaseFeaturesExtractor": frozenset(),
    }
)
"""By the last name of the class: its methods that a subclass may override and that the framework calls.

transformers' is read in `modeling_utils.py` of 5.23, diffusers' in `models/modeling_utils.py` of 0.42; those of
LightningModule are its documented hooks. mmengine's `BaseModule` and every class that is not here may call anything.
"""

INERT = frozenset({"abc.ABC", "typing.Generic", "typing.Protocol", "builtins.object", "object"})
"""Base classes that call nothing."""

LOADERS = frozenset({"PreTrainedModel", "ModelMixin", "PyTorchModelHubMixin"})
"""Last names of base classes with a `from_pretrained`, which fills a model from a checkpoint."""
