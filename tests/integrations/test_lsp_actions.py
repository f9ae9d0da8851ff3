"""The code actions that suppress a finding and show its documentation, with a real client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import LanguageClient

from tests.support.editor import NET, SERVER, Editor, apply_edit, codes, start

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL_LINE = "        nn.init.xavier_uniform(self.fc1.weight)"


@pytest_lsp.fixture(scope="module", params=["visual_studio_code", "emacs"], config=SERVER)
async def client(
    lsp_client: LanguageClient, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    await start(lsp_client, request.param, tmp_path_factory.mktemp("project"))
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def editor(client: LanguageClient, tmp_path: Path) -> Iterator[Editor]:
    editor = Editor(client, tmp_path / "net.py")
    yield editor
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(editor.uri)))


async def action_titled(editor: Editor, title: str) -> types.CodeAction:
    (action,) = (action for action in await editor.actions("quickfix") if action.title == title)
    return action


@pytest.mark.parametrize(
    ("written", "disabled"),
    [
        (CALL_LINE, f"{CALL_LINE}  # noqa: INI301"),
        (f"{CALL_LINE}  # as the paper", f"{CALL_LINE}  # as the paper  # noqa: INI301"),
        (f"{CALL_LINE}  # noqa: E501", f"{CALL_LINE}  # noqa: E501, INI301"),
        (f"{CALL_LINE}  # noqa: E501 too long", f"{CALL_LINE}  # noqa: E501, INI301 too long"),
        (
            CALL_LINE.replace("(self", "(\n            self") + "  ",
            f"{CALL_LINE}  # noqa: INI301".replace("(self", "(\n            self"),
        ),
    ],
    ids=["plain", "comment", "merged", "reason", "two lines"],
)
async def test_a_finding_is_disabled_for_its_line(editor: Editor, written: str, disabled: str) -> None:
    text = NET.replace(CALL_LINE, written)
    assert codes(await editor.open(text)) == ["INI301", "INI901"]
    action = await action_titled(editor, "initlint (INI301): Disable for this line")
    assert [diagnostic.code for diagnostic in action.diagnostics or []] == ["INI301"]
    assert apply_edit(action.edit, text) == NET.replace(CALL_LINE, disabled)
    assert codes(await editor.type(apply_edit(action.edit, text))) == ["INI901"]
    action = await action_titled(editor, "initlint (INI901): Disable for this line")
    assert codes(await editor.type(apply_edit(action.edit, NET.replace(CALL_LINE, disabled)))) == []


async def test_what_no_comment_suppresses_is_not_offered(editor: Editor) -> None:
    text = f"{NET}\nclass Broken(:\n"
    (finding,) = await editor.open(text)
    context = types.CodeActionContext([])
    params = types.CodeActionParams(types.TextDocumentIdentifier(editor.uri), finding.range, context)
    answer = await editor.client.text_document_code_action_async(params)
    assert [action.title for action in answer or []] == ["initlint (INI000): Show documentation"]


async def test_a_cell_of_a_notebook(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "nb.ipynb").as_uri()
    cells = [f"{uri}#cell{number}" for number in range(3)]
    sources = ["%%bash\nls", NET.replace(f"{CALL_LINE}\n", ""), "net = Net()\nnn.init.xavier_uniform_(net.fc1.weight)"]
    document = types.NotebookDocument(
        uri, "jupyter-notebook", 1, [types.NotebookCell(types.NotebookCellKind.Code, cell) for cell in cells]
    )
    items = [types.TextDocumentItem(cell, "python", 1, text) for cell, text in zip(cells, sources, strict=True)]
    editor = Editor(client, tmp_path)
    client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(document, items))
    (finding,) = await editor.diagnostics(cells[2])
    context = types.CodeActionContext([])
    params = types.CodeActionParams(types.TextDocumentIdentifier(cells[2]), finding.range, context)
    actions = await client.text_document_code_action_async(params)
    (action,) = (action for action in actions or [] if action.title.endswith("Disable for this line"))
    assert isinstance(action, types.CodeAction)
    assert apply_edit(action.edit, sources[2]) == f"{sources[2]}  # noqa: INI301"
    identifier = types.NotebookDocumentIdentifier(uri)
    client.notebook_document_did_close(
        types.DidCloseNotebookDocumentParams(identifier, [types.TextDocumentIdentifier(cell) for cell in cells])
    )


async def test_the_documentation_is_opened_or_its_address_shown(editor: Editor) -> None:
    await editor.open(NET)
    command = (await action_titled(editor, "initlint (INI301): Show documentation")).command
    assert command is not None
    await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(command.command, arguments=command.arguments)
    )
    capabilities = editor.client.capabilities
    assert capabilities is not None
    if capabilities.window is not None and capabilities.window.show_document is not None:
        shown = editor.client.shown_documents[-1]
        assert shown.external
        address = shown.uri
    else:
        address = editor.client.messages[-1].message
    assert address.endswith("/rules/xavier-before-relu/")


async def test_nothing_is_offered_elsewhere(editor: Editor) -> None:
    await editor.open(NET)
    start_of_file = types.Range(types.Position(0, 0), types.Position(0, 0))
    params = types.CodeActionParams(
        types.TextDocumentIdentifier(editor.uri), start_of_file, types.CodeActionContext([], only=["quickfix"])
    )
    assert not await editor.client.text_document_code_action_async(params)
