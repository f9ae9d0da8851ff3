"""The language server with editors that count in other units, and want the edits of an action at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import LanguageClient

from tests.support.editor import FIXED, NET, SERVER, Editor, apply_edit, codes, start

FLAME = {"neovim": 4, "emacs": 1, "visual_studio_code": 2}
"""How many units one character beyond the first 65,536 takes in each: UTF-8, UTF-32 and UTF-16."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_lsp.fixture(scope="module", params=list(FLAME), config=SERVER)
async def client(
    lsp_client: LanguageClient, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    await start(lsp_client, request.param, tmp_path_factory.mktemp("project"))
    yield
    await lsp_client.shutdown_session()


async def test_columns_are_in_the_units_of_the_editor(
    client: LanguageClient, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    text = "import torch.nn as n; x = '\U0001f525\U0001f525'; n.init.xavier_uniform(w)\n"
    (found,) = await Editor(client, tmp_path / "line.py").open(text)
    unit = FLAME[request.node.callspec.params["client"]]
    assert found.range.start.character == text.index("n.init") + 2 * (unit - 1)


async def test_the_edit_comes_with_the_action_or_when_it_is_asked_for(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "net.py")
    assert codes(await editor.open(NET)) == ["INI301", "INI901"]
    (action,) = await editor.actions("source.fixAll")
    assert client.capabilities is not None
    assert client.capabilities.text_document is not None
    assert client.capabilities.text_document.code_action is not None
    assert (action.edit is None) == (client.capabilities.text_document.code_action.resolve_support is not None)
    if action.edit is None:
        action = await client.code_action_resolve_async(action)
    assert apply_edit(action.edit, NET) == FIXED


async def test_diagnostics_are_published_where_the_editor_cannot_be_asked_to_request_them_again(
    client: LanguageClient, tmp_path: Path
) -> None:
    assert client.capabilities is not None
    assert client.capabilities.workspace is not None
    assert client.capabilities.workspace.diagnostics is None
    editor = Editor(client, tmp_path / "net.py")
    assert codes(await editor.open(NET)) == ["INI301", "INI901"]
    params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(editor.uri))
    answer = await client.text_document_diagnostic_async(params)
    assert isinstance(answer, types.RelatedFullDocumentDiagnosticReport)
    assert codes(list(answer.items)) == ["INI301", "INI901"]
