"""The severities that rules declare are those that findings have, and no finding has another."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from initlint.diagnostics import Severity
from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from initlint.report.rule_pages import as_json, page
from initlint.rules import all_rules
from initlint.rules._registry import Rule
from tests.support.paths import FIXTURES
from tests.support.sources import example

RULES = all_rules()
HEAD = "import copy\nimport torch\nfrom torch import nn\n\n\n"
NET = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {layers}

    def forward(self, x):
        {forward}
"""


def net(*layers: str, forward: str) -> str:
    return HEAD + NET.format(layers="\n        ".join(layers), forward=forward)


RARE = (
    net(
        "self.fc = nn.Linear(64, 64)",
        "nn.init.kaiming_normal_(self.fc.weight, 'relu', nonlinearity='relu')",
        forward="return self.fc(x).relu()",
    ),
    net(
        "self.fc = nn.LazyLinear(64)",
        "self.fc.weight.data.normal_(0, 0.1)",
        forward="return self.fc(x)",
    ),
    net("self.scale = nn.Parameter(torch.empty(64))", forward="return x"),
    net(
        "layer = nn.Linear(64, 64)",
        "self.layers = nn.ModuleList([copy.deepcopy(layer) for _ in range(4)])",
        forward="for layer in self.layers:\n            x = layer(x).relu()\n        return x",
    ),
    net(
        *(f"self.fc{i} = nn.Linear(64, 64)" for i in range(12)),
        "for m in self.modules():",
        "    if isinstance(m, nn.Linear):",
        "        nn.init.kaiming_normal_(m.weight, nonlinearity='linear')",
        "        nn.init.zeros_(m.bias)",
        forward="\n        ".join([*(f"x = self.fc{i}(x).relu()" for i in range(12)), "return x"]),
    ),
)
"""Programs for severities that neither a fixture nor the example of a rule shows."""


def test_findings_have_the_declared_severities(in_directory: Path) -> None:
    everything = Settings(select=("ALL",))
    found = [*check([FIXTURES], Settings(root=FIXTURES, select=("ALL",))).diagnostics]
    for source in (*(example(rule, "Bad") for rule in RULES), *RARE):
        found += check([Path("example.py")], everything, {"example.py": source.encode()}).diagnostics
    observed: defaultdict[str, set[Severity]] = defaultdict(set)
    for finding in found:
        observed[finding.code].add(finding.severity)
    assert {rule.code: set(rule.severities) for rule in RULES} == observed


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_they_are_listed_once_with_the_highest_first(rule: Rule) -> None:
    assert list(rule.severities) == sorted(set(rule.severities), reverse=True) != []


def test_pages_and_json_show_them() -> None:
    rule = next(rule for rule in RULES if rule.code == "INI108")
    assert "\nSeverity: error, warning or note. " in page(rule)
    assert as_json(rule)["severities"] == ["error", "warning", "info"]
