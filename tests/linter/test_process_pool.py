"""Work in several processes: the same findings, and an end to every run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from initlint.linter.process_pool import batches, lint_in_processes
from initlint.linter.results import Failure, FileResult
from tests.support.paths import FIXTURES


def talkative(tag: str) -> Callable[[Path], FileResult]:
    return lambda file: FileResult(incomplete=(f"{tag} {file.name}",))


def fatal(victim: str) -> Callable[[Path], FileResult]:
    def work(file: Path) -> FileResult:
        if file.name == victim:
            os.kill(os.getpid(), signal.SIGKILL)
        return FileResult(incomplete=(file.name,))

    return work


def large(folder: Path, count: int) -> list[Path]:
    """Files that are too large together for a single process."""
    files = [folder / f"m{number:02}.py" for number in range(count)]
    for file in files:
        file.write_bytes(b"#" * 100_000)
    return files


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_outcomes_come_in_the_order_of_the_files(tmp_path: Path, jobs: int) -> None:
    files = large(tmp_path, 12)
    said = [outcome.incomplete for outcome in lint_in_processes(partial(talkative, "seen"), files, {}, jobs)]
    assert said == [(f"seen {file.name}",) for file in files]


def test_a_process_that_dies_takes_down_one_file(tmp_path: Path) -> None:
    files = large(tmp_path, 12)
    outcomes = list(lint_in_processes(partial(fatal, "m04.py"), files, {}, 2))
    lost = [number for number, outcome in enumerate(outcomes) if outcome.failures]
    assert lost == [4]
    assert outcomes[4].failures == (Failure("a worker process", str(files[4]), "it ended with signal 9", ""),)


def test_a_small_run_stays_in_its_process(tmp_path: Path) -> None:
    files = [tmp_path / "a.py", tmp_path / "b.py"]
    seen: list[Path] = []

    def work(file: Path) -> FileResult:
        seen.append(file)
        return FileResult()

    assert list(lint_in_processes(lambda: work, files, {str(files[0]): b"pass"}, 8)) == [FileResult(), FileResult()]
    assert seen == files


def test_neighbours_go_together_and_large_batches_first() -> None:
    sizes = {Path(name): size for name, size in [("a", 10), ("b", 10), ("c", 3000), ("d", 10), ("e", 5)]}
    assert batches(sizes, jobs=2) == [[Path("c")], [Path("a"), Path("b")], [Path("d"), Path("e")]]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "initlint", "check", "--isolated", *arguments]


def copies(folder: Path, count: int) -> None:
    """Many times the fixtures, with findings in them, some of which can be fixed."""
    for source in sorted(FIXTURES.rglob("*bad.py")):
        for number in range(count):
            target = folder / f"p{number}" / f"{source.parent.name}_{source.name}"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(source.read_bytes() + b"#" * 20_000)  # enough for several processes


@pytest.mark.parametrize("options", [(), ("--unsafe-fixes", "--diff")])
def test_several_processes_say_what_one_does(tmp_path: Path, options: tuple[str, ...]) -> None:
    copies(tmp_path, 2)
    one, three = (
        subprocess.run(command("--jobs", jobs, *options, "."), cwd=tmp_path, capture_output=True, check=False)
        for jobs in ("1", "3")
    )
    assert one.returncode == three.returncode == 1
    assert one.stdout == three.stdout
    assert one.stdout.count(b"\n") > 50
    assert one.stderr == three.stderr == b""


@pytest.mark.skipif(sys.platform == "win32", reason="has no signals of this kind")
def test_an_interrupt_ends_all_processes(tmp_path: Path) -> None:
    for number in range(8):
        layers = "".join(f"        self.l{n} = nn.Linear({n}, {n})\n" for n in range(1, 3_000))
        code = (
            f"from torch import nn\nclass N(nn.Module):\n    def __init__(self):\n        super().__init__()\n{layers}"
        )
        (tmp_path / f"m{number}.py").write_text(code, encoding="utf-8")
    process = subprocess.Popen(
        command("--jobs", "2", "."),
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 60
    while children.exists() and not children.read_text(encoding="utf-8") and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert out == b""
    with pytest.raises(ProcessLookupError):
        _wait_for_the_end_of_group(process.pid)


def _wait_for_the_end_of_group(group: int) -> None:
    for _ in range(600):
        os.killpg(group, 0)
        time.sleep(0.05)
