"""Runs inputs in two processes with different hash seeds, each with a limit, and shrinks what fails."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

from initlint.linter.process_pool import environment_variable
from tools.fuzzing.properties import Property, Violated, holds
from tools.fuzzing.sources import Input

CPU_SECONDS = 20.0
"""What one input may take. The largest real files take two."""
SECONDS = 120.0
"""After this time a process is ended; the machine may be busy."""
MEMORY = 3 * 1024**3
BATCH = 32
REPEATED = 4
"""Of this number of inputs, one is tried in both processes: what is printed must be the same."""
SHRINK_TRIALS, SHRINK_SECONDS = 300, 120.0
_MULTI = multiprocessing.get_context("spawn")


class Answer(NamedTuple):
    """What a process says of an input: the text of the property, or the kind of failure and its details."""

    text: str
    kind: str = ""
    details: str = ""


@dataclass(frozen=True)
class Failed:
    """An input of which a property does not hold, made as small as possible."""

    given: Input
    kind: str
    details: str

    def save(self, folder: Path) -> Path:
        """Write the files and the reason into a new folder in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        target = Path(tempfile.mkdtemp(prefix="failed-", dir=folder))
        for path, data in self.given.files.items():
            (target / path).write_bytes(data)
        (target / "REASON").write_text(f"{self.given.origin}\n{self.kind}\n{self.details}\n", errors="backslashreplace")
        return target


@dataclass
class Tally:
    """What a run tried. `answers`: how often each text was the answer. `kinds`: how often each failure occurred."""

    tried: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    failed: list[Failed] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)


def run(
    condition: Property,
    inputs: Iterable[Input],
    seconds: float,
    report: Callable[[Failed], None] = lambda failed: None,
    progress: Callable[[Tally], None] = lambda tally: None,
    limit: float = SECONDS,
) -> Tally:
    """Try `inputs` for `seconds`, or until they end; `limit`: the seconds that each may take.

    Of failures of one kind, the first is shrunk and reported.
    """
    tally = Tally()
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as empty, _Processes(condition, Path(empty), limit) as processes:
        for batch in _batches(inputs, end):
            for given, answers in zip(batch, processes.ask(batch, REPEATED), strict=True):
                tally.tried += 1
                answer = _compared(answers)
                if not answer.kind:
                    tally.answers[answer.text] += 1
                    continue
                tally.kinds[answer.kind] += 1
                if tally.kinds[answer.kind] == 1:
                    failed = _shrunk(given, answer, processes)
                    tally.failed.append(failed)
                    report(failed)
            progress(tally)
    return tally


def _batches(inputs: Iterable[Input], end: float) -> Iterator[list[Input]]:
    batch: list[Input] = []
    for given in inputs:
        if time.monotonic() > end:
            break
        batch.append(given)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _compared(answers: Sequence[Answer]) -> Answer:
    failed = next((answer for answer in answers if answer.kind), None)
    if failed is not None:
        return failed
    if len({answer.text for answer in answers}) > 1:
        return Answer("", "two runs with different hash seeds differ", " ".join(answer.text for answer in answers))
    return answers[0]


def _shrunk(given: Input, answer: Answer, processes: _Processes) -> Failed:
    """Leave out files, then lines, then characters, as long as the failure is of the same kind."""
    trials, end = 0, time.monotonic() + SHRINK_SECONDS

    def fails(smaller: Input) -> bool:
        nonlocal trials, answer
        trials += 1
        if trials > SHRINK_TRIALS or time.monotonic() > end:
            return False
        now = _compared(processes.ask([smaller])[0])
        if now.kind == answer.kind:
            answer = now
            return True
        return False

    for path in list(given.files):
        if len(given.files) > 1 and fails(given.without(path)):
            given = given.without(path)
    for path in given.files:
        for split in (_lines, _characters):
            given = _with_fewer(given, path, split, fails)
    return Failed(given, answer.kind, answer.details)


def _with_fewer(
    given: Input, path: str, split: Callable[[bytes], list[bytes]], fails: Callable[[Input], bool]
) -> Input:
    parts = split(given.files[path])
    size = max(len(parts) // 2, 1)
    while parts:
        at, before = 0, len(parts)
        while at < len(parts):
            smaller = given.with_file(path, b"".join(parts[:at] + parts[at + size :]))
            if fails(smaller):
                given, parts = smaller, parts[:at] + parts[at + size :]
            else:
                at += size
        if size == 1 and len(parts) == before:
            break
        size = max(size // 2, 1)
    return given


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def _characters(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))] if len(data) < 400 else [data]


class _Processes:
    """Two processes that answer for the same inputs."""

    def __init__(self, condition: Property, folder: Path, limit: float) -> None:
        self._workers = [_Worker(condition, folder, limit, hash_seed) for hash_seed in (1, 2)]

    def __enter__(self) -> _Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()

    def ask(self, batch: Sequence[Input], repeated: int = 1) -> list[list[Answer]]:
        """For each input the answer of one process; for one in `repeated` those of both."""
        parts = [
            [number for number in range(len(batch)) if number % 2 == own or number % repeated == 0]
            for own, _ in enumerate(self._workers)
        ]
        for worker, part in zip(self._workers, parts, strict=True):
            worker.send([batch[number] for number in part])
        while waiting := [worker for worker in self._workers if worker.is_busy]:
            wait([worker.connection for worker in waiting], timeout=1.0)
            for worker in waiting:
                worker.receive()
        answers: list[list[Answer]] = [[] for _ in batch]
        for worker, part in zip(self._workers, parts, strict=True):
            for number, answer in zip(part, worker.answers, strict=True):
                answers[number].append(answer)
        return answers


class _Worker:
    def __init__(self, condition: Property, folder: Path, limit: float, hash_seed: int) -> None:
        self._condition, self._folder = condition, folder
        self._limit, self._hash_seed = limit, hash_seed
        self._batch: list[Input] = []
        self.answers: list[Answer] = []
        self._start()

    @property
    def is_busy(self) -> bool:
        return len(self.answers) < len(self._batch)

    def send(self, batch: list[Input]) -> None:
        self._batch, self.answers = batch, []
        self._since = time.monotonic()
        with suppress(OSError):  # a dead process is noticed when its answer is received
            self.connection.send(batch)

    def receive(self) -> None:
        """Take the answers that have arrived. A process that has died or takes too long costs one input."""
        try:
            while self.is_busy and self.connection.poll():
                self.answers.append(self.connection.recv())
                self._since = time.monotonic()
        except (EOFError, OSError):
            self._process.join()
            self._replace(Answer("", f"the process ended with {self._process.exitcode}"))
        if self.is_busy and time.monotonic() - self._since > self._limit:
            self._replace(Answer("", f"no end within {self._limit:.0f} s"))

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()

    def _replace(self, answer: Answer) -> None:
        self.end()
        self.answers.append(answer)
        self._start()
        self._since = time.monotonic()
        self.connection.send(self._batch[len(self.answers) :])

    def _start(self) -> None:
        self.connection, theirs = _MULTI.Pipe()
        with environment_variable("PYTHONHASHSEED", str(self._hash_seed)):
            self._process = _MULTI.Process(target=_serve, args=(theirs, self._condition, self._folder), daemon=True)
            self._process.start()
        theirs.close()
        self.connection.recv()
        self._since = time.monotonic()


def _serve(connection: Connection, condition: Property, folder: Path) -> None:
    """The main function of a process: it answers for each input of each batch. Its current folder is `folder`."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    gc.set_threshold(500_000, 10, 10)  # as the command line does
    os.chdir(folder)
    connection.send(None)  # ready: what it takes to start counts against no input
    while True:
        try:
            batch = connection.recv()
        except EOFError:
            return
        for given in batch:
            started = time.process_time()
            answer = _answer(condition, given)
            seconds = time.process_time() - started
            if seconds > CPU_SECONDS and not answer.kind:
                answer = Answer("", f"more than {CPU_SECONDS:.0f} s of CPU", f"{seconds:.1f} s")
            connection.send(answer)
        gc.collect()


def _answer(condition: Property, given: Input) -> Answer:
    try:
        return Answer(holds(condition, given))
    except Violated as violated:
        return Answer("", violated.kind, violated.details)
