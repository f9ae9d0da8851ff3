"""Which of all that was found is shown: without what the settings or the source silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from initlint.diagnostics import Diagnostic
from initlint.linter import unused_noqa
from initlint.linter.merge import merge
from initlint.linter.results import RunResults
from initlint.project.decoding import decode_python
from initlint.project.discovery import matches
from initlint.project.file_io import read_file
from initlint.project.noqa import Directive, Suppressions, may_cover, parse
from initlint.project.settings import Selection, Settings
from initlint.project.source import SourceFile
from initlint.rules import rule_for


@dataclass(frozen=True, slots=True)
class LintedFiles:
    """The files of a run, by path what stands in for what the disk holds, and whether folders were asked for."""

    files: tuple[Path, ...]
    contents: Mapping[str, bytes]
    whole: bool

    def data(self, file: str) -> bytes:
        try:
            return self.contents[file] if file in self.contents else read_file(file)
        except OSError:  # removed since it was linted
            return b""


def filter_findings(
    linted: LintedFiles, settings: Settings, enabled: Set[str], collected: RunResults
) -> Iterator[Diagnostic]:
    """What was found by the rules `enabled`, one for each place."""
    choice = _Filter(linted, settings)
    found = [diagnostic for diagnostic in _in_files(linted, collected) if not choice.silenced(diagnostic)]
    # Nothing is unused where a part of the picture is missing.
    if rule_for("unused noqa").code in enabled and not collected.failures and not collected.unreadable:
        found += [diagnostic for diagnostic in choice.unused(collected.directed) if not choice.silenced(diagnostic)]
    for diagnostic in found:
        if diagnostic.code in enabled:
            yield diagnostic if settings.may_fix(diagnostic.code) else replace(diagnostic, fix=None)


def _in_files(linted: LintedFiles, collected: RunResults) -> Iterator[Diagnostic]:
    """A rule may point into a helper's file that is read but not linted: nothing is said about that one."""
    shown = {str(file) for file in linted.files}
    merged = merge(collected.found, collected.uses, collected.parts)
    return (diagnostic for diagnostic in merged if diagnostic.span.file in shown)


@dataclass
class _Filter:
    linted: LintedFiles
    settings: Settings
    codes: dict[str, str] = field(default_factory=dict)
    suppressions: dict[str, Suppressions] = field(default_factory=dict)
    used: set[tuple[Directive, str, str]] = field(default_factory=set)
    """The directives that suppress something, with the code and the file."""

    def silenced(self, diagnostic: Diagnostic) -> bool:
        code, span = diagnostic.code, diagnostic.span
        may_be = may_cover(self._code(span.file), code)
        covering = list(self._suppressions(span.file).covering(code, span.row, span.end_row)) if may_be else []
        self.used.update((directive, code, span.file) for directive in covering)
        return bool(covering) or _ignored_in(Path(span.file), code, self.settings)

    def _suppressions(self, file: str) -> Suppressions:
        if file not in self.suppressions:
            self.suppressions[file] = parse(self._code(file))
        return self.suppressions[file]

    def _code(self, file: str) -> str:
        if file not in self.codes:
            self.codes[file] = decode_python(file, self.linted.data(file))
        return self.codes[file]

    def unused(self, directed: Set[Path]) -> Iterator[Diagnostic]:
        """Of the files `directed`, which may hold directives. To be asked when `used` is complete."""
        unknown = set() if self.linted.whole else unused_noqa.reached_from_elsewhere(self.linted.files, self.settings)
        for file in self.linted.files:
            if file in directed and file not in unknown:
                data = self.linted.data(str(file))
                used = {(directive, code) for directive, code, where in self.used if where == str(file)}
                directives = self._suppressions(str(file)).directives
                yield from unused_noqa.unused(SourceFile.parse(str(file), data), directives, used)


def _ignored_in(file: Path, code: str, settings: Settings) -> bool:
    ignoring = (p for p, selectors in settings.per_file_ignores.items() if Selection(selectors).decide(code, False))
    return any(matches(file, pattern, settings.root) for pattern in ignoring)
