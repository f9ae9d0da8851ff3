from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from initlint import __version__
from initlint.cli import commands, options
from initlint.project.settings_file import load
from tests.support.paths import ROOT

pytestmark = pytest.mark.usefixtures("fake_pipeline", "in_directory")

NET = "import torch\n\nclass Net: ...\n\nbad()\n"


@pytest.fixture(autouse=True)
def net(in_directory: Path) -> None:
    Path("net.py").write_text(NET, encoding="utf-8")


def run(*arguments: str, stdin: str | bytes | None = None, env: dict[str, str] | None = None) -> Result:
    result = CliRunner().invoke(commands.cli, arguments, input=stdin, env=env)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_findings_exit_with_one() -> None:
    result = run("check", "--output-format", "concise")
    assert (
        result.stdout
        == "net.py:5:1: note[INI301] [*] in `Net`: bad start of Net\nFound 1 note (1 fixable with --fix).\n"
    )
    assert (result.stderr, result.exit_code) == ("", 1)


def test_the_full_format_is_the_default() -> None:
    result = run("check", "net.py")
    assert "5 | bad()\n  | ^^^^^\n" in result.stdout
    assert "  = help: Use `good`\n" in result.stdout


def test_clean() -> None:
    Path("net.py").write_text("import torch\n", encoding="utf-8")
    result = run("check", ".")
    assert (result.stdout, result.stderr, result.exit_code) == ("All checks passed!\n", "", 0)
    result = run("check", ".", "--quiet")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 0)


def test_no_files_are_clean_and_said_so() -> None:
    Path("empty").mkdir()
    result = run("check", "empty")
    assert (result.stdout, result.exit_code) == ("All checks passed!\n", 0)
    assert result.stderr == "warning: no Python files found under the given paths\n"


def test_a_file_that_does_not_parse_is_a_finding() -> None:
    Path("net.py").write_text("def torch(:\n", encoding="utf-8")
    result = run("check", ".")
    assert result.exit_code == 1
    assert result.stdout.startswith("net.py:1:")
    assert "1 | def torch(:\n" in result.stdout


def test_json() -> None:
    result = run("check", "--output-format", "json")
    document = json.loads(result.stdout)
    assert (document["version"], [d["code"] for d in document["diagnostics"]]) == (1, ["INI301"])
    assert (result.stderr, result.exit_code) == ("", 1)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--exit-zero"], 0),
        (["--fail-on", "info"], 1),
        (["--fail-on", "warning"], 0),
        (["--extend-select", "INI901", "--fail-on", "warning"], 1),
        (["--ignore", "INI3"], 0),
        (["--select", "INI3,INI9"], 1),
        (["--select", "INI000", "--select", "INI9", "--fail-on", "error"], 0),
        (["--exclude", "net.py"], 0),
        (["--extend-exclude", "a.py,net.py"], 0),
        (["--extend-exclude", "net.py", "net.py"], 1),
        (["--extend-exclude", "net.py", "--force-exclude", "net.py"], 0),
    ],
)
def test_options(arguments: list[str], status: int) -> None:
    assert run("check", *arguments).exit_code == status


def test_a_finding_below_fail_on_is_still_shown() -> None:
    assert "INI301" in run("check", "--fail-on", "error").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere.py"], "nowhere.py: no such file or directory"),
        (["check", "--select", "INI309"], "unknown rule selector `INI309` in `select`; did you mean"),
        (["check", "--config", "gone.toml"], "gone.toml: cannot be read"),
        (["check", "--exclude", "!"], "invalid pattern `!` in `--exclude or --extend-exclude`"),
        (["check", "--extend-exclude", "a.py,[z-a]"], "invalid pattern `[z-a]` in `--exclude or --extend-exclude`"),
        (["check", "--baseline", os.devnull], "cannot be read: not a regular file"),
        (["check", "--config", "a.toml", "--isolated"], "cannot be used together"),
        (["check", "-", "net.py"], "`-` cannot be combined with other paths"),
        (["check", "--no-such-option"], "--no-such-option"),
        (["rule", "INI310"], "no rule `INI310`; did you mean `INI301`?"),
        (["graph", "nowhere.py"], "no such file"),
    ],
)
def test_wrong_use_exits_with_two(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert message in result.stderr


def test_settings_are_found_upward_from_the_first_path() -> None:
    Path("pkg").mkdir()
    Path("pkg/net.py").write_text(NET, encoding="utf-8")
    Path("pyproject.toml").write_text('[tool.initlint]\nignore = ["INI301"]\n', encoding="utf-8")
    assert run("check", "pkg").exit_code == 0
    assert run("check", "pkg/net.py").exit_code == 0
    assert run("check", "pkg", "--isolated").exit_code == 1
    Path("pkg/initlint.toml").write_text('output-format = "concise"\nfail-on = "error"\n', encoding="utf-8")
    assert run("check", "pkg").stdout.startswith("pkg/net.py:5:1: note[INI301] [*] in `Net`: bad start of Net\nFound")
    assert run("check", "pkg").exit_code == 0
    assert run("check", "pkg", "--config", "pyproject.toml").exit_code == 0
    assert run("check", "net.py").exit_code == 0


def test_an_unknown_key_exits_with_two() -> None:
    Path("initlint.toml").write_text("selekt = []\n", encoding="utf-8")
    result = run("check")
    assert result.exit_code == 2
    assert "initlint.toml: unknown key `selekt`; did you mean `select`?" in result.stderr


def test_gitignore() -> None:
    Path(".git").mkdir()
    Path(".gitignore").write_text("net.py\n", encoding="utf-8")
    assert run("check").exit_code == 0
    assert run("check", "--no-respect-gitignore").exit_code == 1


def test_standard_input() -> None:
    result = run("check", "-", "--stdin-filename", "pkg/a.py", "--output-format", "concise", stdin=NET)
    assert result.stdout.startswith("pkg/a.py:5:1: note[INI301] [*] in `Net`: bad start of Net\n")
    result = run("check", "-", stdin=NET)
    assert result.stdout.startswith("-:5:1: note[INI301]")
    assert "5 | bad()\n" in result.stdout
    assert run("check", "-", stdin=b"\xff").exit_code == 1


def test_an_internal_error_exits_with_two_and_keeps_the_findings() -> None:
    Path("odd.py").write_text("import torch\nclass BREAK_THE_RULE: ...\n", encoding="utf-8")
    result = run("check", "--exit-zero")
    assert result.exit_code == 2
    assert "bad start of Net" in result.stdout
    expected = "initlint: internal error in INI301 on odd.py: LookupError: broken rule; please report\n"
    assert result.stderr == expected
    assert "Traceback" in run("check", "--verbose").stderr
    assert "Traceback" in run("check", env={"INITLINT_DEBUG": "1"}).stderr


def test_verbose_says_what_could_not_be_followed() -> None:
    result = run("check", "--verbose")
    assert result.stderr == "settings: defaults\nfiles: 1\nnot followed: net.py: Net: a reason\n"


def test_colour_only_where_it_is_wanted() -> None:
    assert "\x1b" not in run("check").stdout
    assert "\x1b[" in run("check", env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b" not in run("check", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


FIXED = NET.replace("bad()", "good()")
UNSAFE = NET.replace("Net", "UnsafeNet")


def test_fix() -> None:
    result = run("check", "--fix")
    assert (result.stdout, result.exit_code) == ("Fixed 1 finding; none remains.\n", 0)
    assert Path("net.py").read_text(encoding="utf-8") == FIXED
    assert run("check", "--fix").stdout == "All checks passed!\n"


def test_fix_reports_the_rest_by_the_new_lines() -> None:
    Path("net.py").write_text(f"{NET}class A: ...\nclass Other: ...\n", encoding="utf-8")
    Path("safe.py").write_text(NET, encoding="utf-8")
    result = run("check", "--fix", "--output-format", "concise")
    assert (
        result.stdout
        == "net.py:5:1: note[INI301] in `Other` and 2 more models: bad start of Other\nFixed 1 finding; 1 note remains.\n"
    )
    assert result.exit_code == 1
    assert run("check", "--fix-only").exit_code == 0
    assert run("check", "--fix-only").stdout == ""


def test_unsafe_fixes_are_made_on_request_only() -> None:
    Path("net.py").write_text(UNSAFE, encoding="utf-8")
    assert run("check", "--fix").exit_code == 1
    assert Path("net.py").read_text(encoding="utf-8") == UNSAFE
    assert run("check", "--fix", "--unsafe-fixes").exit_code == 0
    assert Path("net.py").read_text(encoding="utf-8") == UNSAFE.replace("bad()", "good()")


def test_exit_non_zero_on_fix() -> None:
    assert run("check", "--fix", "--exit-non-zero-on-fix").exit_code == 1
    assert run("check", "--fix", "--exit-non-zero-on-fix").exit_code == 0


def test_diff_writes_nothing() -> None:
    result = run("check", "--diff")
    assert result.stdout.startswith("--- a/net.py\n+++ b/net.py\n")
    assert result.stdout.endswith("-bad()\n+good()\n")
    assert (result.stderr, result.exit_code) == ("", 1)
    assert Path("net.py").read_text(encoding="utf-8") == NET
    assert run("check", "--diff", "--exit-zero").exit_code == 0
    Path("net.py").write_text(UNSAFE, encoding="utf-8")
    assert (run("check", "--diff").stdout, run("check", "--diff").exit_code) == ("", 0)


def test_fix_of_standard_input() -> None:
    result = run("check", "--fix", "-", stdin=NET.replace("\n", "\r\n").encode())
    assert result.stdout_bytes == FIXED.replace("\n", "\r\n").encode()
    assert (result.stderr, result.exit_code) == ("Fixed 1 finding; none remains.\n", 0)
    assert run("check", "--diff", "-", stdin=NET).stdout.endswith("-bad()\n+good()\n")
    broken = run("check", "--fix", "-", stdin="def torch(:")
    assert (broken.stdout, broken.exit_code) == ("def torch(:", 1)


def test_what_cannot_be_written_exits_with_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "replace_all", lambda *_, **__: {Path("net.py"): "net.py cannot be written: no"})
    result = run("check", "--fix")
    assert (result.stderr, result.exit_code) == ("initlint: net.py cannot be written: no\n", 2)


def test_a_file_that_cannot_be_read_does_not_stop_the_fixes() -> None:
    Path("broken.py").write_bytes(b"import torch\n\xff")
    assert run("check", "--fix").exit_code == 1
    assert Path("net.py").read_text(encoding="utf-8") == FIXED


def test_rules() -> None:
    assert run("rules").stdout.splitlines()[-7:] == [
        "INI3xx  init and activation do not match",
        "  code    name             fix  on   reports",
        "  INI301  bad-start        yes  yes  A bad start",
        "",
        "INI9xx  deprecated names",
        "  code    name             fix  on   reports",
        "  INI901  odd-file              no   An odd file",
    ]
    listed = json.loads(run("rules", "--output-format", "json").stdout)
    assert [(rule["code"], rule["default"], rule["fixable"]) for rule in listed] == [
        ("INI000", True, False),
        ("INI301", True, True),
        ("INI901", False, False),
    ]


@pytest.mark.parametrize("wanted", ["INI301", "ini301", "bad-start", "Bad-Start"])
def test_rule(wanted: str) -> None:
    assert run("rule", wanted).stdout.startswith(
        "# bad-start (INI301)\n\nA bad start.\n\nSeverity: error or note. On by default."
    )
    shown: dict[str, Any] = json.loads(run("rule", wanted, "--output-format", "json").stdout)
    assert shown["documentation"] == "A bad start\n\n## What it does\n"
    assert shown["severities"] == ["error", "info"]
    assert (shown["category"], shown["fix"]) == ("init and activation do not match", None)
    assert shown["url"] == "https://initlint.readthedocs.io/rules/bad-start/"


def test_graph() -> None:
    Path("broken.py").write_text("def torch(:\n", encoding="utf-8")
    result = run("graph", ".")
    assert result.exit_code == 1
    assert "fc0  Linear(4)  line 5" in result.stdout
    assert result.stderr.startswith("broken.py:1:")
    result = run("graph", "net.py", "--output-format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["models"][0]["layers"][0]["writes"][0]["line"] == 5


def test_a_path_without_a_command_is_answered_with_the_command() -> None:
    result = run("net.py", "--select", "INI3")
    assert result.exit_code == 2
    assert result.stderr == "Error: no such command 'net.py'; to lint it: initlint check net.py --select INI3\n"
    assert "to lint it: initlint check missing/net.py" in run("missing/net.py").stderr
    assert "Did you mean 'check'?" in run("chekc").stderr


def test_all_missing_paths_are_named() -> None:
    result = run("check", "gone.py", "net.py", "other")
    assert (result.stderr, result.exit_code) == ("Error: gone.py, other: no such file or directory\n", 2)


def test_the_help_of_check_has_sections() -> None:
    shown = run("check", "--help").stdout
    headings = [line.rstrip(":") for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == list(options.SECTIONS.values())
    listed = re.findall(r"^  (?:-\w, )?--([\w-]+)", shown, re.MULTILINE)
    declared = [p for p in commands.check.params if isinstance(p, click.Option) and not p.hidden]
    assert len(listed) == len(set(listed)) == len(declared) + 1  # and --help


ALL_FIXED = "[*] --fix fixes all of them\n"


def test_statistics() -> None:
    Path("unsafe.py").write_text(NET.replace("Net", "UnsafeNet"), encoding="utf-8")
    arguments = ["check", "--statistics", "--extend-select", "INI901"]
    result = run(*arguments)
    assert result.stdout == "2  INI301  [-] bad-start\n2  INI901  [ ] odd-file\n[-] --fix fixes some\n"
    assert result.exit_code == 1
    assert run("check", "net.py", "--statistics").stdout == f"1  INI301  [*] bad-start\n{ALL_FIXED}"
    assert json.loads(run(*arguments, "--output-format", "json").stdout) == [
        {"code": "INI301", "name": "bad-start", "count": 2, "fixable": 1},
        {"code": "INI901", "name": "odd-file", "count": 2, "fixable": 0},
    ]


def test_statistics_by_file_and_by_severity() -> None:
    Path("unsafe.py").write_text(NET.replace("Net", "UnsafeNet"), encoding="utf-8")
    assert run("check", "--statistics=file").stdout == f"1  [*] net.py\n1  [ ] unsafe.py\n{ALL_FIXED}"
    assert run("check", "--statistics=severity").stdout == "2  [-] note\n[-] --fix fixes some\n"
    entries = json.loads(run("check", "--statistics=severity", "--output-format", "json").stdout)
    assert entries == [{"severity": "info", "count": 2, "fixable": 1}]
    assert run("check", "--statistics", "net.py").stdout == f"1  INI301  [*] bad-start\n{ALL_FIXED}"
    assert "is not one of" in run("check", "--statistics=colour").stderr


def test_errors_first() -> None:
    Path("a.py").write_text("import torch\nclass Net: ...\n\n\nbad()\n", encoding="utf-8")
    Path("b.py").write_text("def torch(:\n", encoding="utf-8")
    order = lambda *options: [  # noqa: E731
        line.split(":")[0] for line in run("check", "-q", "--output-format", "concise", *options).stdout.splitlines()
    ]
    assert order() == ["a.py", "b.py", "net.py"]
    assert order("--sort", "severity") == ["b.py", "a.py", "net.py"]


def test_output_file() -> None:
    result = run("check", "--output-format", "concise", "-o", "report.txt", env={"FORCE_COLOR": "1"})
    assert (result.stdout, result.exit_code) == ("Found 1 note (1 fixable with --fix).\n", 1)
    report = "net.py:5:1: note[INI301] [*] in `Net`: bad start of Net\nFound 1 note (1 fixable with --fix).\n"
    assert Path("report.txt").read_text(encoding="utf-8") == report
    assert run("check", "-q", "--output-format", "json", "--output-file", "report.txt").stdout == ""
    assert json.loads(Path("report.txt").read_text(encoding="utf-8"))["diagnostics"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "gone/report.txt"], "gone/report.txt cannot be written: there is no directory gone"),
        (["-o", "."], ". cannot be written: it is a directory"),
        (["-o", "report.txt", "--diff"], "--output-file cannot be used with --diff"),
        (["--statistics", "--output-format", "sarif"], "--statistics cannot be shown as sarif"),
    ],
)
def test_a_report_that_cannot_be_made_exits_with_two(arguments: list[str], message: str) -> None:
    result = run("check", *arguments)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert message in result.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["net.py"]


def test_show_files_lints_nothing() -> None:
    Path("broken.py").write_text("def torch(:\n", encoding="utf-8")
    result = run("check", "--show-files", "--exclude", "net.py")
    assert (result.stdout, result.exit_code) == ("broken.py\n", 0)


def test_show_settings_is_a_configuration_that_asks_for_the_same() -> None:
    settings = 'ignore = ["INI9"]\nfail-on = "warning"\n\n[per-file-ignores]\n"a b.py" = ["INI301"]\n\n[base-classes]\n"pkg.Base" = ["init_weights", "_init_weights"]\n'
    Path("initlint.toml").write_text(settings, encoding="utf-8")
    shown = run("check", "--show-settings", "--extend-select", "INI901").stdout
    assert shown.startswith(f"# from {Path.cwd() / 'initlint.toml'}, relative to {Path.cwd()}\n")
    assert '# on the command line: extend-select = ["INI901"]\n# rules that run: INI000, INI301, INI901\n' in shown
    before = load(Path("initlint.toml"))
    Path("initlint.toml").write_text(shown, encoding="utf-8")
    assert load(Path("initlint.toml")) == before


def test_show_settings_names_what_it_cannot_write_out() -> None:
    Path("initlint.toml").write_text('[initializers]\n"pkg.fill" = "zeros_"\n', encoding="utf-8")
    assert "# [initializers] names pkg.fill\n" in run("check", "--show-settings").stdout
    Path("initlint.toml").write_text('[[trace]]\ntarget = "a:B"\n[[trace]]\ntarget = "c.py:D"\n', encoding="utf-8")
    assert "# [[trace]] names a:B, c.py:D\n" in run("check", "--show-settings").stdout


def test_version_and_help() -> None:
    assert run("--version").stdout == f"initlint {__version__}\n"
    for arguments in (["-h"], ["check", "-h"], ["rule", "--help"]):
        result = run(*arguments)
        assert result.exit_code == 0
        assert result.stdout.startswith("Usage:")
        assert max(map(len, result.stdout.splitlines())) <= 80
        assert "..." not in result.stdout.replace("]...", "").replace("COMMAND [ARGS]...", "")  # no text is cut off


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """The program as users start it, waiting for standard input."""
    command = [sys.executable, "-m", "initlint", "check", "-"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, **pipes) as started:
        yield started
        started.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
def test_ctrl_c(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"x" * 1_000_000)  # returns when the program has begun to read
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes differ")
def test_a_reader_that_leaves_early(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, stderr = process.communicate(b"def torch(:\n", timeout=60)
    assert stderr == b""
    assert process.returncode == 1
