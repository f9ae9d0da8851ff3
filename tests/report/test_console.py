"""`--profile`: what each file has cost."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from initlint.cli.commands import cli
from initlint.linter.pipeline import check
from initlint.linter.results import Timings
from initlint.project.settings import Settings
from initlint.report.console import profile_table
from initlint.tracers.static import timer
from initlint.tracers.static.timer import Timer


def test_what_is_inside_of_something_else_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([0.0, 1.0, 3.0, 10.0])
    monkeypatch.setattr(timer, "process_time", lambda: next(readings))
    watch = Timer()
    with watch.on("rest"), watch.on("parse"):
        pass
    assert watch.seconds == {"parse": 2.0, "rest": 8.0}


def test_the_dearest_file_comes_first_and_the_sum_last() -> None:
    costs = [(Path("cheap.py"), Timings(0.25, 0.0, 0.25)), (Path("dear.py"), Timings(1.0, 2.0, 0.5))]
    assert profile_table(costs).splitlines() == [
        "  total  parse  interpret   rest  file",
        "  3.500  1.000      2.000  0.500  dear.py",
        "  0.500  0.250      0.000  0.250  cheap.py",
        "  4.000  1.250      2.000  0.750  2 files",
    ]


def test_each_part_of_the_work_is_measured(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("from torch import nn\n\nnet = nn.Linear(2, 2)\n", encoding="utf-8")
    ((_, cost),) = check([tmp_path / "net.py"], Settings()).timings
    assert min(cost) > 0


def test_what_an_earlier_run_has_found_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("from torch import nn\n\nnet = nn.Linear(2, 2)\n", encoding="utf-8")
    command = ["check", "--isolated", "--profile", "--cache-dir", str(tmp_path / "kept"), str(tmp_path / "net.py")]
    cold, warm = (CliRunner().invoke(cli, command).stderr.splitlines() for _ in range(2))
    assert [line.split()[-1] for line in cold] == ["file", str(tmp_path / "net.py"), "files"]
    assert float(cold[1].split()[0]) > 0
    assert [line.split()[-2:] for line in warm] == [["rest", "file"], ["0", "files"]]
