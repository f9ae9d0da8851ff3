"""Lints files in worker processes. Paths are sent, results come back; syntax trees are never sent.

A worker gets a batch of neighbouring files at a time: they import the same modules, which each process parses once.
Large batches go first, because one at the end would keep all but one process waiting.

`concurrent.futures` is no replacement: its pool breaks as a whole when a worker dies.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from initlint._lazy import LazyModule
from initlint._records import dataclass
from initlint.linter.results import Failure, FileResult

if TYPE_CHECKING:
    import multiprocessing
    from multiprocessing import connection
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
else:
    # Not needed for small runs, which stay in one process.
    multiprocessing = LazyModule("multiprocessing")
    connection = LazyModule("multiprocessing.connection")

_Result = TypeVar("_Result")

Lint: TypeAlias = Callable[[Path], FileResult]
Start: TypeAlias = Callable[[], Lint]
"""Called once in each process."""

_SMALL = 300_000
"""Bytes of source that one process lints in about the time that starting a second one takes."""
_BATCH = 32_000
"""Bytes of source after which a batch ends."""
_BATCHES_EACH = 40
"""The smallest number of batches for each process, if there are enough files."""
_FORKS = sys.platform == "linux"
"""Whether a worker starts as a copy of this process, and not as a new interpreter."""
_STARTS_SAFELY = _FORKS or sys.version_info >= (3, 11)
"""Before Python 3.11 a new interpreter imports from the current folder, also with PYTHONSAFEPATH."""


def available_processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def lint_in_processes(
    start: Start,
    files: Sequence[Path],
    contents: Mapping[str, bytes],
    jobs: int,
    report: Callable[[int], None] | None = None,
) -> Iterator[FileResult]:
    """The result of each of `files`, in their order, from up to `jobs` processes. A small run stays in this one.

    `contents` has the sizes of files that are not read from disk. `report` is called with the number of results so far.
    """
    sizes = {file: _size(file, contents) for file in files}
    if jobs <= 1 or not _STARTS_SAFELY or len(files) < 2 or sum(sizes.values()) < _SMALL:
        yield from _reported(map(start(), files), report)
        return
    result_of = dict(_reported(_Pool(start, batches(sizes, jobs), jobs).results(), report))
    yield from (result_of[file] for file in files)


def _reported(results: Iterator[_Result], report: Callable[[int], None] | None) -> Iterator[_Result]:
    for done, result in enumerate(results, 1):
        if report is not None:
            report(done)
        yield result


def _size(file: Path, contents: Mapping[str, bytes]) -> int:
    if str(file) in contents:
        return len(contents[str(file)])
    try:
        return file.stat().st_size
    except OSError:
        return 0


def batches(sizes: Mapping[Path, int], jobs: int) -> list[list[Path]]:
    """The files in batches of neighbours, the largest batch first."""
    limit = min(_BATCH, sum(sizes.values()) // (jobs * _BATCHES_EACH))
    batched: list[list[Path]] = []
    filled = limit + 1
    for file, size in sizes.items():
        if filled + size > limit:
            batched.append([])
            filled = 0
        batched[-1].append(file)
        filled += size
    return sorted(batched, key=lambda batch: -sum(sizes[file] for file in batch))


@dataclass
class _PoolWorker:
    process: BaseProcess
    connection: Connection
    batch: deque[Path]
    """The files that were sent to it and whose results have not arrived."""


class _Pool:
    def __init__(self, start: Start, waiting: Collection[list[Path]], jobs: int) -> None:
        self._start = start
        self._waiting = deque(waiting)
        self._jobs = min(jobs, len(waiting))
        self._workers: list[_PoolWorker] = []

    def results(self) -> Iterator[tuple[Path, FileResult]]:
        """The results in the order of arrival. The workers end with the iteration, even if it is abandoned."""
        try:
            for _ in range(self._jobs):
                self._add_worker()
            while self._workers:
                ready = connection.wait([worker.connection for worker in self._workers])
                for worker in [worker for worker in self._workers if worker.connection in ready]:
                    yield self._receive(worker)
        finally:
            for worker in self._workers:
                worker.process.kill()
            for worker in self._workers:
                worker.process.join()  # its CPU time counts as ours only when it has been waited for

    def _receive(self, worker: _PoolWorker) -> tuple[Path, FileResult]:
        """The next result of `worker`. If the process died, only the file it was working on fails."""
        file = worker.batch.popleft()
        try:
            result = worker.connection.recv()
        except (EOFError, OSError):
            result = _dead_worker(file, worker.process)
            self._workers.remove(worker)
            if worker.batch:
                self._waiting.appendleft(list(worker.batch))
            if self._waiting:
                self._add_worker()
            return file, result
        if not worker.batch:
            self._send_batch(worker)
        return file, result

    def _add_worker(self) -> None:
        context = multiprocessing.get_context("fork") if _FORKS else multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        others = [ours, *(worker.connection for worker in self._workers)] if _FORKS else []
        process = context.Process(target=_serve, args=(theirs, self._start, others), daemon=True)
        # A new interpreter must import nothing from the current folder, which may be a linted project.
        with _interrupts_blocked(), environment_variable("PYTHONSAFEPATH", "1"):
            process.start()
        theirs.close()
        worker = _PoolWorker(process, ours, deque())
        self._workers.append(worker)
        self._send_batch(worker)

    def _send_batch(self, worker: _PoolWorker) -> None:
        if self._waiting:
            worker.batch.extend(self._waiting.popleft())
            with suppress(OSError):  # a dead worker is noticed when its result is received
                worker.connection.send(list(worker.batch))
        else:
            self._workers.remove(worker)
            worker.process.kill()  # freeing all syntax trees at a normal exit would take long
            worker.process.join()  # its CPU time counts as ours only when it has been waited for
            worker.connection.close()


def _dead_worker(file: Path, process: BaseProcess) -> FileResult:
    process.join()
    code = process.exitcode or 0
    how = f"signal {-code}" if code < 0 else f"exit status {code}"
    return FileResult(failures=(Failure("a worker process", str(file), f"it ended with {how}", ""),))


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C from a worker until it ignores it: it would end in a traceback while it starts."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def environment_variable(name: str, value: str) -> Iterator[None]:
    """Set an environment variable, for the processes that are started meanwhile."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _serve(ours: Connection, start: Start, others: Collection[Connection]) -> None:
    """The main function of a worker. It ends when the other end of its connection, `ours`, is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it as well, and ends its workers
    for other in others:
        other.close()  # inherited: it would stay open after the parent has ended
    gc.freeze()
    lint = start()
    with suppress(EOFError, OSError):
        while True:
            for file in ours.recv():
                ours.send(lint(file))
