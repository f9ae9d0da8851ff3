"""An editor that remembers earlier runs shows what a new process finds, and what it shows early is not withdrawn."""

from __future__ import annotations

import importlib
import os
import random
from pathlib import Path
from typing import Any

import pytest

from initlint.integrations.lsp.documents import Document, OpenFile
from initlint.integrations.lsp.file_diagnostics import FileDiagnostics
from initlint.linter.lint_file import FileLinter
from initlint.linter.memory import RunMemory
from tests.support.paths import ROOT

INIT = """\
from torch import nn


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_normal_(m.weight)


def size(n):
    return 2 * n
"""
BLOCK = """\
import torch
from torch import nn

from init import init_weights, size


class Block(nn.Module):
    def __init__(self, n=8):
        super().__init__()
        self.a = nn.Linear(n, size(n))
        self.b = nn.Linear(size(n), n)

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))


class Base(nn.Module):
    def start(self):
        self.apply(init_weights)
"""
NET = """\
import torch
from torch import nn

from block import Base, Block


class Net(Base):
    def __init__(self):
        super().__init__()
        self.one = Block(16)
        self.two = Block(16)
        self.out = nn.Linear(16, 2)
        self.start()

    def forward(self, x):
        return self.out(torch.tanh(self.two(self.one(x))))
"""
TRAIN = "from net import Net\n\nnet = Net()\n"
FILES = {"init.py": INIT, "block.py": BLOCK, "net.py": NET, "train.py": TRAIN}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[tool.initlint]\nselect = ["ALL"]\n', encoding="utf-8")
    for name, text in FILES.items():
        write(tmp_path / name, text)
    return tmp_path.resolve()


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1_600_000_000 + len(text), 1_600_000_000))


def open_file(path: Path, text: str) -> OpenFile:
    return OpenFile.of_file(path, Document(path.as_uri(), 1, text))


class Editor:
    def __init__(self) -> None:
        self.memory = RunMemory()
        self.last: dict[Path, FileDiagnostics] = {}
        self.shown: list[FileDiagnostics] = []

    def lint(self, path: Path, text: str, others: dict[str, bytes] | None = None) -> FileDiagnostics:
        self.shown = []

        def show(own: FileDiagnostics) -> None:
            self.shown.append(own.after(self.last.get(path)))

        self.last[path] = FileDiagnostics.of(open_file(path, text), others or {}, memory=self.memory, show=show)
        return self.last[path]


def findings(result: FileDiagnostics) -> list[tuple[Any, ...]]:
    return [(d.code, d.message, d.span, d.severity, d.related, d.fix) for d in result.diagnostics]


def test_random_edits_are_reported_as_by_a_new_process(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    edits = importlib.import_module("edits")
    chosen, editor, outcomes = random.Random(0), Editor(), set()
    texts = dict(FILES)
    for step in range(150):
        name = chosen.choice([*FILES])
        if step % 10 == 0:
            texts = dict(FILES)  # not too many mistakes at once
        edit = edits.random_edit(texts[name], chosen)
        texts[name] = texts[name] if edit is None else edit.text
        if chosen.random() < 0.5:
            write(project / name, texts[name])
        others = {str(project / other): texts[other].encode() for other in FILES if chosen.random() < 0.5}
        for checked in {name, chosen.choice([*FILES])}:
            warm = editor.lint(project / checked, texts[checked], others)
            cold = FileDiagnostics.of(open_file(project / checked, texts[checked]), others)
            assert findings(warm) == findings(cold), (step, name, checked)
            outcomes.add(tuple(d.code for d in cold.diagnostics))
    assert len(outcomes) > 10


def test_files_that_use_a_file_are_linted_only_if_what_they_use_has_changed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linted: list[str] = []
    lint = FileLinter.lint
    monkeypatch.setattr(FileLinter, "lint", lambda self, file: linted.append(file.name) or lint(self, file))
    editor, path = Editor(), project / "net.py"
    editor.lint(path, NET)
    assert linted == ["net.py", "train.py"]
    linted.clear()
    editor.lint(path, NET)
    assert linted == []
    editor.lint(path, NET.replace("16, 2", "16, 4"))
    assert linted == ["net.py", "train.py"]
    linted.clear()
    editor.lint(path, NET.replace("16, 2", "16, 4") + "\n\ndef unused():\n    pass\n")
    assert linted[0] == "net.py"


def test_what_comes_from_other_files_stays_while_these_are_linted(project: Path) -> None:
    """`block.py` alone has no finding: that `Base` initializes the wrong layers is known from `net.py`."""
    editor, path = Editor(), project / "block.py"
    first = editor.lint(path, BLOCK)
    (shown,) = editor.shown
    assert "INI301" in {d.code for d in first.diagnostics} - {d.code for d in shown.diagnostics}
    second = editor.lint(path, "# a comment\n" + BLOCK)
    (shown,) = editor.shown
    assert [(d.code, d.span) for d in shown.diagnostics] == [(d.code, d.span) for d in second.diagnostics]
    assert [d.span.row for d in second.diagnostics] == [d.span.row + 1 for d in first.diagnostics]
    gone = editor.lint(path, BLOCK.replace("self.apply(init_weights)", "pass"))
    (shown,) = editor.shown
    assert "INI301" not in {d.code for d in (*shown.diagnostics, *gone.diagnostics)}


def test_a_run_ends_as_soon_as_it_is_interrupted(project: Path) -> None:
    class Interrupt(BaseException):
        pass

    calls = 0

    def check_interrupt() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Interrupt

    editor, path = Editor(), project / "block.py"
    file = open_file(path, BLOCK)
    with pytest.raises(Interrupt):
        FileDiagnostics.of(file, {}, memory=editor.memory, check_interrupt=check_interrupt)
    assert calls == 3
    assert findings(editor.lint(path, BLOCK)) == findings(FileDiagnostics.of(file, {}))
