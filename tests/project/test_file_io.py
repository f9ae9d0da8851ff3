"""Files are replaced whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from initlint.project import file_io
from initlint.project.file_io import CannotWrite, ChangedOnDisk, OutsideRoots

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links as on POSIX")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@posix
def test_content_is_replaced_and_the_mode_kept(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_bytes(b"old")
    path.chmod(0o754)
    file_io.replace(path, b"old", b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o754
    assert names(tmp_path) == ["net.py"]


@posix
@pytest.mark.parametrize("mode", [None, 0o640])
def test_a_report_is_written_whole(tmp_path: Path, mode: int | None) -> None:
    path, other = tmp_path / "report.json", tmp_path / "other"
    other.write_bytes(b"")
    if mode is not None:
        path.write_bytes(b"old")
        path.chmod(mode)
    file_io.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == (mode or stat.S_IMODE(other.stat().st_mode))
    assert names(tmp_path) == ["other", "report.json"]


@posix
def test_a_report_goes_through_links_and_devices(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    file_io.write(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_bytes() == b"new"
    file_io.write(Path(os.devnull), b"new")
    assert not Path(os.devnull).is_file()


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"report\.json cannot be written: No such file or directory"):
        file_io.write(tmp_path / "gone" / "report.json", b"new")


def test_a_file_that_has_changed_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_bytes(b"edited meanwhile")
    with pytest.raises(ChangedOnDisk):
        file_io.replace(path, b"old", b"new")
    assert path.read_bytes() == b"edited meanwhile"
    assert names(tmp_path) == ["net.py"]


@posix
def test_a_read_only_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        file_io.replace(path, b"old", b"new")
    assert path.read_bytes() == b"old"


@posix
def test_one_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.py", "b.py", "c.py", "d.py")]
    for path in paths:
        path.write_bytes(b"old")
    paths[0].chmod(0o444)
    paths[1].write_bytes(b"other")
    paths[2].unlink()
    failed = file_io.replace_all([(path, b"old", b"new") for path in paths])
    assert list(failed) == paths[:3]
    assert "read-only" in failed[paths[0]]
    assert "changed" in failed[paths[1]]
    assert paths[3].read_bytes() == b"new"
    assert all("\n" not in line for line in failed.values())


@posix
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "net.py"
    path.write_bytes(b"old")
    folder.chmod(0o555)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("nothing is read-only to this user")
        failed = file_io.replace_all([(path, b"old", b"new")])
        assert list(failed) == [path]
        assert path.read_bytes() == b"old"
    finally:
        folder.chmod(0o755)


@posix
def test_a_link_is_written_through_to_a_target_inside_the_roots(tmp_path: Path) -> None:
    target, link = tmp_path / "src" / "net.py", tmp_path / "src" / "link.py"
    target.parent.mkdir()
    target.write_bytes(b"old")
    link.symlink_to("net.py")
    file_io.replace(link, b"old", b"new", [tmp_path / "src"])
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@posix
@pytest.mark.parametrize("roots", [[], ["src"], ["src/link.py"]])
def test_a_link_that_leads_outside_is_not_followed(tmp_path: Path, roots: list[str]) -> None:
    target, link = tmp_path / "outside.py", tmp_path / "src" / "link.py"
    link.parent.mkdir()
    target.write_bytes(b"old")
    link.symlink_to(target)
    with pytest.raises(OutsideRoots):
        file_io.replace(link, b"old", b"new", [tmp_path / root for root in roots])
    assert target.read_bytes() == b"old"


def dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


@posix
def test_what_a_dead_run_left_is_removed_and_that_of_a_live_one_is_not(tmp_path: Path) -> None:
    dead, alive, odd = (
        tmp_path / f"{file_io.PREFIX}{middle}.tmp"
        for middle in (f"{dead_process()}-0123abcd", f"{os.getpid()}-0123abcd", "notes")
    )
    for path in (dead, alive, odd):
        path.write_bytes(b"")
    file_io.remove_stale_temp_files(tmp_path)
    assert names(tmp_path) == sorted([alive.name, odd.name])


def test_what_is_old_is_removed(tmp_path: Path) -> None:
    old = tmp_path / f"{file_io.PREFIX}{os.getpid()}-0123abcd.tmp"
    old.write_bytes(b"")
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    file_io.remove_stale_temp_files(tmp_path)
    assert names(tmp_path) == []


WRITER = """
import sys
from pathlib import Path
from initlint.project import file_io
folder, old, new = Path(sys.argv[1]), b"o" * 200_000, b"n" * 200_000
print("ready", flush=True)
while True:
    for path in sorted(folder.glob("*.py")):
        file_io.replace(path, old, new)
    old, new = new, old
"""


@posix
def test_a_run_that_is_killed_leaves_whole_files_and_the_next_one_tidies_up(tmp_path: Path) -> None:
    old, new = b"o" * 200_000, b"n" * 200_000
    paths = [tmp_path / f"{number}.py" for number in range(8)]
    for round_number in range(12):
        for path in paths:
            path.write_bytes(old)
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(0.003 * round_number)
            writer.kill()
        assert {path.read_bytes() for path in paths} <= {old, new}
        paths[0].write_bytes(old)
        assert file_io.replace_all([(paths[0], old, new)]) == {}
        assert names(tmp_path) == sorted(path.name for path in paths)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_or_a_device_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", Path(os.devnull)):
        with pytest.raises(OSError, match="not a regular file"):
            file_io.read_file(path)
    with pytest.raises(IsADirectoryError):
        file_io.read_file(tmp_path)


def test_a_file_of_any_size_takes_the_memory_of_the_largest_one_that_is_read(tmp_path: Path) -> None:
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.truncate(2**42)
    with pytest.raises(OSError, match="larger than 256 MiB"):
        file_io.read_file(sparse)
    (tmp_path / "small").write_bytes(b"12345")
    assert file_io.read_file(tmp_path / "small", most=5) == b"12345"
    with pytest.raises(OSError, match="larger than 0 MiB"):
        file_io.read_file(tmp_path / "small", most=4)


def test_what_can_be_no_path_is_a_file_that_cannot_be_read() -> None:
    with pytest.raises(OSError, match="null"):
        file_io.read_file("a\0b")
    assert file_io.read_lines("a\0b") == []
