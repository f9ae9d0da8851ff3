"""Fixtures that many tests use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.fake_pipeline import FAKE_RULES, FakeProject
from tests.support.paths import ROOT

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of torch in parallel tests wait for each other

SLOW = ("tests/end_to_end", "tests/tracers/fx", "tests/cli/test_trace_command.py", "tests/report/html")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first: the quick ones then fill the time that workers would wait for the last file."""
    slow = tuple(ROOT / name for name in SLOW)
    items.sort(key=lambda item: not any(item.path == path or path in item.path.parents for path in slow))


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """Processes that tests start can be interrupted, also if the tests run in the background of a shell or under nohup."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text is wrapped alike wherever the tests run."""
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes to the user's cache."""
    monkeypatch.setenv("INITLINT_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="session")
def empty_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the marker of a project's root."""
    folder = tmp_path_factory.mktemp("project")
    (folder / ".git").mkdir()
    return folder


@pytest.fixture(autouse=True)
def in_empty_project(empty_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources with relative names, of which most tests have one, stand in no project that is searched around them."""
    monkeypatch.chdir(empty_project)


@pytest.fixture
def fake_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the tracer and the rules; INI901 is off by default."""
    monkeypatch.setattr("initlint.linter.lint_file.Project", FakeProject)
    monkeypatch.setattr("initlint.linter.lint_file.may_contain_models", lambda code: "torch" in code)
    for module in ("initlint.linter.lint_file", "initlint.linter.pipeline", "initlint.cli.commands"):
        monkeypatch.setattr(f"{module}.all_rules", lambda: FAKE_RULES)


@pytest.fixture
def in_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, the working directory of the test."""
    monkeypatch.chdir(tmp_path)
    for variable in ("NO_COLOR", "FORCE_COLOR", "INITLINT_DEBUG"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path
