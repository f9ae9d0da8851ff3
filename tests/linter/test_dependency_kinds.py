"""For each kind of dependency a project in which it is the only one that notices an edit; `benchmarks/random_edits.py`."""

from __future__ import annotations

import ast
import importlib
import random
from pathlib import Path

import pytest

from tests.support.editor import NET
from tests.support.paths import ROOT


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


def test_each_kind_alone_notices_an_edit_that_changes_a_finding(tmp_path: Path) -> None:
    random_edits = importlib.import_module("random_edits")
    outcome = random_edits.Outcome()
    random_edits.try_planted(tmp_path.resolve(), outcome)
    assert outcome.different == []
    assert outcome.needed == {kind: [f"planted: {kind}"] for kind in random_edits.KINDS}


def test_random_edits_leave_other_python() -> None:
    edits = importlib.import_module("edits")
    found = {}
    for seed in range(200):
        edit = edits.random_edit(NET, random.Random(seed))
        assert edit.text != NET
        ast.parse(edit.text)
        found[edit.kind] = edit.text
    assert found.keys() == edits.KINDS.keys()
    assert edits.random_edit(NET, random.Random(1)) == edits.random_edit(NET, random.Random(1))
