"""`--add-noqa` and baselines, through the command line and on real rules."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from initlint.cli import commands
from initlint.diagnostics import Diagnostic, Severity, Span
from initlint.linter.add_noqa import annotate
from initlint.project.noqa import parse
from tests.support.paths import FIXTURES, PACKAGE
from tests.support.sources import net

pytestmark = pytest.mark.usefixtures("in_directory")

NET = net("xavier_uniform")
CALL = "        nn.init.xavier_uniform(self.fc1.weight)"


def run(*arguments: str, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(commands.cli, ["check", "--output-format", "concise", *arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def write(text: str = NET, path: str = "net.py") -> None:
    Path(path).write_text(text, encoding="utf-8")


def read(path: str = "net.py") -> str:
    return Path(path).read_text(encoding="utf-8")


@pytest.fixture
def examples(in_directory: Path) -> Path:
    """The example models, to be written to."""
    for file in FIXTURES.rglob("*.py"):
        copy = in_directory / file.relative_to(FIXTURES)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return in_directory


@pytest.mark.parametrize(
    ("option", "comment"),
    [
        ("--add-noqa", "# noqa: INI301, INI901"),
        ("--add-noqa=zeros on purpose", "# noqa: INI301, INI901 zeros on purpose"),
    ],
)
def test_add_noqa(option: str, comment: str) -> None:
    write()
    result = run(option, "net.py")
    assert read() == NET.replace(CALL, f"{CALL}  {comment}")
    assert (result.stdout, result.exit_code) == ("All checks passed!\n", 0)
    assert result.stderr == "Suppressed 2 findings in 1 file.\n"
    assert run(option, "net.py").stderr == "Suppressed 0 findings in 0 files.\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  # noqa: E501", "  # noqa: E501, INI301, INI901 kept"),
        ("  # noqa:E501,W605 long", "  # noqa:E501,W605, INI301, INI901 long"),
        ("  # noqa: INI901", "  # noqa: INI901, INI301 kept"),
        ("  # type: ignore", "  # type: ignore  # noqa: INI301, INI901 kept"),
        ("   ", "  # noqa: INI301, INI901 kept"),
        ("; x = 1", "; x = 1  # noqa: INI301, INI901 kept"),
    ],
)
def test_add_noqa_beside_what_is_there(before: str, after: str) -> None:
    write(NET.replace(CALL, CALL + before))
    assert run("--add-noqa=kept", "net.py").exit_code == 0
    assert read() == NET.replace(CALL, CALL + after)


@pytest.mark.parametrize(
    ("call", "row"),
    [
        ("nn.init.xavier_uniform(\n            self.fc1.weight,\n        )", 3),
        ("nn.init.xavier_uniform(  # noqa: E501\n            self.fc1.weight,\n        )", 1),
        ("nn.init.xavier_uniform( \\\n            self.fc1.weight)", 2),
        ('print("""a\n            b""", nn.init.xavier_uniform(self.fc1.weight))', 2),
        ('print(nn.init.xavier_uniform(self.fc1.weight), f"""{x}\n            b""")', 2),
    ],
)
def test_the_comment_stands_where_one_can(call: str, row: int) -> None:
    before = NET.replace(CALL, f"        {call}")
    write(before)
    result = run("--add-noqa", "net.py")
    assert result.exit_code == 0, result.output
    rows = [number for number, line in enumerate(read().splitlines(), 1) if "INI301" in line]
    assert rows == [NET.splitlines().index(CALL) + row]
    assert ast.dump(ast.parse(read())) == ast.dump(ast.parse(before))


@pytest.mark.parametrize(
    ("text", "span", "row"),
    [
        ("class A:\n    x = 1\n", (1, 2), 1),
        ("class A(\n    B,\n):\n    x = 1\n", (1, 4), 1),
        ("class A(B, \\\n    C):\n    x = 1\n", (1, 3), 3),
    ],
)
def test_a_whole_block_is_marked_at_its_beginning_if_that_can_be(text: str, span: tuple[int, int], row: int) -> None:
    found = Diagnostic("INI901", "x", "x", Severity.INFO, Span("a.py", span[0], 1, span[1], 10))
    lines = annotate(text, text, [found]).splitlines()
    assert [number for number, line in enumerate(lines, 1) if "noqa" in line] == [row]


@pytest.mark.parametrize("file", sorted((PACKAGE / "tracers" / "static").rglob("*.py")), ids=lambda file: file.stem)
def test_every_expression_of_real_code_can_be_marked(file: Path) -> None:
    """Only comments change, and each finding is covered, wherever it stands."""
    text = file.read_text(encoding="utf-8")
    found = [_at(node) for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Name, ast.Call, ast.ClassDef))]
    marked = annotate(text, text, found, "why")
    assert ast.dump(ast.parse(marked)) == ast.dump(ast.parse(text))
    suppressions = parse(marked)
    assert [d.span for d in found if not suppressions.covers(d.code, d.span.row, d.span.end_row)] == []


def _at(node: ast.expr | ast.stmt) -> Diagnostic:
    end_row, end_column = node.end_lineno or node.lineno, (node.end_col_offset or node.col_offset) + 1
    return Diagnostic(
        "INI301", "x", "x", Severity.INFO, Span("a.py", node.lineno, node.col_offset + 1, end_row, end_column)
    )


def test_add_noqa_over_all_examples(examples: Path) -> None:
    before = {path: path.read_text(encoding="utf-8") for path in examples.rglob("*.py")}
    assert run("--add-noqa=known").exit_code == 0
    assert run("--extend-select", "INI001").stdout == "All checks passed!\n"
    for path, text in before.items():
        assert ast.dump(ast.parse(path.read_text(encoding="utf-8"))) == ast.dump(ast.parse(text))


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf" + NET.encode(), NET.replace("\n", "\r\n").encode(), NET.rstrip().encode()]
)
def test_add_noqa_keeps_everything_else_about_a_file(data: bytes) -> None:
    Path("net.py").write_bytes(data)
    assert run("--add-noqa", "net.py").exit_code == 0
    call = CALL.encode()
    assert Path("net.py").read_bytes() == data.replace(call, call + b"  # noqa: INI301, INI901")


def test_add_noqa_writes_nothing_for_a_diff_and_to_standard_output_for_standard_input() -> None:
    write()
    result = run("--add-noqa", "--diff", "net.py")
    assert f"-{CALL}\n+{CALL}  # noqa: INI301, INI901\n" in result.stdout
    assert (read(), result.exit_code) == (NET, 1)
    assert run("--add-noqa", "-", stdin=NET).stdout == NET.replace(CALL, f"{CALL}  # noqa: INI301, INI901")


def test_what_cannot_be_suppressed_is_reported() -> None:
    write("def torch(:\n")
    Path("latin.py").write_bytes(b"# coding: latin-1\n" + NET.encode())
    result = run("--add-noqa=重み")
    assert result.exit_code == 2
    assert result.stdout.startswith("latin.py:10:9: note[INI901]")
    assert "net.py:1:" in result.stdout
    assert "initlint: latin.py: no comment added: 'latin-1' codec can't encode" in result.stderr


def test_add_noqa_in_a_notebook() -> None:
    source = ["%matplotlib inline\n", *NET.splitlines(keepends=True)]
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    write(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}), "net.ipynb")
    assert run("--add-noqa", "net.ipynb").exit_code == 0
    (cell,) = json.loads(read("net.ipynb"))["cells"]
    assert "".join(cell["source"]) == "%matplotlib inline\n" + NET.replace(CALL, f"{CALL}  # noqa: INI301, INI901")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--add-noqa=INI302 is off"], "must not begin with a code: INI302 is off"),
        (["--add-noqa=a\nb"], "must be one line of printable characters"),
        (["--add-noqa", "--fix"], "--add-noqa cannot be used with --fix"),
        (["--add-noqa", "--write-baseline", "b.json"], "--add-noqa cannot be used with"),
        (["--write-baseline", "b.json", "--diff"], "--write-baseline cannot be used with"),
        (["--write-baseline", "net.py"], "net.py cannot be written: it is a source file"),
        (["--output-file", "net.py"], "net.py cannot be written: it is a source file"),
        (["--write-baseline", "gone/b.json"], "gone/b.json cannot be written: there is no directory gone"),
        (
            ["--baseline", "gone.json"],
            "gone.json: cannot be read: No such file or directory; create it with --write-baseline",
        ),
    ],
)
def test_wrong_use(arguments: list[str], message: str) -> None:
    write()
    result = run(*arguments, "net.py")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert message in result.stderr
    assert [path.name for path in Path().iterdir()] == ["net.py"]
    assert read() == NET


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "findings": []}',
        '{"version": 1, "findings": [{"file": 1, "code": "INI301", "text": "", "count": 1}]}',
        '{"version": 1, "findings": [{"file": "a", "code": "INI301", "text": "", "count": "1"}]}',
        '{"version": 1, "findings": [null]}',
        '{"version": 1, "findings": [{"file": "a", "code": "INI301", "text": "", "count": 1000000000000}]}',
        '{"version": 1, "findings": [{"file": "a", "code": "INI301", "text": "", "count": -1}]}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_baseline_is_one_line(text: str) -> None:
    write(text, "b.json")
    result = run("--baseline", "b.json")
    assert (result.stdout, result.exit_code, result.stderr.count("\n")) == ("", 2, 1)
    assert re.search(r"b\.json:? is not a (version 1 )?baseline", result.stderr)


def baseline(*arguments: str) -> None:
    result = run("--write-baseline", "known.json", *arguments)
    assert result.exit_code == 0, result.output


def test_known_findings_are_not_reported_wherever_they_move() -> None:
    write()
    result = run("--write-baseline", "known.json")
    assert (result.stdout, result.stderr) == ("All checks passed!\n", "Wrote 2 findings to known.json.\n")
    moved = "import math\n\n" + NET.replace(f"{CALL}\n", f"        if True:\n    {CALL}  # with a comment\n")
    write(moved)
    result = run("--baseline", "known.json")
    assert (result.stdout, result.stderr, result.exit_code) == ("All checks passed!\n", "", 0)
    assert run().exit_code == 1


def test_new_findings_are_reported_and_a_copy_is_new() -> None:
    write()
    baseline()
    write(NET.replace(CALL, f"{CALL}\n{CALL}\n        nn.init.zeros_(self.fc1.weight)"))
    lines = run("--baseline", "known.json", "--ignore", "INI112").stdout.splitlines()
    assert [line.split()[:2] for line in lines if line.startswith("net.py")] == [
        ["net.py:10:9:", "note[INI901]"],
        ["net.py:11:9:", "warning[INI201]"],
    ]


def test_what_has_gone_is_said() -> None:
    write()
    write(NET, "other.py")
    baseline()
    write(NET.replace("xavier_uniform(", "xavier_uniform_("))
    result = run("--baseline", "known.json")
    assert result.stderr.splitlines() == [
        "Gone since the baseline was written (--write-baseline renews it): 2 findings",
        "  net.py: INI301: nn.init.xavier_uniform(self.fc1.weight)",
        "  net.py: INI901: nn.init.xavier_uniform(self.fc1.weight)",
    ]
    assert result.stdout.startswith("net.py:9:9: note[INI301]")  # another text: a new finding
    assert "other" not in result.stderr + result.stdout
    assert run("--baseline", "known.json", "--quiet").stderr == ""
    assert run("--baseline", "known.json", "other.py").stderr == ""
    assert "INI301" not in run("--baseline", "known.json", "--select", "INI9").stderr
    Path("other.py").unlink()
    assert "other.py: INI901" in run("--baseline", "known.json", "net.py").stderr


def test_known_findings_are_not_fixed() -> None:
    write()
    baseline("--select", "INI9")
    assert run("--baseline", "known.json", "--fix", "net.py").exit_code == 0
    assert read() == NET.replace(
        "xavier_uniform(self.fc1.weight)", "kaiming_uniform_(self.fc1.weight, nonlinearity='relu')"
    )


def test_an_unreadable_file_is_never_known() -> None:
    write("def torch(:\n")
    result = run("--write-baseline", "known.json")
    assert (result.exit_code, "INI000" in result.stdout) == (1, True)
    assert json.loads(read("known.json")) == {"version": 1, "findings": []}


def test_the_configuration_names_a_baseline_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("pkg").mkdir()
    write(NET, "pkg/net.py")
    write('baseline = "known.json"\n', "initlint.toml")
    baseline("pkg")
    assert run("pkg").exit_code == 0
    monkeypatch.chdir("pkg")
    assert run("net.py").exit_code == 0
    assert run("net.py", "--isolated").exit_code == 1
    assert "../known.json" not in read("../known.json")


def test_a_baseline_of_all_examples_knows_them_all(examples: Path) -> None:
    baseline("--select", "ALL")
    result = run("--select", "ALL", "--baseline", "known.json")
    assert (result.stdout, result.stderr) == ("All checks passed!\n", "")
    known = json.loads(read("known.json"))["findings"]
    assert sum(entry["count"] for entry in known) > 30
