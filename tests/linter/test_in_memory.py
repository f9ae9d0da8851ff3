"""Projects in memory: files that are not on disk, with and without the disk around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint import CheckResult, Settings, check_files, check_paths, check_source

NET = """from torch import nn
from helpers import act


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(64, 64)
        self.b = nn.Linear(64, 2)
        nn.init.xavier_uniform_(self.a.weight)

    def forward(self, x):
        return self.b(act(self.a(x)))
"""
HELPERS = "import torch\n\n\ndef act(x):\n    return torch.relu(x)\n"
CALLBACK = (
    "from torch import nn\n\n\nclass Net(nn.Module): ...\n\n\ndef weights_init(m):\n    nn.init.normal_(m.weight)\n"
)


def found(result: CheckResult) -> list[tuple[str, str]]:
    return [(Path(diagnostic.span.file).as_posix(), diagnostic.code) for diagnostic in result.diagnostics]


@pytest.mark.parametrize("folder", ["", "src/", "/nowhere/p/"])
@pytest.mark.parametrize("on_disk", [False, True])
def test_files_in_memory_see_each_other_and_nothing_else(in_directory: Path, folder: str, on_disk: bool) -> None:
    if on_disk:
        Path("helpers.py").write_text(HELPERS, encoding="utf-8")
    files = {f"{folder}train.py": NET, f"{folder}helpers.py": HELPERS}
    assert found(check_files(files)) == [(f"{folder}train.py", "INI301")]
    assert found(check_files({f"{folder}train.py": NET})) == []
    assert found(check_source(NET, "<string>", Settings())) == []
    assert found(check_source(NET, "/nowhere/train.py", Settings())) == []
    assert found(check_source(NET, "train.py", Settings())) == ([("train.py", "INI301")] if on_disk else [])


def test_packages_and_relative_imports() -> None:
    net = NET.replace("from helpers", "from .parts.helpers")
    files = {"p/__init__.py": "", "p/net.py": net, "p/parts/__init__.py": "", "p/parts/helpers.py": HELPERS}
    assert found(check_files(files)) == [("p/net.py", "INI301")]
    absolute = {**files, "p/net.py": NET.replace("from helpers", "from p.parts.helpers")}
    assert found(check_files(absolute)) == [("p/net.py", "INI301")]
    assert found(check_files({path: text.encode() for path, text in files.items()})) == [("p/net.py", "INI301")]


@pytest.mark.parametrize(
    ("name", "text", "reported"),
    [
        ("train.py", "from nets.net import weights_init\nmodel.apply(weights_init)\n", False),
        ("conf.yaml", "init: nets.net.weights_init\n", False),
        ("train.py", "import nets.net\n", True),
    ],
)
def test_the_project_is_what_is_in_memory(in_directory: Path, name: str, text: str, reported: bool) -> None:
    Path("conf.yaml").write_text("weights_init\n", encoding="utf-8")
    assert bool(found(check_files({"nets/net.py": CALLBACK, name: text}))) is reported


def test_contents_exist_beside_the_files_on_disk(in_directory: Path) -> None:
    Path("p").mkdir()
    Path("p/net.py").write_text(NET, encoding="utf-8")
    contents = {"p/helpers.py": HELPERS.encode()}
    assert found(check_paths(["p"], Settings())) == []
    result = check_paths(["p"], Settings(), contents=contents)
    assert found(result) == [("p/net.py", "INI301")]
    assert result.files == (Path("p/helpers.py"), Path("p/net.py"))
    assert found(check_paths(["p/net.py"], Settings(), contents=contents)) == [("p/net.py", "INI301")]
    files = {f"new/{name}.py": text.encode() for name, text in {"net": NET, "helpers": HELPERS}.items()}
    assert found(check_paths(["new"], Settings(), contents=files)) == [("new/net.py", "INI301")]
    assert check_paths(["p"], Settings(extend_exclude=("helpers.py",)), contents=contents).files == (Path("p/net.py"),)


def test_in_memory_as_on_disk(in_directory: Path) -> None:
    for name, text in {"net": NET, "helpers": HELPERS, "callback": CALLBACK}.items():
        Path(f"{name}.py").write_text(text, encoding="utf-8")
    files = {path.name: path.read_bytes() for path in Path().glob("*.py")}
    assert check_files(files).diagnostics == check_paths(["."], Settings()).diagnostics != ()
