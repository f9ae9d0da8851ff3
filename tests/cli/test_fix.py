"""`--fix` and its kin as users meet them: real rules, real files, one command line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from initlint.cli import check_modes, commands
from initlint.linter.fixer import Files
from initlint.linter.results import CheckResult
from initlint.project import file_io
from tests.support.sources import net

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links as on POSIX")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

SAFE = net("xavier_uniform")
SAFE_FIXED = SAFE.replace("xavier_uniform(self.fc1.weight)", "kaiming_uniform_(self.fc1.weight, nonlinearity='relu')")
UNSAFE = SAFE.replace("xavier_uniform(self.fc1.weight)", "constant_(self.fc1.weight, 0.1)")
UNSAFE_FIXED = SAFE_FIXED
CLEAN = "import torch\nfrom torch import nn\n\nlayer = nn.Linear(2, 2)\n"


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(commands.cli, ["check", "--output-format", "concise", *arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def tree(in_directory: Path) -> None:
    """A file whose fix is safe, one whose fix is not, and one without findings."""
    for path, text in {"pkg/safe.py": SAFE, "pkg/sub/unsafe.py": UNSAFE, "pkg/clean.py": CLEAN}.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")


def test_safe_fixes_are_made_and_the_rest_is_counted() -> None:
    result = run("--fix", "pkg")
    assert read("pkg/safe.py") == SAFE_FIXED
    assert read("pkg/sub/unsafe.py") == UNSAFE
    assert read("pkg/clean.py") == CLEAN
    *_, summary = result.stdout.splitlines()
    assert summary == "Fixed 2 findings; 1 warning remains (1 fixable with --fix --unsafe-fixes)."
    assert (result.stderr, result.exit_code) == ("", 1)


def test_unsafe_fixes_are_made_on_request() -> None:
    result = run("--fix", "--unsafe-fixes", "pkg")
    assert (read("pkg/safe.py"), read("pkg/sub/unsafe.py")) == (SAFE_FIXED, UNSAFE_FIXED)
    assert (result.stdout, result.exit_code) == ("Fixed 3 findings; none remains.\n", 0)
    assert run("--fix", "--unsafe-fixes", "pkg").stdout == "All checks passed!\n"


def test_unsafe_fixes_alone_change_nothing() -> None:
    assert run("--unsafe-fixes", "pkg").exit_code == 1
    assert (read("pkg/safe.py"), read("pkg/sub/unsafe.py")) == (SAFE, UNSAFE)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--fix-only"], 0),
        (["--fix-only", "--exit-non-zero-on-fix"], 1),
        (["--fix", "--unsafe-fixes", "--exit-non-zero-on-fix"], 1),
        (["--fix", "--exit-zero", "--exit-non-zero-on-fix"], 0),
    ],
)
def test_exit_status(arguments: list[str], status: int) -> None:
    assert run(*arguments, "pkg").exit_code == status
    assert read("pkg/safe.py") == SAFE_FIXED


def test_fix_only_says_nothing() -> None:
    result = run("--fix-only", "pkg")
    assert (result.stdout, result.stderr) == ("", "")


def test_nothing_fixed_is_not_a_fix() -> None:
    run("--fix", "--unsafe-fixes", "pkg")
    assert run("--fix", "--exit-non-zero-on-fix", "pkg").exit_code == 0
    assert run("--diff", "pkg").exit_code == 0


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('unfixable = ["INI3"]', SAFE.replace("xavier_uniform(", "xavier_uniform_(")),
        ('fixable = ["INI901"]', SAFE.replace("xavier_uniform(", "xavier_uniform_(")),
        ('unfixable = ["ALL"]', SAFE),
        ("fixable = []", SAFE),
    ],
)
def test_fixable_and_unfixable(settings: str, expected: str) -> None:
    Path("initlint.toml").write_text(f"{settings}\n", encoding="utf-8")
    assert run("--fix", "--unsafe-fixes", "pkg").exit_code == 1
    assert read("pkg/safe.py") == expected


@needs_git
@pytest.mark.parametrize("folder", [".", "pkg"])
def test_git_applies_the_diff_to_the_same_bytes(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dos = Path("pkg/dos file.py")
    dos.write_bytes(b"\xef\xbb\xbf" + SAFE.replace("\n", "\r\n").encode().rstrip())
    subprocess.run(["git", "init", "--quiet", "."], check=True)
    monkeypatch.chdir(folder)
    before = {path: path.read_bytes() for path in Path().rglob("*.py")}
    result = run("--diff", "--unsafe-fixes", ".")
    assert (result.stderr, result.exit_code) == ("", 1)
    assert {path: path.read_bytes() for path in before} == before
    subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], input=result.stdout_bytes, check=True)
    applied = {path: path.read_bytes() for path in before}
    assert applied != before
    for path, data in before.items():
        path.write_bytes(data)
    run("--fix", "--unsafe-fixes", ".")
    assert {path: path.read_bytes() for path in before} == applied


def test_standard_input_goes_to_standard_output() -> None:
    result = run("--fix", "-", "--stdin-filename", "pkg/safe.py", stdin=SAFE)
    assert (result.stdout, result.exit_code) == (SAFE_FIXED, 0)
    assert result.stderr == "Fixed 2 findings; none remains.\n"
    assert read("pkg/safe.py") == SAFE
    assert run("--fix", "-", stdin=CLEAN).stdout == CLEAN
    rest = run("--fix", "-", stdin=UNSAFE)
    assert (rest.stdout, rest.exit_code) == (UNSAFE, 1)
    assert "INI203" in rest.stderr
    assert run("--fix-only", "-", stdin=SAFE).stderr == ""


@posix
def test_a_read_only_file_is_one_line_and_the_others_are_mended() -> None:
    Path("pkg/other.py").write_text(SAFE, encoding="utf-8")
    Path("pkg/safe.py").chmod(0o444)
    result = run("--fix", "pkg")
    assert result.stderr == "initlint: pkg/safe.py cannot be written: pkg/safe.py is read-only\n"
    assert result.exit_code == 2
    assert (read("pkg/safe.py"), read("pkg/other.py")) == (SAFE, SAFE_FIXED)
    assert "pkg/safe.py:9:9: note[INI301] [*]" in result.stdout
    assert "Fixed 2 findings; " in result.stdout


def test_a_fix_that_was_dropped_exits_with_two(monkeypatch: pytest.MonkeyPatch) -> None:
    def dropping(check: Callable[[Files], CheckResult], originals: Files, wanted: object) -> CheckResult:
        return replace(check(originals), errors=("pkg/safe.py: not fixed: no reason",))

    monkeypatch.setattr(check_modes, "fix_paths", dropping)
    result = run("--fix", "pkg")
    assert (result.stderr, result.exit_code) == ("initlint: pkg/safe.py: not fixed: no reason\n", 2)


def test_a_file_that_changes_meanwhile_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    edited = SAFE + "# edited while initlint was at work\n"

    def late(*arguments: object, **options: object) -> dict[Path, str]:
        Path("pkg/safe.py").write_text(edited, encoding="utf-8")
        return file_io.replace_all(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(commands, "replace_all", late)
    result = run("--fix", "pkg")
    assert result.stderr == "initlint: pkg/safe.py has changed since it was read\n"
    assert result.exit_code == 2
    assert read("pkg/safe.py") == edited


@posix
def test_links() -> None:
    Path("outside.py").write_text(SAFE, encoding="utf-8")
    Path("pkg/inside.py").symlink_to("safe.py")
    Path("pkg/away.py").symlink_to("../outside.py")
    result = run("--fix", "pkg")
    assert Path("pkg/inside.py").is_symlink()
    assert read("pkg/inside.py") == SAFE_FIXED
    assert read("outside.py") == SAFE
    assert result.stderr.startswith("initlint: pkg/away.py is a link to ")
    assert result.stderr.count("\n") == 1
    assert result.exit_code == 2
    assert run("--fix", "pkg", "outside.py").exit_code == 1
    assert read("outside.py") == SAFE_FIXED


@needs_git
@posix
def test_the_diff_of_a_link_is_that_of_its_target() -> None:
    Path("links").mkdir()
    Path("links/net.py").symlink_to("../pkg/safe.py")
    result = run("--diff", "links")
    assert result.stdout.startswith("--- a/pkg/safe.py\n+++ b/pkg/safe.py\n")
    subprocess.run(["git", "apply", "-"], input=result.stdout_bytes, check=True)
    assert read("pkg/safe.py") == SAFE_FIXED


@pytest.mark.parametrize("directive", ["# noqa", "# noqa: INI301, INI901", "# initlint: noqa", "# noqa: INI301,INI901"])
def test_noqa_lines_are_not_touched(directive: str) -> None:
    lines = SAFE.replace("weight)", f"weight)  {directive}")
    text = f"{directive}\n{SAFE}" if directive.startswith("# initlint") else lines
    Path("pkg/safe.py").write_text(text, encoding="utf-8")
    run("--fix", "--unsafe-fixes", "pkg")
    assert read("pkg/safe.py") == text


def test_noqa_for_one_of_two_codes() -> None:
    text = SAFE.replace("weight)", "weight)  # noqa: INI301")
    Path("pkg/safe.py").write_text(text, encoding="utf-8")
    run("--fix", "pkg")
    assert read("pkg/safe.py") == text.replace("xavier_uniform(", "xavier_uniform_(")


@pytest.mark.parametrize(
    "data",
    [
        SAFE.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + SAFE.encode(),
        b"# coding: latin-1\n# gr\xf6\xdfe\n" + SAFE.encode(),
        SAFE.rstrip().encode(),
        SAFE.replace("    ", "\t").encode(),
    ],
    ids=["crlf", "bom", "cookie", "no final newline", "tabs"],
)
def test_everything_else_about_a_file_stays(data: bytes) -> None:
    path = Path("pkg/safe.py")
    path.write_bytes(data)
    path.chmod(0o640)
    mode = path.stat().st_mode
    assert run("--fix", "pkg/safe.py").exit_code == 0
    changed = b"kaiming_uniform_(self.fc1.weight, nonlinearity='relu')"
    assert path.read_bytes() == data.replace(b"xavier_uniform(self.fc1.weight)", changed)
    assert path.stat().st_mode == mode


def test_other_hard_links_keep_the_old_content_and_a_warning_says_so(in_directory: Path) -> None:
    old = "import torch.nn as nn\n\nnn.init.xavier_uniform(nn.Linear(3, 4).weight)\n"
    Path("net.py").write_text(old, encoding="utf-8")
    os.link("net.py", "other.txt")
    result = run("--fix", "--isolated", "net.py")
    assert "warning: net.py is fixed; its other hard links keep the old content" in result.stderr
    assert Path("other.txt").read_text(encoding="utf-8") == old
    assert "xavier_uniform_" in Path("net.py").read_text(encoding="utf-8")


def test_a_line_that_ends_with_a_lone_cr_gets_the_new_line_behind_it(in_directory: Path) -> None:
    source = (
        b"import torch.nn as nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        b"        self.embed = nn.Embedding(9, 4, padding_idx=0)\n        self.fc = nn.Linear(4, 2)\n"
        b"        nn.init.normal_(self.embed.weight)  # words\r        if True:\n            pass\n\n"
        b"    def forward(self, x):\n        return self.fc(self.embed(x))\n"
    )
    Path("net.py").write_bytes(source)
    run("--fix", "--unsafe-fixes", "--isolated", "net.py")
    fixed = Path("net.py").read_bytes()
    assert b"# words\r        self.embed.weight.data[0].zero_()\r        if True:\n" in fixed
    compile(fixed, "net.py", "exec")
