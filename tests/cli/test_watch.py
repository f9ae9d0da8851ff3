"""`check --watch`: real files change, and the command lints again, or not."""

from __future__ import annotations

import os
import pty
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from click.testing import CliRunner

from initlint.cli.commands import cli

CLEAN = "import torch.nn as nn\nnet = nn.Sequential(nn.Linear(3, 4), nn.ReLU())\n"
OLD_NAME = "import torch.nn as nn\nnn.init.xavier_uniform(w)\n"
"""INI901, which `--fix` corrects."""

WAITS = "Watching for changes"
TIMEOUT = 30.0
QUIET_TIME = 1.5
"""Seconds after which a change that is not followed by a run will not be."""


class Watcher:
    """A running `check --watch`, and its output by run."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        environment = {**os.environ, "COLUMNS": "80", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "initlint", "check", "--watch", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        assert self.process.stdout is not None
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)

    def run(self, timeout: float = TIMEOUT) -> str:
        """The output up to the next time that it waits for changes."""
        lines: list[str] = []
        end = time.monotonic() + timeout
        while not lines or WAITS not in lines[-1]:
            try:
                lines.append(self._lines.get(timeout=max(end - time.monotonic(), 0.01)))
            except queue.Empty:
                raise TimeoutError("".join(lines)) from None
        return "".join(lines)

    def assert_no_run(self) -> None:
        with pytest.raises(TimeoutError) as waited:
            self.run(QUIET_TIME)
        assert str(waited.value) == ""

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(TIMEOUT)


Start = Callable[..., Watcher]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start watching in a project, the folder `p` below `tmp_path`."""
    started: list[Watcher] = []

    def start(*arguments: str) -> Watcher:
        started.append(Watcher(tmp_path / "p", *arguments))
        return started[-1]

    yield start
    for watcher in started:
        watcher.process.kill()
        watcher.process.wait(TIMEOUT)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[tool.initlint]\nextend-exclude = ["old/"]\n', encoding="utf-8")
    (folder / "net.py").write_text(CLEAN, encoding="utf-8")
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_linted_file_is_linted_again_and_ctrl_c_ends(project: Path, start: Start) -> None:
    watcher = start("--output-format", "concise")
    assert "All checks passed!" in watcher.run()
    write(project / "net.py", OLD_NAME)
    second = watcher.run()
    assert "net.py changed\n" in second
    assert "net.py:2:1: note[INI901]" in second
    assert "Found 1 note" in second
    write(project / "net.py", CLEAN)
    assert "All checks passed!" in watcher.run()
    assert watcher.interrupt() == 130


def test_files_that_come_move_and_go(project: Path, start: Start) -> None:
    watcher = start("--output-format", "concise")
    watcher.run()
    write(project / "sub" / "new.py", OLD_NAME)
    assert f"sub{os.sep}new.py:2:1" in watcher.run()
    (project / "sub").rename(project / "moved")
    assert f"moved{os.sep}new.py:2:1" in watcher.run()
    (project / "moved" / "new.py").unlink()
    assert "All checks passed!" in watcher.run()


def test_settings_of_the_project_and_those_that_it_extends(project: Path, tmp_path: Path, start: Start) -> None:
    shared = tmp_path / "shared" / "base.toml"
    write(shared, "")
    write(project / "net.py", OLD_NAME)
    watcher = start("--output-format", "concise")
    assert "INI901" in watcher.run()
    write(project / "pyproject.toml", '[tool.initlint]\nextend = "../shared/base.toml"\n')
    assert "INI901" in watcher.run()
    write(shared, 'ignore = ["INI901"]\n')
    third = watcher.run()
    assert "base.toml changed" in third
    assert "All checks passed!" in third
    write(shared.parent / "other.toml", 'ignore = ["INI1"]\n')
    watcher.assert_no_run()


def test_settings_that_are_wrong_for_a_moment_do_not_end_it(project: Path, start: Start) -> None:
    watcher = start("--output-format", "concise")
    watcher.run()
    write(project / "pyproject.toml", "[tool.initlint]\nselekt = 3\n")
    broken = watcher.run()
    assert "Error: " in broken
    assert "unknown key `selekt`" in broken
    write(project / "net.py", OLD_NAME)
    assert "unknown key `selekt`" in watcher.run()
    write(project / "pyproject.toml", "[tool.initlint]\n")
    assert "INI901" in watcher.run()


NET = """
import torch.nn as nn
from helper import init

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(256, 256)
        init(self.a)
        self.b = nn.Linear(256, 10)

    def forward(self, x):
        return self.b(self.a(x).relu())
"""
HELPER = "import torch.nn as nn\ndef init(layer):\n    nn.init.{}(layer.weight{})\n"


def test_a_file_that_the_linted_one_imports(project: Path, start: Start) -> None:
    write(project / "net.py", NET)
    write(project / "helper.py", HELPER.format("kaiming_uniform_", ', nonlinearity="relu"'))
    watcher = start("--output-format", "concise", "net.py")
    assert "All checks passed!" in watcher.run()
    write(project / "helper.py", HELPER.format("xavier_uniform_", ""))
    assert "net.py:9:9: note[INI301]" in watcher.run()


def test_excluded_and_other_files_start_no_run(project: Path, start: Start) -> None:
    write(project / ".gitignore", "generated/\n")
    (project / ".git").mkdir()
    watcher = start()
    watcher.run()
    for path in ("old/net.py", ".venv/net.py", "generated/net.py", "notes.txt", "net.py.swp"):
        write(project / path, OLD_NAME)
    (project / ".#net.py").symlink_to("user@host.1234")  # as Emacs marks a file with unsaved changes
    watcher.assert_no_run()
    write(project / "pyproject.toml", "[tool.initlint]\n")
    assert f"old{os.sep}net.py" in watcher.run()


def test_an_excluded_file_that_is_named_is_watched(project: Path, start: Start) -> None:
    write(project / "old" / "net.py", CLEAN)
    watcher = start("--output-format", "concise", "old/net.py")
    watcher.run()
    write(project / "old" / "net.py", OLD_NAME)
    assert "INI901" in watcher.run()


def test_fixes_are_applied_at_each_change_and_start_no_run(project: Path, start: Start) -> None:
    watcher = start("--fix")
    watcher.run()
    write(project / "net.py", OLD_NAME)
    assert "Fixed 1 finding" in watcher.run()
    assert (project / "net.py").read_text(encoding="utf-8") == OLD_NAME.replace("uniform", "uniform_")
    watcher.assert_no_run()
    write(project / "net.py", OLD_NAME)
    assert "Fixed 1 finding" in watcher.run()


def test_reports_are_for_people_and_those_in_a_file_for_anything(project: Path, start: Start) -> None:
    write(project / "net.py", OLD_NAME)
    watcher = start("--output-format", "json")
    first = watcher.run()
    assert "warning: --watch prints the format full, not json\n" in first
    assert "net.py:2:1: note[INI901]" in first
    watcher = start("--output-format", "json", "--output-file", "report.json")
    assert "Found 1 note" in watcher.run()
    assert '"INI901"' in (project / "report.json").read_text(encoding="utf-8")
    write(project / "net.py", CLEAN)
    watcher.run()
    assert '"INI901"' not in (project / "report.json").read_text(encoding="utf-8")


def test_a_terminal_is_cleared_before_each_later_run(project: Path) -> None:
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "initlint", "check", "--watch"],
        cwd=project,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(terminal)

    def read() -> str:
        text = ""
        while WAITS not in text:
            text += os.read(main, 4096).decode()
        return text

    try:
        assert "\x1b[2J" not in read()
        write(project / "net.py", OLD_NAME)
        second = read()
        before, after = second.split("\x1b[2J")
        assert "net.py" not in before
        assert "net.py changed" in after
        assert "INI901" in after
    finally:
        process.kill()
        process.wait(TIMEOUT)
        os.close(main)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-"], "--watch cannot be used with standard input, which does not change"),
        (["--add-noqa"], "--watch cannot be used with --add-noqa"),
        (["--write-baseline", "known.json"], "--watch cannot be used with --write-baseline"),
        (["--show-files"], "--watch cannot be used with --show-files"),
        (["--show-settings"], "--watch cannot be used with --show-settings"),
        (["gone.py", "away"], "gone.py, away: no such file or directory"),
        (["--select", "INI7"], "`INI7`"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_watched_ends_with_one_line(in_directory: Path, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(cli, ["check", "--watch", *arguments], input="")
    assert result.exit_code == 2
    assert message in result.output
    assert result.output.count("\n") == 1


def test_without_the_library_one_line_says_what_to_install() -> None:
    code = "import sys; sys.modules['watchfiles'] = None; from initlint.__main__ import main; main()"
    run = subprocess.run([sys.executable, "-c", code, "check", "--watch"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "Error: --watch needs watchfiles: pip install 'initlint[watch]'\n"
