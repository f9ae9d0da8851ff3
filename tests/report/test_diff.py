"""`git apply` takes what `unified_diff` says, and gives the same bytes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from initlint.report.diff import unified_diff

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

LINES = b"".join(b"line %d\n" % number for number in range(40))


def test_equal_bytes_have_no_diff() -> None:
    assert unified_diff("a.py", b"x", b"x") == ""


def test_paths_are_relative_to_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    diff = unified_diff(str(tmp_path / "src" / "net.py"), b"a\n", b"b\n")
    assert diff == "--- a/src/net.py\n+++ b/src/net.py\n@@ -1 +1 @@\n-a\n+b\n"


@needs_git
@pytest.mark.parametrize(
    "name", ["net.py", "my net.py", 'q"uote.py', "back\\slash.py", "größe.py", "tab\there.py", "d/e.py"]
)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (LINES, LINES.replace(b"line 3\n", b"changed\n").replace(b"line 33\n", b"")),
        (b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\n"),
        (b"a\nb", b"a\nc"),
        (b"a\nb", b"a\nb\n"),
        (b"a\rb\nc\x0cd\nlast", b"a\rB\nc\x0cD\nlast"),
        (b"# coding: latin-1\nx = '\xe9'\ny = 1\n", b"# coding: latin-1\nx = '\xe8'\ny = 2\n"),
        (b"\xef\xbb\xbfx = '\xe2\x80\xa8'\n", b"\xef\xbb\xbfy = '\xe2\x80\xa8'\n"),
    ],
)
def test_git_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: bytes, new: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(old)
    diff = unified_diff(name, old, new).encode("utf-8", "surrogateescape")
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    done = subprocess.run(command, input=diff, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == new
