"""INI001, through the real linter and the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from initlint.cli import commands
from initlint.diagnostics import Diagnostic
from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from initlint.project.settings_file import load
from tests.support.sources import net

pytestmark = pytest.mark.usefixtures("in_directory")

BAD, GOOD = "xavier_uniform_", "kaiming_uniform_"


def write(call: str = GOOD, comment: str = "  # noqa: INI301", path: str = "net.py", head: str = "") -> None:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(head + net(call, comment), encoding="utf-8")


def found(*paths: str, settings: Settings | None = None) -> list[Diagnostic]:
    result = check(map(Path, paths or (".",)), settings or Settings(extend_select=("INI001",)))
    assert result.failures == ()
    return [diagnostic for diagnostic in result.diagnostics if diagnostic.code == "INI001"]


def test_off_by_default() -> None:
    write()
    assert check([Path(".")], Settings()).diagnostics == ()


def test_a_directive_of_use_is_kept_whether_its_rule_is_on_or_not() -> None:
    write(BAD)
    assert found() == []
    assert found(settings=Settings(select=("INI001",))) == []
    assert found(settings=Settings(extend_select=("INI001",), per_file_ignores={"net.py": ("INI3",)})) == []


def test_the_place_and_the_message() -> None:
    write(comment="  # noqa: E501, INI301, INI999")
    (diagnostic,) = found()
    assert diagnostic.message == "`noqa` for INI301, INI999 suppresses nothing"
    line = Path("net.py").read_text(encoding="utf-8").splitlines()[diagnostic.span.row - 1]
    assert line[diagnostic.span.column - 1 : diagnostic.span.end_column - 1] == "# noqa: E501, INI301, INI999"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  # noqa: INI301", ""),
        ("  # noqa: INI301, E501", "  # noqa: E501"),
        ("  # noqa: E501, INI301", "  # noqa: E501"),
        ("  # NOQA:E501 ini301,W605", "  # NOQA:E501,W605"),
        ("  # noqa: INI301, INI901 zeros on purpose", "  # zeros on purpose"),
        ("  # noqa: INI301 - zeros on purpose", "  # zeros on purpose"),
        ("  # noqa: E501, INI301 zeros on purpose", "  # noqa: E501 zeros on purpose"),
        ("  # type: ignore  # noqa: INI301", "  # type: ignore"),
        ("  # noqa: INI301  # type: ignore", "  # type: ignore"),
        ("  # noqa: INI301   ", ""),
        ("\n        # noqa: INI301", ""),
    ],
)
def test_fix(before: str, after: str) -> None:
    write(comment=before)
    arguments = ["check", "--fix", "--extend-select", "INI001", "net.py"]
    result = CliRunner().invoke(commands.cli, arguments)
    assert result.exit_code == 0, result.output
    assert Path("net.py").read_text(encoding="utf-8") == net(GOOD, after)
    assert CliRunner().invoke(commands.cli, arguments).stdout == "All checks passed!\n"


def test_a_directive_for_the_file() -> None:
    write(comment="", head="# initlint: noqa: INI301, INI302\n")
    (diagnostic,) = found()
    assert diagnostic.span.row == 1
    CliRunner().invoke(commands.cli, ["check", "--fix", "--extend-select", "INI001"])
    assert Path("net.py").read_text(encoding="utf-8") == net(GOOD)
    write(BAD, comment="", head="# initlint: noqa: INI301, INI302\n")
    (diagnostic,) = found()
    assert diagnostic.message == "`noqa` for INI302 suppresses nothing"


def test_the_last_line_of_a_file_without_newline() -> None:
    Path("net.py").write_text("x = 1\n# noqa: INI301", encoding="utf-8")
    CliRunner().invoke(commands.cli, ["check", "--fix", "--extend-select", "INI001"])
    assert Path("net.py").read_text(encoding="utf-8") == "x = 1\n"


@pytest.mark.parametrize(
    "comment", ["  # noqa", "  # noqa: E501", "  # noqa: INI001", "  # noqa: INI000", "  # noqa: INI301, INI001", ""]
)
def test_silent(comment: str) -> None:
    write(comment=comment)
    assert found() == []


def test_a_file_without_torch_is_searched_too() -> None:
    Path("plain.py").write_text("x = 1  # noqa: INI301\n", encoding="utf-8")
    assert len(found()) == 1


def test_per_file_ignores_and_unfixable() -> None:
    write()
    assert found(settings=Settings(select=("INI001",), per_file_ignores={"net.py": ("INI0",)})) == []
    (diagnostic,) = found(settings=Settings(select=("INI001",), unfixable=("INI001",)))
    assert diagnostic.fix is None


def test_silent_where_a_file_could_not_be_read() -> None:
    write()
    Path("broken.py").write_text("import torch\ndef f(:\n", encoding="utf-8")
    assert found() == []


HELPER = "from torch import nn\n\n\ndef init_weights(m):\n    nn.init.xavier_uniform_(m.weight)  # noqa: INI301\n"
MODEL = """\
from torch import nn
{statement}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        init_weights(self.fc1)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())
"""


@pytest.mark.parametrize(
    "statement",
    [
        "from pkg.helper import init_weights",
        "from pkg import (\n    init_weights,\n)",
        "from .helper import init_weights",
    ],
)
@pytest.mark.parametrize("configured", [True, False])
def test_files_named_one_by_one_are_judged_only_if_nobody_else_uses_them(statement: str, configured: bool) -> None:
    folder = Path("pkg") if statement.startswith("from .") or not configured else Path("app")
    Path("pkg").mkdir()
    folder.mkdir(exist_ok=True)
    Path("pkg/helper.py").write_text(HELPER, encoding="utf-8")
    Path("pkg/__init__.py").write_text("from pkg.helper import init_weights\n", encoding="utf-8")
    (folder / "model.py").write_text(MODEL.format(statement=statement), encoding="utf-8")
    Path("initlint.toml").write_text('extend-select = ["INI001"]\n', encoding="utf-8")
    settings = load(Path("initlint.toml")) if configured else Settings(extend_select=("INI001",))
    assert found("pkg/helper.py", "pkg/__init__.py", settings=settings) == []
    assert found(".", settings=settings) == []
    (folder / "model.py").unlink()
    assert len(found("pkg/helper.py", "pkg/__init__.py", settings=settings)) == 1
