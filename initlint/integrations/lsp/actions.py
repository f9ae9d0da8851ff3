"""The edits that an editor offers: a fix for a finding, and all safe fixes of a file or notebook at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

from lsprotocol import types

from initlint.api import check_paths
from initlint.diagnostics import Applicability, Diagnostic, Span
from initlint.integrations.lsp.buffers import Document, OpenFile
from initlint.integrations.lsp.findings import SOURCE, Findings
from initlint.integrations.lsp.positions import Positions
from initlint.linter.fixer import Files, fix_is_allowed, fix_paths
from initlint.linter.results import CheckResult
from initlint.project.source import SourceFile
from initlint.rewrite.edits import line_starts

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.{SOURCE}"
KINDS = [types.CodeActionKind.QuickFix, FIX_ALL]


def is_asked_for(kind: str, only: Iterable[str] | None) -> bool:
    """Whether the editor wants actions of this kind: `source.fixAll` asks for `source.fixAll.initlint` too."""
    return only is None or any(kind == wanted or kind.startswith(f"{wanted}.") for wanted in only)


def quick_fixes(
    findings: Findings, uri: str, selected: types.Range, positions: Positions
) -> Iterator[types.CodeAction]:
    """The fix of each finding that the selection touches; safe ones are marked as preferred."""
    for diagnostic in findings.diagnostics:
        part = findings.buffer.part_of(diagnostic.span)
        if diagnostic.fix is None or part.uri != uri:
            continue
        shown = findings.shown(diagnostic, positions)
        if not _touch(shown.range, selected):
            continue
        safe = diagnostic.fix.applicability is Applicability.SAFE
        yield types.CodeAction(
            title=f"{SOURCE} ({diagnostic.code}): {diagnostic.fix.message}{'' if safe else ' (unsafe)'}",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[shown],
            is_preferred=safe,
            edit=_workspace_edit(_edits(findings.buffer, diagnostic, positions)),
        )


def fix_all(findings: Findings, positions: Positions) -> types.WorkspaceEdit:
    """All safe fixes, made until nothing changes, as the command line makes them."""
    path = str(findings.buffer.path)

    def relint(files: Files) -> CheckResult:
        return check_paths([findings.buffer.path], findings.settings, contents={**findings.others, **files})

    changed = fix_paths(relint, {path: findings.buffer.data}).changed
    if path not in changed:
        return types.WorkspaceEdit(document_changes=[])
    source = SourceFile.parse(path, changed[path][1])
    texts: Mapping[int, str] = source.notebook.sources if source.notebook else {0: source.text}
    pairs = ((part, texts[number]) for number, part in findings.buffer.parts.items())
    return _workspace_edit({part: [_difference(part, new, positions)] for part, new in pairs if new != part.text})


def fixable(findings: Findings) -> bool:
    """Whether there is something for `fix_all` to do."""
    return any(map(fix_is_allowed, findings.diagnostics))


def _edits(buffer: OpenFile, diagnostic: Diagnostic, positions: Positions) -> dict[Document, list[types.TextEdit]]:
    edits: dict[Document, list[types.TextEdit]] = {}
    for edit in diagnostic.fix.edits if diagnostic.fix else ():
        part = buffer.part_of(edit.span)
        edits.setdefault(part, []).append(types.TextEdit(positions.range(part.lines, edit.span), edit.replacement))
    return edits


def _workspace_edit(edits: Mapping[Document, list[types.TextEdit]]) -> types.WorkspaceEdit:
    """With the versions that were linted, so that an editor refuses what has been overtaken."""
    return types.WorkspaceEdit(
        document_changes=[
            types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(part.uri, part.version), changes)
            for part, changes in edits.items()
        ]
    )


def _difference(part: Document, new: str, positions: Positions) -> types.TextEdit:
    """One edit that leaves alone what both texts begin and end with, and with it the cursor that stands there."""
    old = part.text
    start = _common(old, new)
    behind = _common(old[start:][::-1], new[start:][::-1])
    starts = line_starts(old)
    row, column = _row_and_column(starts, start)
    span = Span("", row, column, *_row_and_column(starts, len(old) - behind))
    return types.TextEdit(positions.range(part.lines, span), new[start : len(new) - behind])


def _common(one: str, other: str) -> int:
    """The length of what both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _row_and_column(starts: tuple[int, ...], offset: int) -> tuple[int, int]:
    row = bisect_right(starts, offset)
    return row, offset - starts[row - 1] + 1


def _touch(one: types.Range, other: types.Range) -> bool:
    return _key(one.start) <= _key(other.end) and _key(other.start) <= _key(one.end)


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
