"""The output of commands that the README and the pages show: `python -m tools.website.shown_output` renews it.

A block begins with the comment `<!-- output -->`, and its first line is the command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from initlint.cli.commands import cli

ROOT = Path(__file__).parents[2]
WIDTH = "80"
"""The columns of the terminal that is shown."""

_BLOCK = re.compile(
    r"(?<=<!-- output -->\n```console\n\$ initlint )(?P<command>[^\n]*)\n(?P<output>.*?)(?=\n```)", re.DOTALL
)


def pages() -> list[Path]:
    """The files that may show output."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Each command that `page` shows, without `initlint`, and the output below it."""
    yield from ((found["command"], found["output"]) for found in _BLOCK.finditer(page.read_text(encoding="utf-8")))


def printed(command: str) -> str:
    """The standard output of `initlint command` in the current directory, which must be the root of the project."""
    return CliRunner(env={"COLUMNS": WIDTH}).invoke(cli, command.split()).stdout.rstrip()


def renew() -> None:
    """Write the present output into all pages."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        page.write_text(
            _BLOCK.sub(lambda found: f"{found['command']}\n{printed(found['command'])}", text), encoding="utf-8"
        )


if __name__ == "__main__":
    renew()
