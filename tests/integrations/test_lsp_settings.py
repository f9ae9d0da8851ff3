"""Settings of the editor: at the start, when they change, and on request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import LanguageClient

from initlint.diagnostics import Severity
from initlint.integrations.lsp.client_settings import ClientSettings, own_section
from initlint.project.settings import ConfigurationError, Selection
from tests.support.editor import NET, SERVER, Editor, codes, start

INITIAL = {"ignore": ["INI9"], "severity": {"xavier-before-relu": "error"}}


@pytest_lsp.fixture(scope="module", params=["neovim", "visual_studio_code"], config=SERVER)
async def client(
    lsp_client: LanguageClient, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    await start(lsp_client, request.param, tmp_path_factory.mktemp("project"), INITIAL)
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def editor(client: LanguageClient, tmp_path: Path) -> Iterator[Editor]:
    editor = Editor(client, tmp_path / "net.py")
    yield editor
    client.set_configuration({})
    send(client, {"initlint": {}})
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(editor.uri)))


def send(client: LanguageClient, settings: object) -> None:
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))


@pytest.mark.asyncio(loop_scope="module")
async def test_those_of_the_start_override_the_project(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "initlint.toml").write_text('[severity]\nINI301 = "warning"\n', encoding="utf-8")
    (finding,) = await editor.open(NET)
    assert (finding.code, finding.severity) == ("INI301", types.DiagnosticSeverity.Error)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("nested", [True, False])
async def test_a_change_is_linted_at_once(editor: Editor, nested: bool) -> None:
    assert codes(await editor.open(NET)) == ["INI301"]
    changed = {"extendSelect": ["INI9"], "ignore": ["INI301"]}
    send(editor.client, {"initlint": changed, "python": {"analysis": 1}} if nested else changed)
    assert codes(await editor.diagnostics()) == ["INI901"]


@pytest.mark.asyncio(loop_scope="module")
async def test_they_are_requested_when_the_editor_sends_none(editor: Editor) -> None:
    assert codes(await editor.open(NET)) == ["INI301"]
    editor.client.set_configuration({"initlint": {"select": ["deprecated-init"]}})
    send(editor.client, None)
    assert codes(await editor.diagnostics()) == ["INI901"]
    editor.client.set_configuration({})
    send(editor.client, None)
    assert codes(await editor.diagnostics()) == ["INI301"]


@pytest.mark.asyncio(loop_scope="module")
async def test_an_answer_that_comes_after_a_later_change_is_outdated(editor: Editor) -> None:
    assert codes(await editor.open(NET)) == ["INI301"]
    editor.client.set_configuration({"initlint": {"ignore": ["INI301", "INI9"]}})
    send(editor.client, None)
    send(editor.client, {"initlint": {"select": ["deprecated-init"]}})
    assert codes(await editor.diagnostics()) == ["INI901"]
    assert codes(await editor.type(f"{NET}\n")) == ["INI901"]


@pytest.mark.asyncio(loop_scope="module")
async def test_wrong_ones_are_one_message_and_change_nothing(editor: Editor) -> None:
    await editor.open(NET)
    before = len(editor.client.messages)
    for number in range(2):
        send(editor.client, {"initlint": {"selct": ["INI3"]}})
        assert codes(await editor.type(f"{NET}# {number}\n")) == ["INI301"]
        await editor.actions()  # waits for the complete lint
    (message,) = editor.client.messages[before:]
    assert message.type is types.MessageType.Error
    assert message.message == "initlint: the settings of the editor: unknown key `selct`; did you mean `select`?"


@pytest.mark.asyncio(loop_scope="module")
async def test_an_error_of_the_project_is_shown_once_while_it_lasts(editor: Editor, tmp_path: Path) -> None:
    await editor.open(NET)
    before = len(editor.client.messages)
    (tmp_path / "initlint.toml").write_text('ignores = ["INI301"]', encoding="utf-8")
    for number in range(2):
        await editor.change(types.TextDocumentContentChangeWholeDocument(f"{NET}# {number}\n"))
        assert await editor.actions() == []
    (tmp_path / "initlint.toml").unlink()
    assert codes(await editor.type(NET)) == ["INI301"]
    assert len(editor.client.messages) == before + 1


def test_both_spellings_and_all_keys() -> None:
    options = {
        "select": ["INI3", "deprecated-init"],
        "extend-select": ["INI4"],
        "ignore": None,
        "severity": {"INI3": "info"},
        "fixable": ["INI3"],
        "unfixable": ["INI301"],
        "inlayHints": True,
        "code-lens": False,
    }
    assert ClientSettings.read(options) == ClientSettings(
        Selection(("INI3", "deprecated-init"), ("INI4",)),
        {"INI3": Severity.INFO},
        ("INI3",),
        ("INI301",),
        inlay_hints=True,
        code_lens=False,
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["INI3"], 'must be an object, as {"select": ["ALL"]}'),
        ({"select": "INI3"}, ": `select` must be a list of strings"),
        ({"select": ["INI999"]}, ": unknown rule selector `INI999` in `select`"),
        ({"severity": {"INI3": "fatal"}}, ": `severity` must be one of info, warning, error"),
        ({"inlayHint": True}, ": unknown key `inlayHint`; did you mean `inlayHints`?"),
        ({"codeLens": "off"}, ": `codeLens` must be true or false"),
        ({"output-format": "json"}, ": unknown key `output-format`"),
    ],
)
def test_what_cannot_be_used(options: object, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        ClientSettings.read(options)
    assert message in str(raised.value)
    assert str(raised.value).count("the settings of the editor") == 1


def test_the_section_among_those_of_other_servers() -> None:
    assert own_section({"python": {}, "initlint": {"select": []}}) == {"select": []}
    assert own_section({"python": {}}) is None
    assert own_section({"codeLens": False}) == {"codeLens": False}
    assert own_section(None) is None
