"""The numbers that messages state are fields of the findings, in every machine-readable format."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from initlint.analysis.messages import format_number
from initlint.api import check_paths
from initlint.cli.commands import cli
from initlint.diagnostics import NO_NUMBERS, Diagnostic
from initlint.project.settings import Selection, Settings
from initlint.rules import all_rules
from tests.support.paths import FIXTURES

NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?:e[+-]\d+)?(?![\w.]*\w)|(?<![\w.])\d+e[+-]\d+")
"""A number with a fraction or an exponent: counts of layers have neither."""

STATING = {"INI301", "INI306", "INI308", "INI401", "INI404", "INI405", "INI409"}
"""Rules whose messages state no other such number outside of code."""

NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 5)
        )
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)

    def forward(self, x):
        return self.layers(x)
"""


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> list[Diagnostic]:
    """Those on the fixtures and on the examples of the rules."""
    examples = tmp_path_factory.mktemp("examples")
    for rule in all_rules():
        for number, example in enumerate(re.findall(r"```python\n(.*?)```", rule.documentation, re.DOTALL)):
            (examples / f"{rule.code.lower()}_{number}.py").write_text(example)
    settings = Settings(respect_gitignore=False, command_line=Selection(("ALL",), (), ()))
    return list(check_paths([FIXTURES, examples], settings).diagnostics)


def stated(diagnostic: Diagnostic) -> Iterator[str]:
    """The fields as the message formats them."""
    numbers = diagnostic.numbers
    for value in (numbers.factor, numbers.factor_max, numbers.product, numbers.gradient, numbers.gradient_max):
        if value is not None:
            yield format_number(value)


def test_each_field_is_in_the_message(findings: list[Diagnostic]) -> None:
    with_numbers = [diagnostic for diagnostic in findings if diagnostic.numbers != NO_NUMBERS]
    assert {diagnostic.code for diagnostic in with_numbers} >= STATING
    for diagnostic in with_numbers:
        words = re.findall(r"[\d.e+-]*\d", diagnostic.message)
        for text in stated(diagnostic):
            assert text in words, (text, diagnostic.message)


def test_each_number_of_the_message_is_a_field(findings: list[Diagnostic]) -> None:
    for diagnostic in findings:
        if diagnostic.code in STATING:
            # What the fix leaves is no number of the code as it is, and the argument of the call no effect.
            text = re.sub(
                r"`[^`]*`|; with that, [^;]*|with a (?:gain|standard deviation) of \S+", "", diagnostic.message
            )
            assert set(NUMBER.findall(text)) <= set(stated(diagnostic)), diagnostic.message


def test_findings_on_models_name_the_model(findings: list[Diagnostic]) -> None:
    assert all(diagnostic.model for diagnostic in findings if diagnostic.numbers != NO_NUMBERS)
    assert all(diagnostic.layers for diagnostic in findings if diagnostic.numbers.product is not None)


def test_a_finding_about_a_call_names_the_layers_that_it_initializes(in_directory: Path) -> None:
    net = NET.replace("nn.init.xavier_uniform_(layer.weight)", "nn.init.xavier_uniform_(layer.bias)")
    (in_directory / "net.py").write_text(net)
    command = ["check", "--isolated", "--no-cache", "--select", "INI101", "--output-format", "json", "net.py"]
    (finding,) = json.loads(CliRunner().invoke(cli, command).stdout)["diagnostics"]
    assert (finding["model"], finding["layers"]) == ("Net", [f"layers.{number}" for number in (0, 2, 4, 6)])
    assert finding["factor"] is None


@pytest.fixture
def net(in_directory: Path) -> Path:
    file = in_directory / "net.py"
    file.write_text(NET)
    return file


def run(output_format: str) -> str:
    command = ["check", "--isolated", "--no-cache", "--select", "INI301", "--output-format", output_format, "net.py"]
    return CliRunner().invoke(cli, command).stdout


def expect(fields: Mapping[str, Any], message: str) -> None:
    assert (fields["model"], fields["layers"]) == ("Net", ["layers.0", "layers.2", "layers.4"])
    for name in ("factor", "factor_max", "product"):
        assert format_number(fields[name]) in message
    assert fields["factor"] == pytest.approx(0.5, rel=0.005)
    assert fields["factor_max"] == pytest.approx(2 / 3, rel=0.01)
    assert fields["product"] == pytest.approx(1 / 6, rel=0.05)


def test_json_has_the_numbers(net: Path) -> None:
    (finding,) = json.loads(run("json"))["diagnostics"]
    expect(finding, finding["message"])
    assert set(finding) >= {"gradient", "gradient_max"}
    assert json.loads(run("json-lines")) == finding


def test_sarif_has_the_numbers_as_properties(net: Path) -> None:
    (result,) = json.loads(run("sarif"))["runs"][0]["results"]
    expect(result["properties"], result["message"]["text"])
    assert None not in result["properties"].values()
