"""The time of `initlint check`, compared with `libcst.parse_module` on the files that it traces (the floor).

    python benchmarks/parse_time.py FOLDER [ROUNDS]

Each round runs both with one process and with two, as whole processes. Prints the ratios of their wall time, and for
one process of their CPU time.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from measuring import CHECK, cpu, measure, measure_rounds, ratio, scratch, wall

TRACED = """
import sys
from initlint import check_paths
from initlint.tracers.static import project
from initlint.project.settings import Settings
scope, traced = project.ModuleScope, {}
def noted(*arguments):
    made = scope(*arguments)
    traced[made.source.path] = None
    return made
project.ModuleScope = noted
assert not check_paths([sys.argv[1]], Settings()).failures
print(*traced, sep="\\n")
"""
PARSE = """
import pathlib, sys
import libcst
for path in pathlib.Path(sys.argv[1]).read_text().splitlines():
    try:
        libcst.parse_module(pathlib.Path(path).read_bytes())
    except (libcst.ParserSyntaxError, UnicodeDecodeError):
        pass
"""


def main() -> None:
    folder, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    listing = subprocess.run([sys.executable, "-c", TRACED, folder], capture_output=True, text=True, check=True)
    files = sorted(listing.stdout.splitlines(), key=lambda path: -Path(path).stat().st_size)
    with scratch() as notes:
        floors = {}
        for name, part in (("all", files), ("even", files[::2]), ("odd", files[1::2])):
            (notes / name).write_text("\n".join(part))
            floors[name] = [sys.executable, "-c", PARSE, str(notes / name)]
        cold = [*CHECK, "--no-cache", folder]
        runs = measure_rounds(
            {
                "floor": lambda: measure(floors["all"]),
                "check": lambda: measure([*cold, "--jobs", "1"]),
                "floor, 2 processes": lambda: measure(floors["even"], floors["odd"]),
                "check, 2 processes": lambda: measure([*cold, "--jobs", "2"]),
            },
            rounds,
        )
    print(f"files traced: {len(files)}")
    print(f"check against the floor: CPU {ratio(cpu(runs['check']), cpu(runs['floor']))}")
    for suffix in ("", ", 2 processes"):
        check, floor = runs[f"check{suffix}"], runs[f"floor{suffix}"]
        print(f"check against the floor{suffix}: wall {ratio(wall(check), wall(floor))}")
    print(f"check, 1 against 2 processes: wall {ratio(wall(runs['check']), wall(runs['check, 2 processes']))}")


if __name__ == "__main__":
    main()
