"""What git ignores beside .gitignore files: `.git/info/exclude`, and the file that `core.excludesFile` names.

Source: https://git-scm.com/docs/gitignore and https://git-scm.com/docs/git-config#Documentation/git-config.txt-coreexcludesFile
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from initlint.project.file_io import read_lines
from initlint.project.gitignore import Patterns

_SECTION = re.compile(r"\s*\[\s*(?P<name>[^\]\s\"]+)[^\]]*\]")
_EXCLUDES_FILE = re.compile(r"\s*excludesfile\s*=\s*(?P<value>.*?)\s*(?:[#;].*)?", re.IGNORECASE)


def patterns(repository: str) -> tuple[Patterns, ...]:
    """The patterns of both files for the repository at `repository`, that of the user first. Lines of git's own
    configuration that include other files are not followed.
    """
    git = _git_folder(Path(repository, ".git"))
    files = (_user_file(git), git / "info" / "exclude")
    return tuple(Patterns.of(repository, lines) for lines in map(read_lines, files) if lines)


def _git_folder(entry: Path) -> Path:
    """The folder that the repository shares with its worktrees. In a worktree or submodule `.git` is a file."""
    if not entry.is_file():
        return entry
    folder = entry.parent / "".join(read_lines(entry)).removeprefix("gitdir:").strip()
    common = "".join(read_lines(folder / "commondir")).strip()
    return folder / common if common else folder


def _user_file(git: Path) -> Path:
    home = Path(os.path.expanduser("~"))
    configured = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    named = configured / "git" / "ignore"
    for config in (Path("/etc/gitconfig"), configured / "git" / "config", home / ".gitconfig", git / "config"):
        for value in _excludes_files(config):
            named = git.parent / os.path.expanduser(value.strip('"'))
    return named


def _excludes_files(config: Path) -> Iterator[str]:
    section = ""
    for line in read_lines(config):
        if found := _SECTION.match(line):
            section = found["name"].lower()
            line = line[found.end() :]
        if section == "core" and (setting := _EXCLUDES_FILE.fullmatch(line)):
            yield setting["value"]
