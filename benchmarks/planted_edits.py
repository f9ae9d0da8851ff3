"""Small projects with one edit each, after which one kind of dependency alone says that a finding changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_NET = """\
from torch import nn
{imports}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = nn.Linear(8, 8)
        self.act = {act}()
        nn.init.xavier_uniform_(self.a.weight)

    def forward(self, x):
        return self.b(self.act(self.a(x)))
"""
_UNAPPLIED = _NET.format(imports="", act="nn.Tanh").replace("nn.init.xavier_uniform_(self.a.weight)", "") + (
    "\n    def init_weights(self):\n        nn.init.orthogonal_(self.b.weight)\n"
)
_RELU, _TANH = "from torch import nn\n\nACT = nn.ReLU\n", "from torch import nn\n\nACT = nn.Tanh\n"
_DEEP = "1/2/3/4/5/6/7"
"""A folder that is too far from the marker of the project."""
_BUILDS, _CALLS = "from net import Net\n\nnet = Net()\n", "from net import Net\n\nnet = Net()\nnet.init_weights()\n"


def _using(imports: str) -> str:
    return _NET.format(imports=imports, act="ACT")


@dataclass(frozen=True)
class Planted:
    """The texts of a project by path, and those of the files that an edit changes, None for one that it removes."""

    files: Mapping[str, str]
    edit: Mapping[str, str | None]


PLANTED: Mapping[str, Planted] = {
    "content": Planted(
        {"net.py": _NET.format(imports="", act="nn.ReLU")}, {"net.py": _NET.format(imports="", act="nn.Tanh")}
    ),
    "definition": Planted({"net.py": _using("from parts import ACT"), "parts.py": _RELU}, {"parts.py": _TANH}),
    "may-define": Planted(
        {"net.py": _using("from parts import *"), "parts.py": "import math\n"},
        {"parts.py": "import math\nfrom torch import nn\nACT = nn.ReLU\n"},
    ),
    "module": Planted({"net.py": _using("from parts import ACT")}, {"parts.py": _RELU}),
    "package": Planted(
        {"parts.py": _TANH, "a/__init__.py": "", "a/parts.py": _RELU, "a/b/net.py": _using("from parts import ACT")},
        {"a/b/__init__.py": ""},
    ),
    "namespace": Planted(
        {"a/a/parts.py": _TANH, "a/b/parts.py": _RELU, "a/b/net.py": _using("from ..parts import ACT")},
        {"a/pyproject.toml": ""},
    ),
    "root": Planted(
        {f"{_DEEP}/scripts/train.py": _CALLS, f"{_DEEP}/lib/train.py": _BUILDS, f"{_DEEP}/lib/net.py": _UNAPPLIED},
        {f"{_DEEP}/requirements.txt": ""},
    ),
    "installable": Planted(
        {
            "README.md": "",
            "pyproject.toml": '[project]\nname = "lib"\n',
            "train.py": _BUILDS.replace("net", "lib.net", 1),
            "lib/__init__.py": "",
            "lib/net.py": _UNAPPLIED,
        },
        {"pyproject.toml": None},
    ),
    "matching": Planted({"net.py": _UNAPPLIED, "train.py": _BUILDS}, {"other.py": _CALLS}),
    "mentioned": Planted({"net.py": _UNAPPLIED, "train.py": _BUILDS}, {"conf.yaml": "call: init_weights\n"}),
    "query": Planted(
        {"net.py": _UNAPPLIED, "train.py": f"{_BUILDS}net.init_weights  # not called\n"}, {"train.py": _CALLS}
    ),
}
"""By kind of dependency. Each project has a `pyproject.toml` besides."""
