"""How to add a rule: the example of CONTRIBUTING.md and the file that `nox -s new_rule` writes are rules that work."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from initlint.linter.pipeline import check
from initlint.project.settings import Settings
from initlint.rules import _registry, all_rules
from initlint.rules._registry import Rule
from tests.support.paths import ROOT
from tests.support.rule_models import layer, model, write
from tests.support.sources import example


def load(path: Path, monkeypatch: pytest.MonkeyPatch) -> Rule:
    """The one rule of the file, beside those of the package only for this test."""
    monkeypatch.setattr(_registry, "_registry", {})
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, path.stem, module)
    spec.loader.exec_module(module)
    (rule,) = _registry.registered()
    extended = (*all_rules(), rule)
    for user in ("linter.lint_file", "linter.pipeline"):
        monkeypatch.setattr(f"initlint.{user}.all_rules", lambda: extended)
    monkeypatch.setattr("initlint.linter.filtering.rules_by_code", lambda: {rule.code: rule for rule in extended})
    return rule


def lint(text: str, rule: Rule) -> list[str]:
    result = check([Path("example.py")], Settings(select=(rule.code,)), {"example.py": text.encode()})
    assert result.failures == ()
    return [diagnostic.message for diagnostic in result.diagnostics]


@pytest.mark.usefixtures("in_directory")
def test_the_rule_of_the_contributing_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^````python\n(.*?)^````$", guide, re.MULTILINE | re.DOTALL)
    path = tmp_path / "negative_std.py"
    path.write_text(text, encoding="utf-8")
    rule = load(path, monkeypatch)
    assert rule.code not in {other.code for other in all_rules()}
    assert rule.name == path.stem.replace("_", "-")
    message = "in `example`: `normal_` raises, because its standard deviation of -0.05 is negative"
    assert lint(example(rule, "Bad"), rule) == [message]
    assert lint(example(rule, "Good"), rule) == []
    assert not any(lint(example(rule, heading), other) for heading in ("Bad", "Good") for other in all_rules())


def test_nox_writes_a_rule_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nox")
    shutil.copy(ROOT / "noxfile.py", tmp_path)
    (tmp_path / "initlint" / "rules").mkdir(parents=True)
    command = [sys.executable, "-m", "nox", "-s", "new_rule", "--", "INI310", "some-bad-pattern"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    path = tmp_path / "initlint" / "rules" / "some_bad_pattern.py"
    rule = load(path, monkeypatch)
    assert (rule.code, rule.name, rule.summary) == ("INI310", "some-bad-pattern", "What is wrong, in one line")
    (violation,) = rule.check(model(layer("fc", writes=(write("zeros_"),)), layer("head")))
    assert violation.location == layer("fc", writes=(write("zeros_"),)).writes[0].location
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert again.returncode != 0, "an existing rule is not overwritten"
