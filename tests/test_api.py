from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import initlint
from initlint import ConfigurationError, DiscoveryError, Settings, Severity, check_paths, check_source
from tests.support.paths import ROOT
from tests.support.sources import net

pytestmark = pytest.mark.usefixtures("in_directory")

NET = net()


def test_check_source() -> None:
    (found,) = check_source(NET).diagnostics
    assert (found.code, found.span.file, found.span.row, found.severity) == ("INI301", "<string>", 9, Severity.INFO)
    assert check_source(NET, settings=Settings(ignore=("INI301",))).diagnostics == ()


def test_check_source_reads_what_the_text_imports() -> None:
    Path("pkg").mkdir()
    Path("pkg/helper.py").write_text("from torch import nn\n\n\nclass Layer(nn.Linear):\n    pass\n", encoding="utf-8")
    text = NET.replace("nn.Linear(", "Layer(").replace("import nn\n", "import nn\nfrom .helper import Layer\n")
    (found,) = check_source(text, "pkg/net.py").diagnostics
    assert found.span.file == str(Path("pkg/net.py"))
    assert check_source(text, "elsewhere/net.py").diagnostics == ()


@pytest.mark.parametrize(
    "head", ["", "\ufeff", "# coding: latin-1\n# é\n", "# coding: latin-1\n# 重\n", "# coding: nothing\n"]
)
def test_check_source_takes_any_text(head: str) -> None:
    codes = [found.code for found in check_source(head + NET).diagnostics]
    assert codes == (["INI000"] if "nothing" in head else ["INI301"])


def test_check_paths() -> None:
    Path("net.py").write_text(NET, encoding="utf-8")
    result = check_paths(["."])
    assert [found.span.file for found in result.diagnostics] == ["net.py"]
    assert result.files == (Path("net.py"),)
    assert check_paths([Path("net.py")], contents={"net.py": b"x = 1\n"}).diagnostics == ()
    assert check_paths([]).files == ()


def test_settings_are_found_from_the_first_path_or_given() -> None:
    Path("pkg").mkdir()
    Path("pkg/net.py").write_text(NET, encoding="utf-8")
    Path("pkg/initlint.toml").write_text('ignore = ["INI301"]\n', encoding="utf-8")
    assert check_paths(["pkg"]).diagnostics == ()
    assert check_source(NET, "pkg/other.py").diagnostics == ()
    assert len(check_paths(["pkg"], Settings()).diagnostics) == 1


def test_errors() -> None:
    with pytest.raises(DiscoveryError):
        check_paths(["nowhere"])
    with pytest.raises(ConfigurationError):
        check_source(NET, settings=Settings(select=("INI7",)))


def test_every_public_name_is_documented() -> None:
    page = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
    assert [name for name in initlint.__all__ if f"`{name}" not in page] == []


def test_every_public_name_is_there_and_nothing_is_loaded_before_it_is_asked_for() -> None:
    assert all(getattr(initlint, name) is not None for name in initlint.__all__)
    assert set(initlint.__all__) <= set(dir(initlint))
    with pytest.raises(AttributeError, match="no attribute 'check_everything'"):
        _ = initlint.check_everything  # type: ignore[attr-defined]
    code = (
        "import sys, initlint; sys.exit('libcst' in sys.modules or any(m.startswith('initlint.') for m in sys.modules))"
    )
    root = ROOT
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
