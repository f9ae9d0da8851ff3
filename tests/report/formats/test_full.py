from __future__ import annotations

import json as jsonlib
from collections.abc import Sequence
from dataclasses import replace

import click
import pytest

import initlint
from initlint.diagnostics import Applicability, Diagnostic, Edit, Fix, Related, Severity, Span
from initlint.project.decoding import decode_lines
from initlint.report.code_frame import MAX_ROWS
from initlint.report.formats import full as full_report
from initlint.report.formats import json
from initlint.report.formats import lines as line_formats
from initlint.report.report import Report
from initlint.report.text import escape, summary

NET = [
    "class Net(nn.Module):",
    "\tdef __init__(self):",
    "\t\tself.fc = nn.Linear(8, 8)",
    "\t\tnn.init.xavier_uniform_(",
    "\t\t    self.fc.weight,",
    "",
    "\t\t)",
]
CALL = Span("net.py", 4, 3, 7, 4)
LAYER = Related(Span("net.py", 3, 13, 3, 28), "this layer")
FIX = Fix("Use `kaiming_uniform_`", (Edit(CALL, "kaiming_uniform_()"),), Applicability.SAFE)
UNSAFE = Fix("Use `kaiming_uniform_`", (Edit(CALL, "kaiming_uniform_()"),), Applicability.UNSAFE)


def diagnostic(
    fix: Fix | None = None, related: tuple[Related, ...] = (), span: Span = CALL, message: str = "wrong"
) -> Diagnostic:
    return Diagnostic("INI301", "xavier-before-relu", message, Severity.INFO, span, related, fix)


def lines(file: str) -> Sequence[str]:
    return {"net.py": NET, "other.py": ["x = 1", "y = f(x)"]}.get(file, [])


def full(*diagnostics: Diagnostic) -> str:
    return click.unstyle(full_report.render(Report(diagnostics, lines)))


def test_concise() -> None:
    shown = click.unstyle(line_formats.concise(Report([diagnostic(FIX), diagnostic(UNSAFE), diagnostic()])))
    assert shown == (
        "net.py:4:3: note[INI301] [*] wrong\n"
        "net.py:4:3: note[INI301] wrong\n"
        "net.py:4:3: note[INI301] wrong\n"
    )  # fmt: skip


def test_full_shows_the_code_the_places_and_the_fix() -> None:
    assert full(diagnostic(FIX, (LAYER,))) == (
        "net.py:4:3: note[INI301] [*] xavier-before-relu\n"
        "  wrong\n"
        "  |\n"
        "4 |         nn.init.xavier_uniform_(\n"
        "  |         ^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "5 |             self.fc.weight,\n"
        "  |             ^^^^^^^^^^^^^^^\n"
        "6 |\n"
        "7 |         )\n"
        "  |         ^\n"
        "...\n"
        "3 |         self.fc = nn.Linear(8, 8)\n"
        "  |                   --------------- this layer\n"
        "  |\n"
        "  = help: Use `kaiming_uniform_`\n"
        "\n"
    )


def test_full_names_another_file_and_an_unsafe_fix() -> None:
    shown = full(diagnostic(UNSAFE, (Related(Span("other.py", 2, 5, 2, 9), "the activation"),), LAYER.span))
    assert shown == (
        "net.py:3:13: note[INI301] xavier-before-relu\n"
        "  wrong\n"
        "  |\n"
        "3 |         self.fc = nn.Linear(8, 8)\n"
        "  |                   ^^^^^^^^^^^^^^^\n"
        " ::: other.py:2:5\n"
        "2 | y = f(x)\n"
        "  |     ---- the activation\n"
        "  |\n"
        "  = help: Use `kaiming_uniform_` (unsafe: --fix --unsafe-fixes)\n"
        "\n"
    )


def test_a_verbose_report_shows_the_layers_behind_a_number() -> None:
    text = (
        "from torch import nn\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))\n"
        "        for layer in self.net[::2]:\n            nn.init.xavier_uniform_(layer.weight)\n            nn.init.zeros_(layer.bias)\n\n"
        "    def forward(self, x):\n        return self.net(x)\n"
    )
    found = initlint.check_source(text).diagnostics
    told = click.unstyle(full_report.render(Report(found, verbose=True)))
    assert [line.strip() for line in told.splitlines() if "chain" in line] == [
        "= chain: `net.0` Linear, `xavier_uniform_`, ReLU: factor 0.50, product 0.50",
        "= chain: `net.2` Linear, `xavier_uniform_`, ReLU: factor 0.50, product 0.25",
    ]
    assert "chain:" not in full_report.render(Report(found))


def test_full_of_a_file_without_lines() -> None:
    assert (
        full(diagnostic(span=Span("gone.py", 1, 1, 1, 1)))
        == "gone.py:1:1: note[INI301] xavier-before-relu\n  wrong\n\n"
    )


def test_many_related_places_are_counted() -> None:
    shown = full(diagnostic(related=(LAYER,) * 9))
    assert shown.count("this layer") == full_report.MAX_RELATED
    assert "and 3 more places" in shown


def test_long_spans_are_cut() -> None:
    long = [f"f{row}()" for row in range(1, 31)]
    shown = click.unstyle(full_report.render(Report([diagnostic(span=Span("long.py", 9, 1, 30, 1))], lambda _: long)))
    assert [row for row in range(1, 31) if f" f{row}()" in shown] == list(range(9, 9 + MAX_ROWS))
    assert "   | ...\n" in shown


def test_wide_and_combining_characters_keep_the_marker_in_place() -> None:
    line = "f('重み', 'e\u0301', x)"
    shown = click.unstyle(full_report.render(Report([diagnostic(span=Span("a.py", 1, 15, 1, 16))], lambda _: [line])))
    assert line[14] == "x"
    assert shown.splitlines()[4] == "  | " + " " * (14 + 2 - 1) + "^"


@pytest.mark.parametrize(
    ("diagnostics", "expected"),
    [
        ([], "All checks passed!\n"),
        ([diagnostic()], "Found 1 note.\n"),
        ([diagnostic(FIX), diagnostic()], "Found 2 notes (1 fixable with --fix).\n"),
        (
            [diagnostic(FIX), diagnostic(UNSAFE), diagnostic(UNSAFE)],
            "Found 3 notes (1 fixable with --fix, 2 more with --fix --unsafe-fixes).\n",
        ),
    ],
)
def test_summary(diagnostics: list[Diagnostic], expected: str) -> None:
    assert summary(diagnostics) == expected


def test_the_summary_counts_each_severity() -> None:
    error, warning, note = (replace(diagnostic(), severity=severity) for severity in sorted(Severity, reverse=True))
    assert summary([note, warning, error, warning]) == "Found 1 error, 2 warnings and 1 note.\n"
    assert summary([note, error]) == "Found 1 error and 1 note.\n"
    assert summary([warning], fixed=3) == "Fixed 3 findings; 1 warning remains.\n"


def test_text_is_wrapped_at_the_width() -> None:
    call = Span("net.py", 4, 3, 4, 26)
    long = diagnostic(FIX, (Related(call, "word " * 30),), message="word " * 40 + "`a_name_that_is_longer_than_a_line`")
    for width in (40, 80, 120):
        shown = click.unstyle(full_report.render(Report([long], lines, width=width))).splitlines()
        prose = [line for line in shown if "word" in line]
        assert max(map(len, prose)) <= width
        assert sum(line.count("word") for line in prose) == 70
        assert shown[1].startswith("  word word")


def test_a_label_that_does_not_fit_goes_below_its_marker() -> None:
    label = Related(Span("net.py", 3, 13, 3, 28), "a label that is too long for the rest of this line of 60 columns")
    shown = click.unstyle(full_report.render(Report([diagnostic(None, (label,), CALL)], lines, width=60)))
    assert (
        "  |                   ---------------\n"
        "  |                   a label that is too long for the rest\n"
        "  |                   of this line of 60 columns\n"
    ) in shown


def test_summary_behind_a_fix() -> None:
    assert summary([], fixed=2) == "Fixed 2 findings; none remains.\n"
    expected = "Fixed 1 finding; 2 notes remain (1 fixable with --fix --unsafe-fixes).\n"
    assert summary([diagnostic(), diagnostic(UNSAFE)], fixed=1) == expected


def test_json_is_the_documented_shape() -> None:
    document = jsonlib.loads(json.render(Report([diagnostic(FIX, (LAYER,)), diagnostic()])))
    assert document["version"] == 1
    assert document["diagnostics"][0] == {
        "code": "INI301",
        "name": "xavier-before-relu",
        "message": "wrong",
        "severity": "info",
        "file": "net.py",
        "row": 4,
        "column": 3,
        "end_row": 7,
        "end_column": 4,
        "fix": {
            "applicability": "safe",
            "message": "Use `kaiming_uniform_`",
            "edits": [
                {
                    "file": "net.py",
                    "row": 4,
                    "column": 3,
                    "end_row": 7,
                    "end_column": 4,
                    "replacement": "kaiming_uniform_()",
                }
            ],
        },
        "related": [{"file": "net.py", "row": 3, "message": "this layer"}],
        "url": "https://initlint.readthedocs.io/rules/xavier-before-relu/",
        "model": None,
        "layers": [],
        "factor": None,
        "factor_max": None,
        "product": None,
        "gradient": None,
        "gradient_max": None,
    }
    assert document["diagnostics"][1]["fix"] is None


def test_what_a_terminal_would_obey_is_shown() -> None:
    assert escape("a\x1b[2Jb\r\n\t\x07\u202e\u2028\udcff\U000e0041é重") == (
        r"a\x1b[2Jb\x0d\x0a\x09\x07\u202e\u2028\udcff\U000e0041é重"
    )
    evil = "x\x1b[31m\ny"
    hostile = diagnostic(
        Fix(evil, (), Applicability.SAFE),
        (Related(Span(evil, 1, 1, 1, 2), evil),),
        Span("net\x1b.py", 1, 1, 1, 5),
        evil,
    )
    shown = click.unstyle(full_report.render(Report([hostile], lambda _: ["a = '\x1b]0;title\x07'"])))
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert shown.count(r"x\x1b[31m\x0ay") == 4
    assert "\x1b" not in json.render(Report([hostile]))


def test_lines_are_decoded_by_the_files_own_encoding() -> None:
    assert list(decode_lines("a.py", b"\xef\xbb\xbfa\r\nb\rc\fd\n")) == ["a", "b", "c\fd", ""]
    assert list(decode_lines("a.py", "# coding: latin-1\né".encode("latin-1"))) == ["# coding: latin-1", "é"]
    assert list(decode_lines("a.py", b"\xff")) == []
    assert list(decode_lines("a.py", b"# coding: nothing\n")) == []
