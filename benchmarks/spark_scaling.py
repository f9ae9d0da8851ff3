"""How the time and the memory of a scan with Spark grow with the number of files.

    python benchmarks/spark_scaling.py FOLDER... [--files 1000 5000 20000 50000] [--cores 1 2]

Makes a table of repositories from the Python files in the folders (unpacked packages), which are repeated if there are
too few, and plants failures: a file that cannot be parsed, a null text, a repository above the limit of files. Prints
the wall time of a file relative to the smallest table (1 if the cost is linear), the rows by status, and the largest
peak memory of a Python worker. The job that starts the workers is not counted. Needs the extra `spark`, Java and Linux.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from measuring import scratch
from pyspark.sql import SparkSession

from initlint.integrations.spark import RepositoryLimits, findings

_EACH = 40
"""Files in a repository: neighbours in one package."""
_LIMIT = 200
_EVERY = 25
"""One in this number of repositories has a planted failure."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--files", nargs="+", type=int, default=[1_000, 5_000, 20_000, 50_000])
    parser.add_argument("--cores", nargs="+", type=int, default=[1, 2])
    arguments = parser.parse_args()
    paths = sorted(path for folder in arguments.folders for path in folder.rglob("*.py"))
    if not paths:
        sys.exit("no Python files in these folders")
    with scratch() as folder:
        for cores in arguments.cores:
            session = spark_session(cores)
            findings(write_table(session, folder / f"warm{cores}", paths[:10], 10)).collect()
            seconds: list[float] = []
            for count in arguments.files:
                table = write_table(session, folder / f"{cores}-{count}", paths, count)
                began = time.perf_counter()
                with _peak() as peak:
                    rows = findings(table, limits=RepositoryLimits(files=_LIMIT)).select("status").collect()
                seconds.append((time.perf_counter() - began) / count)
                statuses = ", ".join(f"{number} {name}" for name, number in sorted(Counter(r[0] for r in rows).items()))
                print(
                    f"{cores} cores, {count} files: {seconds[-1] * count:.0f} s; "
                    f"for a file {seconds[-1] / seconds[0]:.2f} of that at {arguments.files[0]}; "
                    f"worker {max(peak):.0f} MB; {statuses}",
                    flush=True,
                )
            session.stop()


def spark_session(cores: int) -> SparkSession:
    """A session on this machine in which a job has several tasks for each core, so that none waits long for another."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder: Any = SparkSession.builder
    session: SparkSession = (
        builder.master(f"local[{cores}]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.memory", "4g")
        .config("spark.sql.shuffle.partitions", str(4 * cores))
        .config("spark.sql.adaptive.coalescePartitions.enabled", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    return session


def write_table(session: SparkSession, target: Path, paths: list[Path], count: int) -> Any:
    """`count` files in repositories, as parquet that has been read again."""
    batch = 5_000
    rows = _rows(paths, count)
    while chunk := list(itertools.islice(rows, batch)):
        frame = session.createDataFrame(chunk, "repository string, path string, text string")
        frame.write.mode("append").parquet(str(target))
    return session.read.parquet(str(target))


def _rows(paths: list[Path], count: int) -> Iterator[tuple[str, str, str | None]]:
    for number, path in enumerate(itertools.islice(itertools.cycle(paths), count)):
        repository, place = divmod(number, _EACH)
        yield f"r{repository}", f"{place}/{path.name}", path.read_text(encoding="utf-8", errors="replace")
    for repository in range(0, count // _EACH, _EVERY):
        yield f"r{repository}", "planted/no_text.py", None
        yield f"r{repository}", "planted/broken.py", "import torch\ndef (:\n"
    if count >= _EACH * _EVERY:
        yield from (("large", f"{number}.py", "x = 1\n") for number in range(_LIMIT + 1))


@contextmanager
def _peak() -> Iterator[list[float]]:
    """The peak memory so far of any Python worker of Spark, in megabytes, sampled while the block runs."""
    peaks, done = [0.0], threading.Event()

    def sample() -> None:
        while not done.wait(0.5):
            peaks.extend(_workers())

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        done.set()
        thread.join()


def _workers() -> Iterator[float]:
    """The peak memory of each of Spark's Python workers on this machine (Linux)."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, StopIteration):
            if b"pyspark.daemon" in (process / "cmdline").read_bytes():
                lines = (process / "status").read_text().splitlines()
                yield int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main()
