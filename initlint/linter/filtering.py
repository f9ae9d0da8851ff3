"""Selects the diagnostics that are shown: those that neither the settings nor a `noqa` comment suppress."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from initlint._records import dataclass
from initlint.diagnostics import Diagnostic, Span
from initlint.linter import unused_noqa
from initlint.project.decoding import decode_python
from initlint.project.discovery import matches
from initlint.project.file_io import read_file
from initlint.project.noqa import Directive, Suppressions, may_cover, parse
from initlint.project.reading import parse_source
from initlint.project.settings import Selection, Settings
from initlint.rules import all_rules, rule_for, rules_by_code


@dataclass(frozen=True, slots=True)
class LintRun:
    """The input of a run: `files` by real path, and `contents` by path for files that are not read from disk.

    `users`: further files, by real path, whose models may run code of `files`. `enabled`: the codes of the rules whose
    findings are shown in any of the files. `whole`: whether the user named directories.
    """

    files: Mapping[str, Path]
    settings: Settings
    contents: Mapping[str, bytes]
    enabled: frozenset[str]
    whole: bool
    users: Mapping[str, Path] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    """The files that the user named, by the path in messages."""
    has_disk: bool = True
    """Whether files exist besides `contents`."""

    @property
    def traced(self) -> dict[str, Path]:
        """All files whose models are linted, in one order, however the files of the run were named."""
        return dict(sorted({**self.files, **self.users}.items(), key=lambda item: Path(item[0]).parts))

    def by_settings(self) -> list[tuple[Settings, dict[str, Path]]]:
        """The files of `traced` in groups with the same settings. Raises `ConfigurationError`."""
        groups: dict[int, tuple[Settings, dict[str, Path]]] = {}
        for real, file in self.traced.items():
            own = self.settings.for_file(file)
            groups.setdefault(id(own), (own, {}))[1][real] = file
        return [*groups.values()] or [(self.settings, {})]

    @property
    def shown_paths(self) -> frozenset[str]:
        """The paths of the linted files in messages."""
        return frozenset(map(str, self.files.values()))

    @property
    def applied(self) -> Collection[str]:
        """The codes of the rules to apply: all, if a `noqa` for a rule that is off has to be recognised as used."""
        return sorted({rule.code for rule in all_rules()} if self.finds_unused_noqa else self.enabled)

    @property
    def finds_unused_noqa(self) -> bool:
        return rule_for("unused noqa").code in self.enabled

    def concerns_user(self, unreadable: Diagnostic) -> bool:
        """Whether a file that could not be read was named, or mentions torch. Others may be templates, or Python 2."""
        file = unreadable.span.file
        if file in self.named:
            return True
        try:
            return b"torch" in (self.contents[file] if file in self.contents else read_file(file))
        except OSError:
            return True

    def read(self, file: str) -> bytes:
        try:
            return self.contents[file] if file in self.contents else read_file(file)
        except OSError:  # removed since it was linted
            return b""


def filter_diagnostics(
    run: LintRun, diagnostics: Iterable[Diagnostic], noqa_files: Collection[Path]
) -> Iterator[Diagnostic]:
    """Those of `diagnostics` that are shown, then the unused `noqa` comments in `noqa_files`."""
    suppressor = _Suppressor(run)
    linted = run.shown_paths
    # A rule may report a location in an imported file that is not linted.
    shown = [d for d in diagnostics if d.span.file in linted and not suppressor.suppresses(d)]
    if run.finds_unused_noqa and noqa_files:
        shown += [d for d in suppressor.unused(noqa_files) if not suppressor.suppresses(d)]
    for diagnostic in shown:
        settings, rule = run.settings.for_file(Path(diagnostic.span.file)), rules_by_code()[diagnostic.code]
        if settings.enabled(rule.code, rule.default, rule.always_on):
            severity = settings.severity_of(rule.code, diagnostic.severity)
            fix = diagnostic.fix if settings.may_fix(rule.code) else None
            yield replace(diagnostic, severity=severity, fix=fix)


@dataclass
class _Suppressor:
    """Applies `noqa` comments and `per-file-ignores`, and notes which comments were used."""

    run: LintRun
    codes: dict[str, str] = field(default_factory=dict)
    suppressions: dict[str, Suppressions] = field(default_factory=dict)
    used: set[tuple[Directive, str, str]] = field(default_factory=set)
    """The directives that suppress a finding, with the code and the file."""

    def suppresses(self, diagnostic: Diagnostic) -> bool:
        is_suppressed = self._suppresses_at(diagnostic.span, diagnostic.code)
        if diagnostic.origin is None:
            return is_suppressed
        return self._suppresses_at(diagnostic.origin, diagnostic.code) or is_suppressed

    def _suppresses_at(self, span: Span, code: str) -> bool:
        may_be_covered = may_cover(self._code(span.file), code)
        covering = [*self._suppressions(span.file).covering(code, span.row, span.end_row)] if may_be_covered else []
        self.used.update((directive, code, span.file) for directive in covering)
        return bool(covering) or _ignored_in(Path(span.file), code, self.run.settings.for_file(Path(span.file)))

    def _suppressions(self, file: str) -> Suppressions:
        if file not in self.suppressions:
            self.suppressions[file] = parse(self._code(file))
        return self.suppressions[file]

    def _code(self, file: str) -> str:
        if file not in self.codes:
            self.codes[file] = decode_python(file, self.run.read(file))
        return self.codes[file]

    def unused(self, noqa_files: Collection[Path]) -> Iterator[Diagnostic]:
        """The unused directives in `noqa_files`. Call it after `suppresses` has seen all diagnostics."""
        linted, settings = tuple(self.run.files.values()), self.run.settings
        uncertain = set() if self.run.whole else unused_noqa.reached_from_elsewhere(linted, settings)
        for file in linted:
            if file in noqa_files and file not in uncertain:
                data = self.run.read(str(file))
                used = {(directive, code) for directive, code, where in self.used if where == str(file)}
                directives = self._suppressions(str(file)).directives
                yield from unused_noqa.unused(parse_source(str(file), data), directives, used)


def _ignored_in(file: Path, code: str, settings: Settings) -> bool:
    tables = ((settings.root, settings.per_file_ignores), (Path.cwd(), settings.command_line_ignores))
    return any(
        Selection(selectors).decide(code, False) and matches(file, pattern, root)
        for root, table in tables
        for pattern, selectors in table.items()
    )
