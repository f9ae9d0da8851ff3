"""The language server as an editor meets it: a real client in another process, over standard input and output."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import LanguageClient

from tests.support.editor import FIXED, NET, SERVER, Editor, apply_edit, codes, start

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_lsp.fixture(scope="module", config=SERVER)
async def client(lsp_client: LanguageClient, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    await start(lsp_client, "visual_studio_code", tmp_path_factory.mktemp("project"))
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def editor(client: LanguageClient, tmp_path: Path) -> Iterator[Editor]:
    editor = Editor(client, tmp_path / "net.py")
    yield editor
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(editor.uri)))


async def test_a_file_that_is_opened_is_linted_though_it_is_not_on_disk(editor: Editor) -> None:
    found = await editor.open(NET)
    assert codes(found) == ["INI301", "INI901"]
    (finding,) = (diagnostic for diagnostic in found if diagnostic.code == "INI301")
    assert (finding.range, finding.severity) == (CALL_WHOLE, types.DiagnosticSeverity.Information)
    assert finding.source == "initlint"
    assert finding.code_description is not None
    assert finding.code_description.href.endswith("/rules/xavier-before-relu/")
    related = [(place.location.uri, place.location.range.start.line) for place in finding.related_information or []]
    assert related == [(editor.uri, 7), (editor.uri, 12)]


CALL_WHOLE = types.Range(types.Position(9, 8), types.Position(9, 47))


async def test_what_is_typed_is_linted_once_it_rests(editor: Editor) -> None:
    await editor.open(NET)
    assert codes(await editor.type(FIXED)) == []
    await editor.change(types.TextDocumentContentChangeWholeDocument("class Net(:\n"))
    await editor.change(types.TextDocumentContentChangeWholeDocument("x = 1\n"))
    assert codes(await editor.type(NET)) == ["INI301", "INI901"]
    assert codes(await editor.type("class Net(:\n")) == ["INI000"]


async def test_edits_of_a_range_behind_a_form_feed_and_wide_characters(editor: Editor) -> None:
    text = f"# \f \u2028 one line\nname = '\U0001f525\U0001f525'; {NET}".replace(
        "import torch\n", "import torch\r\n", 1
    )
    await editor.open(text)
    start = types.Position(10, 16)
    await editor.change(
        types.TextDocumentContentChangePartial(types.Range(start, types.Position(10, 30)), "kaiming_normal_")
    )
    assert codes(await editor.diagnostics()) == []


async def test_a_file_is_linted_with_what_the_editor_holds_of_another(editor: Editor, tmp_path: Path) -> None:
    helper = Editor(editor.client, tmp_path / "helper.py")
    helper.path.write_text("def start(w):\n    pass\n", encoding="utf-8")
    text = NET.replace("nn.init.xavier_uniform(self.fc1.weight)", "start(self.fc1.weight)")
    assert codes(await editor.open(f"from helper import start\n{text}")) == []
    await helper.open("from torch import nn\n\ndef start(w):\n    nn.init.ones_(w)\n    nn.init.ones_(w[0])\n")
    editor.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(editor.uri)))
    await editor.diagnostics()
    assert "via [line 11]" in await editor.hover(8)
    assert "[helper.py, line 4]" in await editor.hover(8)
    helper.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(helper.uri)))


async def test_hover_follows_what_is_typed_in_another_file(editor: Editor, tmp_path: Path) -> None:
    helper = Editor(editor.client, tmp_path / "sizes.py")
    helper.path.write_text("", encoding="utf-8")
    await helper.open("WIDTH = 8\n")
    await editor.open("from sizes import WIDTH\n" + NET.replace("nn.Linear(256, 256)", "nn.Linear(256, WIDTH)"))
    assert "out_features=8" in await editor.hover(8)
    await helper.type("WIDTH = 16\n")
    assert "out_features=16" in await editor.hover(8)
    helper.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(helper.uri)))


async def test_a_helper_and_the_model_that_it_harms_show_it_each(editor: Editor, tmp_path: Path) -> None:
    text = "from torch import nn\n\ndef begin(layer):\n    nn.init.xavier_uniform_(layer.weight)\n"
    helper = Editor(editor.client, tmp_path / "starting.py")
    helper.path.write_text(text, encoding="utf-8")
    net = "from starting import begin\n" + NET.replace("nn.init.xavier_uniform(self.fc1.weight)", "begin(self.fc1)")
    editor.path.write_text(net, encoding="utf-8")
    (finding,) = await editor.open(net)
    assert (finding.code, finding.range.start.line) == ("INI301", 10)
    (init_call, *_) = finding.related_information or []
    assert (init_call.location.uri, init_call.location.range.start.line) == (helper.uri, 3)
    (finding,) = await helper.open(text)
    assert (finding.code, finding.range.start.line) == ("INI301", 3)
    helper.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(helper.uri)))


async def test_quick_fixes(editor: Editor) -> None:
    await editor.open(NET)
    by_title = {action.title: action for action in await editor.actions(types.CodeActionKind.QuickFix)}
    assert sorted(by_title) == [
        "initlint (INI301): Disable for this line",
        "initlint (INI301): Show documentation",
        "initlint (INI301): Use `kaiming_uniform_(..., nonlinearity='relu')`",
        "initlint (INI901): Disable for this line",
        "initlint (INI901): Show documentation",
        "initlint (INI901): Use `xavier_uniform_`",
    ]
    assert sorted(action.title for action in by_title.values() if action.is_preferred) == [
        "initlint (INI301): Use `kaiming_uniform_(..., nonlinearity='relu')`",
        "initlint (INI901): Use `xavier_uniform_`",
    ]
    action = by_title["initlint (INI301): Use `kaiming_uniform_(..., nonlinearity='relu')`"]
    assert action.is_preferred
    assert [diagnostic.code for diagnostic in action.diagnostics or []] == ["INI301"]
    assert apply_edit(action.edit, NET) == FIXED


async def test_unsafe_fixes_say_so(editor: Editor) -> None:
    await editor.open(NET.replace("xavier_uniform(self.fc1.weight)", "constant_(self.fc1.weight, 0.1)"))
    action, *others = await editor.actions()
    assert action.title.endswith("(unsafe)")
    assert not any(other.title.endswith("(unsafe)") for other in others)
    assert not action.is_preferred


@pytest.mark.parametrize("only", [[], ["source"], ["source.fixAll"], ["source.fixAll.initlint"]])
async def test_fix_all(editor: Editor, only: list[str]) -> None:
    text = NET.replace("\n\n    def", "\n        nn.init.xavier_normal(self.fc2.weight)\n\n    def")
    await editor.open(text)
    (action,) = (action for action in await editor.actions(*only) if action.kind == "source.fixAll.initlint")
    if action.edit is None:
        action = await editor.client.code_action_resolve_async(action)
    assert apply_edit(action.edit, text) == FIXED.replace(
        "\n\n    def", "\n        nn.init.xavier_normal_(self.fc2.weight)\n\n    def"
    )


@pytest.mark.parametrize("only", ["refactor", "source.organizeImports", "source.fixAll.ruff"])
async def test_nothing_else_is_offered(editor: Editor, only: str) -> None:
    await editor.open(NET)
    assert await editor.actions(only) == []


async def test_hover_over_a_layer(editor: Editor) -> None:
    await editor.open(FIXED)
    text = await editor.hover(7)
    assert text.splitlines() == [
        "**`fc1`** of `Net`: `Linear(in_features=256, out_features=256)`",
        "",
        f"- weight: `kaiming_uniform_(nonlinearity='relu')` ([line 10]({editor.uri}#L10))",
        f"- then ReLU ([line 13]({editor.uri}#L13))",
        "- the layer passes on 1 of the signal's mean square; the layer passes back 1 of the gradient's mean square",
    ]
    assert await editor.hover(9) == text
    assert "PyTorch's default" in await editor.hover(8)
    assert await editor.hover(1) == ""


async def test_layers_that_are_alike_are_described_once(editor: Editor) -> None:
    heads = "self.fc1 = nn.ModuleList([nn.Linear(256, 4) for _ in range(6)])"
    text = NET.replace("self.fc1 = nn.Linear(256, 256)", heads).replace("nn.init.xavier_uniform(self.fc1.weight)", "")
    await editor.open(text.replace("self.fc2(torch.relu(self.fc1(x)))", "torch.cat([head(x) for head in self.fc1])"))
    names = ", ".join(f"**`fc1.{number}`** of `Net`" for number in range(4))
    assert (await editor.hover(7)).startswith(f"{names} and 2 more: `Linear(in_features=256, out_features=4)`")


async def test_the_default_start_has_its_factor(editor: Editor) -> None:
    await editor.open(NET.replace("        nn.init.xavier_uniform(self.fc1.weight)\n", ""))
    assert "`kaiming_uniform_(a=sqrt(5))`, PyTorch's default" in await editor.hover(7)
    assert "passes on 0.17 of the signal's mean square" in await editor.hover(7)


async def test_settings_are_those_of_the_project(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "initlint.toml").write_text('ignore = ["INI301"]', encoding="utf-8")
    assert codes(await editor.open(NET)) == ["INI901"]
    (tmp_path / "initlint.toml").write_text('extend-exclude = ["net.py"]', encoding="utf-8")
    assert codes(await editor.type(f"{NET}\n")) == []
    (tmp_path / "initlint.toml").write_text('ignores = ["INI301"]', encoding="utf-8")
    await editor.change(types.TextDocumentContentChangeWholeDocument(NET))
    await asyncio.wait_for(editor.client.wait_for_notification(types.WINDOW_SHOW_MESSAGE), 60)
    assert "unknown key `ignores`; did you mean `ignore`?" in editor.client.messages[-1].message


async def test_closing_takes_the_findings_back(editor: Editor) -> None:
    await editor.open(NET)
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(editor.uri)))
    assert await editor.diagnostics() == []


async def test_other_languages_are_left_alone(editor: Editor) -> None:
    item = types.TextDocumentItem(editor.uri, "markdown", 1, NET)
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    assert await editor.actions() == []
    assert await editor.hover(7) == ""


@pytest.mark.parametrize("folder", ["", ".virtual_documents"])
async def test_plain_python_under_the_address_of_a_notebook(
    client: LanguageClient, tmp_path: Path, folder: str
) -> None:
    """As JupyterLab sends a notebook. It sees the modules beside the notebook, and its findings are about that address."""
    editor = Editor(client, tmp_path / folder / "toy.ipynb")
    found = await editor.open(NET)
    assert codes(found) == ["INI301", "INI901"]
    (finding,) = (diagnostic for diagnostic in found if diagnostic.code == "INI301")
    assert {place.location.uri for place in finding.related_information or []} == {editor.uri}
    assert "xavier_uniform" in await editor.hover(7)
    assert codes(await editor.type(FIXED)) == []
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(editor.uri)))


HELPER = """import torch.nn as nn

def init(module):
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
"""
NET_WITH_HELPER = """import torch.nn as nn
from weights import init

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
        self.apply(init)

    def forward(self, x):
        return self.layers(x)
"""


async def test_jupyterlab_calls_a_notebook_in_a_folder_by_another_path(client: LanguageClient, tmp_path: Path) -> None:
    """What is beside the notebook counts: modules that it imports, and settings."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "weights.py").write_text(HELPER, encoding="utf-8")
    (folder / "initlint.toml").write_text('severity = {"INI301" = "error"}\n', encoding="utf-8")
    editor = Editor(client, tmp_path / ".virtual_documents" / "notebooks" / "toy.ipynb")
    (finding,) = await editor.open(NET_WITH_HELPER)
    assert (finding.code, finding.severity) == ("INI301", types.DiagnosticSeverity.Error)
    assert finding.range.start.line == NET_WITH_HELPER.splitlines().index("        self.apply(init)")
    places = [place.location.uri for place in finding.related_information or []]
    assert set(places) == {editor.uri, (folder / "weights.py").as_uri()}
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(editor.uri)))


async def test_the_json_of_a_notebook_is_a_notebook(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "raw.ipynb")
    cell = {"cell_type": "code", "source": NET, "metadata": {}, "outputs": []}
    text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]})
    assert codes(await editor.open(text)) == ["INI301", "INI901"]
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(editor.uri)))


async def test_a_notebook(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "nb.ipynb").as_uri()
    cells = [f"{uri}#cell{number}" for number in range(2)]
    head, call = NET.split("        nn.init.xavier_uniform(self.fc1.weight)\n")
    sources = [f"%matplotlib inline\n{head}{call}", "net = Net()\nnn.init.xavier_uniform(net.fc1.weight)"]
    document = types.NotebookDocument(
        uri, "jupyter-notebook", 1, [types.NotebookCell(types.NotebookCellKind.Code, cell) for cell in cells]
    )
    items = [types.TextDocumentItem(cell, "python", 1, text) for cell, text in zip(cells, sources, strict=True)]
    editor = Editor(client, tmp_path)
    client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(document, items))
    found = await editor.diagnostics(cells[1])
    assert codes(found) == ["INI301", "INI901"]
    assert {diagnostic.range.start.line for diagnostic in found} == {1}
    related = next(diagnostic.related_information for diagnostic in found if diagnostic.code == "INI301")
    assert [(place.location.uri, place.location.range.start.line) for place in related or []] == [
        (cells[0], 8),
        (cells[0], 12),
    ]
    editor.uri = cells[1]
    fixes = await client.text_document_code_action_async(
        types.CodeActionParams(
            types.TextDocumentIdentifier(cells[1]), found[0].range, types.CodeActionContext([], only=["source"])
        )
    )
    assert fixes
    action = fixes[0]
    assert isinstance(action, types.CodeAction)
    if action.edit is None:
        action = await client.code_action_resolve_async(action)
    assert apply_edit(action.edit, sources[1]).endswith("kaiming_uniform_(net.fc1.weight, nonlinearity='relu')")
    change = types.NotebookDocumentChangeEvent(
        cells=types.NotebookDocumentCellChanges(
            text_content=[
                types.NotebookDocumentCellContentChanges(
                    types.VersionedTextDocumentIdentifier(2, cells[1]),
                    [
                        types.TextDocumentContentChangePartial(
                            types.Range(types.Position(1, 8), types.Position(1, 22)), "kaiming_uniform_"
                        )
                    ],
                )
            ]
        )
    )
    client.notebook_document_did_change(
        types.DidChangeNotebookDocumentParams(types.VersionedNotebookDocumentIdentifier(2, uri), change)
    )
    assert await editor.diagnostics(cells[1]) == []
