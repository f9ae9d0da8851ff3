"""Settings: `[tool.initlint]` in pyproject.toml, or initlint.toml, and the overrides of the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from initlint._lazy import LazyModule
from initlint.diagnostics import Severity
from initlint.facts.library_initializers import LibraryInitializer
from initlint.project.file_io import read_file
from initlint.project.gitignore import is_valid
from initlint.project.project_search import NO_SOURCES
from initlint.project.trace_targets import TargetSpec, read_targets
from initlint.project.user_tables import (
    EntryError,
    UserTables,
    read_activations,
    read_base_classes,
    read_initializers,
    suggestion,
)

if not TYPE_CHECKING:
    tomllib = LazyModule("tomllib" if sys.version_info >= (3, 11) else "tomli")
elif sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OUTPUT_FORMATS = (
    "azure",
    "concise",
    "full",
    "github",
    "gitlab",
    "grouped",
    "json",
    "json-lines",
    "junit",
    "markdown",
    "pylint",
    "rdjson",
    "sarif",
)

DEFAULT_EXCLUDE = tuple(NO_SOURCES)


class ConfigurationError(Exception):
    """A configuration that cannot be used; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rules one layer of configuration turns on and off, by code, prefix of a code, or `ALL`.

    The most specific selector wins; between equals, `ignore` wins. `select` None keeps the rules enabled before.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def decide(self, code: str, before: bool) -> bool:
        """Whether `code` is enabled, given its state `before` this layer."""
        on = _specificity((*(self.select or ()), *self.extend_select), code)
        off = _specificity(self.ignore, code)
        if on < 0 and off < 0:
            return before and self.select is None
        return on > off


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a user can set. Field names are the keys of the configuration file with `_` for `-`.

    Patterns are those of .gitignore, relative to `root`. `command_line` is a layer of its own, above the file's.
    """

    select: tuple[str, ...] | None = None
    """The rules to run, in place of those that are on by default."""
    ignore: tuple[str, ...] = ()
    """Rules not to run."""
    extend_select: tuple[str, ...] = ()
    """Rules to run as well."""
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Rules not to run on some files: a table from patterns to lists of codes or prefixes."""
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    """Files and folders to leave out."""
    extend_exclude: tuple[str, ...] = ()
    """More files and folders to leave out, beside those of `exclude`."""
    force_exclude: bool = False
    """Leave out also files that are named on the command line, as pre-commit does."""
    respect_gitignore: bool = True
    """Leave out what git ignores."""
    fail_on: Severity = Severity.INFO
    """The level from which a finding makes the exit status 1: `"info"`, `"warning"` or `"error"`."""
    output_format: str = "full"
    """How findings are printed: one of the formats that `--output-format` takes."""
    fixable: tuple[str, ...] = ("ALL",)
    """The rules whose fixes are offered."""
    unfixable: tuple[str, ...] = ()
    """Rules whose fixes are not offered."""
    baseline: str | None = None
    """The file of known findings, relative to the folder of the configuration file."""
    src: tuple[str, ...] = (".", "src")
    """The folders, relative to that of the configuration file, from which the project's own modules are imported."""
    initializers: Mapping[str, LibraryInitializer] = field(default_factory=dict)
    """Init functions that initlint does not know: from the dotted name to what it is in terms of `torch.nn.init`."""
    activations: Mapping[str, str] = field(default_factory=dict)
    """Activations that initlint does not know: from the dotted name to the one that each behaves like."""
    base_classes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Base classes of other packages: from the dotted name to the methods that each calls by itself."""
    trace: tuple[TargetSpec, ...] = ()
    """What `initlint trace` builds if the command line names nothing; paths start at the configuration file."""
    root: Path = field(default_factory=Path.cwd)
    """The directory of the configuration file, else the current one."""
    file: Path | None = None
    """The configuration file that was read."""
    command_line: Selection = Selection()

    @property
    def additions(self) -> UserTables:
        """What the file adds to the tables of init functions, activations and base classes."""
        return UserTables(self.initializers, self.activations, self.base_classes)

    @property
    def import_roots(self) -> tuple[Path, ...]:
        """The folders that the project's own modules are imported from, beside those that its layout tells."""
        return tuple(self.root / folder for folder in self.src)

    @property
    def module_roots(self) -> tuple[Path, ...]:
        """As `import_roots`, but none if nothing configures them: imports do not depend on the current folder."""
        return (
            self.import_roots
            if self.file is not None or self.src != Settings.__dataclass_fields__["src"].default
            else ()
        )

    def enabled(self, code: str, default: bool, always_on: bool = False) -> bool:
        """Whether the rule `code`, which is on or off by `default`, runs."""
        from_file = Selection(self.select, self.extend_select, self.ignore).decide(code, default)
        return always_on or self.command_line.decide(code, from_file)

    def may_fix(self, code: str) -> bool:
        """Whether fixes of the rule `code` are offered."""
        return Selection(self.fixable, ignore=self.unfixable).decide(code, before=False)

    def check_selectors(self, codes: Iterable[str]) -> None:
        """Raise `ConfigurationError` if a selector matches none of `codes`, all the rules that there are."""
        all_codes = tuple(codes)
        for key, selectors in self._selectors():
            for selector in selectors:
                if not any(_matches(selector, code) for code in all_codes):
                    where = f"{self.file}: " if self.file else ""
                    near = suggestion(selector.upper(), all_codes)
                    raise ConfigurationError(f"{where}unknown rule selector `{selector}` in `{key}`{near}")

    def check_patterns(self) -> None:
        """Raise `ConfigurationError` if a pattern can match nothing."""
        patterns = [("exclude", self.exclude), ("extend-exclude", self.extend_exclude)]
        for key, values in (*patterns, ("per-file-ignores", self.per_file_ignores)):
            for pattern in values:
                if pattern not in DEFAULT_EXCLUDE and not is_valid(pattern):
                    where = f"{self.file}: " if self.file else ""
                    raise ConfigurationError(f"{where}invalid pattern `{pattern}` in `{key}`")

    def _selectors(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        for layer in (self, self.command_line):
            yield "select", layer.select or ()
            yield "extend-select", layer.extend_select
            yield "ignore", layer.ignore
        yield "fixable", self.fixable
        yield "unfixable", self.unfixable
        yield from ((f"per-file-ignores.{pattern}", codes) for pattern, codes in self.per_file_ignores.items())


def find(start: Path) -> Path | None:
    """The configuration file for `start`: in its directory or the nearest above; initlint.toml goes first.

    A pyproject.toml without `[tool.initlint]` is passed over. Raises `ConfigurationError` if one is no TOML.
    """
    start = start.absolute()
    for directory in (start, *start.parents):
        own = directory / "initlint.toml"
        if own.is_file():
            return own
        shared = directory / "pyproject.toml"
        if shared.is_file() and _table(shared) is not None:
            return shared
    return None


def load(file: Path) -> Settings:
    """The settings in `file`. Raises `ConfigurationError`: no TOML, an unknown key, a value of the wrong type."""
    table = _table(file)
    if table is None:
        raise ConfigurationError(f"{file}: has no table `[tool.initlint]`")
    values: dict[str, Any] = {}
    for key, value in table.items():
        reader = _READERS.get(key)
        if reader is None:
            raise ConfigurationError(f"{file}: unknown key `{key}`{suggestion(key, _READERS)}")
        try:
            values[key.replace("-", "_")] = reader(value)
        except EntryError as error:
            raise ConfigurationError(f"{file}: in `{key}`: {error}") from None
        except ValueError as error:
            raise ConfigurationError(f"{file}: `{key}` must be {error}") from None
    return Settings(**values, root=file.absolute().parent, file=file)


def _table(file: Path) -> Mapping[str, Any] | None:
    try:
        document: dict[str, Any] = tomllib.loads(read_file(file).decode("utf-8-sig").replace("\r\n", "\n"))
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # both TOMLDecodeError and UnicodeDecodeError
        raise ConfigurationError(f"{file}: is not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigurationError(f"{file}: is not valid TOML: nested too deeply") from None
    if file.name != "pyproject.toml":
        return document
    tool = document.get("tool")
    table = tool.get("initlint") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigurationError(f"{file}: `tool.initlint` must be a table")
    return table


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("a list of strings")
    return tuple(value)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a string")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _severity(value: object) -> Severity:
    labels = {severity.label: severity for severity in Severity}
    if not isinstance(value, str) or value not in labels:
        raise ValueError(f"one of {', '.join(labels)}")
    return labels[value]


def _output_format(value: object) -> str:
    if not isinstance(value, str) or value not in OUTPUT_FORMATS:
        raise ValueError(f"one of {', '.join(OUTPUT_FORMATS)}")
    return value


def _code_table(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise ValueError("a table from patterns to lists of codes")
    return {pattern: _strings(codes) for pattern, codes in value.items()}


def _table_of(read: Callable[[Mapping[str, object]], object]) -> Callable[[object], object]:
    def reader(value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError("a table")
        return read(value)

    return reader


_READERS: Mapping[str, Callable[[object], object]] = {
    "select": _strings,
    "ignore": _strings,
    "extend-select": _strings,
    "per-file-ignores": _code_table,
    "exclude": _strings,
    "extend-exclude": _strings,
    "force-exclude": _boolean,
    "respect-gitignore": _boolean,
    "fail-on": _severity,
    "output-format": _output_format,
    "fixable": _strings,
    "unfixable": _strings,
    "baseline": _string,
    "src": _strings,
    "initializers": _table_of(read_initializers),
    "activations": _table_of(read_activations),
    "base-classes": _table_of(read_base_classes),
    "trace": read_targets,
}

KEYS = tuple(_READERS)
"""What a configuration file may hold."""


def _matches(selector: str, code: str) -> bool:
    selector = selector.upper()
    return selector == "ALL" or (selector != "" and code.startswith(selector))


def _specificity(selectors: Iterable[str], code: str) -> int:
    """The length of the longest of `selectors` that matches `code`, 0 for `ALL`, -1 if none does."""
    lengths = (0 if s.upper() == "ALL" else len(s) for s in selectors if _matches(s, code))
    return max(lengths, default=-1)
