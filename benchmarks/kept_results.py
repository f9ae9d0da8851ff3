"""What kept results save: a cold run, a warm one, and one after a single file has changed.

    python benchmarks/kept_results.py [FILES] [ROUNDS]

Writes a project of FILES files (6,000), and prints the ratios of wall times, each in the same round: against
`python -c "import libcst, click"`, which is what starting costs, and against a cold run of ruff on the same files.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from measuring import CHECK, IMPORTS, Spent, compared, measured, ratio, scratch, wall, write_project

_SETTLE = 3.0
"""Seconds: a file that was written just before a run is read again in the next."""


def main() -> None:
    files, rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 6_000, int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with scratch() as folder:
        project, kept = folder / "project", folder / "kept"
        write_project(project, files)
        time.sleep(_SETTLE)
        check = [*CHECK, "--cache-dir", str(kept), str(project)]
        ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "ALL", "--no-cache", "--quiet"]

        def cold() -> Spent:
            for file in kept.glob("*"):
                file.unlink()
            return measured(check)

        def changed() -> Spent:
            _change(project / "package0" / "net0.py")
            return measured(check)

        def warm() -> Spent:
            time.sleep(_SETTLE)
            measured(check)
            return measured(check)

        work = {
            "imports": lambda: measured(IMPORTS),
            "cold": cold,
            "warm": warm,
            "one changed": changed,
            "ruff": lambda: measured([*ruff, str(project)]),
        }
        found = {name: wall(spent) for name, spent in compared(work, rounds).items()}
    for name in ("warm", "one changed"):
        print(f"{name} against the imports: {ratio(found[name], found['imports'])}")
        print(f"{name} against ruff, cold: {ratio(found[name], found['ruff'])}")
    print(f"cold against warm: {ratio(found['cold'], found['warm'])}")


def _change(file: Path) -> None:
    file.write_text(file.read_text() + f"# {time.time_ns()}\n")


if __name__ == "__main__":
    main()
