from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from initlint.diagnostics import Cell, Span
from initlint.project.ipython import python_of_notebook
from initlint.project.notebook import Notebook, NotebookError
from initlint.project.reading import parse_source
from initlint.project.source import SourceError


def notebook(*cells: Any, **metadata: Any) -> bytes:
    """Strings are code cells."""
    made = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return nbformat.writes(new_notebook(cells=made, metadata=metadata)).encode()


def raw(cells: list[dict[str, Any]], **layout: Any) -> bytes:
    """As some other program might write it."""
    whole = {"nbformat_minor": 5, "cells": cells, "nbformat": 4, "metadata": {"b": 1e5, "a": "é"}}
    return json.dumps(whole, **layout).encode()


def code(source: Any, **keys: Any) -> dict[str, Any]:
    return {"source": source, "cell_type": "code", "outputs": [], "metadata": {}, **keys}


def test_cells_are_joined_in_order() -> None:
    read = Notebook.read(notebook("x = 1", new_markdown_cell("# Title"), "%cd a\ny = 2\n", ""))
    assert read.sources == {1: "x = 1", 3: "%cd a\ny = 2\n", 4: ""}
    assert read.text == "\f\nx = 1\n\f\n%cd a\ny = 2\n\n\f\n\n"
    assert python_of_notebook(read) == "\nx = 1\n\n0\ny = 2\n\n\n\n"
    rows = {line: row for row, line in enumerate(read.lines, 1)}
    assert read.cell(rows["x = 1"]) == Cell(1, rows["x = 1"])
    assert read.cell(rows["y = 2"]) == Cell(3, rows["%cd a"])
    assert read.cell(1) == Cell(1, 2)
    assert read.cell(99) == Cell(4, 8)


def test_a_cell_that_is_indented_as_a_whole_is_code() -> None:
    source = parse_source("a.ipynb", notebook("a = 1", "\n  # so\n  x = 1\n  y = 2", "  # only this", "z = 3"))
    last = source.tree.body[-1]
    assert source.span(last).local.row == 1
    assert source.span(last).cell == Cell(4, 11)
    assert len(source.tree.body) == 3


@pytest.mark.parametrize(
    ("data", "sources"),
    [
        (notebook("x <- 1", language_info={"name": "R"}), {}),
        (notebook("x <- 1", kernelspec={"name": "ir", "display_name": "R", "language": "R"}), {}),
        (notebook("x = 1", kernelspec={"name": "env", "display_name": "env", "language": "python"}), {1: "x = 1"}),
        (notebook("x = 1", language_info={"name": "ipython"}), {1: "x = 1"}),
        (raw([code("SELECT", metadata={"vscode": {"languageId": "sql"}}), code(["a\n", "b"])]), {2: "a\nb"}),
        (raw([{"cell_type": "raw", "source": "x"}, {"cell_type": "markdown", "source": ["y"]}]), {}),
        (raw([]), {}),
        (b"\xef\xbb\xbf" + raw([code("x = 'é'")], ensure_ascii=False), {1: "x = 'é'"}),
    ],
)
def test_only_python_is_read(data: bytes, sources: dict[int, str]) -> None:
    assert Notebook.read(data).sources == sources
    assert Notebook.read(data).with_text(Notebook.read(data).text) == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "1:1: not a notebook: no JSON: Expecting value"),
        (b'{\n "cells": [,]}', "2:12: not a notebook: no JSON: Expecting value"),
        (b"[1]", "not a notebook: it has no `nbformat`"),
        (b'{"nbformat": 4, "cells": {}}', "not a notebook: it has no list of `cells`"),
        (b'{"nbformat": 4, "cells": [1]}', "not a notebook: cell 1 is no object"),
        (raw([code(1)]), "not a notebook: the `source` of cell 1 is no text"),
        (raw([code([1])]), "not a notebook: the `source` of cell 1 is no text"),
        (raw([code("'\ud800'")]), "cannot be decoded: the `source` of cell 1 holds half of a character"),
        (b'{"nbformat": 3, "worksheets": []}', "a notebook in format 3, and only 4 can be read; `jupyter nbconvert"),
        (b'{"nbformat": 4, "a": "\xff"}', "cannot be decoded: 'utf-8' codec"),
        (b"[" * 100_000, "not a notebook: JSON that is nested too deeply"),
        (b'{"nbformat": ' + b"9" * 5000 + b"}", "not a notebook: "),
    ],
)
def test_what_is_no_notebook_is_said_in_one_line(data: bytes, message: str) -> None:
    with pytest.raises(NotebookError) as caught:
        Notebook.read(data)
    assert message in f"{caught.value.row}:{caught.value.column}: {caught.value.message}"
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("cells", "cell", "row"),
    [
        (["x = 1", "!ls\ny = = 2"], 2, 2),
        (["f(", "x = 1", "def f(:"], 1, 1),
        ([new_markdown_cell("a"), "if x:", "  y = 1"], 2, 1),
    ],
)
def test_a_cell_that_is_no_python_is_named(cells: list[Any], cell: int, row: int) -> None:
    with pytest.raises(SourceError) as caught:
        parse_source("a.ipynb", notebook(*cells))
    error = caught.value
    span = Span("a.ipynb", error.row, error.column, error.row, error.column, error.cell).local
    assert (span.cell, span.row) == (Cell(cell, 1), row)


LAYOUTS: list[dict[str, Any]] = [
    {"indent": 1},
    {"indent": 4, "ensure_ascii": False},
    {"indent": "\t", "separators": (",", " : ")},
    {"separators": (",", ":")},
    {},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize(
    "source",
    [
        ["import a\n", "x = 'é'\n", "y = old(1)\n", "z = 3"],
        "import a\nx = 'é'\ny = old(1)\nz = 3",
        ["import a\nx = 'é'\ny = ol", "d(1)\nz", " = 3"],
        ["y = old(1)"],
    ],
)
def test_only_the_source_that_was_edited_changes(source: Any, layout: dict[str, Any], end: str) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": ["y = old(1)\n", "\x1b[0m 1e5 é"]}
    cells = [code("y = old(1)", outputs=[output]), code(source, outputs=[output], execution_count=7), code([])]
    data = raw(cells, **layout) + end.encode()
    read = Notebook.read(data)
    first, second = read.text.split("\n\f\n", 1)
    new = read.with_text(f"{first}\n\f\n{second.replace('old(1)', 'new(é)')}")
    before, after = json.loads(data), json.loads(new)
    assert "".join(after["cells"][1]["source"]) == "".join(source).replace("old(1)", "new(é)")
    assert type(after["cells"][1]["source"]) is type(source)
    if isinstance(source, list) and len(source) == 4:
        expected = [line.replace("old(1)", "new(é)") for line in source]
        assert new == raw([cells[0], {**cells[1], "source": expected}, cells[2]], **layout) + end.encode()
    after["cells"][1]["source"] = before["cells"][1]["source"]
    assert after == before
    assert new.endswith(end.encode())
    assert (b"\\u00e9" in new) == layout.get("ensure_ascii", True)


def test_lines_may_be_added_and_removed() -> None:
    data = notebook("a = 1\nb = 2\nc = 3", "d = 4")
    text = Notebook.read(data).text
    longer = Notebook.read(data).with_text(text.replace("b = 2\n", "b = 2\nbb = 2\n"))
    assert Notebook.read(longer).sources == {1: "a = 1\nb = 2\nbb = 2\nc = 3", 2: "d = 4"}
    nbformat.validate(nbformat.reads(longer.decode(), as_version=4))
    assert Notebook.read(longer).with_text(text) == data
    assert Notebook.read(data).with_text(text.replace("d = 4", "")) != data


@pytest.mark.parametrize("text", ["", "\f\na = 1\n", "\f\na = 1\n\f\n\n\f\nb = 2\n"])
def test_cells_that_cannot_be_separated_are_not_written(text: str) -> None:
    with pytest.raises(ValueError, match="separated"):
        Notebook.read(notebook("a = 1", "b = 2")).with_text(text)


def test_nbformat_reads_what_was_written() -> None:
    plot = new_output("display_data", data={"image/png": "iVBORw0KGgo=" * 1000, "text/plain": "<Figure>"})
    data = notebook(new_code_cell("x = old()", outputs=[plot], execution_count=3))
    new = Notebook.read(data).with_text(Notebook.read(data).text.replace("old", "new"))
    document = nbformat.reads(new.decode(), as_version=4)
    nbformat.validate(document)
    assert document.cells[0].outputs == [plot]
    # nbformat is the program that made it, so it would have written the same bytes.
    assert nbformat.writes(document).encode() == new


@pytest.mark.parametrize("end", ["", "\n", "\r", "\r\n", "\r\r", "\n\r"])
@pytest.mark.parametrize("first", ["", "x = 1", "a = 1\rb = 2"])
def test_a_cell_begins_at_its_row_whatever_ends_the_one_before(first: str, end: str) -> None:
    made = Notebook.read(notebook(first + end, "y = 2"))
    assert made.lines[[row for row, _ in made.pieces()][1] :] == ["y = 2", ""]
    assert [made.cell(len(made.lines) - 1)] == [Cell(2, len(made.lines) - 1)]
