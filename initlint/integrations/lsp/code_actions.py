"""Code actions: to fix, suppress or look up one finding, and to apply all safe fixes of a file or notebook."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from lsprotocol import types

from initlint.api import check_paths
from initlint.diagnostics import Applicability, Diagnostic, Span
from initlint.integrations.lsp.documents import Document, OpenFile, PositionEncoder
from initlint.integrations.lsp.file_diagnostics import SOURCE, FileDiagnostics
from initlint.linter.add_noqa import annotated
from initlint.linter.fixer import Files, fix_is_allowed, fix_paths
from initlint.linter.results import CheckResult
from initlint.linter.unused_noqa import is_tracked
from initlint.project.reading import parse_source
from initlint.project.source import SourceError
from initlint.rewrite.edits import line_starts

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.{SOURCE}"
ACTION_KINDS = [types.CodeActionKind.QuickFix, FIX_ALL]
SHOW_DOCUMENTATION = f"{SOURCE}.showDocumentation"
"""The command that opens the page at an address, its only argument."""


def is_requested(kind: str, only: Iterable[str] | None) -> bool:
    """Whether the editor requests actions of this kind. `source.fixAll` includes `source.fixAll.initlint`."""
    return only is None or any(kind == requested or kind.startswith(f"{requested}.") for requested in only)


def quick_fixes(
    file_diagnostics: FileDiagnostics, uri: str, selected: types.Range, encoder: PositionEncoder
) -> Iterator[types.CodeAction]:
    """For the findings that overlap the selection: the fixes, then how to suppress them, then their documentation."""
    overlapping = [
        (diagnostic, lsp_diagnostic)
        for diagnostic in file_diagnostics.diagnostics
        if file_diagnostics.file.document_at(diagnostic.span).uri == uri
        for lsp_diagnostic in [file_diagnostics.to_protocol(diagnostic, encoder)]
        if _overlap(lsp_diagnostic.range, selected)
    ]
    yield from (_fix(file_diagnostics, *pair, encoder) for pair in overlapping if pair[0].fix is not None)
    lines_by_code = {(diagnostic.code, diagnostic.span.row): (diagnostic, lsp) for diagnostic, lsp in overlapping}
    for diagnostic, lsp_diagnostic in lines_by_code.values():
        edit = _suppression_edit(file_diagnostics, diagnostic, encoder)
        if edit is not None:
            title = f"{SOURCE} ({diagnostic.code}): Disable for this line"
            yield types.CodeAction(
                title, types.CodeActionKind.QuickFix, [lsp_diagnostic], is_preferred=False, edit=edit
            )
    for diagnostic, lsp_diagnostic in {pair[0].code: pair for pair in overlapping}.values():
        title = f"{SOURCE} ({diagnostic.code}): Show documentation"
        command = types.Command(title, SHOW_DOCUMENTATION, arguments=[diagnostic.url])
        yield types.CodeAction(
            title, types.CodeActionKind.QuickFix, [lsp_diagnostic], is_preferred=False, command=command
        )


def _fix(
    file_diagnostics: FileDiagnostics,
    diagnostic: Diagnostic,
    lsp_diagnostic: types.Diagnostic,
    encoder: PositionEncoder,
) -> types.CodeAction:
    """The fix of a finding that has one. Safe fixes are marked as preferred."""
    assert diagnostic.fix is not None
    is_safe = diagnostic.fix.applicability is Applicability.SAFE
    return types.CodeAction(
        title=f"{SOURCE} ({diagnostic.code}): {diagnostic.fix.message}{'' if is_safe else ' (unsafe)'}",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[lsp_diagnostic],
        is_preferred=is_safe,
        edit=_workspace_edit(_edits(file_diagnostics.file, diagnostic, encoder)),
    )


def _suppression_edit(
    file_diagnostics: FileDiagnostics, diagnostic: Diagnostic, encoder: PositionEncoder
) -> types.WorkspaceEdit | None:
    """The edit that adds a `noqa` comment for a finding, as `--add-noqa` does; None if no comment suppresses it."""
    if not is_tracked(diagnostic.code):
        return None
    file = file_diagnostics.file
    try:
        return _edit_to(file, annotated(str(file.path), file.content, [diagnostic]), encoder)
    except (SourceError, ValueError):
        return None


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
    return _edit_to(file_diagnostics.file, changed_files[path][1], encoder)


def _edit_to(file: OpenFile, content: bytes, encoder: PositionEncoder) -> types.WorkspaceEdit:
    """The edit of the documents of `file` after which saving it would write `content`."""
    source = parse_source(str(file.path), content)
    texts: Mapping[int, str] = source.notebook.sources if source.notebook else {0: source.text}
    documents_with_text = ((document, texts.get(number)) for number, document in file.documents.items())
    return _workspace_edit(
        {
            document: [_minimal_edit(document, new, encoder)]
            for document, new in documents_with_text
            if new is not None and new != document.text
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
