"""Diagnostics on request, for an editor that requests them, with a real client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import LanguageClient, client_capabilities

from tests.support.editor import FIXED, NET, SERVER, Editor, codes, start

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_lsp.fixture(scope="module", config=SERVER)
async def client(lsp_client: LanguageClient, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    capabilities = client_capabilities("visual_studio_code")
    assert capabilities.text_document is not None
    assert capabilities.workspace is not None
    capabilities.text_document.diagnostic = types.DiagnosticClientCapabilities()
    capabilities.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    result = await start(lsp_client, "", tmp_path_factory.mktemp("project"), capabilities=capabilities)
    assert isinstance(result.capabilities.diagnostic_provider, types.DiagnosticOptions)
    assert result.capabilities.diagnostic_provider.inter_file_dependencies
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def editor(client: LanguageClient, tmp_path: Path) -> Iterator[Editor]:
    editor = Editor(client, tmp_path / "net.py")
    yield editor
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(editor.uri)))


def show(editor: Editor, text: str) -> None:
    item = types.TextDocumentItem(editor.uri, "python", 1, text)
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(item))


async def pull(editor: Editor, uri: str | None = None) -> list[types.Diagnostic]:
    params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri or editor.uri))
    answer = await editor.client.text_document_diagnostic_async(params)
    assert isinstance(answer, types.RelatedFullDocumentDiagnosticReport)
    return list(answer.items)


async def test_what_is_open_is_linted_when_it_is_pulled_and_not_published(editor: Editor) -> None:
    show(editor, NET)
    found = await pull(editor)
    assert codes(found) == ["INI301", "INI901"]
    assert found[0].range.start.line == 9
    await editor.change(types.TextDocumentContentChangeWholeDocument(FIXED))
    assert await pull(editor) == []
    await asyncio.sleep(1)
    assert editor.uri not in editor.client.diagnostics


async def test_the_answer_is_about_the_text_of_the_last_change(editor: Editor) -> None:
    """Requests that changes overtake cost one lint, and no answer is about an old text."""
    show(editor, NET)
    await pull(editor)
    requests = []
    for number in range(20):
        await editor.change(types.TextDocumentContentChangeWholeDocument("\n" * number + NET))
        requests.append(asyncio.ensure_future(pull(editor)))
    answers = await asyncio.gather(*requests)
    assert [answer[0].range.start.line for answer in answers] == [9 + 19] * 20


async def test_a_cancelled_request_is_answered_as_such(editor: Editor) -> None:
    show(editor, NET)
    await pull(editor)
    await editor.change(types.TextDocumentContentChangeWholeDocument(FIXED))
    params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(editor.uri))
    request = editor.client.protocol.send_request(types.TEXT_DOCUMENT_DIAGNOSTIC, params, msg_id="to-cancel")
    editor.client.cancel_request(types.CancelParams("to-cancel"))
    started = time.monotonic()
    with pytest.raises(JsonRpcException) as raised:
        await asyncio.wait_for(asyncio.wrap_future(request), 60)
    assert raised.value.code == types.LSPErrorCodes.RequestCancelled.value
    assert time.monotonic() - started < 10
    assert await pull(editor) == []


async def test_the_editor_pulls_again_after_another_file_is_saved(editor: Editor) -> None:
    show(editor, NET)
    assert codes(await pull(editor)) == ["INI301", "INI901"]
    (editor.path.parent / "initlint.toml").write_text('ignore = ["INI301"]', encoding="utf-8")
    before = editor.client.diagnostic_refresh_count
    identifier = types.TextDocumentIdentifier(editor.uri)
    editor.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))
    assert codes(await pull(editor)) == ["INI901"]
    assert editor.client.diagnostic_refresh_count == before + 1


async def test_the_editor_pulls_again_when_the_files_that_use_a_file_have_been_linted(editor: Editor) -> None:
    helper = "from torch import nn\n\ndef begin(layer):\n    nn.init.xavier_uniform_(layer.weight)\n"
    net = "from net import begin\n" + NET.replace("nn.init.xavier_uniform(self.fc1.weight)", "begin(self.fc1)")
    for number in range(8):
        (editor.path.parent / f"user{number}.py").write_text(net, encoding="utf-8")
    before = editor.client.diagnostic_refresh_count
    show(editor, helper)
    found = await pull(editor)
    if not found:
        while editor.client.diagnostic_refresh_count == before:
            await asyncio.sleep(0.05)
        found = await pull(editor)
    assert (codes(found), found[0].range.start.line) == (["INI301"], 3)
    await editor.change(types.TextDocumentContentChangeWholeDocument(f"\n{helper}"))
    found = await pull(editor)
    assert (codes(found), found[0].range.start.line) == (["INI301"], 4)
    assert editor.client.diagnostic_refresh_count <= before + 2


async def test_cells_of_a_notebook_are_published(editor: Editor, tmp_path: Path) -> None:
    uri = (tmp_path / "nb.ipynb").as_uri()
    cell = f"{uri}#cell"
    document = types.NotebookDocument(
        uri, "jupyter-notebook", 1, [types.NotebookCell(types.NotebookCellKind.Code, cell)]
    )
    item = types.TextDocumentItem(cell, "python", 1, NET)
    editor.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(document, [item]))
    assert codes(await editor.diagnostics(cell)) == ["INI301", "INI901"]
    assert await pull(editor, cell) == []
    editor.client.notebook_document_did_close(
        types.DidCloseNotebookDocumentParams(
            types.NotebookDocumentIdentifier(uri), [types.TextDocumentIdentifier(cell)]
        )
    )


async def test_other_languages_have_none(editor: Editor) -> None:
    item = types.TextDocumentItem(editor.uri, "markdown", 1, NET)
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    assert await pull(editor) == []
