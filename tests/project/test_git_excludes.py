"""`.git/info/exclude` and `core.excludesFile`, with git itself as the judge."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from initlint.project.discovery import discover
from initlint.project.settings import Settings


def git(*arguments: str, folder: Path | None = None) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture(autouse=True)
def repository(in_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository below a home folder of its own, which is the current folder."""
    monkeypatch.setenv("HOME", str(in_directory))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    root = in_directory / "repository"
    for name in ("a.py", "private.py", "mine.py", "sub/b.py", "sub/mine.py", "kept/private.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("", encoding="utf-8")
    git("init", "-q", str(root))
    monkeypatch.chdir(root)
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def linted(*paths: str, settings: Settings | None = None) -> list[str]:
    return [file.as_posix() for file in discover(map(Path, paths or (".",)), settings or Settings()).values()]


def seen_by_git() -> list[str]:
    return sorted(git("ls-files", "--others", "--exclude-standard", "*.py").splitlines())


def test_the_exclude_file_of_the_repository(repository: Path) -> None:
    write(repository / ".git" / "info" / "exclude", "# of git\n/private.py\nmine.py\n")
    assert linted() == seen_by_git() == ["a.py", "kept/private.py", "sub/b.py"]
    assert linted("sub") == ["sub/b.py"]
    assert linted("mine.py") == ["mine.py"]
    assert linted("mine.py", settings=Settings(force_exclude=True)) == []
    assert "mine.py" in linted(settings=Settings(respect_gitignore=False))


def test_a_gitignore_file_goes_before_it(repository: Path) -> None:
    write(repository / ".git" / "info" / "exclude", "private.py\n")
    write(repository / "kept" / ".gitignore", "!private.py\n")
    assert linted() == seen_by_git() == ["a.py", "kept/private.py", "mine.py", "sub/b.py", "sub/mine.py"]


@pytest.mark.parametrize(
    ("config", "file"),
    [
        (None, ".config/git/ignore"),
        ("[core]\n\texcludesFile = ~/ignored\n", "ignored"),
        ('[user]\n\tname = a\n[Core]\n  excludesfile = "~/ignored" # mine\n', "ignored"),
    ],
)
def test_the_file_of_the_user(repository: Path, config: str | None, file: str) -> None:
    if config is not None:
        write(repository.parent / ".gitconfig", config)
    write(repository.parent / file, "mine.py\n")
    assert linted() == seen_by_git() == ["a.py", "kept/private.py", "private.py", "sub/b.py"]


def test_a_worktree_shares_the_files_of_its_repository(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("commit", "-q", "--allow-empty", "-m", "first")
    tree = repository.parent / "tree"
    git("worktree", "add", "-q", str(tree))
    write(repository / ".git" / "info" / "exclude", "mine.py\n")
    write(tree / "mine.py", "")
    write(tree / "other.py", "")
    monkeypatch.chdir(tree)
    assert linted() == seen_by_git() == ["other.py"]


@pytest.mark.parametrize("config", ["[core]\nexcludesFile = /dev/zero\n", "[core]\nexcludesFile = a\0b\n", "[core\n"])
def test_settings_of_git_that_name_no_file_of_patterns(repository: Path, config: str) -> None:
    write(repository / ".git" / "config", config)
    assert "a.py" in linted()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("name", [".gitignore", ".git/info/exclude", ".git/config", "sub/.gitignore"])
def test_a_pipe_in_the_place_of_a_file_of_patterns(repository: Path, name: str) -> None:
    (repository / name).unlink(missing_ok=True)
    (repository / name).parent.mkdir(exist_ok=True)
    os.mkfifo(repository / name)
    assert {"a.py", "sub/b.py"} <= set(linted())


@pytest.mark.parametrize("text", ["gitdir: a\0b", f"gitdir: {'a' * 5000}", "", "gitdir: /dev/zero"])
def test_a_git_file_that_leads_nowhere(repository: Path, text: str) -> None:
    shutil.rmtree(repository / ".git")
    write(repository / ".git", text)
    assert "a.py" in linted()
