"""The README shows what the commands really print."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from initlint.cli.commands import cli
from tests.support.paths import ROOT

BLOCK = re.compile(r"<!-- output -->\n```console\n\$ initlint (?P<command>[^\n]*)\n(?P<output>.*?)\n```", re.DOTALL)


def test_the_screenful_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shown = BLOCK.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert shown is not None
    printed = CliRunner().invoke(cli, shown["command"].split(), standalone_mode=False).stdout
    assert printed.rstrip() == shown["output"]
