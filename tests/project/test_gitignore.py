from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pathspec import GitIgnoreSpec

from initlint.project.gitignore import Patterns, is_valid, without_backtracking
from tests.support.paths import ROOT

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


GLOBS = ("a", "b", "*", "*", "?", "[ab]", "[!a]", ".", "\\*", "[]a]", "**")


def random_pattern(numbers: random.Random) -> str:
    names = ["".join(numbers.choices(GLOBS, k=numbers.randint(1, 5))) for _ in range(4)]
    parts = numbers.choices(["**", "**", "*", "a", *names], k=numbers.randint(1, 5))
    return numbers.choice(["", "/", "!"]) + "/".join(parts) + numbers.choice(["", "/"])


def random_path(numbers: random.Random) -> str:
    names = ("".join(numbers.choices("aab.*", k=numbers.randint(1, 5))) for _ in range(numbers.randint(1, 6)))
    return "/".join(names) + numbers.choice(["", "/"])


def test_without_backtracking_a_pattern_matches_the_same() -> None:
    numbers, compared = random.Random(0), 0
    for _ in range(3_000):
        (pattern,) = GitIgnoreSpec.from_lines([random_pattern(numbers)]).patterns
        if pattern.regex is None:
            continue
        # A class with `!` matches `/` in pathspec, and not in git.
        expected = re.compile(pattern.regex.pattern.replace("[^a]", "(?!/)[^a]"))
        made = re.compile(without_backtracking(pattern.regex.pattern))
        for path in (random_path(numbers) for _ in range(5)):
            one, other = expected.match(path), made.match(path)
            assert (one and one.groupdict()) == (other and {key: other[key] for key in expected.groupindex})
            compared += one is not None
    assert compared > 1_000


HOSTILE = {
    "*a" * 40 + "b": "a" * 255,
    "**/a/" * 30 + "b": "a/" * 1900 + "c",
    "*[ab]" * 60 + "z": "ab" * 120,
    "**/*a*a*a*a*b*/" * 10 + "q": "/".join(["aaaaaaaaaaaaab"] * 250),
    "*" * 200 + "b": "a" * 255,
    "?*" * 60 + "b": "a" * 255,
}


@pytest.mark.parametrize("pattern", HOSTILE)
def test_a_pattern_of_many_wildcards_takes_no_exponential_time(pattern: str) -> None:
    code = (
        "import sys; from initlint.project.gitignore import Patterns; "
        "print(Patterns.of('/p', [sys.argv[1]]).decide('/p/' + sys.argv[2], False))"
    )
    command = [sys.executable, "-c", code, pattern, HOSTILE[pattern]]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == "None\n"
