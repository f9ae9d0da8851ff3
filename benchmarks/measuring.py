"""Measures whole processes in rounds, and compares those of the same round; shared by the benchmarks."""

from __future__ import annotations

import compileall
import ctypes
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

CHECK = (sys.executable, "-m", "initlint", "check", "--isolated", "--quiet")
IMPORTS = (sys.executable, "-c", "import libcst, click")
_BECOME_SUBREAPER = 36
"""The option of prctl by which orphans of a child become children of this process."""


@dataclass(frozen=True)
class Measurement:
    """CPU seconds of all processes, wall seconds, and the peak memory of one process in megabytes."""

    cpu: float
    wall: float
    peak: float


def measure(*commands: Sequence[str]) -> Measurement:
    """Run the commands at the same time. Status 1 means findings; a higher one ends the benchmark."""
    began = time.perf_counter()
    running = [(command, subprocess.Popen(command, stdout=subprocess.DEVNULL)) for command in commands]
    usages = []
    for command, process in running:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            sys.exit(f"{' '.join(command[:6])} ended with {process.returncode}")
        usages.append(usage)
    wall = time.perf_counter() - began
    usages += _orphans()
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return Measurement(cpu, wall, max(usage.ru_maxrss for usage in usages) / 1024)


def _orphans() -> Iterator[resource.struct_rusage]:
    """The usage of worker processes that a command has killed and not waited for."""
    with suppress(ChildProcessError):
        while True:
            yield os.wait4(-1, 0)[2]


Work = Callable[[], Measurement]


def measure_rounds(work: Mapping[str, Work], rounds: int) -> dict[str, list[Measurement]]:
    """The measurement of each function in each round. A round runs all of them, one after the other."""
    _compile()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_BECOME_SUBREAPER, 1)
    measurements: dict[str, list[Measurement]] = {name: [] for name in work}
    for number in range(rounds):
        for name, run in work.items():
            measurements[name].append(run())
            spent = measurements[name][-1]
            print(f"round {number + 1}: {name}: {spent.cpu:.2f} s CPU, {spent.wall:.2f} s wall", file=sys.stderr)
    return measurements


def _compile() -> None:
    """Compile initlint, as pip does on installation: Python itself may be unable to write to the checkout."""
    package = find_spec("initlint")
    assert package is not None
    assert package.origin is not None
    compileall.compile_dir(Path(package.origin).parent, quiet=1)


def ratio(of: Sequence[float], over: Sequence[float]) -> str:
    """The median of the ratios of all rounds, with the smallest and the largest."""
    ratios = [one / other for one, other in zip(of, over, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def cpu(spent: Sequence[Measurement]) -> list[float]:
    return [one.cpu for one in spent]


def wall(spent: Sequence[Measurement]) -> list[float]:
    return [one.wall for one in spent]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


_MODEL = """
class Net{number}(Base):
    def __init__(self, width=64):
        super().__init__()
        self.fc1 = nn.Linear(32, width)
        self.fc2 = nn.Linear(width, width)
        self.out = nn.Linear(width, 10)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        return self.out(F.relu(self.fc2(x)))
"""
_HEADER = "import torch.nn.functional as F\nfrom torch import nn\n\nfrom {package}.base import Base\n"
_PER_PACKAGE = 50
LINES_EACH = (_HEADER + _MODEL).count("\n")


def write_project(root: Path, files: int) -> int:
    """Write `files` files of models, in packages with a base module each. Returns the number of lines."""
    root.mkdir(parents=True)
    (root / "pyproject.toml").touch()
    for number in range(files):
        folder = root / f"package{number // _PER_PACKAGE}"
        if not folder.exists():
            folder.mkdir()
            (folder / "__init__.py").touch()
            (folder / "base.py").write_text("from torch import nn\n\n\nclass Base(nn.Module):\n    pass\n")
        text = _HEADER.format(package=folder.name) + _MODEL.format(number=number)
        (folder / f"net{number}.py").write_text(text)
    return files * LINES_EACH
