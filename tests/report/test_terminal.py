"""The tables of `initlint rules` and `initlint trace`: they fit the terminal, and each block is shown once."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from initlint.cli.commands import cli
from initlint.report import rule_pages, rules_table
from initlint.report.terminal import draw, table
from initlint.rules import all_rules


@pytest.mark.parametrize("width", [70, 80, 120])
def test_the_table_of_rules_fits_and_has_each_rule_once(width: int) -> None:
    shown = click.unstyle(rules_table.render(all_rules(), width)).splitlines()
    assert max(map(len, shown)) <= width
    assert [line for line in shown if line != line.rstrip()] == []
    codes = [line.split()[0] for line in shown if line.startswith("  INI")]
    assert codes == [rule.code for rule in all_rules()]


def test_each_rule_has_a_category_and_says_what_its_fix_does() -> None:
    for rule in map(rule_pages.as_json, all_rules()):
        assert rule["category"] in rule_pages.FAMILIES.values()
        assert rule["url"].endswith(f"/{rule['name']}/")
        assert rule["fix"] is None or rule["fixable"]


def test_cells_are_escaped_and_long_ones_wrap() -> None:
    shown = click.unstyle(draw([table(("a", "number"), [("\x1b[31mred [bold]" * 3, "12.5")], ("number",))], 24))
    assert "\x1b" not in shown
    assert "[bold]" in shown
    assert max(map(len, shown.splitlines())) <= 24
    assert "12.5" in shown


STACK = """
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attention_projection = nn.Linear(width, width)
        self.feed_forward_projection = nn.Linear(width, width)
        nn.init.trunc_normal_(self.attention_projection.weight, mean=0.0, std=0.02)

    def forward(self, x):
        return self.feed_forward_projection(torch.relu(self.attention_projection(x)))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*(Block(32) for _ in range(6)))
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        return self.head(self.blocks(x))
"""


def test_a_trace_fits_eighty_columns_and_shows_equal_blocks_once(in_directory: Path) -> None:
    (in_directory / "net.py").write_text(STACK, encoding="utf-8")
    result = CliRunner().invoke(cli, ["trace", "net.py:Net"])
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].split() == ["layer", "factor"]
    assert [line.split("  ")[1] for line in lines[2:] if line[2] != " "] == [
        "blocks.0.attention_projection",
        "blocks.0.feed_forward_projection",
        "blocks.1-4.attention_projection x 4",
        "blocks.1-4.feed_forward_projection x 4",
        "blocks.5.attention_projection",
        "blocks.5.feed_forward_projection",
        "head",
    ]
    assert "    Linear 32x32, trunc_normal_(mean=0, std=0.02) :10 -> relu" in lines
