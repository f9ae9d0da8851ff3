"""The conversation with an editor: each message of the protocol to what the session does about it."""

from __future__ import annotations

from lsprotocol import types

from initlint.integrations.lsp.actions import FIX_ALL, KINDS, fixable, is_asked_for, quick_fixes
from initlint.integrations.lsp.findings import SOURCE
from initlint.integrations.lsp.hover import describe
from initlint.integrations.lsp.session import REST_SECONDS, Session

_WATCHED = ("**/pyproject.toml", "**/initlint.toml", "**/*.py")


def run() -> None:
    """Serve one editor on standard input and output until it says goodbye."""
    create().start_io()


def create() -> Session:
    """A session that answers an editor."""
    session = Session()
    _follow_documents(session)
    _follow_notebooks(session)
    _offer_actions(session)
    _offer_hover(session)
    return session


def _follow_documents(session: Session) -> None:
    @session.feature(types.INITIALIZED)
    def initialized(params: types.InitializedParams) -> None:
        workspace = session.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace else None
        if watching is not None and watching.dynamic_registration:
            watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _WATCHED]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
            session.client_register_capability(
                types.RegistrationParams([types.Registration(f"{SOURCE}-files", method, options)])
            )

    @session.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def changed_on_disk(params: types.DidChangeWatchedFilesParams) -> None:
        session.plan_all()

    @session.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        session.opened()
        session.plan(params.text_document.uri)

    @session.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        session.plan(params.text_document.uri, REST_SECONDS)

    @session.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        session.plan_all()

    @session.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        session.close(params.text_document.uri, [params.text_document.uri])


def _follow_notebooks(session: Session) -> None:
    @session.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenNotebookDocumentParams) -> None:
        session.opened()
        session.plan(params.notebook_document.uri)

    @session.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeNotebookDocumentParams) -> None:
        session.opened()
        cells = params.change.cells
        if cells is not None and cells.structure is not None:
            session.clear([cell.uri for cell in cells.structure.did_close or ()])
        session.plan(params.notebook_document.uri, REST_SECONDS)

    @session.feature(types.NOTEBOOK_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveNotebookDocumentParams) -> None:
        session.plan_all()

    @session.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseNotebookDocumentParams) -> None:
        session.close(params.notebook_document.uri, [cell.uri for cell in params.cell_text_documents])


def _offer_actions(session: Session) -> None:
    @session.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=KINDS, resolve_provider=True)
    )
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri, only = params.text_document.uri, params.context.only
        findings = await session.findings(uri)
        if findings is None:
            return []
        offered: list[types.CodeAction] = []
        if is_asked_for(types.CodeActionKind.QuickFix, only):
            offered += quick_fixes(findings, uri, params.range, session.positions)
        if is_asked_for(FIX_ALL, only) and fixable(findings):
            # The edit takes some lints: an editor asks for it once the user wants it.
            action = types.CodeAction(f"{SOURCE}: Fix all that is safe to fix", FIX_ALL, data=uri)
            offered.append(action if session.resolves_edits else await resolve(action))
        return offered

    @session.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        if action.kind == FIX_ALL and action.edit is None:
            action.edit = await session.fixed(str(action.data))
        return action


def _offer_hover(session: Session) -> None:
    @session.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        buffer = session.buffer(params.text_document.uri)
        if buffer is None:
            return None
        models = await session.models(buffer)
        number = buffer.number_of(params.text_document.uri)
        text = describe(models, str(buffer.path), number, params.position.line + 1, session.link(buffer))
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None
