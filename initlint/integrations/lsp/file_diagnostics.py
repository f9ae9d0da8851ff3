"""Lints an open file, and converts its findings to diagnostics of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from lsprotocol import types
from pygls import uris

from initlint._records import dataclass
from initlint.api import check_paths, without_baseline
from initlint.diagnostics import Diagnostic, Severity, Span
from initlint.integrations.lsp.client_settings import NO_SETTINGS, ClientSettings
from initlint.integrations.lsp.documents import OpenFile, PositionEncoder
from initlint.integrations.lsp.previews import Findings, preview
from initlint.linter.memory import RunMemory, WarmRun, keep_on
from initlint.linter.pipeline import Contents, RunOptions
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


def ignore(_: FileDiagnostics) -> None:
    """Nobody waits for a part of the result."""


@dataclass(frozen=True)
class FileDiagnostics:
    """The findings in `file`. `open_contents`: the contents of all open files, which override those on disk.

    `own`: what is found without the files that use this one; None without memory of earlier runs.
    """

    file: OpenFile
    open_contents: Contents
    settings: Settings
    result: CheckResult
    own: tuple[Diagnostic, ...] | None = None

    @classmethod
    def of(
        cls,
        file: OpenFile,
        open_contents: Contents,
        client_settings: ClientSettings = NO_SETTINGS,
        memory: RunMemory | None = None,
        show: Callable[[FileDiagnostics], None] = ignore,
        check_interrupt: Callable[[], None] = keep_on,
    ) -> FileDiagnostics:
        """Lint an open file. Raises `ConfigurationError`, and what `check_interrupt` raises.

        `memory`: of earlier runs. `show` is called with the result without the files that use this one, before these
        are linted; fixes have no edits in it. `check_interrupt` is called again and again.
        """
        # Files that the project excludes are not linted in the editor either.
        settings = replace(client_settings.settings_for(file.path), force_exclude=True)
        contents = {**open_contents, str(file.path): file.content}
        own: list[tuple[Diagnostic, ...]] = []

        def show_own(result: CheckResult) -> None:
            result = without_baseline(result, settings, contents)
            own.append(result.diagnostics)
            show(cls(file, open_contents, settings, result))

        warm = None if memory is None else WarmRun(memory, show_own, check_interrupt)
        result = check_paths([file.path], settings, contents=contents, options=RunOptions(warm=warm))
        return cls(file, open_contents, settings, result, next(iter(own), None))

    def after(self, previous: FileDiagnostics | None) -> FileDiagnostics:
        """This result, made without the files that use this one, completed by `previous`; see `previews`."""
        known = previous and previous.own is not None and Findings(previous.file, previous.diagnostics, previous.own)
        diagnostics = preview(self.file, self.diagnostics, known or None)
        return replace(self, result=replace(self.result, diagnostics=diagnostics))

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        return self.result.diagnostics

    def publish_params(self, encoder: PositionEncoder) -> Iterator[types.PublishDiagnosticsParams]:
        """The parameters of `textDocument/publishDiagnostics` for each document of the file."""
        for document in self.file.documents.values():
            diagnostics = [d for d in self.diagnostics if self.file.document_at(d.span) is document]
            to_protocol = [self.to_protocol(diagnostic, encoder) for diagnostic in diagnostics]
            yield types.PublishDiagnosticsParams(document.uri, to_protocol, document.version)

    def to_protocol(self, diagnostic: Diagnostic, encoder: PositionEncoder) -> types.Diagnostic:
        is_deprecated = "deprecated" in rules_by_code()[diagnostic.code].tags
        return types.Diagnostic(
            range=encoder.range(self.file.document_at(diagnostic.span).source_lines, diagnostic.span),
            message=diagnostic.message,
            severity=_SEVERITIES[diagnostic.severity],
            code=diagnostic.code,
            code_description=types.CodeDescription(diagnostic.url),
            source=SOURCE,
            tags=[types.DiagnosticTag.Deprecated] if is_deprecated else None,
            related_information=[
                types.DiagnosticRelatedInformation(self.location(related.span, encoder), related.message)
                for related in diagnostic.related
            ],
        )

    def location(self, span: Span, encoder: PositionEncoder) -> types.Location:
        """The location of `span`, in this file or in another file of the project."""
        return location(self.file, self.open_contents, span, encoder)


def location(file: OpenFile, open_contents: Contents, span: Span, encoder: PositionEncoder) -> types.Location:
    """The location of `span`: in a document of `file`, or in another file of the project."""
    if span.file == str(file.path):
        document = file.document_at(span)
        return types.Location(document.uri, encoder.range(document.source_lines, span))
    return types.Location(
        uris.from_fs_path(span.file) or "", encoder.range(line_reader(open_contents)(span.file), span)
    )
