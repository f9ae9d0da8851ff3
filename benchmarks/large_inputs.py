"""The largest inputs: how time and memory grow with the lines of a file, the length of a line, and the files of a run.

    python benchmarks/large_inputs.py [ROUNDS]

Each kind is measured at a tenth of its size and at its full size: models and remarks of 100,000 lines in one file, a
string of 5 MB and a list of 300,000 numbers in one line, a file of 50 MB, and 20,000 files in one run. Prints the CPU
time for a unit, relative to that of the smaller one (1 if the cost is linear), and the peak memory of a process. A file
with more names and numbers than that, or nested more deeply, is one finding of INI000.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from measuring import CHECK, cpu, measure, measure_rounds, ratio, scratch, write_project

_NET = """
class Net{number}(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)
        nn.init.kaiming_normal_(self.fc1.weight)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())
"""
_MEGABYTE = 1_000_000


def _lines(folder: Path, lines: int) -> None:
    net = _NET + "# a remark\n" * _NET.count("\n")
    nets = [net.format(number=number) for number in range(lines // net.count("\n"))]
    (folder / "net.py").write_text("from torch import nn\n" + "".join(nets), encoding="utf-8")


def _string(folder: Path, size: int) -> None:
    _beside_net(folder, f"data = {'x' * size!r}\n")


def _numbers(folder: Path, count: int) -> None:
    _beside_net(folder, f"table = [{'12345, ' * count}]\n")


def _file(folder: Path, size: int) -> None:
    _beside_net(folder, "# a remark between the models of a generated file\n" * (size // 50))


def _beside_net(folder: Path, text: str) -> None:
    (folder / "net.py").write_text(f"from torch import nn\n{text}{_NET.format(number=0)}", encoding="utf-8")


def _files(folder: Path, files: int) -> None:
    write_project(folder / "project", files)


_KINDS: Mapping[str, tuple[Callable[[Path, int], None], int]] = {
    "lines of a file": (_lines, 100_000),
    "bytes of a string": (_string, 5 * _MEGABYTE),
    "numbers in a line": (_numbers, 300_000),
    "bytes of a file": (_file, 50 * _MEGABYTE),
    "files of a run": (_files, 20_000),
}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with scratch() as root:
        work = {}
        for number, (kind, (write, size)) in enumerate(_KINDS.items()):
            for part in (size // 10, size):
                folder = root / f"{number}-{part}"
                folder.mkdir()
                write(folder, part)
                work[f"{part} {kind}"] = partial(measure, [*CHECK, "--no-cache", "--jobs", "1", str(folder)])
        empty = root / "empty.py"
        empty.touch()
        work["nothing"] = partial(measure, [*CHECK, "--no-cache", str(empty)])
        runs = measure_rounds(work, rounds)
    start = cpu(runs["nothing"])
    for kind, (_, size) in _KINDS.items():
        few, many = runs[f"{size // 10} {kind}"], runs[f"{size} {kind}"]
        each = [
            [(spent - idle) / number for spent, idle in zip(cpu(of), start, strict=True)]
            for number, of in ((size // 10, few), (size, many))
        ]
        peaks = ", ".join(f"{statistics.median(one.peak for one in of):.0f} MB" for of in (few, many))
        print(f"{size} {kind}: CPU for each {ratio(each[1], each[0])} of that at {size // 10}; peak {peaks}")


if __name__ == "__main__":
    main()
