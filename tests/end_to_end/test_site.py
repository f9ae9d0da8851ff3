"""The documentation site: it builds, every diagnostic's link leads to a page, and what it shows is real."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import jsonschema
import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from initlint.diagnostics import Diagnostic, Severity, Span
from initlint.linter.pipeline import check
from initlint.project import settings_file
from initlint.project.settings import Settings
from initlint.rules import all_rules
from tests.support.paths import ROOT
from tools.website import configuration, plots, settings_schema, shown_output
from tools.website.stacks import STACKS, source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGES = sorted((ROOT / "docs").glob("*.md"))
SHOWN = [(page.name, command, output) for page in shown_output.pages() for command, output in shown_output.blocks(page)]
LOADED = re.compile(
    r"""<(?:script|img|iframe)[^>]*\ssrc="?(https?:[^"\s>]*)|<link[^>]*rel="?stylesheet[^>]*href="?(https?:[^"\s>]*)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; any warning of mkdocs is an error."""
    out = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(out), strict=True))
    return out


def test_the_link_of_every_diagnostic_leads_to_a_page(site: Path) -> None:
    start = "https://initlint.readthedocs.io/"
    for rule in all_rules():
        url = Diagnostic(rule.code, rule.name, "", Severity.INFO, Span("", 1, 1, 1, 1)).url
        assert url.startswith(start)
        page = site / url.removeprefix(start) / "index.html"
        assert rule.code in page.read_text(encoding="utf-8")


def test_pages_are_reached_and_load_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert {"tutorial", "theory", "configuration", "api", "comparison", "adding-a-rule"} <= {
        page.parent.name for page in pages
    }
    for page in pages:
        assert LOADED.findall(page.read_text(encoding="utf-8")) == [], page


def test_plots_and_tables_stand_in_their_places(site: Path) -> None:
    theory = (site / "theory" / "index.html").read_text(encoding="utf-8")
    assert theory.count("<svg viewBox") == 3
    tutorial = (site / "tutorial" / "index.html").read_text(encoding="utf-8")
    assert "var(--curve-2)" in tutorial
    assert "<td>fixed</td>" in tutorial


@pytest.mark.parametrize(("page", "command", "output"), SHOWN, ids=lambda value: value[:60])
def test_output_in_the_pages_is_real(page: str, command: str, output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert shown_output.printed(command) == output


def test_there_is_output_to_check() -> None:
    assert {page for page, _, _ in SHOWN} >= {"README.md", "tutorial.md"}


def test_the_list_of_rules_leads_to_each(site: Path) -> None:
    listed = (site / "rules" / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'href="([\w-]+)/"', listed)) >= {rule.name for rule in all_rules()}


def test_every_setting_is_described() -> None:
    assert {key for key, _, _ in configuration.entries()} == set(settings_file.KEYS)
    assert all(text.endswith((".", '."')) for _, _, text in configuration.entries())


@pytest.mark.parametrize("key", configuration.EXAMPLES)
def test_examples_of_settings_are_valid(key: str, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(configuration.with_header(configuration.EXAMPLES[key]), encoding="utf-8")
    assert getattr(settings_file.load(file), key.replace("-", "_")) != getattr(Settings(), key.replace("-", "_"))


def test_the_schema_of_the_settings_is_current_and_valid() -> None:
    assert settings_schema.FILE.read_text(encoding="utf-8") == settings_schema.text()
    jsonschema.Draft7Validator.check_schema(settings_schema.schema())


@pytest.mark.parametrize("key", configuration.EXAMPLES)
def test_the_schema_takes_the_examples_and_no_other_type(key: str) -> None:
    table = tomllib.loads(configuration.with_header(configuration.EXAMPLES[key]))["tool"]["initlint"]
    jsonschema.validate(table, settings_schema.schema())
    for wrong in ({key: 3}, {f"{key}s": table[key]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, settings_schema.schema())


CURVES = [(plot, curve) for plot, curves in STACKS.items() for curve in curves]


@pytest.mark.parametrize(("plot", "curve"), CURVES, ids=str)
def test_what_the_theory_page_predicts_was_measured(plot: str, curve: str) -> None:
    measured = json.loads((ROOT / "tools" / "website" / "signal.json").read_text())["moments"][plot][curve]
    predicted = plots.predicted(source(plot, curve))
    assert len(predicted) == len(measured)
    assert measured[:10] == pytest.approx(predicted[:10], rel=0.15)


def test_the_tutorial_helps() -> None:
    runs = json.loads((ROOT / "tools" / "website" / "tutorial.json").read_text())["runs"]
    assert max(run["right"] for run in runs["as it is"]) < 0.3
    assert min(run["right"] for run in runs["fixed"]) > 0.5


def test_the_comparison_lists_what_is_reported() -> None:
    table = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
    rows = {(int(row), code) for row, code in re.findall(r"\((\d+)\) \| \| \| (INI\d{3})", table.replace("line ", ""))}
    found = check([ROOT / "docs" / "comparison" / "starts_wrong.py"], Settings()).diagnostics
    assert rows == {(diagnostic.span.row, diagnostic.code) for diagnostic in found}
    assert check([ROOT / "docs" / "comparison" / "other_defects.py"], Settings()).diagnostics == ()
