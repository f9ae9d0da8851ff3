"""The hooks, as the real pre-commit program runs them on a repository that is made here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SHIPPED = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "initlint")
OFFLINE = re.compile(
    "could not find a version|no matching distribution|connection|temporary failure|name or service not known"
    "|network is unreachable|timed out|getaddrinfo",
    re.IGNORECASE,
)

BAD = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 8)
        nn.init.xavier_uniform(self.fc1.weight)

    def forward(self, x):
        return self.fc1(x)
"""

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.skipif(
        subprocess.run([sys.executable, "-m", "pre_commit", "--version"], capture_output=True, check=False).returncode
        != 0,
        reason="pre-commit is not installed",
    ),
]


class Repository:
    """A git repository of its own, whatever the user's configuration and the hook that may run these tests."""

    def __init__(self, path: Path, cache: Path) -> None:
        path.mkdir()
        self.path = path
        identity = {
            f"GIT_{who}_{what}": f"{who}@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self.env = {**clean, **identity, "GIT_CONFIG_GLOBAL": os.devnull, "PRE_COMMIT_HOME": str(cache)}
        self.run("git", "init", "--quiet")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.path, env=self.env, capture_output=True, encoding="utf-8", timeout=300, check=False
        )

    def commit(self) -> str:
        """Commit all there is; the name of the commit."""
        for command in (["add", "--all"], ["commit", "--quiet", "--message", "all"]):
            done = self.run("git", *command)
            assert done.returncode == 0, done.stderr
        return self.run("git", "rev-parse", "HEAD").stdout.strip()

    def pre_commit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "pre_commit", *arguments)


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A user's repository with both hooks installed from a clone of this one."""
    directory = tmp_path_factory.mktemp("pre_commit")
    cache = directory / "cache"
    hooks = Repository(directory / "hooks", cache)
    for name in SHIPPED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, hooks.path / name)
    revision = hooks.commit()
    repository = Repository(directory / "user", cache)
    (repository.path / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks.path.as_posix()}\n  rev: {revision}\n  hooks: [{{id: initlint}}, {{id: initlint-fix}}]\n",
        encoding="utf-8",
    )
    repository.commit()
    installed = repository.pre_commit("install-hooks")
    if installed.returncode and OFFLINE.search(installed.stdout + installed.stderr):
        pytest.skip("pre-commit cannot install initlint's dependencies here")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return repository


@pytest.fixture(autouse=True)
def net(user: Repository) -> Path:
    path = user.path / "net.py"
    path.write_text(BAD, encoding="utf-8")
    (user.path / "notes.txt").write_text(BAD, encoding="utf-8")
    user.run("git", "add", "--all")
    return path


def test_findings_fail_the_hook(user: Repository, net: Path) -> None:
    done = user.pre_commit("run", "initlint")
    assert done.returncode == 1
    assert "net.py:8:" in done.stdout
    assert "INI901" in done.stdout
    assert "notes.txt" not in done.stdout
    assert net.read_text(encoding="utf-8") == BAD


def test_clean_files_pass(user: Repository, net: Path) -> None:
    net.write_text(BAD.replace("xavier_uniform", "xavier_uniform_"), encoding="utf-8")
    user.run("git", "add", "--all")
    done = user.pre_commit("run", "initlint")
    assert (done.returncode, "Passed" in done.stdout) == (0, True), done.stdout


def test_excluded_files_pass(user: Repository) -> None:
    settings = user.path / "initlint.toml"
    settings.write_text('extend-exclude = ["net.py"]\n', encoding="utf-8")
    try:
        assert user.pre_commit("run", "initlint").returncode == 0
    finally:
        settings.unlink()


def test_the_fixing_hook_rewrites_and_fails_once(user: Repository, net: Path) -> None:
    done = user.pre_commit("run", "initlint-fix")
    assert done.returncode == 1
    assert "files were modified by this hook" in done.stdout
    assert net.read_text(encoding="utf-8") == BAD.replace("xavier_uniform", "xavier_uniform_")
    user.run("git", "add", "--all")
    assert user.pre_commit("run", "initlint-fix").returncode == 0
