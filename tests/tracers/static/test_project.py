"""Which file an import means."""

from __future__ import annotations

import builtins
import gc
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from initlint.linter.pipeline import check
from initlint.project.reading import parse_source
from initlint.project.settings import Settings
from initlint.tracers.static.project import Project
from initlint.tracers.static.values.environment import ModuleScope

BLOCK = """
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 64)
        self.out = nn.Linear(64, 64)

    def forward(self, x):
        return self.out(self.fc(x).relu())
"""
NET = """
from torch import nn
{imported}

net = Block()
for m in net.modules():
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("block", "net", "imported"),
    [
        ("blocks.py", "train.py", "from blocks import Block"),
        ("models/blocks.py", "train.py", "from models.blocks import Block"),
        ("pkg/blocks.py", "pkg/net.py", "from .blocks import Block"),
        ("pkg/parts/blocks.py", "pkg/models/net.py", "from ..parts.blocks import Block"),
        ("src/pkg/blocks.py", "scripts/train.py", "from pkg.blocks import Block"),
        ("pkg/blocks.py", "pkg/net.py", "from .blocks import *"),
        ("lib/blocks.py", "app/train.py", "from blocks import Block"),
        ("space/blocks.py", "train.py", "from space import blocks\nBlock = blocks.Block"),
        ("space/blocks.py", "space/net.py", "from .blocks import Block"),
        ("space/parts/blocks.py", "space/models/net.py", "from ..parts.blocks import Block"),
        ("space/parts/blocks.py", "space/models/net.py", "from space.parts.blocks import Block"),
        ("src/space/parts/blocks.py", "src/space/net.py", "from .parts import blocks\nBlock = blocks.Block"),
    ],
)
def test_an_import_is_followed(tmp_path: Path, block: str, net: str, imported: str) -> None:
    write(tmp_path / "pyproject.toml", "")
    for package in ("pkg", "pkg/parts", "pkg/models", "src/pkg"):
        if (Path(block).parent.as_posix() == package) or (Path(net).parent.as_posix() == package):
            folder = tmp_path / package
            while folder not in (tmp_path, tmp_path / "src"):
                write(folder / "__init__.py", "")
                folder = folder.parent
    write(tmp_path / block, BLOCK)
    linted = write(tmp_path / net, NET.format(imported=imported))
    settings = Settings(root=tmp_path, src=(".", "src", "lib"))
    assert [d.code for d in check([linted], settings).diagnostics] == ["INI301"]


def test_an_installed_package_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / ".venv" / "site-packages" / "blocks.py", BLOCK)
    linted = write(tmp_path / "train.py", NET.format(imported="from blocks import Block"))
    assert check([linted], Settings(root=tmp_path)).diagnostics == ()


def test_a_star_import_reads_only_what_may_bring_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also through the star of another module, which holds no name of its own."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "blocks.py", BLOCK)
    write(tmp_path / "through.py", "from blocks import *\n")
    write(tmp_path / "beside.py", BLOCK.replace("Block", "Other"))
    read: list[str] = []
    parse = parse_source
    monkeypatch.setattr(
        "initlint.project.reading.parse_source", lambda path, data: read.append(Path(path).name) or parse(path, data)
    )
    linted = write(tmp_path / "train.py", NET.format(imported="from beside import *\nfrom through import *"))
    assert [d.code for d in check([linted], Settings(root=tmp_path)).diagnostics] == ["INI301"]
    assert read == ["train.py", "through.py", "blocks.py"]


@pytest.mark.parametrize("imported", ["from blocks import Block", "from blocks import *"])
def test_what_a_file_has_loaded_is_gone_with_the_next(tmp_path: Path, imported: str) -> None:
    """Without the collector's own rounds, of which there are few: they would leave ever more behind."""
    write(tmp_path / "blocks.py", BLOCK)
    files = [write(tmp_path / f"net{n}.py", NET.format(imported=imported)) for n in range(4)]
    project = Project()
    gc.disable()
    try:
        for file in files:
            assert project.graph(project.load(file)).models
            scopes = [one for one in gc.get_objects() if isinstance(one, ModuleScope)]
            alive = sorted(Path(one.source.path).name for one in scopes if Path(one.source.path).parent == tmp_path)
            assert alive == ["blocks.py", file.name]
            del scopes
    finally:
        gc.enable()


def test_an_import_that_is_met_again_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no tree is kept beside those of the file's own imports."""
    monkeypatch.setattr("initlint.tracers.static.project._MAX_RECENT_SOURCE", 1)
    monkeypatch.setattr("initlint.tracers.static.project._MAX_FREQUENT_SOURCE", 1)
    read: list[str] = []
    parse = parse_source
    monkeypatch.setattr(
        "initlint.project.reading.parse_source", lambda path, data: read.append(Path(path).name) or parse(path, data)
    )
    write(tmp_path / "blocks.py", BLOCK)
    write(tmp_path / "sizes.py", "SIZE = 64\n")
    importing = "def made():\n    from blocks import Block\n    from sizes import SIZE\n    return Block()\n"
    linted = write(tmp_path / "net.py", importing + "nets = [made(), made(), made()]\n")
    project = Project()
    assert len(project.graph(project.load(linted)).models) == 3
    assert sorted(read) == ["blocks.py", "net.py", "sizes.py"]


@pytest.mark.parametrize("text", [NET.format(imported="from blocks import Block"), "x = 1\n"])
def test_each_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    write(tmp_path / "blocks.py", BLOCK)
    linted = write(tmp_path / "net.py", text)
    opened: list[str] = []

    def counting(open_file: Callable[..., Any]) -> Callable[..., Any]:
        def counted(file: Any, *args: Any, **kwargs: Any) -> Any:
            opened.append(os.path.basename(str(file)))
            return open_file(file, *args, **kwargs)

        return counted

    # A file is opened by its path once, by whichever of these; what `open` makes of a descriptor has no such name.
    for module in (io, builtins, os):
        monkeypatch.setattr(module, "open", counting(module.open))  # type: ignore[attr-defined]
    result = check([tmp_path], Settings(root=tmp_path, select=("INI901",)))
    assert not result.failures
    assert sorted(name for name in opened if name.endswith(".py")) == ["blocks.py", linted.name]
