"""Code actions: the fix of one finding, and all safe fixes of a file or notebook at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from lsprotocol import types

from initlint.api import check_paths
from initlint.diagnostics import Applicability, Diagnostic, Span
from initlint.integrations.lsp.documents import Document, OpenFile, PositionEncoder
from initlint.integrations.lsp.file_diagnostics import SOURCE, FileDiagnostics
from initlint.linter.fixer import Files, fix_is_allowed, fix_paths
from initlint.linter.results import CheckResult
from initlint.project.source import SourceFile
from initlint.rewrite.edits import line_starts

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.{SOURCE}"
ACTION_KINDS = [types.CodeActionKind.QuickFix, FIX_ALL]


def is_requested(kind: str, only: Iterable[str] | None) -> bool:
    """Whether the editor requests actions of this kind. `source.fixAll` includes `source.fixAll.initlint`."""
    return only is None or any(kind == requested or kind.startswith(f"{requested}.") for requested in only)


def quick_fixes(
    file_diagnostics: FileDiagnostics, uri: str, selected: types.Range, encoder: PositionEncoder
) -> Iterator[types.CodeAction]:
    """The fix of each finding that overlaps the selection. Safe fixes are marked as preferred."""
    for diagnostic in file_diagnostics.diagnostics:
        document = file_diagnostics.file.document_at(diagnostic.span)
        if diagnostic.fix is None or document.uri != uri:
            continue
        lsp_diagnostic = file_diagnostics.to_protocol(diagnostic, encoder)
        if not _overlap(lsp_diagnostic.range, selected):
            continue
        is_safe = diagnostic.fix.applicability is Applicability.SAFE
        yield types.CodeAction(
            title=f"{SOURCE} ({diagnostic.code}): {diagnostic.fix.message}{'' if is_safe else ' (unsafe)'}",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[lsp_diagnostic],
            is_preferred=is_safe,
            edit=_workspace_edit(_edits(file_diagnostics.file, diagnostic, encoder)),
        )


def fix_all_edit(file_diagnostics: FileDiagnostics, encoder: PositionEncoder) -> types.WorkspaceEdit:
    """The edit that applies safe fixes until nothing changes, as the command line does."""
    path = str(file_diagnostics.file.path)

    def relint(files: Files) -> CheckResult:
        return check_paths(
            [file_diagnostics.file.path],
            file_diagnostics.settings,
            contents={**file_diagnostics.open_contents, **files},
            edits=False,
        )

    changed_files = fix_paths(relint, {path: file_diagnostics.file.content}).changed
    if path not in changed_files:
        return types.WorkspaceEdit(document_changes=[])
    source = SourceFile.parse(path, changed_files[path][1])
    texts: Mapping[int, str] = source.notebook.sources if source.notebook else {0: source.text}
    documents_with_text = ((document, texts[number]) for number, document in file_diagnostics.file.documents.items())
    return _workspace_edit(
        {
            document: [_minimal_edit(document, new, encoder)]
            for document, new in documents_with_text
            if new != document.text
        }
    )


def has_safe_fixes(file_diagnostics: FileDiagnostics) -> bool:
    """Whether any finding has a safe fix."""
    return any(map(fix_is_allowed, file_diagnostics.diagnostics))


def _edits(file: OpenFile, diagnostic: Diagnostic, encoder: PositionEncoder) -> dict[Document, list[types.TextEdit]]:
    edits: dict[Document, list[types.TextEdit]] = {}
    for edit in diagnostic.fix.edits if diagnostic.fix else ():
        document = file.document_at(edit.span)
        edits.setdefault(document, []).append(
            types.TextEdit(encoder.range(document.source_lines, edit.span), edit.replacement)
        )
    return edits


def _workspace_edit(edits: Mapping[Document, list[types.TextEdit]]) -> types.WorkspaceEdit:
    """Edits of the versions that were linted. Editors reject them if a document has changed since."""
    return types.WorkspaceEdit(
        document_changes=[
            types.TextDocumentEdit(
                types.OptionalVersionedTextDocumentIdentifier(document.uri, document.version), changes
            )
            for document, changes in edits.items()
        ]
    )


def _minimal_edit(document: Document, new: str, encoder: PositionEncoder) -> types.TextEdit:
    """One edit without the common prefix and suffix of both texts, so that a cursor there does not move."""
    old = document.text
    common_prefix = _common_prefix_length(old, new)
    common_suffix = _common_prefix_length(old[common_prefix:][::-1], new[common_prefix:][::-1])
    offsets = line_starts(old)
    row, column = _row_and_column(offsets, common_prefix)
    span = Span("", row, column, *_row_and_column(offsets, len(old) - common_suffix))
    return types.TextEdit(encoder.range(document.source_lines, span), new[common_prefix : len(new) - common_suffix])


def _common_prefix_length(one: str, other: str) -> int:
    """The length of the common prefix of two texts."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _row_and_column(offsets: tuple[int, ...], offset: int) -> tuple[int, int]:
    row = bisect_right(offsets, offset)
    return row, offset - offsets[row - 1] + 1


def _overlap(one: types.Range, other: types.Range) -> bool:
    return _line_and_character(one.start) <= _line_and_character(other.end) and _line_and_character(
        other.start
    ) <= _line_and_character(one.end)


def _line_and_character(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
