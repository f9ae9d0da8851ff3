"""What a lint from the command line does not load: a second of start-up would be paid at each commit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

OPTIONAL = ("asyncio", "attrs", "initlint.server", "lsprotocol", "nbformat", "pygls", "torch")


@pytest.mark.parametrize("name", ["net.py", "net.ipynb"])
def test_checking_one_file_loads_nothing_of_the_server(tmp_path: Path, name: str) -> None:
    text = "import torch.nn as nn\nnn.init.xavier_uniform(w)\n"
    notebook = {"nbformat": 4, "cells": [{"cell_type": "code", "source": text}]}
    (tmp_path / name).write_text(json.dumps(notebook) if name.endswith("ipynb") else text, encoding="utf-8")
    code = (
        "import sys; from initlint.cli import cli; cli.main(sys.argv[1:], standalone_mode=False);"
        f"sys.exit(str({set(OPTIONAL)} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, "check", "--isolated", "--output-format", "concise", name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "INI901" in run.stdout
    assert run.stderr == "set()\n"


def test_a_missing_library_is_one_line() -> None:
    code = "import sys; sys.modules['pygls'] = None; from initlint.cli import main; main()"
    run = subprocess.run([sys.executable, "-c", code, "server"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "Error: the language server needs pygls: pip install 'initlint[server]'\n"
