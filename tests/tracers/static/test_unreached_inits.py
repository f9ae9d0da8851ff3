"""Loops and callbacks of `apply` that reach no layer of a model that is completely known."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from tests.support.reference_projects import findings_in_project

IMPORTS = "import timm\nimport torch\nimport torch.nn as nn\n\n"
LOOP = "for m in self.modules():\n    if isinstance(m, nn.{cls}):\n        nn.init.normal_(m.weight)\n"
CALLBACK = "def start(m):\n    if isinstance(m, nn.Conv2d):\n        nn.init.normal_(m.weight)\n\n"


def net(constructor: str, methods: str = "", arguments: str = "", bias: bool = True) -> str:
    """A class with two linear layers, whose constructor ends with these statements."""
    return (
        f"class Net(nn.Module):\n    def __init__(self{arguments}):\n        super().__init__()\n"
        f"        self.a = nn.Linear(4, 8, bias={bias})\n        self.b = nn.Linear(8, 8, bias={bias})\n"
        + indent(constructor, " " * 8)
        + "\n"
        + indent(methods, " " * 4)
        + "\n    def forward(self, x):\n        return self.b(self.a(x))\n\n"
    )


def messages(folder: Path, text: str, **others: str) -> list[str]:
    files = {"net.py": IMPORTS + text, **{f"{name}.py": other for name, other in others.items()}}
    return [message for _, _, message in findings_in_project(folder, "INI106", files)]


def reaches_none(cause: str, count: int = 2) -> str:
    return f"this init reaches none of the {count} layers (Linear x {count}): {cause}"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (net(LOOP.format(cls="Conv2d")), "it tests for Conv2d"),
        (net(LOOP.format(cls="Conv2d").replace("self.modules()", "[self.a, self.b]")), "it tests for Conv2d"),
        (
            net("for m in self.modules():\n    if type(m) in (nn.Conv1d, nn.Conv2d):\n        m.weight.data.normal_()"),
            "it tests for Conv1d and Conv2d",
        ),
        (
            net("for m in self.modules():\n    if not isinstance(m, nn.Conv2d):\n        continue\n"
                "    nn.init.normal_(m.weight)"),
            "it tests for Conv2d",
        ),
        (
            net("self.c = nn.Sequential(self.a, self.b)\ndel self.a, self.b\n"
                + LOOP.format(cls="Linear").replace("modules", "children")),
            "`children()` yields only direct submodules; loop over `modules()`",
        ),
        (
            net("for m in self.modules():\n    if isinstance(m, nn.Linear):\n        nn.init.normal_(m.weight)\n"
                "    break"),
            "the loop ends after its first item",
        ),
        (
            net("for n, p in self.named_parameters():\n    if 'conv' in n:\n        nn.init.normal_(p)"),
            "`'conv' in n` decides against each of them",
        ),
        (
            net("for m in self.modules():\n    if hasattr(m, 'scale'):\n        nn.init.normal_(m.weight)"),
            "`hasattr(m, 'scale')` decides against each of them",
        ),
        (
            net("for m in self.modules():\n    if isinstance(m, nn.Linear) and m.bias is not None:\n"
                "        nn.init.normal_(m.weight)", bias=False),
            "`isinstance(m, nn.Linear) and m.bias is not None` decides against each of them",
        ),
        (CALLBACK + net("self.apply(start)"), "it tests for Conv2d"),
        (
            CALLBACK.replace("isinstance(m, nn.Conv2d)", "type(m).__name__.find('Conv') >= 0")
            + net("self.apply(start)"),
            "`type(m).__name__.find('Conv') >= 0` decides against each of them",
        ),
        (CALLBACK + net("") + "net = Net()\nnet.apply(start)\n", "it tests for Conv2d"),
        (
            net("self.init_all()", "def init_all(self):\n    for m in self.modules():\n        self.init_one(m)\n"
                + CALLBACK.replace("start(m)", "init_one(self, m)")),
            "it tests for Conv2d",
        ),
        (
            net("") + "def init_net(net):\n    for m in net.modules():\n        if isinstance(m, nn.Conv2d):\n"
            "            nn.init.normal_(m.weight)\n\nnet = Net()\ninit_net(net)\n",
            "it tests for Conv2d",
        ),
        (net("self.width = width\n" + LOOP.format(cls="Conv2d"), arguments=", width"), "it tests for Conv2d"),
        (net("", "def init_weights(self):\n" + indent(LOOP.format(cls="Conv2d"), "    "))
         + "net = Net()\nnet.init_weights()\n", "it tests for Conv2d"),
    ],
)  # fmt: skip
def test_an_init_that_reaches_no_layer(tmp_path: Path, text: str, cause: str) -> None:
    assert messages(tmp_path, text) == [reaches_none(cause)]


@pytest.mark.parametrize(
    "text",
    [
        net(LOOP.format(cls="Linear")),
        net(LOOP.format(cls="Linear") + "    elif isinstance(m, nn.Conv2d):\n        nn.init.normal_(m.weight)"),
        net("for m in self.modules():\n    if isinstance(m, nn.Linear) and m.bias is not None:\n"
            "        nn.init.zeros_(m.bias)", bias=False),
        net("for m in self.modules():\n    if hasattr(m, 'reset_parameters'):\n        m.reset_parameters()"),
        net(LOOP.format(cls="Conv2d") + "    else:\n        unknown(m)"),
    ],
    ids=["reached", "one branch", "no bias", "reset", "unknown call"],
)  # fmt: skip
def test_an_init_that_reaches_a_layer_or_rightly_none(tmp_path: Path, text: str) -> None:
    assert messages(tmp_path, text) == []


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        ("self.n = nn.BatchNorm1d(8) if norm else None", ", norm=False"),
        ("self.n = nn.BatchNorm1d(8) if size == 2 else nn.Linear(8, 8)", ", size=1"),
        ("self.n = layer(8)", ", layer=nn.LayerNorm"),
        ("self.n = body", ", body=None"),
        ("self.n = timm.create_model('resnet18')", ""),
        ("self.n = nn.TransformerEncoderLayer(8, 2)", ""),
        ("self.n = nn.ModuleList([make(kind) for kind in kinds])", ", kinds"),
        ("self.n = Other(8)", ""),
    ],
)
def test_a_model_that_is_not_known_for_all_arguments(tmp_path: Path, statement: str, arguments: str) -> None:
    text = net(f"{statement}\n" + LOOP.format(cls="BatchNorm1d"), arguments=arguments)
    text = text.replace("self.b(self.a(x))", "self.n(self.b(self.a(x)))")
    helpers = "from theirs import Base\n\nclass Other(Base):\n    pass\n\ndef make(kind):\n    return kind()\n\n"
    assert messages(tmp_path, helpers + text) == []


@pytest.mark.parametrize("test", ["mode == 'x'", "cfg.init and isinstance(m, nn.Linear)", "self.training_init"])
def test_a_test_that_the_arguments_decide(tmp_path: Path, test: str) -> None:
    text = net(
        f"self.training_init = mode\nfor m in self.modules():\n    if {test}:\n        nn.init.normal_(m.weight)",
        arguments=", cfg, mode=''",
    )
    assert messages(tmp_path, text) == []


OTHER = (
    "class Two(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.c = nn.Conv2d(3, 3, 3)\n"
)


@pytest.mark.parametrize(
    "more",
    [
        OTHER + "    def forward(self, x):\n        return self.c(x)\n\ntwo = Two()\ntwo.apply(start)\n",
        "def train(model):\n    model.apply(start)\n",
        "HOOKS = {'start': start}\n",
    ],
)
def test_a_callback_with_another_use(tmp_path: Path, more: str) -> None:
    text = CALLBACK + net("self.apply(start)")
    assert messages(tmp_path / "alone", text) == [reaches_none("it tests for Conv2d")]
    assert messages(tmp_path / "more", text + more) == []


@pytest.mark.parametrize(
    ("other", "silent"),
    [
        ("from net import start, build\nbuild().apply(start)\n", True),
        ("import torch.nn as nn\nfrom net import Net\n\nclass Sub(Net):\n    extra = nn.Conv2d\n", True),
        ("from net import Net\nNet()\n", False),
    ],
)
def test_another_file(tmp_path: Path, other: str, silent: bool) -> None:
    assert bool(messages(tmp_path, CALLBACK + net("self.apply(start)"), other=other)) is not silent


def test_a_subclass_that_adds_the_layers(tmp_path: Path) -> None:
    base = net("self.build()\n" + LOOP.format(cls="Conv2d"), "def build(self):\n    pass\n")
    sub = "class Sub(Net):\n    def build(self):\n        self.c = nn.Conv2d(3, 3, 3)\n"
    assert messages(tmp_path / "alone", base) == [reaches_none("it tests for Conv2d")]
    assert messages(tmp_path / "sub", base + sub) == []


WRAPPER = """
class Unit(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 1)

    def forward(self, x):
        return self.conv(x)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.unit = Unit()
        {target}.scale = 0.01
        for m in self.modules():
            if isinstance(m, {cls}):
                nn.init.normal_(m{layer}.weight, std={read})

    def forward(self, x):
        return self.unit(x)
"""


@pytest.mark.parametrize(
    ("target", "cls", "layer", "reported"),
    [
        ("self.unit", "nn.Conv2d", "", True),
        ("self.unit.conv", "nn.Conv2d", "", False),
        ("self.unit", "Unit", ".conv", False),
        ("self.unit", "(Unit, nn.Conv2d)", "", False),
        ("self", "nn.Linear", "", False),
    ],
)
@pytest.mark.parametrize("read", ["m.scale if hasattr(m, 'scale') else 0.1", "getattr(m, 'scale', 0.1)"])
def test_an_attribute_of_the_module_around_the_layer(
    tmp_path: Path, target: str, cls: str, layer: str, reported: bool, read: str
) -> None:
    text = WRAPPER.format(target=target, cls=cls, layer=layer, read=read)
    found = [message for message in messages(tmp_path, text) if "scale" in message]
    message = (
        "`scale` has no effect: it is set on `Unit`, but the init looks for it only on the layers inside (Conv2d x 1); "
        "set it on the layer"
    )
    assert found == ([message] if reported else [])


def test_an_attribute_that_other_code_reads(tmp_path: Path) -> None:
    text = WRAPPER.format(target="self.unit", cls="nn.Conv2d", layer="", read="getattr(m, 'scale', 0.1)")
    assert messages(tmp_path / "same", text + "def show(net):\n    return net.unit.scale\n") == []
    assert messages(tmp_path / "other", text, other="def show(net):\n    return net.unit.scale\n") == []
