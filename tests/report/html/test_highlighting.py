"""The colours of code on the page: pieces of lines, escaped, at the same columns as in the source."""

from __future__ import annotations

from initlint.report.html.highlighting import HighlightedFile


def test_a_line_in_pieces_with_classes() -> None:
    file = HighlightedFile(["def init(m):  # <b>", '    """Text', '    if x."""', "    return 0.5"])
    assert file.between(1, 0, 20) == (
        '<span class="syntax-keyword">def</span> <span class="syntax-name">init</span>(m):  '
        '<span class="syntax-comment"># &lt;b&gt;</span>'
    )
    assert file.between(1, 4, 6) == '<span class="syntax-name">in</span>'
    assert file.between(3, 4, 6) == '<span class="syntax-string">if</span>'  # inside a string of several lines
    assert file.between(4, 11, 14) == '<span class="syntax-number">0.5</span>'


def test_what_is_not_there_is_empty() -> None:
    file = HighlightedFile(["x = 1"])
    assert (file.between(7, 0, 4), file.between(1, 3, 3), HighlightedFile([]).between(1, 0, 9)) == ("", "", "")


def test_rows_and_columns_are_those_of_the_source() -> None:
    file = HighlightedFile(["a\rb", "\tc = '\x1b'", "def (:", "d"])
    assert file.between(1, 2, 3) == "b"
    assert str(file.between(2, 0, 9)).startswith("    c")
    assert r"\x1b" in file.between(2, 0, 9)
    assert file.between(4, 0, 1) == "d"
