from __future__ import annotations

import json
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


TEXT = """from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        nn.init.xavier_uniform(self.fc.weight)

    def forward(self, x):
        return self.fc(x)
"""


def test_fix_source() -> None:
    fixed = initlint.fix_source(TEXT)
    assert fixed == TEXT.replace("xavier_uniform(", "xavier_uniform_(")
    assert initlint.fix_source(fixed) == fixed
    assert initlint.fix_source("class Net(:\r\n") == "class Net(:\r\n"
    assert initlint.fix_source(TEXT, settings=initlint.Settings(ignore=("INI901",))) == TEXT
    assert initlint.fix_source(TEXT.replace("\n", "\r\n"), "é.py") == fixed.replace("\n", "\r\n")


def test_fix_source_with_unsafe_fixes() -> None:
    text = NET.replace("xavier_uniform_", "normal_")
    (diagnostic,) = check_source(text).diagnostics
    assert diagnostic.fix is not None
    assert diagnostic.fix.applicability is initlint.Applicability.UNSAFE
    assert initlint.fix_source(text) == text
    assert "nn.init.kaiming_normal_(" in initlint.fix_source(text, unsafe=True)


def test_models(in_directory: Path) -> None:
    Path("net.py").write_text(TEXT, encoding="utf-8")
    (model,) = initlint.models(["."])
    assert (model.name, [layer.path for layer in model.layers]) == ("Net", ["fc"])


def test_contents_may_be_text(in_directory: Path) -> None:
    result = initlint.check_paths(["net.py"], contents={"net.py": TEXT})
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["INI901"]


def test_a_diagnostic_as_a_dictionary() -> None:
    (diagnostic,) = initlint.check_source(TEXT).diagnostics
    shown = diagnostic.to_dict()
    assert (shown["code"], shown["severity"], shown["row"], shown["fix"]["applicability"]) == (
        "INI901",
        "info",
        7,
        "safe",
    )
    assert json.loads(json.dumps(shown)) == shown


def test_a_string_in_place_of_a_list_is_one_clear_sentence() -> None:
    with pytest.raises(TypeError, match=r"Settings\.select must be a tuple of strings, not a string: \('INI3',\)"):
        initlint.Settings(select="INI3")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"paths must be a list of paths, not one path: \['src'\]"):
        initlint.check_paths("src")
    assert initlint.Settings(select=["INI3"]).select == ("INI3",)  # type: ignore[arg-type]
