"""Classes, base classes and init functions that stand in other files than the model that they harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.diagnostics import Diagnostic
from initlint.linter.pipeline import check
from initlint.project.settings import Settings

NET = """\
from torch import nn
{imported}

class {name}({base}):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        {start}

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())
{more}
"""
HELPER = """\
from torch import nn

def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)

class Base(nn.Module):
    def reset(self):
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.xavier_uniform_(m.weight)
"""
PACKAGE = {
    "pyproject.toml": "",
    "pkg/__init__.py": "from .parts import Base, init_weights\n",
    "pkg/parts/__init__.py": "from .helpers import *\n",
    "pkg/parts/helpers.py": HELPER,
}


def net(name: str, imported: str, start: str, base: str = "nn.Module", more: str = "") -> str:
    return NET.format(name=name, imported=imported, start=start, base=base, more=more)


def found(folder: Path, files: dict[str, str]) -> list[Diagnostic]:
    for name, text in {**PACKAGE, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(check([folder], Settings(root=folder)).diagnostics)


@pytest.mark.parametrize(
    ("imported", "start", "base", "row"),
    [
        ("from .parts.helpers import init_weights", "self.apply(init_weights)", "nn.Module", 5),
        ("from pkg.parts.helpers import init_weights as start", "self.apply(start)", "nn.Module", 5),
        ("from . import init_weights", "self.apply(init_weights)", "nn.Module", 5),
        ("import pkg", "self.apply(pkg.init_weights)", "nn.Module", 5),
        ("from .parts import *", "init_weights(self.fc1)", "nn.Module", 5),
        ("from . import Base", "self.reset()", "Base", 11),
        ("from pkg import parts", "self.reset()", "parts.Base", 11),
    ],
)
def test_the_finding_stands_at_the_call_that_is_wrong(
    tmp_path: Path, imported: str, start: str, base: str, row: int
) -> None:
    (diagnostic,) = found(tmp_path, {"pkg/net.py": net("Net", imported, start, base)})
    assert (diagnostic.code, Path(diagnostic.span.file).name, diagnostic.span.row) == ("INI301", "helpers.py", row)
    assert {Path(related.span.file).name for related in diagnostic.related} == {"net.py"}


def test_the_layers_of_every_model_that_a_helper_harms_are_named(tmp_path: Path) -> None:
    files = {f"pkg/{name}.py": net(name, "from . import init_weights", "self.apply(init_weights)") for name in "abc"}
    files["pkg/fine.py"] = net("fine", "from . import init_weights", "").replace(".relu()", ".tanh()")
    (diagnostic,) = found(tmp_path, files)
    assert {Path(related.span.file).stem for related in diagnostic.related} == {"a", "b", "c"}


def test_what_many_entry_points_reach_is_one_finding(tmp_path: Path) -> None:
    more = "def build():\n    return Net()\n\nclass Two(Net):\n    pass\n\nmodel = build()\nother = nn.Sequential(Net(), Two())"
    (diagnostic,) = found(tmp_path, {"pkg/net.py": net("Net", "from . import Base", "self.reset()", "Base", more)})
    assert [related.span.row for related in diagnostic.related] == [9, 7, 12]
