from __future__ import annotations

import pytest

from initlint.facts.frameworks import (
    FRAMEWORK_CLASSES,
    LOADER_NAMES,
    POST_INIT_NAMES,
    framework_class,
    has_kind,
    is_skipped,
)
from initlint.facts.modules import MODULES


def test_no_class_is_listed_here_and_among_torchs_modules() -> None:
    assert FRAMEWORK_CLASSES.keys().isdisjoint(MODULES)


def test_a_library_describes_a_class_once() -> None:
    names = [(name.partition(".")[0], name.rpartition(".")[2]) for name in FRAMEWORK_CLASSES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "documented"),
    [
        ("diffusers.models.modeling_utils.ModelMixin", "diffusers.ModelMixin"),
        ("huggingface_hub.hub_mixin.PyTorchModelHubMixin", "huggingface_hub.PyTorchModelHubMixin"),
        ("lightning.pytorch.LightningModule", "lightning.LightningModule"),
        ("lightning.pytorch.core.module.LightningModule", "lightning.LightningModule"),
        ("mmcv.runner.base_module.BaseModule", "mmcv.runner.BaseModule"),
        ("mmengine.model.base_model.base_model.BaseModel", "mmengine.model.BaseModel"),
        ("pydantic.main.BaseModel", "pydantic.BaseModel"),
        ("pydantic.v1.BaseModel", "pydantic.BaseModel"),
        ("pytorch_lightning.core.LightningModule", "pytorch_lightning.LightningModule"),
        ("torch.autograd.function.Function", "torch.autograd.Function"),
        ("torch_geometric.nn.conv.message_passing.MessagePassing", "torch_geometric.nn.MessagePassing"),
        ("transformers.modeling_utils.PreTrainedModel", "transformers.PreTrainedModel"),
    ],
)
def test_the_package_and_the_last_name_are_enough(name: str, documented: str) -> None:
    assert framework_class(name) == FRAMEWORK_CLASSES[documented]


@pytest.mark.parametrize(
    ("name", "documented"),
    [
        ("toy.modeling_utils.PreTrainedModel", "transformers.PreTrainedModel"),
        ("torch_geometric.graphgym.imports.LightningModule", "lightning.LightningModule"),
        ("base.BaseModule", "mmengine.model.BaseModule"),
        ("compat.NamedTuple", "typing.NamedTuple"),
    ],
)
def test_a_class_from_elsewhere_goes_by_a_name_with_one_meaning(name: str, documented: str) -> None:
    assert framework_class(name) == FRAMEWORK_CLASSES[documented]


@pytest.mark.parametrize("name", ["base.BaseModel", "BaseModel", "theirs.Generic", "theirs.ABC", "theirs.Net"])
def test_a_name_with_several_meanings_has_none_without_its_library(name: str) -> None:
    assert framework_class(name) is None


def test_kinds() -> None:
    assert has_kind(["theirs.Net", "typing.NamedTuple"], "record", "named tuple")
    assert not has_kind(["theirs.Net", "typing.NamedTuple"], "module")
    assert not has_kind([], "module")


def test_the_last_names_of_loaders() -> None:
    assert {"PreTrainedModel", "ModelMixin", "PyTorchModelHubMixin"} == LOADER_NAMES
    assert {"PreTrainedModel"} == POST_INIT_NAMES


@pytest.mark.parametrize(
    ("name", "skipped"),
    [
        ("transformers.generation.configuration_utils.GenerationConfig.from_model_config", True),
        ("transformers.models.auto.configuration_auto._list_model_options", True),
        ("transformers.dynamic_module_utils.get_class_from_dynamic_module", True),
        ("transformers.models.auto.configuration_auto.AutoConfig.from_pretrained", True),
        ("transformers.configuration_utils.PreTrainedConfig.from_pretrained", False),
        ("transformers.generation.configuration_utils.GenerationConfig.from_dict", False),
        ("transformers.other.Config.from_model_config", False),
        ("ours.generation.GenerationConfig.from_model_config", False),
    ],
)
def test_functions_that_are_not_run(name: str, skipped: bool) -> None:
    assert is_skipped(name) is skipped
