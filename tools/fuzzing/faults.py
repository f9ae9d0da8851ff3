"""Runs that are killed or interrupted while they write, and caches that are damaged.

    python -m tools.fuzzing.faults [--kills N] [--edits N] [--seed N]

- **Kills**: `check --fix-only` in a process that is ended by SIGKILL or by Ctrl-C: one in ten at any moment, the
  others at a random moment of the time in which it writes one of its files. Each file then has its old or its new
  bytes. A run that was interrupted ends with 130, prints no traceback and leaves no temporary file. The next run fixes
  the rest, and removes what a killed one left.
- **Edits**: the cache file with some bytes changed, cut off, or with one value replaced and its digest computed anew. A
  damaged file is not used: the findings are the same. One that is wrong but whole must not end the run.

Prints what was tried and what failed; exits with 1 if anything did.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from initlint.__main__ import main as initlint
from initlint.linter import pipeline
from initlint.linter.pipeline import RunOptions
from initlint.project import file_io
from initlint.project.file_io import PREFIX
from initlint.project.filesystem import digest_of
from initlint.project.settings import Settings

FILES = 24
OLD = f"""\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.xavier_uniform(self.fc1.weight)

    def forward(self, x):
        return self.fc2(self.fc1(x).tanh())
# {"long enough to be cut " * 2_000}
"""
NEW = OLD.replace("xavier_uniform(", "xavier_uniform_(")
_HEADER = 48
_WRITING = 0.002
"""Seconds: about what writing one of the files takes."""
_BEFORE_IT_BEGINS = 2
"""Frames: that of this file, and that of the command before it handles interrupts."""
_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**20,
    1.5,
    "",
    "x",
    [],
    {},
    [None],
    {"x": 1},
    "\0",
    [[[]]],
    "/dev/zero",
    "../..",
)

Problems = Counter[str]


def kill_runs(folder: Path, count: int, seed: int) -> tuple[int, int, Problems]:
    """How many of `count` runs were ended while they ran, how many of these while they wrote, and what was wrong."""
    chance, problems, ended, writing = random.Random(seed), Counter[str](), 0, 0
    paths = [folder / f"package{number % 3}" / f"net{number}.py" for number in range(FILES)]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
    _write_old(paths)
    started = time.monotonic()
    _run(folder)
    duration = time.monotonic() - started
    for _ in range(count):
        _write_old(paths)
        number = chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGINT))
        if chance.random() < 0.1:
            status, printed = _run(folder, number, chance.random() * duration)
        else:
            status, printed = _run(folder, number, chance.random() * _WRITING, at_file=chance.randint(1, FILES))
        contents = Counter(path.read_text(encoding="utf-8") for path in paths)
        left = [path.name for path in folder.rglob(f"{PREFIX}*")]
        was_ended = status in (-signal.SIGKILL, 130)
        ended += was_ended
        writing += was_ended and (len(contents) == 2 or bool(left))
        if not set(contents) <= {OLD, NEW}:
            problems["a torn file"] += 1
        if not was_ended and status != 0:
            problems[f"exit status {status} after {number.name}"] += 1
        if number is signal.SIGINT and (left or "Traceback" in printed):
            problems["a temporary file after Ctrl-C" if left else f"a traceback after Ctrl-C: {printed[-300:]}"] += 1
        if left or chance.random() < 0.1:
            _run(folder)
            if {path.read_text(encoding="utf-8") for path in paths} != {NEW}:
                problems["files that the next run does not fix"] += 1
            if any(folder.rglob(f"{PREFIX}*")):
                problems["a temporary file that the next run leaves"] += 1
    return ended, writing, problems


def _write_old(paths: list[Path]) -> None:
    for path in paths:
        path.write_text(OLD, encoding="utf-8")


def _run(folder: Path, number: signal.Signals | None = None, after: float = 0.0, at_file: int = 0) -> tuple[int, str]:
    """Exit status and standard error of `check --fix-only` in a process that gets the signal `number`.

    It gets it `after` seconds after its start, or after it has begun to write the `at_file`-th file, counted from 1.
    """
    errors = folder.parent / "errors"
    errors.write_bytes(b"")
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        output = os.open(errors, os.O_WRONLY)
        os.dup2(output, 1)
        os.dup2(output, 2)
        _announce_files(writing)
        sys.argv = ["initlint", "check", "--fix-only", "--isolated", "--no-cache", str(folder)]
        _run_interruptible(blocked)
    os.close(writing)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    with open(reading, "rb", buffering=0) as files:
        if number is not None:
            for _ in range(at_file):
                files.read(1)
            time.sleep(after)
            os.kill(process, number)
        _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), errors.read_text(errors="replace")


def _announce_files(descriptor: int) -> None:
    """Write a byte to `descriptor` before each file that this process replaces."""
    replace = file_io.replace

    def announced(path: Path, expected: bytes, new: bytes, roots: Iterable[Path] = ()) -> None:
        os.write(descriptor, b".")
        replace(path, expected, new, roots)

    file_io.replace = announced


def _run_interruptible(blocked: Iterable[int]) -> NoReturn:
    """Run the command line. What interrupts this process before it has begun is no fault of it.

    Nothing is raised: the process is a copy of one that would remove its folder.
    """
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        initlint()
    except KeyboardInterrupt as error:
        if len(traceback.extract_tb(error.__traceback__)) > _BEFORE_IT_BEGINS:
            traceback.print_exc()
    os._exit(130)


def damage_caches(folder: Path, count: int, seed: int) -> Problems:
    """What was wrong with runs that found `count` damaged caches."""
    chance, problems = random.Random(seed), Counter[str]()
    project, cache = folder / "project", folder / "cache"
    project.mkdir()
    for number in range(3):
        (project / f"net{number}.py").write_text(OLD.partition("#")[0], encoding="utf-8")

    def findings() -> list[str]:
        result = pipeline.check([project], Settings(), options=RunOptions(cache=cache))
        return [*map(repr, result.diagnostics), *map(repr, result.failures)]

    expected = findings()
    [path] = cache.glob("*.cache")
    intact = path.read_bytes()
    for _ in range(count):
        edit = chance.choice((_bytes, _cut, _value, _value))
        path.write_bytes(edit(intact, chance))
        try:
            found = findings()
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            problems[f"{edit.__name__.strip('_')}: {type(error).__name__} in {place.name}"] += 1
            continue
        if found != expected and edit is not _value:
            problems[f"{edit.__name__.strip('_')}: other findings"] += 1
        if any(one.startswith("Failure") for one in found):
            problems[f"{edit.__name__.strip('_')}: an internal error"] += 1
    return problems


def _bytes(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 1, 5, 100))):
        at = chance.randrange(len(damaged))
        damaged[at] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _cut(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return chance.choice((data[:at], data[at:], data + data[at:], data[:at] + b"\0" * 1000 + data[at:]))


def _value(data: bytes, chance: random.Random) -> bytes:
    """One value, in the index or in the texts after it, is another one, and the digest fits."""
    segment = data.splitlines(keepends=True)[0]
    length = int(segment[:_HEADER].split()[1])
    index, texts = json.loads(segment[_HEADER : _HEADER + length]), segment[_HEADER + length :]
    if chance.random() < 0.6:
        places = list(_places(index))
        holder, key = chance.choice(places)
        holder[key] = chance.choice(_VALUES)
    else:
        at = chance.randrange(max(len(texts) - 1, 1))
        texts = texts[:at] + bytes([chance.choice(b'0"[]{}:,x-n')]) + texts[at + 1 :]
    encoded = json.dumps(index, separators=(",", ":")).encode()
    body = encoded + texts
    return f"{digest_of(body)} {len(encoded)}".ljust(_HEADER).encode() + body


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in a JSON document: what holds it, and its key there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--edits", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        project, caches = Path(scratch, "project"), Path(scratch, "caches")
        project.mkdir()
        caches.mkdir()
        ended, writing, kill_problems = kill_runs(project, options.kills, options.seed)
        edit_problems = damage_caches(caches, options.edits, options.seed)
    _report(
        f"kills: {options.kills} runs, {ended} ended while they ran, {writing} of them while they wrote", kill_problems
    )
    _report(f"cache edits: {options.edits}", edit_problems)
    return int(bool(kill_problems or edit_problems))


def _report(title: str, problems: Problems) -> None:
    print(f"{title}, {problems.total()} failed")
    for problem, number in problems.most_common():
        print(f"  {number} times {problem}")


if __name__ == "__main__":
    sys.exit(main())
