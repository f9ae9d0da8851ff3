"""One editor: the documents that it holds, and what was found in them.

Findings are pushed when a document is opened, saved, or has rested for a moment; work is done in one thread of its
own, so that the conversation goes on meanwhile, and what has been overtaken by typing is dropped.
"""

from __future__ import annotations

import asyncio
import re
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from initlint import __version__
from initlint.api import settings_for
from initlint.diagnostics import Span
from initlint.graph.model import ModelGraph
from initlint.integrations.lsp.actions import fix_all
from initlint.integrations.lsp.buffers import Document, OpenFile
from initlint.integrations.lsp.findings import SOURCE, Findings, location
from initlint.integrations.lsp.positions import Positions
from initlint.linter.pipeline import Contents, trace
from initlint.project.settings import ConfigurationError

REST_SECONDS = 0.3
"""How long a document must not have changed to be linted."""

_STACK = 64 * 1024 * 1024
"""A thread has a far smaller stack than a process on some systems, and deep code is read by recursion."""

_LANGUAGE = "python"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
T = TypeVar("T")


class _Document(TextDocument):
    """Lines end as the protocol has it; to pygls a form feed, too, ends one, and edits behind it would go wrong."""

    @property
    def lines(self) -> Sequence[str]:
        return tuple(_LINE.findall(self.source))


class Session(LanguageServer):
    """The documents of one editor."""

    def __init__(self) -> None:
        cells = types.NotebookDocumentFilterWithCells(cells=[types.NotebookCellLanguage(_LANGUAGE)])
        super().__init__(
            SOURCE,
            __version__,
            types.TextDocumentSyncKind.Incremental,
            types.NotebookDocumentSyncOptions([cells], save=True),
        )
        threading.stack_size(_STACK)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix=SOURCE)
        self._due: dict[str, asyncio.Task[None]] = {}
        self._findings: dict[str, Findings] = {}
        self._models: dict[str, tuple[OpenFile, tuple[ModelGraph, ...]]] = {}

    @property
    def resolves_edits(self) -> bool:
        """Whether the editor asks for the edit of an action by itself once that is chosen."""
        documents = self.client_capabilities.text_document
        actions = documents.code_action if documents else None
        resolving = actions.resolve_support if actions else None
        return resolving is not None and "edit" in resolving.properties

    @property
    def positions(self) -> Positions:
        return Positions(self.workspace.position_codec)

    # What the editor holds -------------------------------------------------------------------------------------

    def opened(self) -> None:
        """Take over the documents that pygls has made of what was opened."""
        documents = self.workspace.text_documents
        for key, document in documents.items():
            if not isinstance(document, _Document):
                documents[key] = _Document(
                    document.uri,
                    document.source,
                    document.version,
                    document.language_id,
                    sync_kind=types.TextDocumentSyncKind.Incremental,
                    position_codec=self.workspace.position_codec,
                )

    def buffer(self, uri: str) -> OpenFile | None:
        """The file or notebook that a document belongs to; None for one in another language."""
        notebook = self.workspace.get_notebook_document(notebook_uri=uri) or self.workspace.get_notebook_document(
            cell_uri=uri
        )
        documents = self.workspace.text_documents
        if notebook is None:
            document = documents.get(unquote(uri))
            python = document is not None and document.language_id == _LANGUAGE
            return OpenFile.of_file(self._path(uri), _part(document)) if document is not None and python else None
        cells = (documents.get(unquote(cell.document)) for cell in notebook.cells)
        parts = [_part(cell) for cell in cells if cell is not None and cell.language_id == _LANGUAGE]
        return OpenFile.of_notebook(notebook.uri, self._path(notebook.uri), parts)

    def _path(self, uri: str) -> Path:
        """On disk, or where a document that was never saved would be."""
        if uris.uri_scheme(uri) == "file":
            return Path(uris.to_fs_path(uri) or "").resolve()
        folder = Path(self.workspace.root_path or ".").resolve()
        return folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', uri).strip('.')}"

    def _others(self) -> Contents:
        buffers = (self.buffer(document.uri) for document in self.workspace.text_documents.values())
        return {str(buffer.path): buffer.data for buffer in buffers if buffer is not None and 0 in buffer.parts}

    # What is found ---------------------------------------------------------------------------------------------

    def plan(self, uri: str, delay: float = 0.0) -> None:
        """Lint the buffer of a document after a while, unless it is planned anew before."""
        buffer = self.buffer(uri)
        if buffer is None:
            return
        self.forget(buffer.uri)
        self._models.clear()
        self._due[buffer.uri] = asyncio.create_task(self._publish(buffer.uri, delay))

    def plan_all(self) -> None:
        """Lint what is open, for one file may be read for the sake of another; many may change at once."""
        self._findings.clear()
        found = (self.buffer(document.uri) for document in self.workspace.text_documents.values())
        for uri in {buffer.uri for buffer in found if buffer is not None}:
            self.plan(uri, REST_SECONDS)

    def close(self, uri: str, documents: Sequence[str]) -> None:
        """Forget a buffer, and let the editor do so."""
        self.forget(uri)
        self._findings.pop(uri, None)
        self._models.pop(uri, None)
        self.clear(documents)

    def clear(self, documents: Sequence[str]) -> None:
        """Take back the findings in documents that are closed."""
        for document in documents:
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(document, []))

    def forget(self, uri: str) -> None:
        """Drop what is planned for a buffer."""
        task = self._due.pop(uri, None)
        if task is not None:
            task.cancel()

    async def _publish(self, uri: str, delay: float) -> None:
        await asyncio.sleep(delay)
        findings = await self.findings(uri)
        if findings is not None and findings.buffer == self.buffer(uri):
            for params in findings.published(self.positions):
                self.text_document_publish_diagnostics(params)

    async def findings(self, uri: str) -> Findings | None:
        """What is found in the buffer of a document as it is now."""
        buffer = self.buffer(uri)
        if buffer is None:
            return None
        known = self._findings.get(buffer.uri)
        if known is not None and known.buffer == buffer:
            return known
        others = self._others()
        found = await self._work(lambda: Findings.of(buffer, others))
        if found is not None:
            self._findings[buffer.uri] = found
            for failure in found.result.failures:
                self._log(f"internal error in {failure.part} on {failure.file}: {failure.error}\n{failure.traceback}")
        return found

    async def models(self, buffer: OpenFile) -> tuple[ModelGraph, ...]:
        """The models in a buffer."""
        known = self._models.get(buffer.uri)
        if known is not None and known[0] == buffer:
            return known[1]
        contents = {**self._others(), str(buffer.path): buffer.data}
        result = await self._work(lambda: trace([buffer.path], settings_for(buffer.path), contents))
        models = result.models if result is not None else ()
        self._models[buffer.uri] = buffer, models
        return models

    async def _work(self, function: Callable[[], T]) -> T | None:
        """Run in the worker; what breaks is shown or noted, and gives None."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, function)
        except ConfigurationError as error:
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"{SOURCE}: {error}"))
        except Exception:
            self._log(f"internal error; please report\n{traceback.format_exc()}")
        return None

    def _log(self, message: str) -> None:
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, f"{SOURCE}: {message}"))

    async def fixed(self, uri: str) -> types.WorkspaceEdit | None:
        """All safe fixes of the buffer."""
        findings = await self.findings(uri)
        if findings is None:
            return None
        positions = self.positions
        return await self._work(lambda: fix_all(findings, positions))

    def link(self, buffer: OpenFile) -> Callable[[Span], str]:
        """What makes a link, in Markdown, of a place that `buffer` speaks of."""
        others, positions = self._others(), self.positions

        def link(span: Span) -> str:
            name = "" if span.file == str(buffer.path) else f"{Path(span.file).name}, "
            found = location(buffer, others, span, positions)
            return f"[{name}line {span.local.row}]({found.uri}#L{found.range.start.line + 1})"

        return link


def _part(document: TextDocument) -> Document:
    return Document(document.uri, document.version, document.source)
