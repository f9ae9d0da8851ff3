"""The wheel and the source archive: what they hold, and that the installed wheel runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.paths import FIXTURES, PACKAGE, ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
INCLUDED = tuple(name.removeprefix("/") for name in PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
ALWAYS = {".gitignore", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
"""Hatchling adds these to each source archive."""
COMMAND = "initlint check fixtures/"
CHECKOUT = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from initlint.__main__ import main; main()"
"""A script that runs the command line of the checkout in any folder."""
MISSING = [name for name in ("build", "hatchling", "pip", "twine") if find_spec(name) is None]
OFFLINE = re.compile("could not find a version|no matching distribution|connection|timed out|getaddrinfo", re.I)

needs_build = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command that imports no initlint from the checkout unless it runs there."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, encoding="utf-8", timeout=300, check=False)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The source archive and the wheel that is built from it, by suffix."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.suffix: path for path in folder.iterdir()}


@needs_build
def test_the_metadata_is_valid(archives: dict[str, Path]) -> None:
    done = run(sys.executable, "-m", "twine", "check", "--strict", *archives.values())
    assert done.returncode == 0, done.stdout + done.stderr


@needs_build
def test_the_wheel_holds_the_package_and_nothing_else(archives: dict[str, Path]) -> None:
    with zipfile.ZipFile(archives[".whl"]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    files = (path for path in PACKAGE.rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    assert names == {path.relative_to(ROOT).as_posix() for path in files}
    assert {"initlint/py.typed", "initlint/tracers/fx/worker/__main__.py"} <= names
    assert any(name.endswith(".html") for name in names)


@needs_build
def test_the_source_archive_holds_what_the_tests_need_and_nothing_else(archives: dict[str, Path]) -> None:
    with tarfile.open(archives[".gz"]) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    assert names >= ALWAYS
    assert {name for name in names - ALWAYS if not name.startswith(INCLUDED)} == set()
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard").stdout.splitlines()
    expected = {name for name in listed if name.startswith(INCLUDED) and (ROOT / name).is_file()}
    assert names - ALWAYS == expected - ALWAYS


@needs_build
def test_the_installed_wheel_runs_the_first_command_of_the_readme(archives: dict[str, Path], tmp_path: Path) -> None:
    assert f"$ pip install . && {COMMAND}\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    environment = tmp_path / "environment"
    assert run(sys.executable, "-m", "venv", "--without-pip", environment).returncode == 0
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    installed = run(sys.executable, "-m", "pip", "--python", scripts / "python", "install", archives[".whl"])
    if installed.returncode and OFFLINE.search(installed.stderr):
        pytest.skip("pip cannot install initlint's dependencies here")
    assert installed.returncode == 0, installed.stderr
    assert run(scripts / "python", "-c", "import torch", cwd=tmp_path).returncode == 1
    shutil.copytree(FIXTURES, tmp_path / "fixtures", ignore=shutil.ignore_patterns("__pycache__"))
    arguments = COMMAND.split()[1:]
    done = run(scripts / "initlint", *arguments, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stdout == run(sys.executable, "-c", CHECKOUT, *arguments, cwd=tmp_path).stdout
    assert run(scripts / "python", "-m", "initlint", "--version", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "value",
    [*PROJECT["project"]["scripts"].values(), *PROJECT["project"]["entry-points"]["flake8.extension"].values()],
)
def test_entry_points_can_be_loaded(value: str) -> None:
    assert callable(EntryPoint("name", value, "group").load())
