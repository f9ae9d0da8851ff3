"""INI115 reports parameters of a PreTrainedModel that no branch of `_init_weights` writes, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

MODEL = """
import torch
from torch import nn
from transformers import PreTrainedModel
from other_library import fill_all


class Scale(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gamma = nn.Parameter(1e-4 * torch.ones(dim))

    def forward(self, x):
        return x * self.gamma


class TinyRMSNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return self.weight * x / x.pow(2).mean(-1, keepdim=True).sqrt()


class Base(PreTrainedModel):
    config_class = None

    def _init_weights(self, module):
{init}


class Tagger(Base):
    def __init__(self, config):
        super().__init__(config)
        self.token = nn.Parameter(torch.zeros(1, 1, config.dim))
        self.proj = nn.Linear(config.dim, config.dim)
        self.scale = Scale(config.dim)
        self.norm = TinyRMSNorm(config.dim)
        self.unused = nn.Parameter(torch.zeros(1))
        self.post_init()

    def forward(self, x):
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1)
        return self.norm(self.scale(self.proj(x)))
"""
BOTH = ["gamma", "token"]


def left(init: str, model: str = MODEL) -> list[str]:
    source = model.format(init="\n".join(f"        {line}" for line in init.splitlines()))
    result = check([Path("modeling.py")], Settings(select=("INI115",)), {"modeling.py": source.encode()})
    assert result.failures == ()
    return sorted(finding.message.partition("the parameter `")[2].partition("`")[0] for finding in result.diagnostics)


@pytest.mark.parametrize(
    ("init", "parameters"),
    [
        ("super()._init_weights(module)", BOTH),
        ("if isinstance(module, nn.Linear):\n    module.weight.data.normal_(0, .02)\n"
         "elif isinstance(module, TinyRMSNorm):\n    nn.init.ones_(module.weight)", BOTH),
        ("super()._init_weights(module)\nif isinstance(module, Scale):\n    nn.init.constant_(module.gamma, 1e-4)",
         ["token"]),
        ("super()._init_weights(module)\nif isinstance(module, Tagger):\n    nn.init.normal_(module.token)", ["gamma"]),
        ("super()._init_weights(module)\nif hasattr(module, 'token'):\n    module.token.data.normal_(0, .02)", ["gamma"]),
        ("super()._init_weights(module)\nif self.config.narrow and isinstance(module, Scale):\n"
         "    with torch.no_grad():\n        module.gamma.copy_(torch.ones(3))", ["token"]),
    ],
)  # fmt: skip
def test_left_by_all_branches(init: str, parameters: list[str]) -> None:
    assert left(init) == parameters


@pytest.mark.parametrize(
    "init",
    [
        "super()._init_weights(module)\nfill_all(module)",
        "for name, p in module.named_parameters(recurse=False):\n    nn.init.normal_(p, std=.02)",
        "for p in module.parameters():\n    if p.dim() > 1:\n        nn.init.normal_(p)\n    else:\n        p.data.zero_()",
        "if isinstance(module, Scale):\n    module.gamma.data.fill_(1e-4)\n"
        "elif isinstance(module, Tagger):\n    nn.init.trunc_normal_(module.token, std=self.config.std)\n"
        "elif isinstance(module, TinyRMSNorm):\n    module.weight.data.fill_(1.0)",
        "super()._init_weights(module)\nfor name in ('gamma', 'token'):\n    if hasattr(module, name):\n"
        "        nn.init.ones_(getattr(module, name))",
        "if getattr(module, 'gamma', None) is not None:\n    nn.init.ones_(module.gamma)\n"
        "if 'Tagger' in type(module).__name__:\n    module.token.data = torch.zeros(1, 1, 8)\n"
        "super()._init_weights(module)",
    ],
)
def test_silent_where_a_branch_may_write(init: str) -> None:
    assert left(init) == []


LINEAR_ONLY = "if isinstance(module, nn.Linear):\n    nn.init.normal_(module.weight)\n"


def test_constructor_does_not_count() -> None:
    model = MODEL.replace("        self.post_init()", "        nn.init.normal_(self.token)\n        self.post_init()")
    assert left("super()._init_weights(module)", model) == BOTH


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("class Base(PreTrainedModel):", "class Base(nn.Module):"),
        ("        self.post_init()\n", ""),
        ("config_class = None", "def init_weights(self):\n        self.apply(fill_all)\n"),
        ("config_class = None", "_tied_weights_keys = {{'token': 'x', 'scale.gamma': 'y'}}"),
        ("config_class = None", "_tied_weights_keys = [r'token', r'scale\\.gamma']"),
    ],
)
def test_silent_for_other_classes(before: str, after: str) -> None:
    assert before in MODEL
    assert left("super()._init_weights(module)", MODEL.replace(before, after)) == []


def test_base_class_without_own_init() -> None:
    source = MODEL.replace("    def _init_weights(self, module):\n{init}\n", "")
    assert left("", source) == BOTH


def test_nested_model_has_its_own() -> None:
    outer = """

class Outer(PreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.inner = Tagger(config)
        self.bias = nn.Parameter(torch.zeros(1))
        self.post_init()

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight)

    def forward(self, x):
        return self.inner(x) + self.bias
"""
    init = (
        "super()._init_weights(module)\nif isinstance(module, Scale):\n    nn.init.ones_(module.gamma)\n"
        "if isinstance(module, Tagger):\n    nn.init.zeros_(module.token)"
    )
    assert left(init, MODEL + outer) == ["bias"]


def test_silent_in_templates() -> None:
    source = MODEL.format(init="        super()._init_weights(module)").encode()
    settings = Settings(select=("INI115",))
    assert check([Path("modular_tagger.py")], settings, {"modular_tagger.py": source}).diagnostics == ()
    assert len(check([Path("modeling_tagger.py")], settings, {"modeling_tagger.py": source}).diagnostics) == 2


CONTAINERS = MODEL.replace("self.gamma = nn.Parameter(1e-4 * torch.ones(dim))", "self.gamma = {value}").replace(
    "return x * self.gamma", "return x * sum(self.gamma)"
)
LINEAR = "if isinstance(module, (nn.Linear, TinyRMSNorm)):\n    module.weight.data.normal_(0, .02)\n"


@pytest.mark.parametrize(
    "value",
    [
        "nn.ParameterList([nn.Parameter(torch.ones(dim)) for _ in range(2)])",
        "nn.ParameterList(nn.Parameter(torch.ones(dim)) for _ in range(dim))",
        "nn.ParameterDict({{'one': nn.Parameter(torch.ones(dim))}})",
        "nn.ParameterList()\n        self.gamma.append(nn.Parameter(torch.ones(dim)))",
    ],
)
def test_parameters_in_containers(value: str) -> None:
    model = CONTAINERS.replace("{value}", value)
    assert [name.partition(".")[0] for name in left(LINEAR, model)] == BOTH
    assert [name.partition(".")[0] for name in left("super()._init_weights(module)", model)] == BOTH


@pytest.mark.parametrize(
    "branch",
    [
        "elif isinstance(module, Scale):\n    for p in module.gamma:\n        nn.init.ones_(p)",
        "elif isinstance(module, Scale):\n    module.gamma[0].data.fill_(1.0)\n    module.gamma[1].data.fill_(1.0)",
        "elif isinstance(module, nn.ParameterList):\n    for p in module:\n        p.data.normal_()",
        "elif isinstance(module, Scale):\n    for p in module.parameters():\n        fill_all(p)",
    ],
)
def test_parameters_in_containers_that_are_written(branch: str) -> None:
    value = "nn.ParameterList([nn.Parameter(torch.ones(dim)), nn.Parameter(torch.ones(dim))])"
    assert left(LINEAR + branch, CONTAINERS.replace("{value}", value)) == ["token"]


def test_list_that_no_method_reads() -> None:
    value = "nn.ParameterList([nn.Parameter(torch.ones(dim))])"
    model = CONTAINERS.replace("{value}", value).replace("sum(self.gamma)", "2")
    assert left(LINEAR, model) == ["token"]


@pytest.mark.parametrize(
    ("base", "path"), [("BertPreTrainedModel", ""), ("LlamaPreTrainedModel", ".models.llama.modeling_llama")]
)
def test_class_of_the_library_with_own_init(base: str, path: str) -> None:
    model = MODEL.replace("from transformers import PreTrainedModel", f"from transformers{path} import {base}")
    model = model.replace("(PreTrainedModel)", f"({base})")
    assert left(LINEAR, model) == BOTH
    assert left(LINEAR + "elif isinstance(module, Scale):\n    nn.init.ones_(module.gamma)", model) == ["token"]
    # What the library's own init writes is not known.
    assert left("super()._init_weights(module)", model) == []
    assert left("", model.replace("    def _init_weights(self, module):\n{init}\n", "")) == []
