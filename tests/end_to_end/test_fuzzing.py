"""A short run of `nox -s fuzz`, and that it notices what it looks for."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from initlint.api import check_files
from initlint.diagnostics import Fix
from initlint.linter.results import CheckResult, Failure
from tests.support.fuzz_conditions import alike, ends, without_the_word
from tests.support.sources import net
from tools.fuzzing import fixes, guided, mutations, programs, properties, trials
from tools.fuzzing.__main__ import main
from tools.fuzzing.properties import Violated, fixes_are_right, holds, lints
from tools.fuzzing.sources import DEFAULT_PATHS, Input, Sources

NET = Input({"net.py": net().encode()})
Change = Callable[[CheckResult], CheckResult]


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources.read(DEFAULT_PATHS)


def test_mutated_files_are_linted(sources: Sources) -> None:
    for seed in range(40):
        holds(lints, mutations.mutated(seed, sources))


def test_fixes_of_files_with_defects_are_right(sources: Sources) -> None:
    assert sum(int(holds(fixes_are_right, fixes.with_defects(seed, sources))) for seed in range(30)) > 10


def test_programs_of_odd_syntax_are_linted(sources: Sources) -> None:
    for number in range(30, 70):
        holds(lints, programs.program(number, sources))


def test_an_input_is_that_of_its_seed(sources: Sources) -> None:
    for make in (mutations.mutated, fixes.with_defects):
        assert [make(seed, sources) for seed in range(9)] == [make(seed, sources) for seed in range(9)]
        assert len({tuple(make(seed, sources).files.values()) for seed in range(9)}) == 9


def test_files_with_defects_can_be_parsed(sources: Sources) -> None:
    for seed in range(100):
        ast.parse(fixes.with_defects(seed, sources).files["net.py"])


def broken(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    monkeypatch.setattr(properties, "check_files", lambda *args, **options: change(check_files(*args, **options)))


def moved(result: CheckResult, rows: int, columns: int) -> CheckResult:
    [finding] = result.diagnostics
    span = replace(finding.span, row=finding.span.row + rows, column=finding.span.column + columns)
    return replace(result, diagnostics=(replace(finding, span=span),))


def with_edit(result: CheckResult, **changes: object) -> CheckResult:
    findings = [finding for finding in result.diagnostics if finding.fix is not None]
    if not findings or not isinstance(findings[0].fix, Fix) or not isinstance(findings[0].fix.change, tuple):
        return result
    fix = findings[0].fix
    edit = fix.edits[0]
    span = replace(edit.span, **{name: value for name, value in changes.items() if name != "replacement"})  # type: ignore[arg-type]
    new = replace(edit, span=span, replacement=str(changes.get("replacement", edit.replacement)))
    return replace(result, diagnostics=(replace(findings[0], fix=replace(fix, change=(new,))),))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda result: replace(result, failures=(Failure("a rule", "net.py", "KeyError: 1", ""),)), "KeyError"),
        (lambda result: moved(result, 1000, 0), "outside of the file"),
        (lambda result: moved(result, 0, 1000), "outside of the file"),
        (lambda result: moved(result, 2, 0), "ends before it begins"),
        (lambda result: 1 / 0, "ZeroDivisionError"),
    ],
    ids=["internal error", "row", "column", "order", "exception"],
)
def test_a_wrong_result_is_noticed(monkeypatch: pytest.MonkeyPatch, change: Change, kind: str) -> None:
    holds(lints, NET)
    broken(monkeypatch, change)
    with pytest.raises(Violated, match=kind):
        holds(lints, NET)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"replacement": "((("}, "does not compile"),
        ({"replacement": "xavier_uniform_"}, "changes nothing"),
        ({"replacement": "kaiming_normal_(self.fc2.weight, nonlinearity='relu'); nn.init.eye"}, "the fix brings"),
        ({"row": 4, "end_row": 4, "column": 1, "end_column": 6, "replacement": "class"}, "changes nothing"),
        ({"row": 8, "end_row": 8, "column": 34, "end_column": 36, "replacement": "32"}, "edits another line"),
    ],
    ids=["syntax", "nothing", "finding", "same", "line"],
)
def test_a_wrong_fix_is_noticed(monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], kind: str) -> None:
    holds(fixes_are_right, NET)
    broken(monkeypatch, lambda result: with_edit(result, **changes))
    with pytest.raises(Violated, match=kind):
        holds(fixes_are_right, NET)


_STARTS = """
import torch.nn as nn
import torch.nn.functional as F

class Starts(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.norm = nn.BatchNorm1d(8)
        self.last = nn.Linear(8, 8)
        nn.init.zeros_(self.norm.weight)
        nn.init.xavier_normal_(self.norm.bias)
        self.start()

    def start(self):
        {other}

    def forward(self, x):
        return self.last(F.relu(self.norm(self.first(x))))
"""

_REPLACES = """
import torch.nn as nn

class Replaces(Starts):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(8)
"""


def test_what_a_constructor_that_raised_hid_is_not_brought() -> None:
    """The gain of zero is one fault more only if the shift is zero: what the fix of the shift writes there.

    Of two models, the call that raises is reported in the first, which replaces the layer.
    """
    text = _REPLACES + _STARTS.format(other="pass")
    [finding] = check_files({"net.py": text.encode()}, properties.SETTINGS).diagnostics
    assert (finding.code, finding.model, finding.layers) == ("INI101", "Replaces", ())
    assert holds(fixes_are_right, Input({"net.py": text.encode()})) == "1"


def test_what_another_function_does_is_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    text = _STARTS.format(other="nn.init.xavier_uniform(self.last.weight)").replace(
        "        nn.init.zeros_(self.norm.weight)\n", ""
    )
    given = Input({"net.py": text.encode()})
    holds(fixes_are_right, given)

    def without_notes(result: CheckResult) -> CheckResult:
        """As if the call that raises had hidden the old name in the other method."""
        shown = [finding for finding in result.diagnostics if finding.code != "INI901"]
        return replace(result, diagnostics=tuple(shown)) if "INI101" in {f.code for f in shown} else result

    broken(monkeypatch, without_notes)
    with pytest.raises(Violated, match="INI101: the fix brings INI901"):
        holds(fixes_are_right, given)


def test_what_fails_is_made_small() -> None:
    text = "".join(f"line {number}\n" for number in range(30))
    given = Input({"net.py": f"{text}a bad line\n{text}".encode(), "other.py": text.encode()})
    tally = trials.run(without_the_word, [given, given, NET], 60)
    assert (tally.tried, tally.kinds, tally.answers) == (3, {"the word": 2}, {"fine": 1})
    assert [failed.given.files for failed in tally.failed] == [{"net.py": b"bad"}]


def test_processes_that_differ_or_do_not_answer() -> None:
    assert trials.run(alike, [Input({"net.py": b"hash"})], 60).kinds == {"two runs with different hash seeds differ": 1}
    inputs = [Input({"net.py": text}) for text in (b"", b"exit", b"", b"sleep", b"")]
    tally = trials.run(ends, inputs, 60, limit=2)
    assert tally.kinds == {"the process ended with 7": 1, "no end within 2 s": 1}
    assert tally.answers == {"fine": 3}


def test_the_command(tmp_path: pytest.TempPathFactory) -> None:
    done = CliRunner().invoke(main, ["0.01", "--only", "mutations", "--folder", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("mutations: ")
    assert done.stdout.endswith(" inputs, 0 failed\n")


_BYTES = [
    b"", b"\xff\xfe", b"# -*- coding: punycode -*-\nx", b"# coding: \x00", b"x = 1  # noqa: INI301, E5\\\n# noqa\r",
    b"!\n\\\na\\\n[z-a]\n**/x/**", b'{"cells": [{"cell_type": "code", "source": ["a\\n", 1]}]}', b"[" * 3000,
    b'{"cells": [{"cell_type": "code", "source": "x = 1"}], "nbformat": 4}', b'{"version": 1, "findings": [[1]]}', b"select = 1",
    b'[severity]\nINI301 = "loud"', b"null", b"[1, [], {}]", b'extend = "initlint.toml"', b"1e999",
]  # fmt: skip


@pytest.mark.parametrize("target", guided.TARGETS)
def test_what_reads_bytes_raises_only_what_it_documents(target: str, tmp_path: Path) -> None:
    for data in _BYTES:
        guided.TARGETS[target](data, tmp_path)


def test_a_notebook_that_is_not_written_as_it_was_read_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(guided.Notebook, "with_text", lambda self, text: b"")
    with pytest.raises(AssertionError, match="otherwise"):
        guided.TARGETS["notebook"](_BYTES[8], tmp_path)
