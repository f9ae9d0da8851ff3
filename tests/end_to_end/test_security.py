"""A project full of traps is linted: nothing of it runs, and what it names is not run either.

A trap is a file that writes a mark if it is executed. Each test also shows that the traps work.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.sources import net

TRAP = """\
import posix
mark = posix.environ[b"MARKS"] + b"/" + __name__.replace(".", "_").encode() + b"-" + str(posix.getpid()).encode()
posix.close(posix.open(mark, posix.O_CREAT | posix.O_WRONLY))
"""

MODULES = """
sitecustomize usercustomize conftest setup noxfile dodo tasks fabfile
json re ast os tomllib tomli pathlib typing dataclasses pickle struct signal multiprocessing concurrent selectors
encodings codecs io abc collections functools subprocess tempfile
torch numpy libcst click rich pathspec platformdirs pygls lsprotocol jinja2 markupsafe grandalf matplotlib pygments
watchfiles flake8 IPython ipykernel
""".split()
"""What runs by itself in other tools, and modules that initlint, its libraries or new processes of Python import."""

PYPROJECT = """
[project]
name = "trapped"
version = "1"
[project.entry-points."initlint"]
trap = "trapped:Plugin"
[project.entry-points."initlint.rules"]
trap = "trapped:Plugin"
[project.entry-points."flake8.extension"]
INX = "trapped:Plugin"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[tool.initlint]
select = ["INI301"]
[[tool.initlint.trace]]
target = "trapped:Net"
[tool.initlint.initializers]
"trapped.init_" = "xavier_uniform_"
[tool.initlint.activations]
"trapped.act" = "relu"
[tool.initlint.base-classes]
"trapped.Base" = ["init_weights"]
"""

NOTEBOOK: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for source in (
            "!touch $MARKS/shell",
            "%run trapped.py",
            "%%bash\ntouch $MARKS/bash",
            "x = !touch $MARKS/assigned",
            "%load_ext trapped",
            "get_ipython().system('touch $MARKS/system')",
            net("xavier_uniform_"),
        )
    ],
}

GIT_CONFIG = """
[core]
    hooksPath = hooks
    fsmonitor = ./run.sh
    pager = ./run.sh
    editor = ./run.sh
    sshCommand = ./run.sh
    excludesFile = ./ignored
    attributesFile = .gitattributes
[filter "trap"]
    clean = ./run.sh
    smudge = ./run.sh
    process = ./run.sh
[diff "trap"]
    command = ./run.sh
    textconv = ./run.sh
[alias]
    ls-files = !./run.sh
    status = !./run.sh
[include]
    path = ./run.sh
"""

NAMES = ("-c.py", "--config.py", "$(touch $MARKS|name).py", "`touch x`.py", ";touch x;.py", "a b'\"&.py")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the names of files and the scripts are those of POSIX")


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def trapped(tmp_path: Path) -> Path:
    root = tmp_path / "trapped"
    for name in MODULES:
        write(root / f"{name}.py", TRAP)
    for name in (
        "initlint/__init__.py",
        "initlint/cli/__init__.py",
        "initlint/__main__.py",
        "trapped.py",
        "backend.py",
    ):
        write(root / name, TRAP)
    for name in ("package/__init__.py", "package/torch/__init__.py", "package/sub/__init__.py", "tests/conftest.py"):
        write(root / name, TRAP + net("xavier_uniform_"))
    for name in NAMES:
        write(root / name.replace("|", " "), TRAP + net("xavier_uniform_"))
    write(root / "net.py", "import trapped, package.sub, json\n" + TRAP + net("xavier_uniform_"))
    write(root / "pyproject.toml", PYPROJECT)
    write(root / "setup.cfg", "[flake8:local-plugins]\nextension =\n    TRP = trapped:Plugin\n")
    write(root / "notebook.ipynb", json.dumps(NOTEBOOK))
    write(root / "matplotlibrc", "text.usetex: True\nbackend: module://trapped\n")
    write(root / "trapped.pth", "import trapped\n")
    write(root / ".gitattributes", "*.py filter=trap diff=trap\n")
    write(root / ".git" / "config", GIT_CONFIG)
    write(root / ".git" / "HEAD", "ref: refs/heads/main\n")
    for script in ("run.sh", "bin/git", "bin/latex", "bin/dvipng", ".git/hooks/post-index-change", "hooks/pre-commit"):
        write(root / script, f"#!/bin/sh\ntouch $MARKS/{Path(script).name}\n")
        (root / script).chmod(0o755)
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def environment(marks: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GIT_"))}
    return {**kept, "MARKS": str(marks), "INITLINT_CACHE_DIR": str(marks.parent / "cache"), **more}


def script(folder: Path, before: str = "") -> Path:
    """What an installation puts on the path: a file that imports initlint, in a folder of its own."""
    file = folder / "scripts" / "initlint-script.py"
    start = f"import sys\nsys.path.insert(1, {str(ROOT)!r})\n{before}from initlint.cli.commands import main\n"
    write(file, f"{start}if __name__ == '__main__':\n    sys.exit(main())\n")
    return file


def run(root: Path, marks: Path, *arguments: str, before: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script(marks.parent, before)), *arguments]
    return subprocess.run(
        command, cwd=root, env=environment(marks, **more), capture_output=True, text=True, check=False, timeout=60
    )


def made(marks: Path) -> list[str]:
    return sorted(path.name for path in marks.iterdir())


def test_the_traps_work(trapped: Path, marks: Path) -> None:
    """Whoever imports, runs or asks git leaves a mark, so none means that nobody did."""
    for name in MODULES:
        code = f"import runpy; runpy.run_path({str(trapped / name)!r} + '.py', run_name={name!r})"
        subprocess.run([sys.executable, "-c", code], env=environment(marks), check=True)
    assert {mark.rpartition("-")[0] for mark in made(marks)} == set(MODULES)
    before = made(marks)
    subprocess.run([sys.executable, "-m", "initlint"], cwd=trapped, env=environment(marks), capture_output=True)
    assert made(marks) != before
    for file in (trapped / "run.sh", trapped / "bin" / "git"):
        subprocess.run([str(file)], env=environment(marks), check=True)
        assert file.name in made(marks)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_runs_what_its_settings_name(trapped: Path, marks: Path) -> None:
    for folder in ("objects", "refs"):
        (trapped / ".git" / folder).mkdir()
    write(trapped / ".git" / "config", GIT_CONFIG.replace("path = ./run.sh", ""))
    subprocess.run(["git", "add", "net.py"], cwd=trapped, env=environment(marks), capture_output=True)
    assert "run.sh" in made(marks)


COMMANDS = {
    "check": ["check", "--output-format", "concise"],
    "another folder": ["check", "--output-format", "json", "package"],
    "without cache": ["check", "--no-cache", "--select", "ALL", "--jobs", "4"],
    "graph": ["graph"],
    "diff": ["check", "--diff", "--unsafe-fixes"],
    "settings": ["check", "--show-settings"],
    "files": ["check", "--show-files"],
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_a_run_executes_nothing_of_the_project(trapped: Path, marks: Path, arguments: list[str]) -> None:
    path = os.pathsep.join([str(trapped / "bin"), os.environ["PATH"]])
    done = run(trapped, marks, *arguments, PATH=path, PYTHONSTARTUP=str(trapped / "trapped.py"))
    assert done.returncode in (0, 1)
    assert ("Traceback" in done.stderr, made(marks)) == (False, [])


def test_the_models_of_the_traps_are_linted(trapped: Path, marks: Path) -> None:
    done = run(trapped, marks, "check", "--output-format", "json")
    files = {finding["file"] for finding in json.loads(done.stdout)["diagnostics"]}
    assert {"net.py", "notebook.ipynb", "package/__init__.py", "-c.py"} <= files
    assert made(marks) == []


def test_fixing_executes_nothing_of_the_project(trapped: Path, marks: Path) -> None:
    done = run(trapped, marks, "check", "--fix", "--unsafe-fixes", "--output-format", "concise")
    assert "Fixed" in done.stdout
    assert "kaiming" in (trapped / "net.py").read_text(encoding="utf-8")
    assert made(marks) == []


def test_the_page_executes_nothing_of_the_project(trapped: Path, marks: Path) -> None:
    pytest.importorskip("matplotlib")
    path = os.pathsep.join([str(trapped / "bin"), os.environ["PATH"]])
    done = run(trapped, marks, "report", ".", "--html", "../page.html", PATH=path)
    assert (done.returncode, done.stderr, made(marks)) == (0, "", [])
    assert "<svg" in (trapped.parent / "page.html").read_text(encoding="utf-8")


def test_new_interpreters_import_nothing_of_the_current_folder(trapped: Path, marks: Path) -> None:
    """As on macOS and Windows, where worker processes do not fork."""
    for number in range(8):
        write(trapped / f"large{number}.py", "#" * 100_000 + "\n" + net("xavier_uniform_"))
    spawn = "import initlint.linter.process_pool as pool\npool._FORKS = False\n"
    done = run(trapped, marks, "check", "--jobs", "2", "--output-format", "concise", before=spawn)
    assert "large7.py" in done.stdout
    assert ("Traceback" in done.stderr, made(marks)) == (False, [])
    code = "import multiprocessing as m, os; p = m.get_context('spawn').Process(target=os.getpid); p.start(); p.join()"
    start = f"import sys\nif __name__ == '__main__':\n    {code}\n"
    write(marks.parent / "scripts" / "spawns.py", start)
    subprocess.run([sys.executable, str(marks.parent / "scripts" / "spawns.py")], cwd=trapped, env=environment(marks))
    assert made(marks) != []  # without what initlint does


def test_the_language_server_executes_nothing_of_the_project(trapped: Path, marks: Path) -> None:
    pytest.importorskip("pygls")
    uri = (trapped / "net.py").as_uri()
    document = {"uri": uri, "languageId": "python", "version": 1, "text": net("xavier_uniform_")}
    capabilities: dict[str, object] = {}
    opening = [
        {"id": 1, "method": "initialize", "params": {"rootUri": trapped.as_uri(), "capabilities": capabilities}},
        {"method": "initialized", "params": {}},
        {"method": "textDocument/didOpen", "params": {"textDocument": document}},
        {"id": 2, "method": "textDocument/diagnostic", "params": {"textDocument": {"uri": uri}}},
    ]
    command = [sys.executable, str(script(marks.parent)), "server"]
    with subprocess.Popen(
        command, cwd=trapped, env=environment(marks), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for message in opening:
            body = json.dumps({"jsonrpc": "2.0", **message}).encode()
            server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        server.stdin.flush()
        answers = iter(lambda: read_message(server.stdout), {})
        (answer,) = islice((answer for answer in answers if answer.get("id") == 2), 1)
        server.kill()
    assert [item["code"] for item in answer["result"]["items"]] == ["INI301"]
    assert made(marks) == []


def read_message(stream: Any) -> dict[str, Any]:
    length = 0
    while header := stream.readline().strip():
        name, _, value = header.partition(b":")
        length = int(value) if name == b"Content-Length" else length
    message: dict[str, Any] = json.loads(stream.read(length) or b"{}")
    return message


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**42)


def link(path: Path, target: str) -> None:
    path.symlink_to(target)


def pipe(path: Path) -> None:
    os.mkfifo(path)


DEEP, DIGITS = "[" * 200_000, "9" * 5_000
BASELINE = '{"version": 1, "findings": [{"file": "a", "code": "INI301", "text": "x", "count": %s}]}'
BOMB = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{'*' + before + ','}{'*' + before}]\n" for before, name in pairwise("abcdefghijkl")
)

SETTINGS: dict[str, Callable[[Path], object]] = {
    "a pipe": pipe,
    "a device": lambda path: link(path, "/dev/zero"),
    "terabytes": sparse,
    "bytes": lambda path: path.write_bytes(bytes(range(256)) * 4),
    "depth": lambda path: write(path, f"select = {DEEP}"),
    "a long key": lambda path: write(path, "a" + ".a" * 100_000 + " = 1"),
    "digits": lambda path: write(path, f"select = {DIGITS}"),
    "types": lambda path: write(path, "select = {a = [1979-05-27, inf]}"),
    "a circle": lambda path: write(path, 'extend = "initlint.toml"'),
    "NUL": lambda path: write(path, 'extend = "a\\u0000b"'),
    "a long name": lambda path: write(path, f'extend = "{"a" * 5_000}"'),
    "a user": lambda path: write(path, 'extend = "~no-such-user/a"'),
    "wildcards": lambda path: write(path, f'extend-exclude = ["{"*a" * 30}b", "{"**/a/" * 30}b"]'),
    "a baseline that is a device": lambda path: write(path, 'baseline = "/dev/zero"'),
    "a baseline with NUL": lambda path: write(path, 'baseline = "a\\u0000b"'),
}
HARMLESS = {"a pipe", "a device", "wildcards"}
"""What is no regular file is no file of settings, and a pattern may have any length."""


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_cost_one_line(tmp_path: Path, marks: Path, name: str) -> None:
    root = tmp_path / "project"
    write(root / "net.py", net("xavier_uniform_"))
    write(root / f"{'a' * 120}.py", "import torch\n")
    SETTINGS[name](root / "initlint.toml")
    done = run(root, marks, "check", "--output-format", "concise")
    if name in HARMLESS:
        assert (done.returncode, done.stderr) == (1, "")
        assert "net.py:9:9: " in done.stdout
    else:
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith("Error: ")


def test_hostile_files_cost_one_line_each_and_the_findings_in_others_stay(tmp_path: Path, marks: Path) -> None:
    root = tmp_path / "project"
    write(root / "net.py", net("xavier_uniform_"))
    write(root / ".git" / "config", "[core]\nexcludesFile = /dev/zero\n")
    link(root / ".gitignore", "/dev/zero")
    pipe(root / "config.yaml")
    write(root / "bomb.yaml", BOMB)
    pipe(root / "pipe.py")
    link(root / "zero.py", "/dev/zero")
    link(root / "circle.py", "circle.py")
    link(root / "folder", ".")
    for name in ("large.py", "large.ipynb", "large.yaml"):
        sparse(root / name)
    write(root / "deep.py", f"import torch\nx = {DEEP}")
    write(root / "deep.ipynb", f'["torch", {DEEP}')
    write(root / "digits.ipynb", f'{{"nbformat": {DIGITS}, "torch": 1}}')
    write(root / "nul.py", "import torch\0")
    done = run(root, marks, "check", "--select", "INI301", "--output-format", "concise")
    assert (done.returncode, done.stderr) == (1, "")
    *lines, _ = done.stdout.splitlines()
    assert sorted(line.partition(":")[0] for line in lines if "INI000" in line) == [
        *("deep.ipynb", "deep.py", "digits.ipynb", "large.ipynb", "large.py", "nul.py")
    ]
    (finding,) = (line for line in lines if "INI000" not in line)
    assert finding.startswith("net.py:9:9: ")


BASELINES: dict[str, Callable[[Path], object]] = {
    "terabytes": sparse,
    "a pipe": pipe,
    "depth": lambda path: write(path, DEEP),
    "bytes": lambda path: path.write_bytes(bytes(range(256))),
    "digits": lambda path: write(path, BASELINE % DIGITS),
    "many": lambda path: write(path, BASELINE % 10**15),
}


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_costs_one_line(tmp_path: Path, marks: Path, name: str) -> None:
    root = tmp_path / "project"
    write(root / "net.py", net("xavier_uniform_"))
    BASELINES[name](root / "b.json")
    done = run(root, marks, "check", "--baseline", "b.json")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "b.json" in done.stderr


@pytest.mark.parametrize("name", [*BASELINES][:4])
def test_a_cache_changes_no_finding(tmp_path: Path, marks: Path, name: str) -> None:
    root, cache = tmp_path / "project", tmp_path / "cache"
    write(root / "net.py", net("xavier_uniform_"))
    first = run(root, marks, "check", "--output-format", "concise")
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.unlink()
        BASELINES[name](path)
    again = run(root, marks, "check", "--output-format", "concise")
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)
    assert "Traceback" not in again.stderr
