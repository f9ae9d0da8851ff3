"""Runs `initlint report` and reads the page that it writes."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from click.testing import CliRunner, Result

from initlint.cli.commands import cli

VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}


class Page(HTMLParser):
    """Parses a page, checks that its elements nest, and collects ids, links, scripts and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self.policy = ""
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open += [tag] if tag not in VOID else []
        self.scripts += [""] if tag == "script" else []
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""
        for name, value in attrs:
            if name.startswith("on"):
                self.handlers.append(name)
            if name == "id":
                self.ids.append(value or "")
            if name == "href" and tag == "a":
                self.links.append(value or "")
            if name == "src" or (name == "href" and tag == "link"):
                self.loaded.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts[-1] += data
        self.text += data if self.open[-1:] not in (["style"], ["script"]) else ""


def run_report(*arguments: str, source: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["report", *arguments], input=source)


def make_page(tmp_path: Path, *arguments: str, source: str | None = None) -> Page:
    out = tmp_path / "out.html"
    result = run_report(*arguments, "--html", str(out), source=source)
    assert result.exit_code == 0, result.output
    return Page(out.read_text(encoding="utf-8"))
