"""Faults of the machine cost a line and no file: kills, damaged caches, a full disk, other users, odd names, two runs at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from initlint.api import check_paths
from initlint.linter.pipeline import RunOptions
from initlint.project.file_io import PREFIX
from tests.support.paths import ROOT
from tests.support.sources import net
from tools.fuzzing import faults

posix = pytest.mark.skipif(os.name != "posix", reason="processes and permissions as on POSIX")
root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root mounts, and becomes others"
)
OLD, NEW = net("xavier_normal"), net("xavier_normal_")
NOBODY = 65534


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "initlint", "check", "--isolated", "--select", "INI901", *arguments]


def run(
    *arguments: str, become: Callable[[], None] | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    own = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run(command(*arguments), env=own, capture_output=True, text=True, check=False, preexec_fn=become)


@posix
def test_runs_that_are_ended_while_they_write(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    ended, writing, problems = faults.kill_runs(project, 12, seed=1)
    assert 0 < writing <= ended
    assert problems == {}


def test_damaged_caches(tmp_path: Path) -> None:
    assert faults.damage_caches(tmp_path, 60, seed=1) == {}


@posix
def test_two_runs_that_fix_one_tree(tmp_path: Path) -> None:
    paths = [tmp_path / f"net{number}.py" for number in range(30)]
    for path in paths:
        path.write_text(OLD, encoding="utf-8")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    own = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen(command("--fix-only", str(tmp_path)), env=own, text=True, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for process in both:
        _, errors = process.communicate(timeout=300)
        assert all("has changed since it was read" in line for line in errors.splitlines() if "initlint:" in line)
        assert "Traceback" not in errors
        assert process.returncode in (0, 2)
    assert {path.read_text(encoding="utf-8") for path in paths} == {NEW}
    assert list(tmp_path.rglob(f"{PREFIX}*")) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system with a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False).returncode
    ):
        pytest.skip("no tmpfs can be mounted")
    yield folder
    subprocess.run(["umount", folder], check=True)


@root
def test_a_full_disk_keeps_the_old_file(small_disk: Path) -> None:
    path = small_disk / "net.py"
    path.write_text(OLD + "#" * 300_000, encoding="utf-8")
    before = path.read_bytes()
    with (small_disk / "filler").open("wb", buffering=0) as filler:
        filler.write(b"x" * 700_000)
    done = run("--fix", str(path), "--no-cache")
    assert path.read_bytes() == before
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(small_disk.glob(f"{PREFIX}*")) == []


@root
def test_a_full_disk_for_the_cache_is_no_fault(small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(OLD, encoding="utf-8")
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"x" * 4096)
    done = run(str(tmp_path / "net.py"), "--cache-dir", str(small_disk / "cache"), "--output-format", "concise")
    assert (done.returncode, done.stderr) == (1, "")
    assert "INI901" in done.stdout


def become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


@root
@pytest.mark.parametrize("mode", [0o000, 0o111, 0o555])
def test_a_folder_of_another_user(mode: int) -> None:
    base = Path("/var/tmp", f"initlint-test-{os.getpid()}-{mode:o}")
    folder = base / "private"
    folder.mkdir(parents=True)
    try:
        base.chmod(0o755)
        (base / "net.py").write_text(OLD, encoding="utf-8")
        (folder / "net.py").write_text(OLD, encoding="utf-8")
        folder.chmod(mode)
        try:
            subprocess.run([sys.executable, "-c", "import initlint"], cwd=ROOT, preexec_fn=become_nobody, check=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("another user cannot run this Python")
        done = run("--fix", str(base), "--cache-dir", str(folder / "cache"), become=become_nobody)
        assert "Traceback" not in done.stderr
        assert done.returncode in (1, 2)
        assert {path.read_text(encoding="utf-8") for path in (base / "net.py", folder / "net.py")} == {OLD}
    finally:
        folder.chmod(0o755)
        shutil.rmtree(base)


NAMES = (
    *(b"new\nline.py", b"tab\t\x1b[31m.py", b"\xff\xfe.py", b"-leading.py", b"--fix.py", b"#%&.py", b" .py"),
    b"n" * 252 + b".py",
)


@posix
@pytest.mark.parametrize("output_format", ["concise", "full", "json", "sarif", "junit", "github"])
def test_names_of_files(tmp_path: Path, output_format: str) -> None:
    for name in NAMES:
        try:
            Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(OLD, encoding="utf-8")
        except OSError:
            pytest.skip("the file system does not allow the name")
    done = run(str(tmp_path), "--output-format", output_format, "--no-cache")
    assert done.returncode == 1, done.stderr
    assert "INI901" in done.stdout
    assert "\x1b" not in done.stdout
    if output_format in ("concise", "github"):
        assert len([line for line in done.stdout.splitlines() if "INI901" in line]) == len(NAMES)


@posix
def test_files_with_odd_names_are_fixed(tmp_path: Path) -> None:
    paths = [Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)) for name in (b"-a.py", b"\n.py", b"\xff.py")]
    for path in paths:
        path.write_text(OLD, encoding="utf-8")
    done = run("--fix-only", "--no-cache", "--", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert {path.read_text(encoding="utf-8") for path in paths} == {NEW}


@posix
@pytest.mark.parametrize("seconds", [-(10**9), 10**9], ids=["past", "future"])
def test_a_clock_that_was_wrong_hides_no_change(tmp_path: Path, seconds: int) -> None:
    path = tmp_path / "net.py"
    options = RunOptions(cache=tmp_path / "cache")
    for text, count in ((OLD, 1), (net("xavier_normal_ "), 0), (OLD, 1), (net("xavier_normal_ "), 0)):
        path.write_text(text, encoding="utf-8")
        stamp = path.stat().st_mtime + seconds
        os.utime(path, (stamp, stamp))
        codes = [finding.code for finding in check_paths([path], options=options).diagnostics]
        assert codes.count("INI901") == count
        for cached in (tmp_path / "cache").iterdir():
            os.utime(cached, (stamp, stamp))
