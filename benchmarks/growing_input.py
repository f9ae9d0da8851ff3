"""How time and memory grow with the input.

    python benchmarks/growing_input.py [ROUNDS] [LINES...]

Writes projects of so many lines (10,000 to 2,000,000), and prints for each the CPU time for a line against that of the
smallest, which is 1 if the cost is linear. Then the peak of memory of a process, at 300 files and at 6,000.
"""

from __future__ import annotations

import statistics
import sys
from functools import partial

from measuring import CHECK, LINES_EACH, compared, cpu, measured, ratio, scratch, write_project

_LINES = (10_000, 100_000, 1_000_000, 2_000_000)
_FILES = (300, 6_000)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    wanted = list(map(int, sys.argv[2:])) or list(_LINES)
    sizes = [max(1, lines // LINES_EACH) for lines in wanted]
    with scratch() as folder:
        lines = {files: write_project(folder / str(files), files) for files in sorted({*sizes, *_FILES})}
        command = [*CHECK, "--no-cache", "--jobs", "1"]
        work = {str(files): partial(measured, [*command, str(folder / str(files))]) for files in lines}
        found = compared(work, rounds)
    each = {files: [seconds / lines[files] for seconds in cpu(found[str(files)])] for files in lines}
    for files in sizes:
        print(f"{lines[files]} lines: CPU for a line {ratio(each[files], each[sizes[0]])} of that at {lines[sizes[0]]}")
    for files in _FILES:
        print(f"{files} files: peak {statistics.median(one.peak for one in found[str(files)]):.0f} MB")


if __name__ == "__main__":
    main()
