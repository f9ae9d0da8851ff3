"""A notebook runs before and after it is mended."""

from __future__ import annotations

from pathlib import Path

import nbformat
from click.testing import CliRunner
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from initlint.cli import commands
from tests.support.sources import CLASS, IMPORTS, INIT, SHOW


def test_a_notebook_runs_before_and_after_it_is_mended(in_directory: Path) -> None:
    """A real kernel is an independent reader of what was written, magics and all."""
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in (IMPORTS, CLASS, INIT, SHOW)]), "nb.ipynb")
    moments = []
    for _ in range(2):
        document = nbformat.read("nb.ipynb", as_version=4)
        NotebookClient(document, timeout=300).execute()
        moments.append(document.cells[-1].outputs[-1].text)
        assert CliRunner().invoke(commands.cli, ["check", "--fix-only", "nb.ipynb"]).exit_code == 0
    assert moments == ["second moment 1\n", "second moment 2\n"]
