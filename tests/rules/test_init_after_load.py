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


PRETRAINED = """
import copy

import timm
import torch
import torchvision
from torch import nn
from transformers import AutoModel, BertModel

from other import adapt, evaluate, options


def draw(weight):
    nn.init.xavier_uniform_(weight)


class Tagger(nn.Module):
    def __init__(self, labels=5):
        super().__init__()
        {init}

    def forward(self, x):
        return self.net(x)
"""
RESNET = "self.net = torchvision.models.resnet18(weights='DEFAULT')\n"
FIRST = "nn.init.xavier_uniform_(self.net.conv1.weight)"
BERT = "self.net = BertModel.from_pretrained('bert-base-uncased')\n"


def of_tagger(init: str, after: str = "") -> list[str]:
    source = PRETRAINED.format(init=init.replace("\n", "\n        ")) + after
    result = check([Path("net.py")], Settings(select=("INI113",)), {"net.py": source.encode()})
    assert result.failures == ()
    return [finding.message for finding in result.diagnostics]


@pytest.mark.parametrize(
    ("init", "layer"),
    [
        (RESNET + "self.net.fc = nn.Linear(512, labels)\ndraw(self.net.fc.weight)\n" + FIRST, "conv1"),
        (RESNET + "self.net.conv1.weight.data.normal_(0, 0.01)", "conv1"),
        (RESNET + "with torch.no_grad():\n    self.net.conv1.weight.uniform_(-0.1, 0.1)", "conv1"),
        ("net = torchvision.models.resnet50(pretrained=True).eval()\ndraw(net.conv1.weight)\nself.net = net", "conv1"),
        (RESNET + "nn.init.kaiming_normal_(self.net.layer2[0].conv1.weight)", "layer2.0.conv1"),
        (RESNET + "for layer in (self.net.conv1, self.net.fc):\n    draw(layer.weight)", "conv1"),
        (
            "self.net = torchvision.models.vgg16(weights='DEFAULT')\nself.net.classifier[6] = nn.Linear(4096, labels)\n"
            "nn.init.kaiming_normal_(self.net.features[0].weight)\nnn.init.zeros_(self.net.features[0].bias)\n"
            "draw(self.net.classifier[6].weight)",
            "features.0",
        ),
        (
            "self.net = timm.create_model('vit_base_patch16_224', pretrained=True, num_classes=labels)\n"
            "nn.init.trunc_normal_(self.net.patch_embed.proj.weight, std=0.02)",
            "patch_embed.proj",
        ),
        (
            "self.net = torch.hub.load('pytorch/vision', 'resnet18', pretrained=True)\n"
            "nn.init.kaiming_normal_(self.net.layer1[0].conv1.weight)",
            "layer1.0.conv1",
        ),
        (
            "self.net = AutoModel.from_pretrained('bert-base-uncased')\n"
            "nn.init.normal_(self.net.embeddings.word_embeddings.weight, std=0.02)",
            "embeddings.word_embeddings",
        ),
        (BERT + "draw(self.net.encoder.layer[0].attention.self.query.weight)", "encoder.layer.0.attention.self.query"),
    ],
)
def test_layer_that_others_follow_is_overwritten(init: str, layer: str) -> None:
    (message,) = of_tagger(init)
    assert f"overwrites the pretrained weights of `{layer}`" in message


@pytest.mark.parametrize(
    "init",
    [
        # The last layers are trained anew on purpose.
        RESNET + "draw(self.net.fc.weight)",
        RESNET + "draw(self.net.layer4[1].conv2.weight)\nself.net.fc.weight.data.normal_(0, 0.01)",
        RESNET + "draw(self.net.layer3[0].conv1.weight)\ndraw(self.net.layer4[0].conv1.weight)",
        RESNET + "draw(self.net.layer3[0].conv1.weight)\nfor m in self.net.layer4.modules():\n"
        "    if isinstance(m, nn.Conv2d):\n        draw(m.weight)",
        RESNET + "draw(self.net.layer3[0].conv1.weight)\nself.net.layer4.apply(lambda m: draw(m.weight))",
        BERT + "draw(self.net.encoder.layer[11].output.dense.weight)\ndraw(self.net.pooler.dense.weight)",
        # The layer is a new one, or may be.
        RESNET + "self.net.conv1 = nn.Conv2d(5, 64, 7)\n" + FIRST,
        RESNET + "self.net.conv1.weight = nn.Parameter(torch.empty(64, 5, 7, 7))\n" + FIRST,
        RESNET + "self.net.conv1.weight.data = torch.empty(64, 5, 7, 7)\n" + FIRST,
        RESNET + "setattr(self.net, 'conv1', nn.Conv2d(5, 64, 7))\n" + FIRST,
        RESNET + "setattr(self.net, options.name, nn.Conv2d(5, 64, 7))\n" + FIRST,
        RESNET + "self.net.add_module('conv1', nn.Conv2d(5, 64, 7))\n" + FIRST,
        RESNET + "self.net._modules['conv1'] = nn.Conv2d(5, 64, 7)\n" + FIRST,
        RESNET + "adapt(self.net)\n" + FIRST,
        RESNET + "self.net.conv1 = adapt(self.net.conv1)\n" + FIRST,
        "self.net = timm.create_model('resnet18', pretrained=True, in_chans=5)\n" + FIRST,
        BERT + "self.net.resize_token_embeddings(99)\ndraw(self.net.embeddings.word_embeddings.weight)",
        # The old weights are kept or come back.
        RESNET + "old = self.net.conv1.weight.clone()\n" + FIRST + "\nself.net.conv1.weight.data[:, :2] = old[:, :2]",
        RESNET + "self.old = copy.deepcopy(self.net)\n" + FIRST,
        RESNET + FIRST + "\nself.net.load_state_dict(torch.load('net.pt'))",
        RESNET + "draw(self.net.conv1.weight[:, 3:])",
        # Nothing was loaded before, or the init depends on an option, or the layers after it are not in use.
        "self.net = torchvision.models.resnet18(weights=None)\n" + FIRST,
        RESNET + "if options.stem:\n    " + FIRST,
        RESNET + "print(self.net(torch.randn(1, 3, 64, 64)))\n" + FIRST,
        "self.net = timm.create_model('resnet18', pretrained=True).conv1\ndraw(self.net.weight)",
        # A norm may start at zero.
        RESNET + "nn.init.zeros_(self.net.layer1[0].bn2.weight)",
    ],
)
def test_layer_of_a_pretrained_model_is_kept(init: str) -> None:
    assert of_tagger(init) == []


@pytest.mark.parametrize(
    ("script", "number"),
    [
        ("net = torchvision.models.resnet18(weights='DEFAULT')\ndraw(net.conv1.weight)\nevaluate(net)\n", 1),
        ("net = torchvision.models.resnet18(weights='DEFAULT')\nevaluate(net)\ndraw(net.conv1.weight)\n", 0),
        (
            "def randomize(net):\n    draw(net.conv1.weight)\n\n\n"
            "randomize(torchvision.models.resnet18(weights='DEFAULT'))\n",
            0,
        ),
    ],
)
def test_script_that_overwrites_one_layer(script: str, number: int) -> None:
    assert len(of_tagger("self.net = nn.Linear(8, labels)", f"\n\n{script}")) == number


@pytest.mark.parametrize("layers", ["list(self.net.modules())[-4:]", "list(self.modules())[-3:]"])
def test_loop_over_the_last_layers(layers: str) -> None:
    loop = "for m in {}:\n    if isinstance(m, nn.Conv2d):\n        draw(m.weight)"
    assert of_tagger(RESNET + loop.format(layers)) == []
    assert len(of_tagger(RESNET + loop.format(layers.partition("[")[0]))) == 1
