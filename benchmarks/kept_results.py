"""What kept results save: a cold run, a warm one, and one after a single file has changed.

    python benchmarks/kept_results.py [FILES] [ROUNDS]
    python benchmarks/kept_results.py FOLDER... [ROUNDS]

Writes a project of FILES files (6,000), or copies the folders, and prints the ratios of wall times, each in the same
round: against `python -c "import libcst, click"`, which is what starting costs, and against a cold run of ruff on the
same files. Folders are linted cold but once. The file that changes is one that builds layers.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from measuring import CHECK, IMPORTS, Spent, compared, measured, ratio, scratch, wall, write_project

_SETTLE = 3.0
"""Seconds: a file that was written just before a run is read again in the next."""


def main() -> None:
    folders = [Path(name) for name in sys.argv[1:] if Path(name).is_dir()]
    numbers = [int(name) for name in sys.argv[1:] if not Path(name).is_dir()]
    files = 6_000 if folders or not numbers else numbers.pop(0)
    rounds = numbers[0] if numbers else 5
    with scratch() as scratched:
        project, kept = scratched / "project", scratched / "kept"
        for folder in folders:
            shutil.copytree(folder, project / folder.name)
        if not folders:
            write_project(project, files)
        time.sleep(_SETTLE)
        check = [*CHECK, "--cache-dir", str(kept), str(project)]
        ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "ALL", "--no-cache", "--quiet"]
        changing = _one_that_builds_layers(project)

        def cold() -> Spent:
            for file in kept.glob("*"):
                file.unlink()
            return measured(check)

        def changed() -> Spent:
            changing.write_text(changing.read_text(encoding="utf-8") + f"# {time.time_ns()}\n", encoding="utf-8")
            return measured(check)

        def warm() -> Spent:
            time.sleep(_SETTLE)
            measured(check)
            return measured(check)

        work: dict[str, Callable[[], Spent]] = {"imports": lambda: measured(IMPORTS)}
        if folders:
            compared({"cold, once": cold}, 1)
        else:
            work["cold"] = cold
        work |= {"warm": warm, "one changed": changed, "ruff": lambda: measured([*ruff, str(project)])}
        found = {name: wall(spent) for name, spent in compared(work, rounds).items()}
    for name in ("warm", "one changed"):
        print(f"{name} against the imports: {ratio(found[name], found['imports'])}")
        print(f"{name} against ruff, cold: {ratio(found[name], found['ruff'])}")
    if not folders:
        print(f"cold against warm: {ratio(found['cold'], found['warm'])}")


def _one_that_builds_layers(project: Path) -> Path:
    """The one in the middle."""
    building = [path for path in sorted(project.rglob("*.py")) if b"nn.Linear(" in path.read_bytes()]
    return building[len(building) // 2]


if __name__ == "__main__":
    main()
