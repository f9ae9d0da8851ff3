from __future__ import annotations

from pathlib import Path

import pytest
from pathspec import GitIgnoreSpec

from initlint.project.gitignore import Patterns, is_valid

PATHS = (
    "/p/a.py",
    "/p/venv/a.py",
    "/p/x/venv/a.py",
    "/p/x/venvs/a.py",
    "/p/.venv/a.py",
    "/p/build",
    "/p/x/gen/a.py",
    "/p/gen/a.py",
    "/q/venv/a.py",
    "/p",
)


@pytest.mark.parametrize(
    "lines",
    [
        ("venv", ".venv", "gen"),
        ("# venv", "", "a.py"),
        ("venv/", "/gen", "*.py"),
        ("venv", "!x/venv"),
        ("gen ", "\\gen", "ve[n]v"),
        (".", ".."),
        ("x/gen", "build", "**/venv"),
    ],
    ids=", ".join,
)
def test_names_and_other_patterns_leave_out_what_git_does(lines: tuple[str, ...]) -> None:
    patterns, spec = Patterns.of("/p", lines), GitIgnoreSpec.from_lines(lines)
    for path in PATHS:
        relative = path.removeprefix("/p/") if path.startswith("/p/") else {"/p": "."}.get(path, path.lstrip("/"))
        for is_directory in (False, True):
            expected = spec.check_file(f"{relative}/" if is_directory else relative).include
            assert patterns.decide(path, is_directory) == expected, path


def test_plain_names_need_no_other_library() -> None:
    assert Patterns.of("/p", ("venv", ".git", "")).ordered == ()


UNMATCHABLE = ("!", "\\", "a\\", "[z-a]")


@pytest.mark.parametrize("pattern", UNMATCHABLE)
def test_a_pattern_that_matches_nothing_leaves_the_others(pattern: str, tmp_path: Path) -> None:
    patterns = Patterns.of(str(tmp_path), ["/top.py", pattern, "*.tmp"])
    assert patterns.decide(str(tmp_path / "top.py"), is_directory=False)
    assert patterns.decide(str(tmp_path / "sub" / "x.tmp"), is_directory=False)
    assert patterns.decide(str(tmp_path / "net.py"), is_directory=False) is None
    assert not is_valid(pattern)
