"""The properties that `benchmarks/fix_properties.py` tries on real packages, on a folder of fixtures."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.paths import FIXTURES, ROOT


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fix_properties", ROOT / "benchmarks" / "fix_properties.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fix_properties", module)  # where dataclasses look for the names of types
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_properties(benchmark: ModuleType, tmp_path: Path) -> None:
    report = benchmark.check_properties(FIXTURES / "teaching", tmp_path, spoil=True)
    assert report.problems == []
    assert report.changed > 1
    assert sum(report.after.values()) < sum(report.before.values())


@pytest.mark.parametrize(
    ("new", "complaint"),
    [
        ("import torch\nx = 1\ntorch.nn.init.zeros_(w)\n", None),
        ("import torch\nx = 2\ntorch.nn.init.ones_(w)\n", "net.py:2: changed, and no init call"),
        ("import torch\nx = 1\ny = 1\ntorch.nn.init.ones_(w)\n", "net.py:3: new, and no init call"),
        ("import torch\nx = 1\nif w is not None:\n    torch.nn.init.ones_(w)\n", None),
    ],
)
def test_lines_that_are_no_init_calls_are_found(benchmark: ModuleType, new: str, complaint: str | None) -> None:
    found = list(benchmark.foreign_lines("net.py", b"import torch\nx = 1\ntorch.nn.init.ones_(w)\n", new.encode()))
    assert complaint in found if complaint else found == []
