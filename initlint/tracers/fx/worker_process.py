"""Runs the worker in a process under the user's interpreter, which may print, hang or crash.

The worker's child processes inherit a marker in their environment, by which they are found and killed with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from initlint.tracers.fx.json_values import JsonObject

MARK = "INITLINT_WORKER"
"""Environment variable that marks a worker and its children. Each worker has its own value."""

_PROCESSES = Path("/proc")
_MOST_PASSES = 100
"""Processes that multiply faster than they are killed end here, with a limit of the system or not at all."""
_FOLDERS = (
    "HOME USERPROFILE APPDATA LOCALAPPDATA TMPDIR TEMP TMP XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME "
    "TORCH_HOME TORCH_EXTENSIONS_DIR HF_HOME MPLCONFIGDIR"
).split()
"""Environment variables that name a folder of the user, or one that libraries write to."""


def kill_stray_processes(value: str) -> None:
    """Kill every process whose marker has this value, and those that they start meanwhile."""
    for _ in range(_MOST_PASSES):
        found = list(_marked_processes(f"{MARK}={value}".encode()))
        if not found:
            return
        for number in found:
            with suppress(OSError):  # the process has exited
                os.kill(number, signal.SIGKILL)


def _marked_processes(entry: bytes) -> Iterator[int]:
    for process in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # another user's process, or it has exited
            if entry in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


_WORKER = Path(__file__).with_name("worker")
_POLL_SECONDS = 0.02
_START_SECONDS = 120.0
"""Limit for starting the interpreter and importing torch."""

IMPORT_FAILED = "cannot be imported"
"""Prefix of `problem` for a target whose module cannot be imported."""

_OFFLINE = {
    "CUDA_VISIBLE_DEVICES": "",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_OFFLINE": "1",
    "PYTORCH_JIT": "0",  # scripted functions then run as Python and can be traced
    "TORCHDYNAMO_DISABLE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "WANDB_MODE": "disabled",
}


class WorkerError(Exception):
    """The worker cannot start: there is no such interpreter, or it has no torch."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Time and memory limits per target. `python` is the interpreter that has torch and the user's packages."""

    python: str = sys.executable
    seconds: float = 60.0
    megabytes: int = 16_384


Mode: TypeAlias = Literal["start", "train", "eval"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """How to measure: `repeat` runs with the seeds from `seed` on.

    `mode`: `train` and `eval` are torch's modes; in `start`, norms use batch statistics, and dropout is off.
    """

    seed: int = 0
    repeat: int = 5
    mode: Mode = "start"


@dataclass(frozen=True, slots=True)
class Request:
    """One target in the worker's request. `roots` are the import roots."""

    file: str | None
    module: str
    attribute: str
    roots: tuple[str, ...]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[tuple[int | str, str], ...] = ()
    """The arguments that are attributes of the module, by position or name."""
    inputs: tuple[tuple[tuple[int, ...], str], ...] | None = None
    optional: bool = False
    """Skip it silently if it is no module class, or cannot be built without arguments."""
    measure: Mapping[str, Any] | None = None
    """Also run it with real weights, which takes memory and time: the fields of `Measurement`, and `seconds`."""


@dataclass(frozen=True, slots=True)
class WorkerResult:
    """The answer to the request with that number: the worker's JSON, or one line that says why there is none."""

    number: int
    result: JsonObject | None
    problem: str | None = None
    worker_ended: bool = False
    """Whether the worker crashed or was killed at this request."""
    imported: bool = True
    """False if the worker ended while it imported the target's module."""


def run(
    requests: Sequence[Request], limits: Limits, helpers: Sequence[str], leaves: Sequence[str]
) -> Iterator[WorkerResult]:
    """One result for each request, in order. A skipped optional request has neither result nor problem.

    Raises `WorkerError`.
    """
    numbered = [{"number": number, **_as_json(request)} for number, request in enumerate(requests)]
    pending = numbered
    unimportable: dict[str, WorkerResult] = {}
    """Modules whose import ended a worker: importing them again for each of their classes would take too long."""
    while pending:
        import_failure = unimportable.get(_module_of(pending[0]))
        if import_failure is not None:
            yield replace(import_failure, number=pending[0]["number"])
            pending = pending[1:]
            continue
        with tempfile.TemporaryDirectory(prefix="initlint-trace-", ignore_cleanup_errors=True) as folder:
            content = {"memory": limits.megabytes, "helpers": helpers, "leaves": leaves, "targets": pending}
            Path(folder, "request.json").write_text(json.dumps(content), encoding="utf-8")
            done = 0
            for result in _WorkerProcess(Path(folder), limits, [target["number"] for target in pending]).results():
                yield result
                if not result.imported:
                    unimportable[_module_of(pending[done])] = result
                done += 1
            pending = pending[done:]


def _module_of(target: Mapping[str, Any]) -> str:
    return str(target["file"] or target["module"])


def _as_json(request: Request) -> dict[str, Any]:
    fields = {name: getattr(request, name) for name in Request.__slots__}
    # JSON has no tuples and no sets, which a constructor may require.
    call = pickle.dumps((fields.pop("args"), dict(fields.pop("kwargs"))), protocol=4)
    return {**fields, "call": call.hex()}


class _WorkerProcess:
    """One worker process, until it has answered all requests, crashed, or exceeded a limit."""

    def __init__(self, folder: Path, limits: Limits, numbers: Sequence[int]) -> None:
        self._folder = folder
        self._limits = limits
        self._numbers = numbers

    def results(self) -> Iterator[WorkerResult]:
        """The results of the targets that the worker reached. It may have ended at the last one."""
        process = self._start()
        try:
            for index, number in enumerate(self._numbers):
                result = self._with_interpreter(self._wait(process, number, is_first=index == 0))
                yield result
                if result.worker_ended:
                    return
        finally:
            _kill(process)
            kill_stray_processes(str(self._folder))

    def _with_interpreter(self, result: WorkerResult) -> WorkerResult:
        """The result; a problem with a package that is missing also names the interpreter that lacks it."""
        problem = result.problem or (result.result or {}).get("unmeasured") or ""
        if _MISSING.search(problem) is None and _NO_NUMPY.search(problem) is None:
            return result
        hint = f"{problem}; the interpreter is {self._limits.python}, --python names another one"
        if result.problem is not None:
            return replace(result, problem=hint)
        return replace(result, result={**(result.result or {}), "unmeasured": hint})

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
        """The user's environment with a temporary home folder, and with libraries set to offline mode."""
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        home_variables = dict.fromkeys(_FOLDERS, str(home))
        user_base = {"PYTHONUSERBASE": str(Path.home() / ".local")} if os.name == "posix" else {}
        return {**user_base, **os.environ, **home_variables, **_OFFLINE, MARK: str(self._folder)}

    @property
    def _log(self) -> Path:
        return self._folder / "stderr.txt"

    def _wait(self, process: subprocess.Popen[bytes], number: int, is_first: bool) -> WorkerResult:
        started, imported, result = (
            self._folder / f"{word}-{number}.json" for word in ("started", "imported", "result")
        )
        start_time = time.monotonic()
        has_started = False
        while True:
            has_exited = process.poll() is not None
            if result.exists():
                return _read(result, number)
            if not has_started and started.exists():
                has_started, start_time = True, time.monotonic()
            if has_exited:
                if is_first and not has_started:
                    raise WorkerError(self._start_error(process.returncode))
                problem = f"the process {_exit_description(process.returncode)}"
            elif time.monotonic() - start_time > (self._limits.seconds if has_started else _START_SECONDS):
                problem = f"it took longer than {self._limits.seconds:g} seconds"
            else:
                time.sleep(_POLL_SECONDS)
                continue
            if imported.exists():
                return WorkerResult(number, None, problem, worker_ended=True)
            return WorkerResult(number, None, f"{IMPORT_FAILED}: {problem}", worker_ended=True, imported=False)

    def _start_error(self, status: int) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        missing = _MISSING.search(lines[-1]) if lines else None
        if missing is not None:
            return f"{self._limits.python} has no {missing[1]}: name the interpreter that has it with --python"
        return f"{self._limits.python} cannot trace: {lines[-1] if lines else f'it {_exit_description(status)}'}"


_MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_NO_NUMPY = re.compile(r"RuntimeError: Numpy is not available")
"""torch raises this where it was imported without numpy."""
_STAGES = {
    "import": IMPORT_FAILED,
    "build": "cannot be built",
    "trace": "cannot be traced",
    "measure": "cannot be measured",
}


def _read(path: Path, number: int) -> WorkerResult:
    result = json.loads(path.read_bytes())
    if "error" in result:
        location = f" ({result['file']}:{result['row']})" if "file" in result else ""
        return WorkerResult(number, None, f"{_STAGES[result['stage']]}: {result['error']}{location}")
    return WorkerResult(number, None if "skipped" in result else result)


def _exit_description(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was ended by {name}"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and its process group."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
