"""What mkdocs calls while it builds: generated pages, and plots in the place of their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from initlint.report.rule_pages import index
from initlint.rules import all_rules
from tools.website import configuration, plots

_PLACEHOLDER = re.compile(r"<!-- table: (?P<name>[\w-]+) -->")
_PLOT = re.compile(r"<!-- plot: (?P<name>[\w-]+) -->")

_TABLES: Mapping[str, Callable[[], str]] = {"training": plots.training_table, "factors": plots.factors_table}
_PLOTS: Mapping[str, Callable[[], str]] = {
    "relu": partial(plots.signal, "relu"),
    "tanh": partial(plots.signal, "tanh"),
    "residual": partial(plots.signal, "residual"),
    "training": plots.training,
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Pages that the navigation does not name stand under Guides."""
    assert config.nav is not None
    named = set(_leaves(config.nav))
    docs = Path(config.docs_dir)
    others = sorted(path.name for path in docs.glob("*.md") if path.name not in named)
    guides = next(entry["Guides"] for entry in config.nav if isinstance(entry, dict) and "Guides" in entry)
    guides.extend(others)
    rules = next(entry["Rules"] for entry in config.nav if isinstance(entry, dict) and "Rules" in entry)
    rules.extend(sorted(f"rules/{path.name}" for path in (docs / "rules").glob("*.md")))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from the code."""
    files.append(File.generated(config, "configuration.md", content=configuration.page()))
    files.append(File.generated(config, "rules/index.md", content=index(all_rules())))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put tables where a page names them. An unknown name ends the build."""
    return _PLACEHOLDER.sub(lambda found: _TABLES[found["name"]](), markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put plots where a page names them, below the caption that describes them."""
    return _PLOT.sub(lambda found: f'<div class="plot">{_PLOTS[found["name"]]()}</div>', html)


def _leaves(nav: object) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    below = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ()
    return [leaf for entry in below for leaf in _leaves(entry)]
