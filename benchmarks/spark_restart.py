"""A scan with Spark that is killed in the middle, and run again: the rows must be those of a run that nothing stopped.

    python benchmarks/spark_restart.py FOLDER... [--files 2000] [--kills 3]

Makes the table of `spark_scaling.py`. A job of its own process group reads it and writes the findings as parquet. It is
run once to its end; then it is ended `--kills` times by SIGKILL, Java and workers included, when some of its tasks have
written their rows and others have not; then it is run to its end in the same place. Prints when it was killed, and
exits with 1 if rows differ. Needs the extra `spark`, Java and Linux.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from measuring import scratch
from spark_scaling import spark_session, write_table

from initlint.integrations.spark import RepositoryLimits, findings

_CORES = 2
_LIMITS = RepositoryLimits(files=200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--job", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        _job(*arguments.job)
        return
    paths = sorted(path for folder in arguments.folders for path in folder.rglob("*.py"))
    if not paths:
        sys.exit("no Python files in these folders")
    with scratch() as folder:
        table, whole, again = folder / "files", folder / "whole", folder / "again"
        session = spark_session(_CORES)
        write_table(session, table, paths, arguments.files)
        session.stop()
        _wait(_start(table, whole))
        for _ in range(arguments.kills):
            _run_and_kill(table, again)
        _wait(_start(table, again))
        session = spark_session(_CORES)
        first, second = (sorted(map(repr, session.read.parquet(str(one)).collect())) for one in (whole, again))
        session.stop()
    print(f"{len(first)} rows of a run that nothing stopped, {len(second)} of the repeated one")
    sys.exit("the rows differ" if first != second else 0)


def _job(table: Path, target: Path) -> None:
    session = spark_session(_CORES)
    findings(session.read.parquet(str(table)), limits=_LIMITS).write.mode("overwrite").parquet(str(target))
    session.stop()


def _start(table: Path, target: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, "--job", str(table), str(target)]
    return subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)


def _wait(job: subprocess.Popen[bytes]) -> None:
    if job.wait() != 0:
        sys.exit(f"a job ended with exit status {job.returncode}")


def _run_and_kill(table: Path, target: Path) -> None:
    """End a job when it has written some rows, and show that what it leaves is no whole table."""
    before, began = _written(target), time.monotonic()
    job = _start(table, target)
    while job.poll() is None and not (new := _written(target) - before):
        time.sleep(0.05)
    if job.poll() is not None:
        sys.exit("the job ended before it could be killed")
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    if (target / "_SUCCESS").exists():
        sys.exit("a job that was killed has left a table that looks whole")
    print(f"killed after {time.monotonic() - began:.0f} s with {len(new)} files written", flush=True)


def _written(target: Path) -> set[Path]:
    """The files of rows in the table, and in the folders of tasks that have not ended."""
    return {path for path in target.rglob("part-*.parquet") if path.stat().st_size}


if __name__ == "__main__":
    main()
