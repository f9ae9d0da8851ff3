"""Settings: what a user can set, for a run and for each of its files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from initlint._lazy import LazyModule
from initlint.diagnostics import Severity
from initlint.facts.library_initializers import LibraryInitializer
from initlint.project.gitignore import is_valid
from initlint.project.project_search import NO_SOURCES
from initlint.project.trace_targets import TargetSpec
from initlint.project.user_tables import (
    UserTables,
    suggestion,
)

if not TYPE_CHECKING:
    tomllib = LazyModule("tomllib" if sys.version_info >= (3, 11) else "tomli")
elif sys.version_info >= (3, 11):
    pass
else:
    pass

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
    severity: Mapping[str, Severity] = field(default_factory=dict)
    """The level of the findings of some rules: a table from rules to `"info"`, `"warning"` or `"error"`."""
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
    command_line_exclude: tuple[str, ...] = ()
    """Patterns of the command line, relative to the current folder."""
    command_line_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """As `per_file_ignores`, of the command line, relative to the current folder."""
    nearest: Callable[[Path], Settings] | None = field(default=None, compare=False, repr=False)
    """The settings of a file; None if these are those of all files."""

    def for_file(self, file: Path) -> Settings:
        """The settings that `file` is linted under. Raises `ConfigurationError`."""
        return self if self.nearest is None else self.nearest(file)

    def resolved(self, code_by_name: Mapping[str, str]) -> Settings:
        """The same with the codes of rules in place of their names."""

        def codes(selectors: Iterable[str]) -> tuple[str, ...]:
            return tuple(code_by_name.get(selector.lower(), selector) for selector in selectors)

        def layer(select: tuple[str, ...] | None) -> tuple[str, ...] | None:
            return None if select is None else codes(select)

        line = self.command_line
        return replace(
            self,
            select=layer(self.select),
            ignore=codes(self.ignore),
            extend_select=codes(self.extend_select),
            per_file_ignores={pattern: codes(selectors) for pattern, selectors in self.per_file_ignores.items()},
            command_line_ignores={p: codes(selectors) for p, selectors in self.command_line_ignores.items()},
            severity=dict(zip(codes(self.severity), self.severity.values(), strict=True)),
            fixable=codes(self.fixable),
            unfixable=codes(self.unfixable),
            command_line=Selection(layer(line.select), codes(line.extend_select), codes(line.ignore)),
        )

    def severity_of(self, code: str, severity: Severity) -> Severity:
        """The severity of a finding of the rule `code`, which gives it `severity`. The longest selector wins."""
        matching = [selector for selector in self.severity if _matches(selector, code)]
        longest = max(matching, key=lambda selector: _specificity((selector,), code), default=None)
        return severity if longest is None else self.severity[longest]

    def __post_init__(self) -> None:
        for name in _TUPLES:
            value = getattr(self, name)
            if isinstance(value, str):  # its characters would be taken for selectors
                raise TypeError(f"Settings.{name} must be a tuple of strings, not a string: ({value!r},)")
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))

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
        ignores = (("per-file-ignores", table) for table in (self.per_file_ignores, self.command_line_ignores))
        for key, values in (*patterns, ("--exclude or --extend-exclude", self.command_line_exclude), *ignores):
            for pattern in values:
                if pattern not in DEFAULT_EXCLUDE and not is_valid(pattern):
                    where = f"{self.file}: " if self.file else ""
                    raise ConfigurationError(f"{where}invalid pattern `{pattern}` in `{key}`")

    def _selectors(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        for layer in (self, self.command_line):
            yield "select", layer.select or ()
            yield "extend-select", layer.extend_select
            yield "ignore", layer.ignore
        yield "severity", tuple(self.severity)
        yield "fixable", self.fixable
        yield "unfixable", self.unfixable
        for table in (self.per_file_ignores, self.command_line_ignores):
            yield from ((f"per-file-ignores.{pattern}", codes) for pattern, codes in table.items())


_TUPLES = tuple("select ignore extend_select exclude extend_exclude fixable unfixable src".split())


def _matches(selector: str, code: str) -> bool:
    selector = selector.upper()
    return selector == "ALL" or (selector != "" and code.startswith(selector))


def _specificity(selectors: Iterable[str], code: str) -> int:
    """The length of the longest of `selectors` that matches `code`, 0 for `ALL`, -1 if none does."""
    lengths = (0 if s.upper() == "ALL" else len(s) for s in selectors if _matches(s, code))
    return max(lengths, default=-1)
