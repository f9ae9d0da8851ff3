"""Reads regular files, and replaces files atomically: a reader sees the old bytes or the new, even after a crash."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

PREFIX = ".initlint-"
_TEMPORARY = re.compile(re.escape(PREFIX) + r"(?P<process>\d+)-[0-9a-f]{8}\.tmp")
_STALE_SECONDS = 600.0
LARGEST = 256 * 1024 * 1024
"""Bytes of a file that is read. Notebooks hold pictures, and a sparse file of terabytes takes no room on the disk."""
LARGEST_LIST = 1024 * 1024
"""Bytes of a file of settings or of patterns. A few times as many take a parser of Python's library many minutes."""


class ChangedOnDisk(Exception):
    """The file no longer holds what was read."""


class CannotRead(Exception):
    """A file that the command line names cannot be used; the message says which and why."""


class CannotWrite(Exception):
    """A file cannot be written; the message says which and why."""


class OutsideRoots(Exception):
    """The target of a symbolic link is outside the given paths."""


def read_file(path: str | Path, most: int = LARGEST) -> bytes:
    """The bytes of a regular file. Raises OSError, also for a pipe or a device, which might never end, for a file of
    more than `most` bytes or than the memory holds, and for what can be no path, as one with a NUL character.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error), str(path)) from None
    with open(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        try:
            data = file.read(most + 1) if status.st_size <= most else None
        except MemoryError:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), str(path)) from None
    if data is None or len(data) > most:
        raise OSError(errno.EFBIG, f"larger than {most // 2**20} MiB", str(path))
    return data


def read_lines(path: str | Path) -> list[str]:
    """The lines of a file of patterns or of git's settings; none if it cannot be read."""
    try:
        return read_file(path, LARGEST_LIST).decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def replace(path: Path, expected: bytes, new: bytes, roots: Iterable[Path] = ()) -> None:
    """Give the file `path`, which must hold `expected`, the content `new`; its mode stays.

    A symbolic link stays one, and its target is replaced; it must lie in one of `roots`, or be one.
    Raises `OutsideRoots`, `ChangedOnDisk`, and `OSError` for a file or folder that may not be written.
    """
    target = _target(path, roots)
    mode = target.stat().st_mode
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(target, os.W_OK):
        raise PermissionError(f"{path} is read-only")
    with temp_file_next_to(target, new, stat.S_IMODE(mode)) as temporary:
        if target.read_bytes() != expected:
            raise ChangedOnDisk(f"{path} has changed since it was read")
        os.replace(temporary, target)
    _flush_folder(target.parent)


def write(path: Path, data: bytes | bytearray, lasting: bool = True) -> None:
    """Write a file atomically. Links, pipes and devices are written through, not replaced.

    `lasting`: flush to disk, which takes time. Raises `CannotWrite`.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_bytes(data)
            return
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
        with temp_file_next_to(path, data, mode, lasting) as temporary:
            os.replace(temporary, path)
        if lasting:
            _flush_folder(path.parent)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror or error}") from None


def replace_all(
    changes: Iterable[tuple[Path, bytes, bytes]], roots: Iterable[Path] = (), beside: Iterable[Path] = ()
) -> dict[Path, str]:
    """Replace each (path, expected, new); a line of explanation for each path that could not be.

    Temporary files of killed runs in the same folders, and in those of the files `beside`, are removed first.
    """
    todo, roots = list(changes), tuple(roots)
    for folder in {Path(os.path.realpath(path)).parent for path in (*(path for path, _, _ in todo), *beside)}:
        remove_stale_temp_files(folder)
    failed: dict[Path, str] = {}
    for path, expected, new in todo:
        try:
            replace(path, expected, new, roots)
        except (ChangedOnDisk, OutsideRoots) as error:
            failed[path] = str(error)
        except OSError as error:
            failed[path] = f"{path} cannot be written: {error.strerror or error}"
    return failed


def hard_linked(paths: Iterable[Path]) -> list[Path]:
    """Those of the files that have other names (hard links), which a replacement leaves with the old content."""
    linked = []
    for path in paths:
        with contextlib.suppress(OSError):
            if path.stat().st_nlink > 1:
                linked.append(path)
    return linked


def remove_stale_temp_files(folder: Path) -> None:
    """Remove temporary files of killed runs in `folder`, but not those of running ones."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = _TEMPORARY.fullmatch(entry.name)
            if match is not None and _is_stale(entry, int(match["process"])):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def _target(path: Path, roots: Iterable[Path]) -> Path:
    if not path.is_symlink():
        return path
    target = path.resolve(strict=True)
    if not any(target.is_relative_to(root.resolve()) for root in roots if root.absolute() != path.absolute()):
        raise OutsideRoots(f"{path} is a link to {target}, which is not among the given paths")
    return target


@contextlib.contextmanager
def temp_file_next_to(target: Path, data: bytes | bytearray, mode: int | None, lasting: bool = True) -> Iterator[Path]:
    """A temporary file in the folder of `target` that holds `data`; it is removed if anything fails."""
    temporary = target.with_name(f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        _write(temporary, data, mode, lasting)
        yield temporary
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _write(path: Path, data: bytes | bytearray, mode: int | None, lasting: bool) -> None:
    """Create a file; without a `mode` it has the one that new files have."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666 if mode is None else 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        if mode is not None:
            os.chmod(path, mode)
        if lasting:
            os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Flush the folder to disk, where the system supports it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_stale(entry: os.DirEntry[str], process: int) -> bool:
    try:
        age = time.time() - entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return False
    return age > _STALE_SECONDS or not _is_running(process)


def _is_running(process: int) -> bool:
    if os.name != "posix":
        return True  # os.kill(pid, 0) ends a process there; its files go by age
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass
    return True
