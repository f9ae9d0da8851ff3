"""How long `initlint check` takes against the floor: `libcst.parse_module` over the same files in one process.

    python benchmarks/against_parse.py FOLDER [ROUNDS]

Each round runs both, one after the other, as whole processes, and compares their CPU time. Prints the ratios.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

PARSE = """
import pathlib, sys
import libcst
for path in pathlib.Path(sys.argv[1]).rglob("*.py"):
    try:
        libcst.parse_module(path.read_bytes())
    except (libcst.ParserSyntaxError, UnicodeDecodeError):
        pass
"""


def seconds(command: list[str]) -> float:
    """The CPU time, user and system, that `command` takes."""
    before = os.times()
    status = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if status.returncode not in (0, 1) or status.stderr:
        sys.exit(f"{' '.join(command[:4])} failed: {status.stderr.strip()}")
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    folder, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    check = [sys.executable, "-m", "initlint", "check", "--isolated", "--quiet", "--no-cache", "--jobs", "1", folder]
    parse = [sys.executable, "-c", PARSE, folder]
    ratios = []
    for _ in range(rounds):
        floor, run = seconds(parse), seconds(check)
        ratios.append(run / floor)
        print(f"parse {floor:.1f} s, check {run:.1f} s, ratio {ratios[-1]:.2f}")
    print(f"ratio: min {min(ratios):.2f}, median {statistics.median(ratios):.2f}, max {max(ratios):.2f}")


if __name__ == "__main__":
    main()
