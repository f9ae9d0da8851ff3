"""How long `initlint check` takes against the floor: `libcst.parse_module` over the files that it traces.

    python benchmarks/against_parse.py FOLDER [ROUNDS]

Each round runs both with one process and with two, as whole processes. Prints the ratios of their wall time, and for
one process of their CPU time.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from measuring import CHECK, compared, cpu, measured, ratio, scratch, wall

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
    listed = subprocess.run([sys.executable, "-c", TRACED, folder], capture_output=True, text=True, check=True)
    files = sorted(listed.stdout.splitlines(), key=lambda path: -Path(path).stat().st_size)
    with scratch() as notes:
        floors = {}
        for name, part in (("all", files), ("even", files[::2]), ("odd", files[1::2])):
            (notes / name).write_text("\n".join(part))
            floors[name] = [sys.executable, "-c", PARSE, str(notes / name)]
        cold = [*CHECK, "--no-cache", folder]
        found = compared(
            {
                "floor": lambda: measured(floors["all"]),
                "check": lambda: measured([*cold, "--jobs", "1"]),
                "floor, 2 processes": lambda: measured(floors["even"], floors["odd"]),
                "check, 2 processes": lambda: measured([*cold, "--jobs", "2"]),
            },
            rounds,
        )
    print(f"files traced: {len(files)}")
    print(f"check against the floor: CPU {ratio(cpu(found['check']), cpu(found['floor']))}")
    for suffix in ("", ", 2 processes"):
        check, floor = found[f"check{suffix}"], found[f"floor{suffix}"]
        print(f"check against the floor{suffix}: wall {ratio(wall(check), wall(floor))}")
    print(f"check, 1 against 2 processes: wall {ratio(wall(found['check']), wall(found['check, 2 processes']))}")


if __name__ == "__main__":
    main()
