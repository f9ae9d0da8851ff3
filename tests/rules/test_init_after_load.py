"""INI113 reports an init that overwrites all of what a load filled, and nothing that only touches new parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings

NET = """
import argparse, timm, torch, torchvision
from torch import nn
from torchvision import models
from torchvision.models import ResNet18_Weights
from transformers import AutoTokenizer, BertModel

options = argparse.ArgumentParser().parse_args()


def start(m):
    if isinstance(m, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(m.weight)


class Net(nn.Module):
    def __init__(self, pretrained=None):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.body = nn.Conv2d(8, 8, 3)
        self.fc = nn.Linear(8, 2)
{init}

    def load(self, path):
        self.load_state_dict(torch.load(path))

    def reset_parameters(self):
        self.apply(start)

    def reset(self):
        self.apply(start)

    def forward(self, x):
        return self.fc(self.body(self.stem(x).relu()).mean((2, 3)))
"""


def messages(init: str = "pass", after: str = "") -> list[str]:
    source = NET.format(init="\n".join(f"        {line}" for line in init.splitlines())) + after
    result = check([Path("net.py")], Settings(select=("INI113",)), {"net.py": source.encode()})
    assert result.failures == ()
    return [finding.message for finding in result.diagnostics]


LOST = [
    "if pretrained:\n    self.load_state_dict(torch.load(pretrained))\nself.apply(start)",
    "if pretrained is not None:\n    self.load(pretrained)\nfor m in self.modules():\n    start(m)",
    "self.load_state_dict(torch.load('net.pt'), strict=False)\nself.apply(start)",
    "self.load_state_dict(torch.load('net.pt'))\nfor n, p in self.named_parameters():\n    if p.dim() > 1:\n"
    "        p.data.normal_(0, 0.02)",
    "self.load_state_dict(torch.load('net.pt'))\nself.reset_parameters()",
    "self.backbone = models.resnet18(pretrained=True)\nself.apply(start)",
    "self.backbone = models.resnet18(True)\nself.apply(start)",
    "self.backbone = torchvision.models.resnet18(weights=ResNet18_Weights.DEFAULT)\nself.apply(start)",
    "self.backbone = timm.create_model('resnet50', pretrained=True)\nself.apply(start)",
    "self.backbone = torch.hub.load('pytorch/vision', 'resnet18', pretrained=True)\nself.apply(start)",
    "self.bert = BertModel.from_pretrained('bert-base-uncased')\nself.apply(start)",
    "self.backbone = models.resnet18(pretrained=True)\nfor m in self.backbone.modules():\n    start(m)",
]
KEPT = [
    "self.apply(start)\nif pretrained:\n    self.load_state_dict(torch.load(pretrained))",
    "if pretrained:\n    self.load_state_dict(torch.load(pretrained))\nelse:\n    self.apply(start)",
    "if pretrained:\n    self.load_state_dict(torch.load(pretrained))\nif not pretrained:\n    self.apply(start)",
    "if pretrained:\n    self.load_state_dict(torch.load(pretrained))\n    return\nself.apply(start)",
    "self.load_state_dict(torch.load('net.pt'))\nstart(self.fc)",
    "self.load_state_dict(torch.load('net.pt'))\nself.fc = nn.Linear(8, 5)\nstart(self.fc)",
    "self.load_state_dict(torch.load('net.pt'))\nself.reset()",
    "self.load_state_dict(torch.load('net.pt'))\nself.apply(start)\nself.load_state_dict(torch.load('net.pt'))",
    "self.load_state_dict(torch.load('net.pt'))\nwith torch.no_grad():\n    self.stem.weight.mul_(0.5)",
    "self.backbone = models.resnet18(weights=None)\nself.apply(start)",
    "self.backbone = models.resnet18(pretrained=options.pretrained)\nself.apply(start)",
    "self.apply(start)\nself.backbone = models.resnet18(pretrained=True)",
    "self.backbone = models.resnet18(pretrained=True)\nfor n, m in self.named_modules():\n"
    "    if 'backbone' not in n:\n        start(m)",
    "self.backbone = models.resnet18(pretrained=True)\nself.fc.apply(start)",
    "self.tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')\nself.apply(start)",
]


@pytest.mark.parametrize("init", LOST)
def test_loaded_weights_are_lost(init: str) -> None:
    (message,) = messages(init)
    assert "training starts from random weights" in message


@pytest.mark.parametrize("init", KEPT)
def test_loaded_weights_are_kept(init: str) -> None:
    assert messages(init) == []


def test_a_script_loads_and_then_initializes() -> None:
    lost = "net = Net()\nif options.resume:\n    net.load_state_dict(torch.load(options.resume))\nnet.apply(start)\n"
    (message,) = messages(after=lost)
    assert "into `stem`, `body`, `fc`" in message
    assert messages(after=lost.replace("net.apply", "if not options.resume:\n    net.apply")) == []


def test_a_pretrained_model_alone_is_initialized() -> None:
    (message,) = messages(
        after="net = models.resnet18(pretrained=True)\nnet.fc = nn.Linear(512, 10)\nnet.apply(start)\n"
    )
    assert "`resnet18` in line" in message


@pytest.mark.parametrize(("called", "number"), [("pass", 0), ("self.start_all()", 1)])
def test_a_method_that_may_run_never(called: str, number: int) -> None:
    source = f"""
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3))
        self.body.load_state_dict(torch.load("body.pt"))
        {called}
    def start_all(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.xavier_normal_(m.weight.data)
    def forward(self, x):
        return self.body(x)
"""
    result = check([Path("net.py")], Settings(select=("INI113",)), {"net.py": source.encode()})
    assert len(result.diagnostics) == number


PARTS = """
import torch
from torch import nn
from torchvision import models


def start(m):
    if isinstance(m, nn.Conv2d):
        nn.init.kaiming_normal_(m.weight)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        resnet = models.resnet18(weights="DEFAULT")
        {parts}
        self.head = nn.Conv2d(512, 8, 1)
        {init}

    def forward(self, x):
        return self.head(self.trunk(x))
"""
TRUNK = "self.trunk = nn.Sequential(*list(resnet.children())[:-2])"
STAGES = "self.stem = nn.Sequential(resnet.conv1, resnet.bn1)\n        self.stage = resnet.layer1"
ALL = "self.apply(start)"


def of_parts(parts: str, init: str) -> list[str]:
    source = PARTS.format(parts=parts, init=init)
    result = check([Path("net.py")], Settings(select=("INI113",)), {"net.py": source.encode()})
    assert result.failures == ()
    return [finding.message for finding in result.diagnostics]


@pytest.mark.parametrize(
    ("parts", "init"),
    [
        (TRUNK, ALL),
        (TRUNK, "for m in self.modules():\n            start(m)"),
        (TRUNK, "self.trunk.apply(start)"),
        (STAGES, ALL),
        ("self.trunk = models.vgg16(pretrained=True).features", ALL),
        ("self.trunk = nn.Sequential(*[child for _, child in resnet.named_children()][:6])", ALL),
    ],
)
def test_part_of_a_pretrained_model_is_lost(parts: str, init: str) -> None:
    (message,) = of_parts(parts, init)
    assert "comes with: training starts from random weights" in message


@pytest.mark.parametrize(
    ("parts", "init"),
    [
        (TRUNK, "start(self.head)"),
        (TRUNK, "self.head.apply(start)"),
        # One stage is initialized again on purpose.
        (STAGES, "self.stage.apply(start)"),
        (STAGES, "for m in self.stage.modules():\n            start(m)"),
        (STAGES, "nn.init.zeros_(self.stem[0].weight)"),
        (
            "self.stem = nn.Sequential(resnet.conv1)\n        self.last = nn.Sequential(resnet.layer4)",
            "self.last.apply(start)",
        ),
        ("self.fc, self.pool = resnet.fc, resnet.avgpool", ALL),
        ("self.trunk = models.vgg16(pretrained=True).classifier", ALL),
        (TRUNK.replace("resnet.", "models.resnet18().", 1), ALL),
    ],
)
def test_part_of_a_pretrained_model_is_kept(parts: str, init: str) -> None:
    assert of_parts(parts, init) == []


@pytest.mark.parametrize("test", ["'Conv' in type(m).__name__", "m.__class__.__name__.startswith('Conv')"])
def test_guard_of_the_script_is_no_test_of_the_load(test: str) -> None:
    script = f"""

class Trainer:
    def __init__(self, folder):
        self.net = Net()
        self.net.load_state_dict(torch.load(folder + "/net.pt"))
        self.net.apply(by_name)


def by_name(m):
    if {test}:
        nn.init.normal_(m.weight, 0.0, 0.02)


if __name__ == "__main__":
    Trainer("out")
"""
    assert len(messages(after=script)) == 1
