"""The settings of a run, for those who wonder which are in force."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping

from initlint.diagnostics import Severity
from initlint.report.escape import escape
from initlint.rule import Rule
from initlint.settings import Settings

_NO_KEYS = ("root", "file", "command_line")


def listing(settings: Settings, rules: Iterable[Rule]) -> str:
    """As an initlint.toml that asks for the same; in comments where they come from and which of `rules` run."""
    return "".join(f"{escape(line)}\n" for line in _lines(settings, rules))


def _lines(settings: Settings, rules: Iterable[Rule]) -> Iterator[str]:
    on = [rule.code for rule in rules if settings.enabled(rule.code, rule.default)]
    yield f"# from {settings.file or 'no file'}, relative to {settings.root}"
    for key, value in _values(settings.command_line):
        if value:
            yield f"# on the command line: {key} = {_toml(value)}"
    yield f"# rules that run: {', '.join(on)}"
    tables: list[tuple[str, Mapping[str, object]]] = []
    for key, value in _values(settings):
        if isinstance(value, Mapping):
            tables.append((key, value))
        elif value is not None:
            yield f"{key} = {_toml(value)}"
    for key, table in tables:
        yield ""
        yield f"[{key}]"
        yield from (f"{_toml(name)} = {_toml(value)}" for name, value in table.items())


def _values(settings: object) -> Iterator[tuple[str, object]]:
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        if field.name not in _NO_KEYS:
            yield field.name.replace("_", "-"), getattr(settings, field.name)


def _toml(value: object) -> str:
    """A TOML value; JSON's strings, lists and booleans are TOML's as well."""
    plain = value.label if isinstance(value, Severity) else value
    return json.dumps(plain, ensure_ascii=False)
