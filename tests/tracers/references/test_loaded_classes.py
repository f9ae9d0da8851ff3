"""Classes of which every model that the project builds gets a checkpoint at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.reference_projects import findings_in_project

VOICE = """
    import torch
    from torch import nn
    from torch.nn.utils import weight_norm

    class Voice(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.conv = weight_norm(nn.Conv1d(width, width, 3, padding=1))
            self.more = nn.Conv1d(width, width, 3, padding=1)
            nn.init.normal_(self.conv.weight, 0.0, 0.01)
            nn.init.normal_(self.more.weight)

        def forward(self, x):
            return self.conv(torch.relu(self.more(x)))
"""
BUILD = "import torch\nfrom voice import Voice\n"
LOADED = [
    "net = Voice(8)\nnet.load_state_dict(torch.load('v.pt'))\n",
    "net = Voice(8).to('cuda')\nstate = torch.load('v.pt')\nnet.load_state_dict(state['generator'])\nnet.eval()\n",
    "def vocoder(width):\n    net = Voice(width)\n    net.load_state_dict(torch.load('v.pt'))\n    return net\n",
    "def vocoder(name, width):\n    if name == 'a':\n        net = Voice(width)\n        if width > 8:\n"
    "            state = torch.load('a.pt')\n        else:\n            state = torch.load('b.pt')\n"
    "        net.load_state_dict(state['generator'])\n    return net\n",
    "def build():\n    return Voice(8)\n\ndef load():\n    net = build()\n    net.load_state_dict(torch.load('v.pt'))\n",
    "def build():\n    net = Voice(8)\n    net.eval()\n    return net\n\nbuilt = build()\n"
    "with torch.no_grad():\n    built.load_state_dict(torch.load('v.pt'))\n",
    "class Speech:\n    def __init__(self):\n        self.voice = Voice(8)\n"
    "        self.voice.load_state_dict(torch.load('v.pt'))\n",
    "class Both(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.voice = Voice(8)\n\n"
    "both = Both()\nboth.load_state_dict(torch.load('v.pt'))\n",
    "net = Voice(8)\nfor p in net.parameters():\n    p.requires_grad_(False)\n"
    "net = torch.nn.DataParallel(net)\nnet.load_state_dict(torch.load('v.pt'))\n",
    "def main(path):\n    net = Voice(8)\n    if path:\n        net.load_state_dict(torch.load(path))\n"
    "    else:\n        net.load_state_dict(torch.load('v.pt'))\n",
]
NOT_LOADED = [
    "def main(path):\n    net = Voice(8)\n    net.load_state_dict(torch.load(path))\n    torch.nn.init.zeros_(net.more.bias)\n",
    "def main(path):\n    net = Voice(8)\n    net.load_state_dict(torch.load(path))\n    net.more.apply(start)\n",
    "",
    "net = Voice(8)\n",
    "net = Voice(8)\nother = Voice(8)\nnet.load_state_dict(other.state_dict())\n",
    "def main(resume):\n    net = Voice(8)\n    if resume:\n        net.load_state_dict(torch.load(resume))\n",
    "def main(net=None):\n    net = Voice(8)\n    net(1).sum().backward()\n    net.load_state_dict(torch.load('v.pt'))\n",
    "def main(trainer):\n    net = Voice(8)\n    trainer.fit(net)\n    net.load_state_dict(torch.load('v.pt'))\n",
    "def main(path):\n    net = Voice(8)\n    net.load_state_dict(torch.load(path), strict=False)\n",
    "from run import train\nnet = Voice(8)\ntrain(net)\nnet.load_state_dict(torch.load('v.pt'))\n",
    "net = Voice(8)\nfor batch in batches:\n    learn(net, batch)\nnet.load_state_dict(torch.load('v.pt'))\n",
    "net = Voice(8)\ntorch.save(net.state_dict(), 'v.pt')\nnet.load_state_dict(torch.load('v.pt'))\n",
    "def build():\n    return Voice(8)\n\nnet = build()\nnet.load_state_dict(torch.load('v.pt'))\nfresh = build()\n",
    "def main(path):\n    net = Voice(8)\n    optimizer.load_state_dict(torch.load(path))\n",
    "def main(path):\n    net = Voice(8)\n    for part in path:\n        net.load_state_dict(torch.load(part))\n",
    "NETS = {'voice': Voice}\nnet = Voice(8)\nnet.load_state_dict(torch.load('v.pt'))\n",
    "net = Voice(8)\nnet.load_state_dict(torch.load('v.pt'))\n\nclass Twice(Voice):\n    pass\n\nfresh = Twice(8)\n",
    "def build():\n    return Voice(8)\n",
]


def codes(folder: Path, build: str, **others: str) -> set[str]:
    files = {"voice.py": VOICE, "build.py": BUILD + build, **{f"{name}.py": text for name, text in others.items()}}
    return {code for code in ("INI105", "INI401") if findings_in_project(folder, code, files)}


@pytest.mark.parametrize("build", LOADED)
def test_each_model_is_loaded(tmp_path: Path, build: str) -> None:
    assert codes(tmp_path, build) == set()


@pytest.mark.parametrize("build", NOT_LOADED)
def test_some_model_is_not(tmp_path: Path, build: str) -> None:
    assert codes(tmp_path, build) == {"INI105", "INI401"}


def test_all_files_count_but_tests(tmp_path: Path) -> None:
    fresh = "from voice import Voice\nnet = Voice(8)\nprint(net)\n"
    test = "from voice import Voice\n\ndef test_voice():\n    Voice(8)\n"
    assert codes(tmp_path / "checked", LOADED[0], test_voice=test) == set()
    assert codes(tmp_path / "trained", LOADED[0], train=fresh) == {"INI105", "INI401"}


def test_a_class_of_the_same_name(tmp_path: Path) -> None:
    other = "class Voice:\n    pass\n"
    assert codes(tmp_path, LOADED[0], other=other) == {"INI105", "INI401"}


def test_what_raises_raises_before_the_load(tmp_path: Path) -> None:
    text = VOICE.replace("nn.init.normal_(self.more.weight)", "nn.init.xavier_normal_(self.more.bias)")
    assert len(findings_in_project(tmp_path, "INI101", {"voice.py": text, "build.py": BUILD + LOADED[0]})) == 1


def test_layers_that_are_one_stay_one(tmp_path: Path) -> None:
    text = VOICE.replace("self.more = ", "self.many = nn.ModuleList([nn.Linear(8, 8)] * 3)\n            self.more = ")
    text = text.replace("return self.conv", "for layer in self.many: x = layer(x)\n            return self.conv")
    assert len(findings_in_project(tmp_path, "INI205", {"voice.py": text, "build.py": BUILD + LOADED[0]})) == 1
