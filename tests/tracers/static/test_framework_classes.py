"""What the tracer makes of classes that derive from those of other libraries."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.graph.model import ModelGraph
from initlint.graph.words import UNDETERMINED
from initlint.project.reading import read_source
from initlint.tracers.static.project import Project

NET = """

class Net(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.fc = nn.Linear(32, options.width)

    def forward(self, x):
        return self.fc(x)

def build():
    return Net({options})
"""
PYDANTIC = "from torch import nn\nfrom pydantic import BaseModel\n\nclass Options(BaseModel):\n    width: int = 96\n"


def models(tmp_path: Path, code: str) -> dict[str, ModelGraph]:
    path = tmp_path / "net.py"
    path.write_text(code)
    return {model.name: model for model in Project().graph(read_source(path)).models}


def width(tmp_path: Path, options: str, call: str = "Options(width=640)") -> object:
    """What `options.width` is for the `Options` of a piece of code."""
    layer = models(tmp_path, options + NET.format(options=call))["build"].by_path["fc"]
    return layer.arguments["out_features"]


@pytest.mark.parametrize(
    ("statement", "base"),
    [
        ("from pydantic import BaseModel", "BaseModel"),
        ("import pydantic", "pydantic.BaseModel"),
        ("from pydantic.main import BaseModel", "BaseModel"),
        ("from pydantic.v1 import BaseModel as Base", "Base"),
    ],
)
def test_a_pydantic_model_is_a_record(tmp_path: Path, statement: str, base: str) -> None:
    options = PYDANTIC.replace("from pydantic import BaseModel", statement).replace("(BaseModel)", f"({base})")
    assert width(tmp_path, options) == 640
    assert width(tmp_path, options, "Options()") == 96
    assert width(tmp_path, options, "Options(**read())") is UNDETERMINED


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("    def __init__(self, **data):\n        super().__init__(**data)\n", 640),
        ("    def __init__(self, width):\n        super().__init__(width=width)\n", 640),
        ("    def model_post_init(self, context):\n        self.width = 2 * self.width\n", 1280),
        ("    @field_validator('width')\n    def _double(cls, width):\n        return 2 * width\n", UNDETERMINED),
        ("    @pydantic.model_validator(mode='after')\n    def _double(self):\n        return self\n", UNDETERMINED),
        ("    def forward(self):\n        return self.width\n", 640),
    ],
)
def test_what_a_pydantic_model_does_to_its_fields(tmp_path: Path, body: str, expected: object) -> None:
    assert width(tmp_path, PYDANTIC + body) == expected


def test_a_subclass_of_a_pydantic_model_takes_the_fields_of_both(tmp_path: Path) -> None:
    options = PYDANTIC.replace("Options", "Base") + "\nclass Options(Base):\n    depth: int = 2\n"
    assert width(tmp_path, options, "Options(width=640, depth=3)") == 640


def test_a_base_model_from_a_module_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    options = PYDANTIC.replace("pydantic", ".base")
    assert width(tmp_path, options) is UNDETERMINED
    assert models(tmp_path, options) == {}


MODEL = """
class Net({base}):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(32, 8)
        nn.init.zeros_(self.fc.bias)
"""


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("diffusers", "ModelMixin"),
        ("diffusers.models.modeling_utils", "ModelMixin"),
        ("fairseq.models", "FairseqEncoder"),
        ("lightning", "LightningModule"),
        ("lightning.pytorch", "LightningModule"),
        ("mmcv.runner", "BaseModule"),
        ("mmengine.model", "BaseModel"),
        ("mmengine.model", "BaseModule"),
        ("pyro.nn", "PyroModule"),
        ("pytorch_lightning", "LightningModule"),
        ("stable_baselines3.common.torch_layers", "BaseFeaturesExtractor"),
        ("torch_geometric.nn", "MessagePassing"),
        ("torch_geometric.nn.conv", "MessagePassing"),
        ("transformers", "PreTrainedModel"),
        ("transformers.modeling_utils", "PreTrainedModel"),
        (".base", "PreTrainedModel"),
    ],
)
def test_a_class_of_a_framework_is_a_module_without_a_forward(tmp_path: Path, package: str, name: str) -> None:
    code = f"from torch import nn\nfrom {package} import {name}\n" + MODEL.format(base=name)
    assert list(models(tmp_path, code)["Net"].by_path) == ["fc"]
    code = f"from torch import nn\nimport {package} as library\n" + MODEL.format(base=f"library.{name}")
    assert package.startswith(".") or list(models(tmp_path, code)["Net"].by_path) == ["fc"]


def test_a_base_model_with_a_forward_is_a_module(tmp_path: Path) -> None:
    code = "from torch import nn\nfrom .base import BaseModel\n" + MODEL.format(base="BaseModel")
    assert "Net" not in models(tmp_path, code) or not models(tmp_path, code)["Net"].layers
    code += "\n    def forward(self, x):\n        return self.fc(x)\n"
    assert list(models(tmp_path, code)["Net"].by_path) == ["fc"]


def test_an_override_of_post_init_initializes_each_module_once(tmp_path: Path) -> None:
    """`super().post_init()` of a mixin between the model and PreTrainedModel, whose own source is a whole loader."""
    package = tmp_path / "transformers"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "modeling_utils.py").write_text(
        "from torch import nn\n"
        "class PreTrainedModel(nn.Module):\n"
        "    def _init_weights(self, module):\n"
        "        if isinstance(module, nn.Linear):\n"
        "            nn.init.normal_(module.weight, std=0.02)\n"
        "    def post_init(self):\n"
        "        self.init_weights()\n"
        "        raise RuntimeError\n"
        "    def init_weights(self):\n"
        "        self.apply(self._init_weights)\n"
    )
    model = tmp_path / "net.py"
    model.write_text(
        "from torch import nn\n"
        "from transformers.modeling_utils import PreTrainedModel\n"
        "class Mixin:\n"
        "    def post_init(self):\n"
        "        super().post_init()\n"
        "class Net(Mixin, PreTrainedModel):\n"
        "    def __init__(self, config):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(4, 4)\n"
        "        self.post_init()\n"
        "    def forward(self, x):\n"
        "        return self.fc(x)\n"
    )
    (net,) = Project().graph(read_source(model)).models
    assert [write.initializer for write in net.by_path["fc"].writes] == ["torch.nn.init.normal_"]
