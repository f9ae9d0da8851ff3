"""The server's state for one editor: its open documents, scheduled lints and cached results.

Diagnostics are published when a document is opened, saved, or unchanged for a moment: at first those of the document by
itself, then also those that depend on the files that use it. Linting runs in one worker thread, which keeps the server
responsive. A run that is outdated by further typing is ended.
"""

from __future__ import annotations

import asyncio
import re
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from lsprotocol import types
from pygls import uris
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from initlint import __version__
from initlint.diagnostics import Span
from initlint.graph.model import ModelGraph
from initlint.integrations.lsp.client_settings import NO_SETTINGS, SECTION, ClientSettings, own_section
from initlint.integrations.lsp.documents import Document, OpenFile, PositionEncoder
from initlint.integrations.lsp.file_diagnostics import SOURCE, FileDiagnostics, ignore, location
from initlint.integrations.lsp.model_views import ModelViews
from initlint.integrations.lsp.protocol import AnsweringProtocol, ProtocolDocument
from initlint.linter.memory import RunMemory
from initlint.linter.pipeline import Contents, check_models
from initlint.project.settings import ConfigurationError

DEBOUNCE_SECONDS = 0.1
"""How long a document must be unchanged before it is linted. A run that is overtaken by an edit ends soon."""

_STACK = 64 * 1024 * 1024
"""Threads have a much smaller stack than processes on some systems, and the tracer recurses into deep code."""

_LANGUAGE = "python"
T = TypeVar("T")


class _Superseded(BaseException):
    """The document has changed since the run began. No part of the linter catches it."""


class EditorServer(LanguageServer):
    """A language server for one editor."""

    def __init__(self) -> None:
        cells = types.NotebookDocumentFilterWithCells(cells=[types.NotebookCellLanguage(_LANGUAGE)])
        super().__init__(
            SOURCE,
            __version__,
            types.TextDocumentSyncKind.Incremental,
            types.NotebookDocumentSyncOptions([cells], save=True),
            protocol_cls=AnsweringProtocol,
        )
        threading.stack_size(_STACK)
        self._memory = RunMemory()  # of the worker
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix=SOURCE)
        self._scheduled: dict[str, asyncio.Task[None]] = {}
        self.initialization_options: object = None
        self.client_settings = NO_SETTINGS
        self._settings_changes = 0
        self._shown_errors: dict[str, str] = {}
        """The errors that last, by what they are of: the settings of the editor, or of the project."""
        self._diagnostics_by_uri: dict[str, FileDiagnostics] = {}
        self._last_complete: dict[str, FileDiagnostics] = {}
        """The last complete result of each open file, for previews. The file may have changed since."""
        self._changes: Counter[str] = Counter()
        """How often each file was scheduled: a run whose number is outdated ends."""
        self._models_by_uri: dict[str, tuple[OpenFile, tuple[ModelGraph, ...]]] = {}

    @property
    def resolves_edits(self) -> bool:
        """Whether the editor resolves the edit of a code action after the user has chosen it."""
        documents = self.client_capabilities.text_document
        actions = documents.code_action if documents else None
        resolving = actions.resolve_support if actions else None
        return resolving is not None and "edit" in resolving.properties

    @property
    def pulls_diagnostics(self) -> bool:
        """Whether the editor requests diagnostics, also again after another file has changed.

        Editors that cannot do the latter would show outdated ones, and get them published instead.
        """
        documents, workspace = self.client_capabilities.text_document, self.client_capabilities.workspace
        refreshing = workspace.diagnostics if workspace else None
        pulls = documents is not None and documents.diagnostic is not None
        return pulls and refreshing is not None and bool(refreshing.refresh_support)

    @property
    def shows_trees(self) -> bool:
        """Whether the editor shows document symbols as a tree."""
        documents = self.client_capabilities.text_document
        symbols = documents.document_symbol if documents else None
        return symbols is not None and bool(symbols.hierarchical_document_symbol_support)

    @property
    def encoder(self) -> PositionEncoder:
        return PositionEncoder(self.workspace.position_codec)

    # Settings --------------------------------------------------------------------------------------------------

    async def update_settings(self, sent: object) -> None:
        """Use the settings that the editor has sent, or returns on request, or else has sent at the start.

        An answer that comes after a later change is outdated.
        """
        self._settings_changes += 1
        change = self._settings_changes
        options = own_section(sent)
        workspace = self.client_capabilities.workspace
        if options is None and workspace is not None and workspace.configuration:
            params = types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
            try:
                options = next(iter(await self.workspace_configuration_async(params)), None)
            except JsonRpcException as error:
                self._log(f"the editor does not return its settings: {error}")
            if change != self._settings_changes:
                return
        self.configure(options or self.initialization_options)

    def configure(self, options: object) -> None:
        """Use the settings in `options`. On an error, show it and keep the present ones."""
        try:
            settings = ClientSettings.read(options)
        except ConfigurationError as error:
            self._show_error("editor", error)
            return
        self._shown_errors.pop("editor", None)
        if settings != self.client_settings:
            self.client_settings = settings
            self.schedule_all()

    def _show_error(self, origin: str, error: ConfigurationError) -> None:
        """Show an error of the settings of `origin`, once for all lints that fail because of it."""
        message = f"{SOURCE}: {error}"
        if message != self._shown_errors.get(origin):
            self._shown_errors[origin] = message
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, message))

    # Documents -------------------------------------------------------------------------------------------------

    def convert_documents(self) -> None:
        """Convert newly opened documents of pygls to `ProtocolDocument`."""
        documents = self.workspace.text_documents
        for key, document in documents.items():
            if not isinstance(document, ProtocolDocument):
                documents[key] = ProtocolDocument.of(document, self.workspace.position_codec)

    def open_file(self, uri: str) -> OpenFile | None:
        """The file or notebook of a document; None for a document in another language."""
        notebook = self.workspace.get_notebook_document(notebook_uri=uri) or self.workspace.get_notebook_document(
            cell_uri=uri
        )
        documents = self.workspace.text_documents
        if notebook is None:
            document = documents.get(unquote(uri))
            is_python = document is not None and document.language_id == _LANGUAGE
            return (
                OpenFile.of_file(self._path(uri), _document(document)) if document is not None and is_python else None
            )
        cells = (documents.get(unquote(cell.document)) for cell in notebook.cells)
        python_cells = [_document(cell) for cell in cells if cell is not None and cell.language_id == _LANGUAGE]
        return OpenFile.of_notebook(notebook.uri, self._path(notebook.uri), python_cells)

    def _path(self, uri: str) -> Path:
        """The path on disk, or for an unsaved document a path in the workspace."""
        if uris.uri_scheme(uri) == "file":
            return Path(uris.to_fs_path(uri) or "").resolve()
        folder = Path(self.workspace.root_path or ".").resolve()
        return folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', uri).strip('.')}"

    def _open_contents(self) -> Contents:
        files = (self.open_file(document.uri) for document in self.workspace.text_documents.values())
        return {
            str(open_file.path): open_file.content
            for open_file in files
            if open_file is not None and 0 in open_file.documents
        }

    # Linting ---------------------------------------------------------------------------------------------------

    def schedule(self, uri: str, delay: float = 0.0) -> None:
        """Lint the file of a document after `delay` seconds, unless it is scheduled again before."""
        open_file = self.open_file(uri)
        if open_file is None:
            return
        self.cancel(open_file.uri)
        self._changes[open_file.uri] += 1
        self._models_by_uri = {}
        if self.is_pulled(open_file):
            return
        self._scheduled[open_file.uri] = asyncio.create_task(self._publish(open_file.uri, delay))

    def schedule_all(self) -> None:
        """Lint all open files, because a change in one file may affect others."""
        self._diagnostics_by_uri = {}
        open_files = (self.open_file(document.uri) for document in self.workspace.text_documents.values())
        for uri in {open_file.uri for open_file in open_files if open_file is not None}:
            self.schedule(uri, DEBOUNCE_SECONDS)
        self._models_by_uri = {}
        self._refresh_views()

    def _refresh_views(self) -> None:
        """Let the editor request again what it shows of the models, if it can."""
        workspace = self.client_capabilities.workspace
        if workspace is not None and workspace.code_lens is not None and workspace.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)
        if workspace is not None and workspace.inlay_hint is not None and workspace.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None)
        if self.pulls_diagnostics:
            self.workspace_diagnostic_refresh(None)

    def close(self, uri: str, documents: Sequence[str]) -> None:
        """Forget a closed file and clear its diagnostics in the editor."""
        self.cancel(uri)
        self._changes[uri] += 1
        self._diagnostics_by_uri.pop(uri, None)
        self._last_complete.pop(uri, None)
        self._models_by_uri.pop(uri, None)
        self.clear_diagnostics(documents)

    def clear_diagnostics(self, documents: Sequence[str]) -> None:
        """Publish empty diagnostics for closed documents."""
        for document in documents:
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(document, []))

    def cancel(self, uri: str) -> None:
        """Cancel the scheduled lint of a file."""
        task = self._scheduled.pop(uri, None)
        if task is not None:
            task.cancel()

    async def _publish(self, uri: str, delay: float) -> None:
        await asyncio.sleep(delay)
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        published: list[types.PublishDiagnosticsParams] = []

        def publish(file_diagnostics: FileDiagnostics) -> None:
            new = list(file_diagnostics.publish_params(self.encoder))
            if file_diagnostics.file == self.open_file(uri) and new != published:
                published[:] = new
                for params in new:
                    self.text_document_publish_diagnostics(params)

        def show_own(own: FileDiagnostics) -> None:
            previous = self._last_complete.get(own.file.uri)
            if self._scheduled.get(own.file.uri) is task and (previous or own.diagnostics):
                publish(own.after(previous))

        def show(own: FileDiagnostics) -> None:
            loop.call_soon_threadsafe(show_own, own)

        file_diagnostics = await self.lint(uri, show)
        if file_diagnostics is not None:
            publish(file_diagnostics)

    def is_pulled(self, open_file: OpenFile) -> bool:
        """Whether the editor requests the diagnostics of a file. Those of notebooks are always published."""
        return self.pulls_diagnostics and 0 in open_file.documents

    async def pull(self, uri: str) -> list[types.Diagnostic]:
        """The diagnostics of a file, as soon as it is unchanged for a moment."""
        open_file = self.open_file(uri)
        if open_file is None or 0 not in open_file.documents:
            return []
        outdated = self._diagnostics_by_uri.get(open_file.uri)
        if outdated is not None and outdated.file != open_file:
            await asyncio.sleep(DEBOUNCE_SECONDS)
        file_diagnostics = await (self._first_result(uri) if self.pulls_diagnostics else self.lint(uri))
        return [] if file_diagnostics is None else self._to_protocol(file_diagnostics)

    def _to_protocol(self, file_diagnostics: FileDiagnostics) -> list[types.Diagnostic]:
        encoder = self.encoder
        return [file_diagnostics.to_protocol(diagnostic, encoder) for diagnostic in file_diagnostics.diagnostics]

    async def _first_result(self, uri: str) -> FileDiagnostics | None:
        """The diagnostics before the files that use this one are linted, if that takes time.

        If the complete ones differ, the editor is asked to request them.
        """
        loop = asyncio.get_running_loop()
        first: asyncio.Future[FileDiagnostics] = loop.create_future()

        def set_first(own: FileDiagnostics) -> None:
            if not first.done() and own.file == self.open_file(uri):
                first.set_result(own.after(self._last_complete.get(own.file.uri)))

        def show(own: FileDiagnostics) -> None:
            loop.call_soon_threadsafe(set_first, own)

        def compare(done: asyncio.Task[FileDiagnostics | None]) -> None:
            result = None if done.cancelled() else done.result()
            if result is not None and self._to_protocol(result) != self._to_protocol(first.result()):
                self.workspace_diagnostic_refresh(None)

        complete = asyncio.create_task(self.lint(uri, show))
        waiting: tuple[asyncio.Future[Any], ...] = (complete, first)
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if complete.done():
            return complete.result()
        complete.add_done_callback(compare)
        return first.result()

    async def lint(self, uri: str, show: Callable[[FileDiagnostics], None] = ignore) -> FileDiagnostics | None:
        """The diagnostics of the file of a document in its current state. `show`: see `FileDiagnostics.of`."""
        while True:
            try:
                return await self._lint(uri, show)
            except _Superseded:
                continue

    async def _lint(self, uri: str, show: Callable[[FileDiagnostics], None]) -> FileDiagnostics | None:
        """As `lint`. Raises `_Superseded`."""
        open_file = self.open_file(uri)
        if open_file is None:
            return None
        changes = self._changes[open_file.uri]

        def check_interrupt() -> None:
            if self._changes[open_file.uri] != changes:
                raise _Superseded

        # If it is replaced meanwhile, the result is outdated, and no longer found in it.
        diagnostics_by_uri = self._diagnostics_by_uri
        open_contents, client_settings = self._open_contents(), self.client_settings

        def lint() -> FileDiagnostics:
            cached = diagnostics_by_uri.get(open_file.uri)
            if cached is not None and cached.file == open_file:
                return cached
            check_interrupt()
            diagnostics_by_uri[open_file.uri] = FileDiagnostics.of(
                open_file, open_contents, client_settings, self._memory, show, check_interrupt
            )
            return diagnostics_by_uri[open_file.uri]

        cached = diagnostics_by_uri.get(open_file.uri)
        if cached is not None and cached.file == open_file:
            return cached
        linted = await self.run_in_worker(lint)
        if linted is not None:
            self._shown_errors.pop("project", None)
            self._last_complete[open_file.uri] = linted
            for failure in linted.result.failures:
                self._log(f"internal error in {failure.part} on {failure.file}: {failure.error}\n{failure.traceback}")
        if self.open_file(uri) is None:
            diagnostics_by_uri.pop(open_file.uri, None)
            self._last_complete.pop(open_file.uri, None)
        return linted

    async def models(self, open_file: OpenFile) -> tuple[ModelGraph, ...]:
        """The models in a file."""
        models_by_uri, client_settings = self._models_by_uri, self.client_settings
        contents = {**self._open_contents(), str(open_file.path): open_file.content}

        def trace() -> tuple[ModelGraph, ...]:
            cached = models_by_uri.get(open_file.uri)
            if cached is not None and cached[0] == open_file:
                return cached[1]
            settings = client_settings.settings_for(open_file.path)
            models = check_models([open_file.path], settings, contents, rules=False, memory=self._memory).models
            models_by_uri[open_file.uri] = open_file, models
            return models

        return await self.run_in_worker(trace) or ()

    async def views(self, uri: str, view: Callable[[ModelViews], Iterable[T]]) -> list[T]:
        """What `view` shows of the models in a document."""
        open_file = self.open_file(uri)
        document = None if open_file is None else open_file.document(uri)
        if open_file is None or document is None:
            return []
        views = ModelViews(open_file, document, await self.models(open_file), self.encoder)
        return await self.run_in_worker(lambda: list(view(views))) or []

    async def run_in_worker(self, function: Callable[[], T]) -> T | None:
        """Run `function` in the worker thread. On an error, show or log it and return None."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, function)
        except ConfigurationError as error:
            self._show_error("project", error)
        except Exception:
            self._log(f"internal error; please report\n{traceback.format_exc()}")
        return None

    def _log(self, message: str) -> None:
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, f"{SOURCE}: {message}"))

    async def show_page(self, url: str) -> None:
        """Open `url` in a browser, or show it if the editor cannot."""
        window = self.client_capabilities.window
        if window is not None and window.show_document is not None and window.show_document.support:
            shown = await self.window_show_document_async(types.ShowDocumentParams(url, external=True))
            if shown.success:
                return
        self.window_show_message(types.ShowMessageParams(types.MessageType.Info, url))

    def link_renderer(self, open_file: OpenFile) -> Callable[[Span], str]:
        """A function that renders a location in `open_file`, or one related to it, as a link in Markdown."""
        open_contents, encoder = self._open_contents(), self.encoder

        def link(span: Span) -> str:
            name = "" if span.file == str(open_file.path) else f"{Path(span.file).name}, "
            target = location(open_file, open_contents, span, encoder)
            return f"[{name}line {span.local.row}]({target.uri}#L{target.range.start.line + 1})"

        return link


def _document(document: TextDocument) -> Document:
    return Document(document.uri, document.version, document.source)
