"""Whatever a module does, it costs its own target one line, and no other target anything."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from initlint.cli.commands import cli
from initlint.project.trace_targets import TargetSpec
from initlint.project.user_tables import UserTables
from initlint.tracers.fx import Limits, TraceContext, WorkerError, trace_models

GOOD = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
    def forward(self, x):
        return self.fc(x).relu()
"""

HOSTILE = {
    "exits.py": ("import sys\nsys.exit(3)", "it called sys.exit(3)"),
    "leaves.py": ("import os\nos._exit(5)", "the process ended with status 5"),
    "crashes.py": ("import ctypes\nctypes.string_at(0)", "was ended by SIGSEGV"),
    "hangs.py": ("while True:\n    pass", "it took longer than 6 seconds"),
    "exits_late.py": ("import atexit, sys\natexit.register(lambda: 1 / 0)\nsys.exit('no')", "it called sys.exit(no)"),
    "allocates.py": ("memory = bytearray(100 * 2**30)", "MemoryError"),
    "forks.py": ("import os\nos.fork()", "it tried to start a process"),
    "connects.py": (
        "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)",
        "it tried to use the network",
    ),
    "sends.py": (
        "import socket\nsocket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        "it tried to use the network",
    ),
    "sends_buffers.py": (
        "import socket\nsocket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('127.0.0.1', 9))",
        "it tried to use the network",
    ),
    "resolves.py": ("import socket\nsocket.gethostbyname('localhost')", "it tried to use the network"),
    "downloads.py": (
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
        "it tried to use the network",
    ),
    "forks_a_pool.py": (
        "import multiprocessing as m\nm.get_context('fork').Process(target=print).start()",
        "it tried to start a process",
    ),
    "is_broken.py": ("def", "SyntaxError"),
    "raises.py": ("class Odd(Exception):\n    def __str__(self): return 'a\\nb\\x1b[31m'\nraise Odd", "Odd: a"),
}

HARMLESS = {
    "prints.py": "import os\nos.write(1, b'noise' * 9999)\nos.write(2, b'noise')\nprint('more')\n" + GOOD,
    "deletes.py": "import os\nos.remove(__file__)\n" + GOOD,
    "warns.py": "import warnings\nwarnings.warn('careful')\n" + GOOD,
    "closes.py": "import os\nos.close(1)\nos.close(2)\n" + GOOD,
    "random.py": GOOD,
}


SECONDS = "6"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits and signals are those of POSIX")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("hostile")
    files = {name: code for name, (code, _) in HOSTILE.items()} | HARMLESS
    for name, code in files.items():
        (folder / name).write_text(code)
    (folder / "torch.py").write_text("raise RuntimeError('the wrong torch')")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        targets = [f"{name}:Net" for name in files]
        return CliRunner().invoke(cli, ["trace", "--output-format", "json", "--time-limit", SECONDS, *targets])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_module_costs_one_line(result: Result, name: str) -> None:
    (line,) = [line for line in result.stderr.splitlines() if name in line.partition(": ")[2]]
    assert line.startswith(f"initlint: {name}:Net: cannot be imported: ")
    assert HOSTILE[name][1] in line


@pytest.mark.parametrize("name", HARMLESS)
def test_the_others_are_traced(result: Result, name: str) -> None:
    (model,) = [model for model in json.loads(result.stdout)["models"] if model["file"] == name]
    followed = [(layer["path"], layer["followed_by"][0]["op"]) for layer in model["layers"]]
    assert followed == [("fc", "relu")]


def test_nothing_else_is_said_and_the_exit_status_tells(result: Result) -> None:
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == len(HOSTILE)
    assert len(json.loads(result.stdout)["models"]) == len(HARMLESS)


def test_a_file_whose_import_does_not_end_is_tried_once(in_directory: Path) -> None:
    tries = in_directory / "tries.txt"
    (in_directory / "hangs.py").write_text(f"open({str(tries)!r}, 'a').write('.')\nwhile True: pass")
    (in_directory / "net.py").write_text(GOOD)
    targets = ["hangs.py:One", "hangs.py:Two", "net.py:Net"]
    result = CliRunner().invoke(cli, ["trace", "--time-limit", SECONDS, *targets])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"initlint: {target}: cannot be imported: it took longer than {SECONDS} seconds" for target in targets[:2]
    ]
    assert result.stdout.startswith("Net  net.py:")
    assert tries.read_text() == "."


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process shows its environment")
def test_a_child_with_a_session_of_its_own_ends_with_the_worker(in_directory: Path) -> None:
    started = "subprocess.Popen([sys.executable, '-c', 'while True: pass'], start_new_session=True).pid"
    note = f"import pathlib, subprocess, sys\npathlib.Path('pid.txt').write_text(str({started}))\n"
    (in_directory / "starts.py").write_text(note + GOOD)
    result = CliRunner().invoke(cli, ["trace", "starts.py:Net"])
    assert result.exit_code == 0
    child = Path("/proc", (in_directory / "pid.txt").read_text(), "cmdline")
    deadline = time.monotonic() + 60
    while child.exists() and child.read_bytes():  # one that has ended but was not asked how has no command
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process shows its environment")
def test_processes_that_start_others_end_with_the_worker(in_directory: Path) -> None:
    """Eight shells, each of which starts another one all the time and leaves it behind."""
    shell = "n=0; while [ $n -lt 400 ]; do n=$((n+1)); (echo $$ >> pids.txt; exec sleep 600) & done; wait"
    start = f"subprocess.Popen(['setsid', 'sh', '-c', {shell!r}])\n" * 8
    (in_directory / "starts.py").write_text(f"import subprocess\n{start}while True: pass\n")
    result = CliRunner().invoke(cli, ["trace", "--time-limit", "2", "starts.py:Net"])
    assert "it took longer than 2 seconds" in result.stderr
    assert (in_directory / "pids.txt").exists()
    deadline = time.monotonic() + 60
    while left := [path for path in Path("/proc").glob("[0-9]*/cwd") if is_link_to(path, in_directory)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def is_link_to(link: Path, folder: Path) -> bool:
    try:
        return link.parent.name != str(os.getpid()) and Path(os.readlink(link)) == folder
    except OSError:
        return False


WRITES = """
import os, pathlib, tempfile
for folder in (pathlib.Path.home(), pathlib.Path(os.path.expanduser("~")), pathlib.Path(tempfile.gettempdir())):
    (folder / "written.txt").write_text("x")
for name in FOLDERS:
    pathlib.Path(os.environ[name], name).write_text("x")
assert not os.listdir(os.environ["HOME"]) == []
"""


def test_the_home_folder_and_those_of_libraries_are_not_written_to(
    in_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = in_directory / "home"
    home.mkdir()
    names = ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TORCH_HOME", "HF_HOME", "TMPDIR"]
    for name in names:
        monkeypatch.setenv(name, str(home))
    code = WRITES.replace("FOLDERS", repr(names)) + GOOD
    (in_directory / "writes.py").write_text(code)
    result = CliRunner().invoke(cli, ["trace", "writes.py:Net"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(path.name for path in in_directory.rglob("*")) == ["home", "writes.py"]


def test_memory_has_a_limit_that_the_user_sets(in_directory: Path) -> None:
    (in_directory / "net.py").write_text("memory = bytearray(3 * 2**30)\n" + GOOD)
    small = CliRunner().invoke(cli, ["trace", "--memory-limit", "2", "net.py:Net"])
    assert "MemoryError" in small.stderr
    assert (small.exit_code, small.stderr.count("\n")) == (1, 1)


def test_a_file_beside_the_target_is_no_module_of_the_worker(in_directory: Path) -> None:
    for name in ("building", "sandbox", "tracing", "json_values", "run_request"):
        (in_directory / f"{name}.py").write_text("raise RuntimeError('the wrong module')")
    (in_directory / "net.py").write_text(GOOD)
    assert CliRunner().invoke(cli, ["trace", "net.py:Net"]).exit_code == 0


def test_the_static_findings_of_a_hostile_file_stand(in_directory: Path) -> None:
    model = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(8, 8), nn.Linear(8, 8)
        nn.init.xavier_uniform_(self.one.weight)

    def forward(self, x):
        return self.two(self.one(x).relu())
"""
    (in_directory / "exits.py").write_text(f"{model}\nraise SystemExit(3)")
    (in_directory / "net.py").write_text(model)
    result = CliRunner().invoke(cli, ["check", "--trace", "--select", "INI301", "--output-format", "concise", "."])
    assert result.exit_code == 1
    first, second, summary = result.stdout.splitlines()
    assert first.startswith("exits.py:8:9: note[INI301] ")
    assert first.endswith(" [static]")
    assert second.startswith("net.py:8:9: note[INI301] ")
    assert second.endswith(" [static+fx]")
    assert summary.startswith("Found 2 notes")
    (warning,) = result.stderr.splitlines()
    assert warning.startswith("warning: exits.py: cannot be imported: it called sys.exit(3) (")


@pytest.mark.parametrize(("python", "message"), [("/no/such/python", "cannot be started"), ("/bin/false", "status 1")])
def test_an_interpreter_that_cannot_trace_is_an_error(python: str, message: str) -> None:
    context = TraceContext(Limits(python), [], UserTables(), lambda _: None, lambda file: file)
    with pytest.raises(WorkerError, match=message):
        trace_models([TargetSpec("net", "Net")], context)


def test_nothing_to_trace_starts_nothing() -> None:
    context = TraceContext(Limits("/no/such/python"), [], UserTables(), lambda _: None, lambda file: file)
    assert trace_models([], context) == []
