"""What is drawn of source lines, whatever their length."""

from __future__ import annotations

import click
import pytest

from initlint.diagnostics import Span
from initlint.report.code_frame import Mark, draw, grouped

LINE = "self.head = nn.Sequential(nn.Linear(in_features, hidden), nn.ReLU(), nn.Linear(hidden, out_features))"


def mark(text: str, line: str = LINE, character: str = "-", label: str = "") -> Mark:
    start = line.index(text) + 1
    return Mark(Span("net.py", 1, start, 1, start + len(text)), character, label, "blue")


def rows(marks: list[Mark], line: str = LINE, width: int = 60) -> list[str]:
    (group,) = grouped(marks)
    return [click.unstyle(row) for row in draw(group, [line], 1, width)]


def test_places_in_one_line_are_below_it_together() -> None:
    first, second = mark("nn.Linear(in_features, hidden)", label="first"), mark("nn.ReLU()", label="then")
    assert rows([first, second], width=120) == [
        f"1 | {LINE}",
        f"  | {' ' * 26}{'-' * 30} first",
        f"  | {' ' * 58}{'-' * 9} then",
    ]


def test_other_lines_have_rows_of_their_own() -> None:
    one, far = mark("self"), Mark(Span("net.py", 9, 1, 9, 5), "-", "", "blue")
    long = Mark(Span("net.py", 1, 1, 2, 5), "-", "", "blue")
    assert grouped([one, far, long, one]) == [[one, one], [far], [long]]


@pytest.mark.parametrize("text", ["self.head", "hidden), nn.ReLU()", "nn.Linear(hidden, out_features))"])
@pytest.mark.parametrize("width", [50, 60, 80])
def test_a_long_line_is_cut_around_its_mark(text: str, width: int) -> None:
    shown, marked = rows([mark(text)], width=width)
    start = marked.index("-")
    assert shown[start : marked.rindex("-") + 1] == text
    assert len(shown) <= width
    assert shown[4:].startswith("...") == (LINE[:9] not in shown)
    assert shown.endswith("...") == (LINE[-9:] not in shown)


def test_a_mark_that_is_longer_than_the_terminal_begins_in_it() -> None:
    shown, marked = rows([mark(LINE[12:])], width=40)
    assert shown == "1 | ...nn.Sequential(nn.Linear(in_fea..."
    assert marked == f"  |    {'-' * 33}"


def test_a_cut_through_a_wide_character_keeps_the_columns() -> None:
    line = f"f('{'重' * 40}', x)"
    shown, marked = rows([mark("x", line)], line, 30)
    assert len(shown.encode("utf-16-le")) // 2 + shown.count("重") <= 30
    before = shown[: shown.index("x")]
    assert len(before) + before.count("重") == marked.index("-")
