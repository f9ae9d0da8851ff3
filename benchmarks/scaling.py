"""How time and memory grow with the input.

    python benchmarks/scaling.py [ROUNDS] [LINES...]

Writes projects of LINES lines (10,000 to 2,000,000) and prints the CPU time per line, relative to the smallest project:
1 if the cost is linear. Then prints the peak memory of a process for 300 files and for 6,000.
"""

from __future__ import annotations

import statistics
import sys
from functools import partial

from measuring import CHECK, LINES_EACH, cpu, measure, measure_rounds, ratio, scratch, write_project

_LINES = (10_000, 100_000, 1_000_000, 2_000_000)
_FILES = (300, 6_000)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    line_counts = list(map(int, sys.argv[2:])) or list(_LINES)
    sizes = [max(1, lines // LINES_EACH) for lines in line_counts]
    with scratch() as folder:
        lines = {files: write_project(folder / str(files), files) for files in sorted({*sizes, *_FILES})}
        command = [*CHECK, "--no-cache", "--jobs", "1"]
        work = {str(files): partial(measure, [*command, str(folder / str(files))]) for files in lines}
        runs = measure_rounds(work, rounds)
    seconds_per_line = {files: [seconds / lines[files] for seconds in cpu(runs[str(files)])] for files in lines}
    for files in sizes:
        growth = ratio(seconds_per_line[files], seconds_per_line[sizes[0]])
        print(f"{lines[files]} lines: CPU for a line {growth} of that at {lines[sizes[0]]}")
    for files in _FILES:
        print(f"{files} files: peak {statistics.median(one.peak for one in runs[str(files)]):.0f} MB")


if __name__ == "__main__":
    main()
