from __future__ import annotations

import textwrap

import pytest

from initlint.project.noqa import may_cover, parse


def covers(text: str, code: str = "INI301", row: int = 1, end_row: int | None = None) -> bool:
    text = textwrap.dedent(text)
    covered = parse(text).covers(code, row, end_row or row)
    assert may_cover(text, code) or not covered
    return covered


@pytest.mark.parametrize(
    ("line", "covered"),
    [
        ("f()", False),
        ("f()  # noqa", True),
        ("f()  #NoQA", True),
        ("f()  # noqa: INI301", True),
        ("f()  # NOQA:ini301", True),
        ("f()  # noqa : INI301", True),
        ("f()  # noqa: E501, INI301", True),
        ("f()  # noqa: E501,INI301", True),
        ("f()  # noqa: E501 INI301", True),
        ("f()  # noqa: INI301 the reason", True),
        ("f()  # type: ignore  # noqa: INI301", True),
        ("f()  # noqa: INI302", False),
        ("f()  # noqa: INI3", False),
        ("f()  # noqa: because", False),
        ("f()  # noqa-like", False),
        ("f()  # noqable", False),
        ("f()  # not noqa", False),
        ("f('# noqa')", False),
        ("f()  # initlint: noqa", False),
    ],
)
def test_one_line(line: str, covered: bool) -> None:
    assert covers(line + "\n") is covered


@pytest.mark.parametrize(
    ("comment", "covered"),
    [
        ("# initlint: noqa", True),
        ("#initlint:noqa", True),
        ("    # INITLINT: NOQA", True),
        ("# ruff: noqa", True),
        ("# flake8: noqa", True),
        ("# initlint: noqa: INI301", True),
        ("# flake8: noqa: E501, INI301", True),
        ("# initlint: noqa: INI302", False),
        ("# initlint: noqa: because", False),
        ("# pylint: noqa", False),
        ("'# initlint: noqa'", False),
        ("x = 1  # initlint: noqa", False),
    ],
)
def test_the_whole_file(comment: str, covered: bool) -> None:
    assert covers(f"if a:\n    f()\n{comment}\n", row=2) is covered


@pytest.mark.parametrize("text", ["f()", "f()  # noqa: E501", "# ruff: noqa: F401, INI302", "f()  # noqa: because"])
def test_most_texts_need_no_closer_look(text: str) -> None:
    assert not may_cover(text, "INI301")


STATEMENT = """\
    a()
    self.fc = layer_init({first}
        nn.Linear(
            8, 8,
        ),{middle}
    ){last}
    b()
"""


@pytest.mark.parametrize("where", ["first", "last"])
def test_the_first_and_the_last_line_of_a_statement_cover_it(where: str) -> None:
    text = STATEMENT.format(**{"first": "", "middle": "", "last": "", where: "  # noqa"})
    assert covers(text, row=2, end_row=6)
    assert covers(text, row=3, end_row=5)
    assert not covers(text, row=1)
    assert not covers(text, row=7)


def test_a_line_in_the_middle_covers_only_itself() -> None:
    text = STATEMENT.format(first="", middle="  # noqa", last="")
    assert not covers(text, row=2, end_row=6)
    assert covers(text, row=3, end_row=5)


def test_a_string_over_several_lines() -> None:
    text = 'f("""\n# noqa\n""")  # noqa: INI301\n'
    assert covers(text, row=1, end_row=3)
    assert not covers(text, code="INI302", row=1, end_row=3)


def test_the_body_of_a_block_is_not_its_header() -> None:
    text = "class A:  # noqa\n    f()\n"
    assert covers(text, row=1, end_row=2)
    assert not covers(text, row=2)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_newlines_and_form_feeds_do_not_shift_rows(newline: str) -> None:
    text = newline.join(["a()", "\f", "b()  # noqa", ""])
    assert covers(text, row=3)
    assert not covers(text, row=2)


def test_where_the_tokenizer_gives_up_lines_are_searched() -> None:
    text = "f(  # noqa: INI301\n\x0c\n# initlint: noqa: INI302\n"
    assert covers(text, row=1)
    assert not covers(text, row=2)
    assert covers(text, code="INI302", row=2)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_rows_and_columns_are_those_of_an_editor(newline: str) -> None:
    text = newline.join(["f()", "g()  # noqa: INI301", "h(", "    1)  # noqa: INI302", ""])
    suppressions = parse(text)
    assert [(one.row, one.column, one.end_column) for one in suppressions.directives] == [(2, 6, 20), (4, 9, 23)]
    assert suppressions.statements == {3: (3, 4), 4: (3, 4)}
