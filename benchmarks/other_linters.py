"""The time of a cold `initlint check`, compared with TorchFix and ruff on the same folder.

    python benchmarks/other_linters.py FOLDER [ROUNDS] [TORCHFIX]

TORCHFIX is the path of the command `torchfix` (0.7.0) if PATH does not have it. ruff runs `--select ALL --no-cache`.
Prints ratios of CPU time, and of wall time for two processes against ruff, which uses all cores.
"""

from __future__ import annotations

import sys
from functools import partial

from measuring import CHECK, cpu, measure, measure_rounds, ratio, wall


def main() -> None:
    folder, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    torchfix = sys.argv[3] if len(sys.argv) > 3 else "torchfix"
    commands = {
        "initlint": [*CHECK, "--no-cache", "--jobs", "1", folder],
        "initlint, 2 processes": [*CHECK, "--no-cache", "--jobs", "2", folder],
        "TorchFix": [torchfix, "--select", "ALL", folder],
        "ruff": [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--isolated",
            "--select",
            "ALL",
            "--no-cache",
            "--quiet",
            folder,
        ],
    }
    runs = measure_rounds({name: partial(measure, command) for name, command in commands.items()}, rounds)
    print(f"TorchFix against initlint: CPU {ratio(cpu(runs['TorchFix']), cpu(runs['initlint']))}")
    print(f"initlint against ruff: CPU {ratio(cpu(runs['initlint']), cpu(runs['ruff']))}")
    print(f"initlint, 2 processes, against ruff: wall {ratio(wall(runs['initlint, 2 processes']), wall(runs['ruff']))}")


if __name__ == "__main__":
    main()
