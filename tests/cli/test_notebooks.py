"""Notebooks as users meet them: one command line, real rules."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from initlint.cli import commands
from tests.support.sources import CLASS, IMPORTS, INIT, SHOW


def write(*cells: str, path: str = "nb.ipynb") -> bytes:
    made = [new_markdown_cell("# Initialise"), *map(new_code_cell, cells)]
    nbformat.write(new_notebook(cells=made), path)
    return Path(path).read_bytes()


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(commands.cli, ["check", *arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(autouse=True)
def notebook(in_directory: Path) -> bytes:
    return write(IMPORTS, CLASS, INIT, SHOW)


def test_places_are_those_of_cells() -> None:
    lines = run("--output-format", "concise", ".").stdout.splitlines()
    assert [line.split(" [*]")[0] for line in lines[:-1]] == [
        "nb.ipynb:cell 4:3:9: note[INI901]",
        "nb.ipynb:cell 4:3:9: note[INI301]",
    ]


def test_the_frame_shows_rows_of_cells() -> None:
    assert run("--select", "INI301").stdout.splitlines()[3:13] == [
        "  |",
        "3 |         nn.init.xavier_normal(m.weight)",
        "  |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        " ::: nb.ipynb:cell 3:4:20",
        "4 |         self.fc1 = nn.Linear(64, 64)",
        "  |                    ----------------- `fc1` is defined here",
        "...",
        "8 |         return self.fc2(torch.relu(self.fc1(x)))",
        "  |                         ----------------------- ReLU follows here",
        "  |",
    ]


def test_json_has_the_cell() -> None:
    found = json.loads(run("--output-format", "json", "--select", "INI301").stdout)["diagnostics"][0]
    assert (found["file"], found["cell"], found["row"], found["end_row"]) == ("nb.ipynb", 4, 3, 3)
    assert [(place["cell"], place["row"]) for place in found["related"]] == [(3, 4), (3, 8)]
    assert {(edit["cell"], edit["row"], edit["end_row"]) for edit in found["fix"]["edits"]} == {(4, 3, 3)}


def test_the_graph_has_the_cell() -> None:
    arguments = ["graph", "nb.ipynb", "--output-format"]
    (model,) = json.loads(CliRunner().invoke(commands.cli, [*arguments, "json"]).stdout)["models"]
    write = model["layers"][0]["writes"][0]
    assert [(place["cell"], place["line"]) for place in (model, write, *write["via"])] == [(3, 1), (4, 3), (4, 6)]
    assert "via cell 4, line 6" in CliRunner().invoke(commands.cli, [*arguments, "text"]).stdout


def test_the_page_shows_rows_of_cells() -> None:
    write(IMPORTS, CLASS, "nn.init.xavier_normal(Net().fc1.weight)\nw = 1", SHOW)
    assert CliRunner().invoke(commands.cli, ["report", "nb.ipynb", "--html", "page.html"]).exit_code == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert "cell 4:1:1" in page
    assert "cell 3, line 8" in page
    _, code, *_ = page.split('aria-label="Code at line 1"')
    assert re.findall(r'<th scope="row">(.*?)</th>', code.split("</table>")[0]) == ["1", "2"]


def test_a_fix_changes_one_line_of_the_file(notebook: bytes) -> None:
    assert run("--fix").exit_code == 0
    new = notebook.replace(b"xavier_normal(m.weight)", b"kaiming_normal_(m.weight, nonlinearity='relu')")
    assert Path("nb.ipynb").read_bytes() == new != notebook
    assert run().stdout == "All checks passed!\n"


def test_the_diff_is_one_of_cells(notebook: bytes) -> None:
    result = run("--diff", "--select", "INI901")
    assert result.stdout.splitlines() == [
        "--- nb.ipynb:cell 4\t",
        "+++ nb.ipynb:cell 4\t",
        "@@ -1,6 +1,6 @@",
        " def init(m):",
        "     if isinstance(m, nn.Linear):",
        "-        nn.init.xavier_normal(m.weight)",
        "+        nn.init.xavier_normal_(m.weight)",
        " ",
        " %time net = Net()",
        " net.apply(init)",
    ]
    assert result.exit_code == 1
    assert Path("nb.ipynb").read_bytes() == notebook


def test_from_standard_input_to_standard_output(notebook: bytes) -> None:
    arguments = ("--stdin-filename", "elsewhere.ipynb", "-")
    assert "elsewhere.ipynb:cell 4:3:9: note[INI301]" in run(*arguments, stdin=notebook).stdout
    Path("nb.ipynb").unlink()
    assert run("--fix", *arguments, stdin=notebook).stdout_bytes == notebook.replace(
        b"xavier_normal(m.weight)", b"kaiming_normal_(m.weight, nonlinearity='relu')"
    )


def test_a_class_that_is_defined_again_is_another_one() -> None:
    """As tutorials do: the first net has a sigmoid, for which Xavier is right."""
    init = INIT.replace("xavier_normal(m.weight)", "xavier_normal_(m.weight)")
    relu = init.replace("xavier_normal_(m.weight)", "kaiming_normal_(m.weight, nonlinearity='relu')")
    write(IMPORTS, CLASS.replace("relu", "sigmoid"), init, CLASS, relu)
    assert run().stdout == "All checks passed!\n"
    write(IMPORTS, CLASS.replace("relu", "sigmoid"), relu, CLASS, init)
    assert "cell 6:3:9: note[INI301]" in run("--output-format", "concise").stdout


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("(m.weight)", "(m.weight)  # noqa: INI301", ["INI901"]),
        ("net.apply", "!echo it's\n# initlint: noqa: INI901\nnet.apply", ["INI301"]),
        ("def init", "%%javascript\ndef init", []),
        ("def init", "%%capture\ndef init", ["INI901", "INI301"]),
    ],
)
def test_what_is_silenced(old: str, new: str, codes: list[str]) -> None:
    before = write(IMPORTS, CLASS, INIT.replace(old, new))
    found = json.loads(run("--output-format", "json").stdout)["diagnostics"]
    assert [diagnostic["code"] for diagnostic in found] == codes
    run("--fix-only")
    assert (Path("nb.ipynb").read_bytes() != before) == bool(codes)


def test_patterns_of_files_hold_for_notebooks() -> None:
    Path("initlint.toml").write_text('per-file-ignores = { "*.ipynb" = ["INI3"] }', encoding="utf-8")
    assert "INI301" not in run().stdout
    assert run("--extend-exclude", "nb.ipynb").stderr == "warning: no Python files found under the given paths\n"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "not a notebook: no JSON: Expecting value"),
        (b'{"nbformat": 3}', "a notebook in format 3, and only 4 can be read"),
    ],
)
def test_what_is_no_notebook_is_one_line(data: bytes, line: str) -> None:
    Path("nb.ipynb").write_bytes(data)
    for arguments in ([], ["--fix"], ["--output-format", "concise"], ["--diff"]):
        result = run(*arguments, "nb.ipynb")
        shown = " ".join(result.stdout.split())
        assert (shown.startswith("nb.ipynb:1:1: error[INI000] "), line in shown) == ("--diff" not in arguments,) * 2
        assert result.exit_code == int(bool(shown))
    assert Path("nb.ipynb").read_bytes() == data


def test_a_broken_cell_is_one_line(notebook: bytes) -> None:
    write(IMPORTS, CLASS, INIT + "\ndef f(:")
    result = run("--fix", "--output-format", "concise")
    assert result.stdout.splitlines()[0].startswith("nb.ipynb:cell 4:7:7: error[INI000] not valid Python 3.")
    assert len(result.stdout.splitlines()) == 2
