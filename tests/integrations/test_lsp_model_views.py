"""Code lenses, inlay hints and document symbols, with a real client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities

from tests.support.editor import SERVER, Editor, start

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = """\
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
        nn.init.normal_(self.fc.weight, std=0.02)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x):
        return torch.relu(self.fc(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(256) for _ in range(6)])
        self.out = nn.Linear(256, 10)

    def forward(self, x):
        return self.out(self.blocks(x))


def build():
    return nn.Sequential(nn.Linear(8, 8, bias=False), nn.ReLU())


class NoModel:
    pass


loose = nn.Sequential(nn.BatchNorm1d(8))
"""


@pytest_lsp.fixture(scope="module", params=["tree", "flat"], config=SERVER)
async def client(
    lsp_client: LanguageClient, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    capabilities = client_capabilities("visual_studio_code")
    assert capabilities.text_document is not None
    assert capabilities.text_document.document_symbol is not None
    capabilities.text_document.document_symbol.hierarchical_document_symbol_support = request.param == "tree"
    await start(lsp_client, "", tmp_path_factory.mktemp("project"), capabilities=capabilities)
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def editor(client: LanguageClient, tmp_path: Path) -> Iterator[Editor]:
    editor = Editor(client, tmp_path / "net.py")
    yield editor
    configure(editor, {})
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(editor.uri)))


def configure(editor: Editor, settings: object) -> None:
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams({"initlint": settings}))


async def lenses(editor: Editor) -> dict[int, str]:
    params = types.CodeLensParams(types.TextDocumentIdentifier(editor.uri))
    answer = await editor.client.text_document_code_lens_async(params)
    return {lens.range.start.line: lens.command.title for lens in answer or [] if lens.command is not None}


async def hints(editor: Editor, first: int = 0, last: int = 40) -> dict[tuple[int, int], object]:
    visible = types.Range(types.Position(first, 0), types.Position(last, 0))
    params = types.InlayHintParams(types.TextDocumentIdentifier(editor.uri), visible)
    answer = await editor.client.text_document_inlay_hint_async(params)
    return {(hint.position.line, hint.position.character): hint.label for hint in answer or []}


async def test_a_code_lens_above_each_whole_model(editor: Editor) -> None:
    await editor.open(MODELS)
    found = await lenses(editor)
    assert {line: text.split(",")[0] for line, text in found.items()} == {
        15: "7 layers",
        25: "1 layer",
        33: "1 layer",
    }
    assert found[15] == "7 layers, the biases set most of the output"
    assert found[25] == "1 layer, 0.17 of the signal's mean square left"
    await editor.type(MODELS.replace("nn.Linear(256, 10)", "nn.Linear(256, 10, bias=False)"))
    # 0.02^2 * 256 / 2 for each block, at their level, and 1/3 for the last layer.
    assert (await lenses(editor))[15] == "7 layers, 6e-09 of the signal's mean square left"


async def test_code_lenses_can_be_turned_off(editor: Editor) -> None:
    await editor.open(MODELS)
    configure(editor, {"codeLens": False})
    assert await lenses(editor) == {}
    configure(editor, {})
    assert await lenses(editor) != {}


async def test_a_factor_behind_each_layer_if_turned_on(editor: Editor) -> None:
    await editor.open(MODELS)
    assert await hints(editor) == {}
    configure(editor, {"inlayHints": True})
    block, built = (7, MODELS.splitlines()[7].index(")") + 1), (26, MODELS.splitlines()[26].index(")") + 1)
    found = await hints(editor)
    assert found[block] == "×0.051"
    assert found[built] == "×0.17"
    assert (19, 37) in found
    assert set(await hints(editor, 20, 30)) == {built}


async def test_symbols_of_models_with_the_layers_built_in_them(editor: Editor) -> None:
    await editor.open(MODELS)
    params = types.DocumentSymbolParams(types.TextDocumentIdentifier(editor.uri))
    symbols = await editor.client.text_document_document_symbol_async(params) or []
    assert editor.client.capabilities is not None
    if isinstance(symbols[0], types.SymbolInformation):
        pairs = [
            (symbol.container_name, symbol.name) for symbol in symbols if isinstance(symbol, types.SymbolInformation)
        ]
        assert (None, "Net") in pairs
        assert ("Net", "out") in pairs
        return
    trees = {symbol.name: symbol for symbol in symbols if isinstance(symbol, types.DocumentSymbol)}
    assert set(trees) == {"Block", "Net", "build", "loose"}
    assert trees["Net"].detail == "7 layers"
    assert trees["Net"].kind is types.SymbolKind.Class
    assert trees["build"].kind is types.SymbolKind.Function
    children = {name: [child.name for child in tree.children or []] for name, tree in trees.items()}
    assert children == {"Block": ["fc"], "Net": ["out"], "build": ["0"], "loose": ["loose.0"]}
    (out,) = trees["Net"].children or []
    assert (out.range.start.line, out.detail) == (19, "Linear")
    assert trees["Net"].range.start.line == 15
    assert trees["loose"].selection_range.start.line == 33


async def test_cells_of_a_notebook_show_their_own_models(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "nb.ipynb").as_uri()
    cells = [f"{uri}#cell{number}" for number in range(2)]
    sources = [
        "from torch import nn\n\ndef one():\n    return nn.Sequential(nn.Linear(8, 8, bias=False))",
        "x = 1\nnet = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))",
    ]
    document = types.NotebookDocument(
        uri, "jupyter-notebook", 1, [types.NotebookCell(types.NotebookCellKind.Code, cell) for cell in cells]
    )
    items = [types.TextDocumentItem(cell, "python", 1, text) for cell, text in zip(cells, sources, strict=True)]
    client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(document, items))
    editor = Editor(client, tmp_path)
    editor.uri = cells[0]
    assert await lenses(editor) == {2: "1 layer, 0.33 of the signal's mean square left"}
    editor.uri = cells[1]
    assert {line: text.split(",")[0] for line, text in (await lenses(editor)).items()} == {1: "2 layers"}
    client.notebook_document_did_close(
        types.DidCloseNotebookDocumentParams(
            types.NotebookDocumentIdentifier(uri), [types.TextDocumentIdentifier(cell) for cell in cells]
        )
    )


async def test_text_that_is_no_python_shows_nothing(editor: Editor) -> None:
    await editor.open("class Net(:\n")
    params = types.DocumentSymbolParams(types.TextDocumentIdentifier(editor.uri))
    assert (await lenses(editor), await hints(editor)) == ({}, {})
    assert not await editor.client.text_document_document_symbol_async(params)
