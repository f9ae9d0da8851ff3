"""The time that the cache saves: a cold run, a warm one, and one after a single file has changed.

    python benchmarks/cached_runs.py [FILES] [ROUNDS]
    python benchmarks/cached_runs.py FOLDER... [ROUNDS]

Writes a project of FILES files (6,000), or copies the folders. Prints ratios of wall times within a round: against
`python -c "import libcst, click"`, the cost of starting, and against a cold run of ruff on the same files. Folders are
linted cold once. In each round a line is added above the first layer of another file that constructs layers.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from measuring import CHECK, IMPORTS, Measurement, measure, measure_rounds, ratio, scratch, wall, write_project

_LAYER = re.compile(r"^(?P<indent> +)self\.\w+ = nn\.Linear\(", re.MULTILINE)
_SETTLE = 3.0
"""Seconds. A file that was written just before a run is read again in the next."""


def main() -> None:
    folders = [Path(name) for name in sys.argv[1:] if Path(name).is_dir()]
    numbers = [int(name) for name in sys.argv[1:] if not Path(name).is_dir()]
    files = 6_000 if folders or not numbers else numbers.pop(0)
    rounds = numbers[0] if numbers else 5
    with scratch() as scratched:
        project, cache = scratched / "project", scratched / "cache"
        for folder in folders:
            shutil.copytree(folder, project / folder.name)
        if not folders:
            write_project(project, files)
        time.sleep(_SETTLE)
        check = [*CHECK, "--cache-dir", str(cache), str(project)]
        ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "ALL", "--no-cache", "--quiet"]
        changing = iter(_building_layers(project, rounds))

        def cold() -> Measurement:
            for file in cache.glob("*"):
                file.unlink()
            return measure(check)

        def changed() -> Measurement:
            path = next(changing)
            path.write_text(_LAYER.sub(_with_a_line, path.read_text(encoding="utf-8"), count=1), encoding="utf-8")
            spent = measure(check)
            print(f"  {path.relative_to(project)} changed: {spent.cpu:.2f} s of CPU")
            return spent

        def warm() -> Measurement:
            time.sleep(_SETTLE)
            measure(check)
            return measure(check)

        work: dict[str, Callable[[], Measurement]] = {"imports": lambda: measure(IMPORTS)}
        if folders:
            measure_rounds({"cold, once": cold}, 1)
        else:
            work["cold"] = cold
        work |= {"warm": warm, "one changed": changed, "ruff": lambda: measure([*ruff, str(project)])}
        found = {name: wall(spent) for name, spent in measure_rounds(work, rounds).items()}
    for name in ("warm", "one changed"):
        print(f"{name} against the imports: {ratio(found[name], found['imports'])}")
        print(f"{name} against ruff, cold: {ratio(found[name], found['ruff'])}")
    if not folders:
        print(f"cold against warm: {ratio(found['cold'], found['warm'])}")


def _building_layers(project: Path, number: int) -> Sequence[Path]:
    """So many files, at equal distances."""
    texts = ((path, path.read_text(encoding="utf-8")) for path in sorted(project.rglob("*.py")))
    building = [path for path, text in texts if _LAYER.search(text)]
    return [building[(2 * at + 1) * len(building) // (2 * number)] for at in range(number)]


def _with_a_line(found: re.Match[str]) -> str:
    return f"{found['indent']}# {time.time_ns()}\n{found[0]}"


if __name__ == "__main__":
    main()
