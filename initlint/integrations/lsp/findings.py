"""A buffer that was linted, and its findings as the protocol has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lsprotocol import types
from pygls import uris

from initlint.api import check_paths, settings_for
from initlint.diagnostics import Diagnostic, Severity, Span
from initlint.integrations.lsp.buffers import OpenFile
from initlint.integrations.lsp.positions import Positions
from initlint.linter.pipeline import Contents
from initlint.linter.results import CheckResult
from initlint.project.decoding import line_reader
from initlint.project.settings import Settings
from initlint.rules import rules_by_code

SOURCE = "initlint"

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}


@dataclass(frozen=True)
class Findings:
    """What was found in `buffer`. `others`: the open files, whose text stands for what the disk holds of them."""

    buffer: OpenFile
    others: Contents
    settings: Settings
    result: CheckResult

    @classmethod
    def of(cls, buffer: OpenFile, others: Contents) -> Findings:
        """Lint what the editor holds. Raises `ConfigurationError`."""
        # What the project excludes is not linted in an editor either.
        settings = replace(settings_for(buffer.path), force_exclude=True)
        contents = {**others, str(buffer.path): buffer.data}
        return cls(buffer, others, settings, check_paths([buffer.path], settings, contents=contents))

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        return self.result.diagnostics

    def published(self, positions: Positions) -> Iterator[types.PublishDiagnosticsParams]:
        """For each document of the buffer the findings in it."""
        for part in self.buffer.parts.values():
            found = [d for d in self.diagnostics if self.buffer.part_of(d.span) is part]
            shown = [self.shown(diagnostic, positions) for diagnostic in found]
            yield types.PublishDiagnosticsParams(part.uri, shown, part.version)

    def shown(self, diagnostic: Diagnostic, positions: Positions) -> types.Diagnostic:
        deprecated = "deprecated" in rules_by_code()[diagnostic.code].tags
        return types.Diagnostic(
            range=positions.range(self.buffer.part_of(diagnostic.span).lines, diagnostic.span),
            message=diagnostic.message,
            severity=_SEVERITIES[diagnostic.severity],
            code=diagnostic.code,
            code_description=types.CodeDescription(diagnostic.url),
            source=SOURCE,
            tags=[types.DiagnosticTag.Deprecated] if deprecated else None,
            related_information=[
                types.DiagnosticRelatedInformation(self.location(related.span, positions), related.message)
                for related in diagnostic.related
            ],
        )

    def location(self, span: Span, positions: Positions) -> types.Location:
        """A place in this buffer or in another file of the project."""
        return location(self.buffer, self.others, span, positions)


def location(buffer: OpenFile, others: Contents, span: Span, positions: Positions) -> types.Location:
    """Where `span` stands: in a document of `buffer`, or in another file of the project."""
    if span.file == str(buffer.path):
        part = buffer.part_of(span)
        return types.Location(part.uri, positions.range(part.lines, span))
    return types.Location(uris.from_fs_path(span.file) or "", positions.range(line_reader(others)(span.file), span))
