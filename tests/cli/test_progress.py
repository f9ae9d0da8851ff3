"""The line on standard error that says how far a long run is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from initlint.cli import progress
from initlint.cli.commands import cli
from initlint.cli.progress import Progress

FILES = 30


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times that the clock will show."""
    times: list[float] = []
    monkeypatch.setattr(progress.time, "monotonic", lambda: times.pop(0))
    return times


def shown(stream: io.StringIO, clock: list[float], times: Sequence[float], quiet: bool = False) -> str:
    clock[:] = [0.0, *times]
    with Progress(quiet, stream) as line:
        for done in range(1, len(times) + 1):
            line.report(done, len(times))
    return stream.getvalue()


def test_it_appears_after_a_second_changes_at_most_ten_times_a_second_and_goes(clock: list[float]) -> None:
    text = shown(Terminal(), clock, [0.5, 0.99, 1.0, 1.05, 1.2])
    assert text == "\r\x1b[K3 of 5 files\r\x1b[K5 of 5 files\r\x1b[K"


def test_short_and_quiet_runs_and_logs_show_nothing(clock: list[float]) -> None:
    assert shown(Terminal(), clock, [0.1, 0.2]) == ""
    assert shown(Terminal(), clock, [2.0, 3.0], quiet=True) == ""
    assert shown(io.StringIO(), clock, [2.0, 3.0]) == ""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_each_file_is_counted(jobs: str, in_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(FILES):
        (in_directory / f"n{number}.py").write_text("import torch\n" + "# filling\n" * 2_000, encoding="utf-8")
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(Progress, "report", lambda _, done, total: seen.append((done, total)))
    result = CliRunner().invoke(cli, ["check", "--no-cache", "--jobs", jobs, "."])
    assert result.exit_code == 0
    assert seen == [(done, FILES) for done in range(1, FILES + 1)]
