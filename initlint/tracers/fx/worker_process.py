"""Runs the worker: a process of its own under the user's interpreter, which may print, hang or crash.

Processes that the worker starts inherit its environment, so a variable there marks them; they are ended with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from initlint.tracers.fx.json_values import Raw

MARK = "INITLINT_WORKER"
"""The variable that marks a worker; its value is the worker's own."""

_PROCESSES = Path("/proc")


def end_strays(value: str) -> None:
    """End every process whose mark has this value."""
    for number in _marked(f"{MARK}={value}".encode()):
        with suppress(OSError):  # it has ended by itself
            os.kill(number, signal.SIGKILL)


def _marked(entry: bytes) -> Iterator[int]:
    for process in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # another user's, or it has ended
            if entry in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


_WORKER = Path(__file__).with_name("worker")
_POLL_SECONDS = 0.02
_START_SECONDS = 120.0
"""For the interpreter to start and import torch."""

IMPORT_FAILED = "cannot be imported"
"""How the problem of a target begins whose module does not even load."""

_OFFLINE = {
    "CUDA_VISIBLE_DEVICES": "",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_OFFLINE": "1",
    "PYTORCH_JIT": "0",  # scripted functions run as Python, where they can be seen
    "TORCHDYNAMO_DISABLE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "WANDB_MODE": "disabled",
}


class WorkerError(Exception):
    """The worker cannot run at all: no such interpreter, no torch in it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one target may take. `python` is the interpreter that has torch and the user's packages."""

    python: str = sys.executable
    seconds: float = 60.0
    megabytes: int = 16_384


@dataclass(frozen=True, slots=True)
class Request:
    """One target as the worker is told of it. `roots` are the folders that imports start from."""

    file: str | None
    module: str
    attribute: str
    roots: tuple[str, ...]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[tuple[tuple[int, ...], str], ...] | None = None
    optional: bool = False
    """It is passed over in silence if it is no module class, or cannot be built without arguments."""
    measure: bool = False
    """It is also run with real weights, which takes memory and time."""


@dataclass(frozen=True, slots=True)
class WorkerResult:
    """What came of the request with that number: what the worker wrote, or one line on why there is nothing."""

    number: int
    result: Raw | None
    problem: str | None = None
    ended: bool = False
    """The worker did not survive it."""
    imported: bool = True
    """Whether that was after the import of its module."""


def run(
    requests: Sequence[Request], limits: Limits, helpers: Sequence[str], leaves: Sequence[str]
) -> Iterator[WorkerResult]:
    """One outcome for each request, in order; neither result nor problem for an optional one that was passed over.

    Raises `WorkerError`.
    """
    numbered = [{"number": number, **_as_json(request)} for number, request in enumerate(requests)]
    rest = numbered
    unimportable: dict[str, WorkerResult] = {}
    """The modules at whose import a worker ended: to try again for each of their classes would take as long."""
    while rest:
        known = unimportable.get(_origin(rest[0]))
        if known is not None:
            yield replace(known, number=rest[0]["number"])
            rest = rest[1:]
            continue
        with tempfile.TemporaryDirectory(prefix="initlint-trace-", ignore_cleanup_errors=True) as folder:
            content = {"memory": limits.megabytes, "helpers": helpers, "leaves": leaves, "targets": rest}
            Path(folder, "request.json").write_text(json.dumps(content), encoding="utf-8")
            done = 0
            for outcome in _WorkerProcess(Path(folder), limits, [target["number"] for target in rest]).outcomes():
                yield outcome
                if not outcome.imported:
                    unimportable[_origin(rest[done])] = outcome
                done += 1
            rest = rest[done:]


def _origin(target: Mapping[str, Any]) -> str:
    return str(target["file"] or target["module"])


def _as_json(request: Request) -> dict[str, Any]:
    given = {name: getattr(request, name) for name in Request.__slots__}
    # JSON knows neither tuples nor sets, and a model may insist on one.
    call = pickle.dumps((given.pop("args"), dict(given.pop("kwargs"))), protocol=4)
    return {**given, "call": call.hex()}


class _WorkerProcess:
    """One process, until it has done its work or something has happened to it."""

    def __init__(self, folder: Path, limits: Limits, numbers: Sequence[int]) -> None:
        self._folder = folder
        self._limits = limits
        self._numbers = numbers

    def outcomes(self) -> Iterator[WorkerResult]:
        """Those of the targets that it got to; the last one's may be that the worker ended there."""
        process = self._start()
        try:
            for at, number in enumerate(self._numbers):
                outcome = self._wait(process, number, is_first=at == 0)
                yield outcome
                if outcome.ended:
                    return
        finally:
            _end(process)
            end_strays(str(self._folder))

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("wb") as log:
            try:
                return subprocess.Popen(
                    [self._limits.python, str(_WORKER), str(self._folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    env=self._environment(),
                    start_new_session=True,
                )
            except OSError as error:
                raise WorkerError(f"{self._limits.python} cannot be started: {error.strerror or error}") from None

    def _environment(self) -> dict[str, str]:
        """The user's own, with a home that nobody misses and without the ways to the network that libraries know."""
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        scratch = dict.fromkeys(("HOME", "USERPROFILE", "TORCH_HOME", "XDG_CACHE_HOME", "TMPDIR"), str(home))
        own = {"PYTHONUSERBASE": str(Path.home() / ".local")} if os.name == "posix" else {}
        return {**own, **os.environ, **scratch, **_OFFLINE, MARK: str(self._folder)}

    @property
    def _log(self) -> Path:
        return self._folder / "stderr.txt"

    def _wait(self, process: subprocess.Popen[bytes], number: int, is_first: bool) -> WorkerResult:
        started, imported, result = (
            self._folder / f"{word}-{number}.json" for word in ("started", "imported", "result")
        )
        began = time.monotonic()
        running = False
        while True:
            ended = process.poll() is not None
            if result.exists():
                return _read(result, number)
            if not running and started.exists():
                running, began = True, time.monotonic()
            if ended:
                if is_first and not running:
                    raise WorkerError(self._complaint(process.returncode))
                problem = f"the process {_end_of(process.returncode)}"
            elif time.monotonic() - began > (self._limits.seconds if running else _START_SECONDS):
                problem = f"it took longer than {self._limits.seconds:g} seconds"
            else:
                time.sleep(_POLL_SECONDS)
                continue
            if imported.exists():
                return WorkerResult(number, None, problem, ended=True)
            return WorkerResult(number, None, f"{IMPORT_FAILED}: {problem}", ended=True, imported=False)

    def _complaint(self, status: int) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"{self._limits.python} cannot trace: {lines[-1] if lines else f'it {_end_of(status)}'}"


_STAGES = {
    "import": IMPORT_FAILED,
    "build": "cannot be built",
    "trace": "cannot be traced",
    "measure": "cannot be measured",
}


def _read(path: Path, number: int) -> WorkerResult:
    result = json.loads(path.read_bytes())
    if "error" in result:
        where = f" ({result['file']}:{result['row']})" if "file" in result else ""
        return WorkerResult(number, None, f"{_STAGES[result['stage']]}: {result['error']}{where}")
    return WorkerResult(number, None if "skipped" in result else result)


def _end_of(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was ended by {name}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it has started."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
