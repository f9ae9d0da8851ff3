"""The settings in force, for `--show-settings`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping

from initlint.diagnostics import Severity
from initlint.project.settings import Settings
from initlint.project.settings_file import KEYS
from initlint.report.text import escape
from initlint.rules._registry import Rule

_PLAIN = (str, tuple, frozenset)


def listing(settings: Settings, rules: Iterable[Rule]) -> str:
    """An initlint.toml with the same settings. Comments say where they come from and which of `rules` run.

    Tables whose values have no TOML form after parsing (init functions and their effects, targets to trace) are named.
    """
    return "".join(f"{escape(line)}\n" for line in _lines(settings, rules))


def _lines(settings: Settings, rules: Iterable[Rule]) -> Iterator[str]:
    on = [rule.code for rule in rules if settings.enabled(rule.code, rule.default, rule.always_on)]
    yield f"# from {settings.file or 'no file'}, relative to {settings.root}"
    for key, value in _values(settings.command_line):
        if value:
            yield f"# on the command line: {key} = {_toml(value)}"
    yield f"# rules that run: {', '.join(on)}"
    tables: list[tuple[str, Mapping[str, object]]] = []
    for key, value in _values(settings):
        if key == "trace":
            if settings.trace:
                yield f"# [[trace]] names {', '.join(target.text for target in settings.trace)}"
        elif isinstance(value, Mapping):
            tables.append((key, value))
        elif value is not None:
            yield f"{key} = {_toml(value)}"
    for key, table in tables:
        yield ""
        if all(isinstance(value, _PLAIN) for value in table.values()):
            yield f"[{key}]"
            yield from (f"{_toml(name)} = {_toml(value)}" for name, value in table.items())
        else:
            yield f"# [{key}] names {', '.join(table)}"


def _values(settings: object) -> Iterator[tuple[str, object]]:
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        key = field.name.replace("_", "-")
        if key in KEYS:
            yield key, getattr(settings, field.name)


def _toml(value: object) -> str:
    """A TOML value; JSON's strings, lists and booleans are TOML's as well."""
    if isinstance(value, Severity):
        value = value.label
    return json.dumps(sorted(value) if isinstance(value, frozenset) else value, ensure_ascii=False)
