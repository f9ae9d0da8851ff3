"""The handlers of the protocol's messages. They delegate to `EditorServer`."""

from __future__ import annotations

from lsprotocol import types

from initlint.integrations.lsp.client_settings import SECTION, own_section
from initlint.integrations.lsp.code_actions import (
    ACTION_KINDS,
    FIX_ALL,
    SHOW_DOCUMENTATION,
    fix_all_edit,
    has_safe_fixes,
    is_requested,
    quick_fixes,
)
from initlint.integrations.lsp.file_diagnostics import SOURCE
from initlint.integrations.lsp.hover import describe
from initlint.integrations.lsp.model_views import flat
from initlint.integrations.lsp.server import DEBOUNCE_SECONDS, EditorServer

_WATCHED = ("**/pyproject.toml", "**/initlint.toml", "**/*.py")


def run() -> None:
    """Serve one editor on standard input and output until it exits."""
    create().start_io()


def create() -> EditorServer:
    """Create a server with all handlers."""
    server = EditorServer()
    _handle_settings(server)
    _handle_documents(server)
    _handle_notebooks(server)
    _handle_code_actions(server)
    _handle_hover(server)
    _handle_model_views(server)
    return server


def _handle_settings(server: EditorServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        options = params.initialization_options
        server.initialization_options = own_section(options) or options
        if server.pulls_diagnostics:
            _handle_pulls(server)

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        server.configure(server.initialization_options)
        if not server.pulls_diagnostics:  # answered all the same, but not among the capabilities
            _handle_pulls(server)
        workspace = server.client_capabilities.workspace
        registrations: list[types.Registration] = []
        watching = workspace.did_change_watched_files if workspace else None
        if watching is not None and watching.dynamic_registration:
            watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _WATCHED]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
            registrations.append(types.Registration(f"{SOURCE}-files", method, options))
        configured = workspace.did_change_configuration if workspace else None
        if configured is not None and configured.dynamic_registration:
            section = types.DidChangeConfigurationRegistrationOptions(section=SECTION)
            method = types.WORKSPACE_DID_CHANGE_CONFIGURATION
            registrations.append(types.Registration(f"{SOURCE}-settings", method, section))
        if registrations:
            server.client_register_capability(types.RegistrationParams(registrations))
        await server.update_settings(None)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def settings_changed(params: types.DidChangeConfigurationParams) -> None:
        await server.update_settings(params.settings)


def _handle_pulls(server: EditorServer) -> None:
    options = types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False, identifier=SOURCE)

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)
    async def diagnostics(params: types.DocumentDiagnosticParams) -> types.RelatedFullDocumentDiagnosticReport:
        return types.RelatedFullDocumentDiagnosticReport(await server.pull(params.text_document.uri))


def _handle_documents(server: EditorServer) -> None:
    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def changed_on_disk(params: types.DidChangeWatchedFilesParams) -> None:
        server.schedule_all()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.convert_documents()
        server.schedule(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.schedule(params.text_document.uri, DEBOUNCE_SECONDS)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.schedule_all()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.close(params.text_document.uri, [params.text_document.uri])


def _handle_notebooks(server: EditorServer) -> None:
    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenNotebookDocumentParams) -> None:
        server.convert_documents()
        server.schedule(params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeNotebookDocumentParams) -> None:
        server.convert_documents()
        cells = params.change.cells
        if cells is not None and cells.structure is not None:
            server.clear_diagnostics([cell.uri for cell in cells.structure.did_close or ()])
        server.schedule(params.notebook_document.uri, DEBOUNCE_SECONDS)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveNotebookDocumentParams) -> None:
        server.schedule_all()

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseNotebookDocumentParams) -> None:
        server.close(params.notebook_document.uri, [cell.uri for cell in params.cell_text_documents])


def _handle_code_actions(server: EditorServer) -> None:
    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=ACTION_KINDS, resolve_provider=True)
    )
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri, only = params.text_document.uri, params.context.only
        file_diagnostics = await server.lint(uri)
        if file_diagnostics is None:
            return []
        actions: list[types.CodeAction] = []
        if is_requested(types.CodeActionKind.QuickFix, only):
            encoder = server.encoder
            found = server.run_in_worker(lambda: list(quick_fixes(file_diagnostics, uri, params.range, encoder)))
            actions += await found or []
        if is_requested(FIX_ALL, only) and has_safe_fixes(file_diagnostics):
            # Computing the edit takes several lints. Editors that can, resolve it when the user chooses the action.
            action = types.CodeAction(f"{SOURCE}: Apply all safe fixes", FIX_ALL, data=uri)
            actions.append(action if server.resolves_edits else await resolve(action))
        return actions

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        if action.kind == FIX_ALL and action.edit is None:
            action.edit = await _fix_all(server, str(action.data))
        return action

    @server.command(SHOW_DOCUMENTATION)
    async def show_documentation(url: str) -> None:
        await server.show_page(url)


async def _fix_all(server: EditorServer, uri: str) -> types.WorkspaceEdit | None:
    """The edit that applies all safe fixes of a file."""
    file_diagnostics = await server.lint(uri)
    if file_diagnostics is None:
        return None
    encoder = server.encoder
    return await server.run_in_worker(lambda: fix_all_edit(file_diagnostics, encoder))


def _handle_hover(server: EditorServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        open_file = server.open_file(params.text_document.uri)
        if open_file is None:
            return None
        models = await server.models(open_file)
        cell = open_file.cell_number(params.text_document.uri)
        text = describe(models, str(open_file.path), cell, params.position.line + 1, server.link_renderer(open_file))
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None


def _handle_model_views(server: EditorServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=False))
    async def code_lenses(params: types.CodeLensParams) -> list[types.CodeLens]:
        if not server.client_settings.code_lens:
            return []
        return await server.views(params.text_document.uri, lambda views: views.code_lenses())

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT, types.InlayHintOptions(resolve_provider=False))
    async def inlay_hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        if not server.client_settings.inlay_hints:
            return []
        return await server.views(params.text_document.uri, lambda views: views.inlay_hints(params.range))

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(
        params: types.DocumentSymbolParams,
    ) -> list[types.DocumentSymbol] | list[types.SymbolInformation]:
        uri = params.text_document.uri
        symbols = await server.views(uri, lambda views: views.symbols())
        return symbols if server.shows_trees else list(flat(symbols, uri))
