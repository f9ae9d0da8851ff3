"""Hooks that mkdocs calls during a build: they add generated pages, tables and plots."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from tools.website import configuration, plots

_PLACEHOLDER = re.compile(r"<!-- table: (?P<name>[\w-]+) -->")
_PLOT = re.compile(r"<!-- plot: (?P<name>[\w-]+) -->")

PLAYGROUND = Path(__file__).parents[2] / "build" / "playground"
"""What `nox -s playground` builds."""

_TABLES: Mapping[str, Callable[[], str]] = {"training": plots.training_table, "factors": plots.factors_table}
_PLOTS: Mapping[str, Callable[[], str]] = {
    "relu": partial(plots.signal, "relu"),
    "tanh": partial(plots.signal, "tanh"),
    "residual": partial(plots.signal, "residual"),
    "training": plots.training,
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put pages that the navigation does not name under Guides."""
    assert config.nav is not None
    named = set(_leaves(config.nav))
    docs = Path(config.docs_dir)
    others = sorted(path.name for path in docs.glob("*.md") if path.name not in named)
    guides = next(entry["Guides"] for entry in config.nav if isinstance(entry, dict) and "Guides" in entry)
    guides.extend(others)
    rules = next(entry["Rules"] for entry in config.nav if isinstance(entry, dict) and "Rules" in entry)
    rules.extend(sorted(f"rules/{path.name}" for path in (docs / "rules").glob("*.md") if path.stem != "index"))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are generated from the code, and the playground if it has been built."""
    files.append(File.generated(config, "configuration.md", content=configuration.page()))
    for path in sorted(PLAYGROUND.rglob("*")):
        if path.is_file():
            name = f"assets/playground/{path.relative_to(PLAYGROUND).as_posix()}"
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace the names of tables in a page by the tables. An unknown name ends the build."""
    return _PLACEHOLDER.sub(lambda match: _TABLES[match["name"]](), markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace the names of plots in a page by the plots."""
    return _PLOT.sub(lambda match: f'<div class="plot">{_PLOTS[match["name"]]()}</div>', html)


def _leaves(nav: object) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    below = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ()
    return [leaf for entry in below for leaf in _leaves(entry)]
