"""An LSP client with one open document."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities, make_test_lsp_client

NET = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.xavier_uniform(self.fc1.weight)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))
"""
FIXED = NET.replace("xavier_uniform(self.fc1.weight)", "kaiming_uniform_(self.fc1.weight, nonlinearity='relu')")
CALL = types.Range(types.Position(9, 8), types.Position(9, 30))


def make_client() -> LanguageClient:
    client = make_test_lsp_client()

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        """An editor that watches files on disk for the server."""

    @client.feature(types.WORKSPACE_CODE_LENS_REFRESH)
    def refresh_code_lenses(params: None) -> None:
        """An editor that requests code lenses again."""

    @client.feature(types.WORKSPACE_INLAY_HINT_REFRESH)
    def refresh_inlay_hints(params: None) -> None:
        """An editor that requests inlay hints again."""

    converter = client.protocol._converter

    def command_or_action(value: Any, _: object) -> types.Command | types.CodeAction:
        """lsprotocol takes each action with a command for a mere command."""
        is_command = isinstance(value.get("command"), str)
        answer: types.Command | types.CodeAction = converter.structure(
            value, types.Command if is_command else types.CodeAction
        )
        return answer

    converter.register_structure_hook(types.Command | types.CodeAction, command_or_action)
    return client


SERVER = ClientServerConfig(server_command=[sys.executable, "-m", "initlint", "server"], client_factory=make_client)


async def start(
    client: LanguageClient,
    editor: str,
    folder: Path,
    options: object = None,
    capabilities: types.ClientCapabilities | None = None,
) -> types.InitializeResult:
    """Begin a session with the capabilities of `editor`, or others, and one workspace folder."""
    root = folder.as_uri()
    return await client.initialize_session(
        types.InitializeParams(
            capabilities or client_capabilities(editor),
            workspace_folders=[types.WorkspaceFolder(root, "project")],
            root_uri=root,
            initialization_options=options,
        )
    )


class Editor:
    """One document in the editor."""

    def __init__(self, client: LanguageClient, path: Path) -> None:
        self.client, self.path, self.uri, self.version = client, path, path.as_uri(), 1

    async def open(self, text: str) -> list[types.Diagnostic]:
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(self.uri, "python", 1, text))
        )
        return await self.diagnostics()

    async def change(self, *changes: types.TextDocumentContentChangeEvent) -> None:
        self.version += 1
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, list(changes)))

    async def type(self, text: str) -> list[types.Diagnostic]:
        await self.change(types.TextDocumentContentChangeWholeDocument(text))
        return await self.diagnostics()

    async def diagnostics(self, uri: str | None = None) -> list[types.Diagnostic]:
        """The next published diagnostics."""
        self.client.diagnostics.pop(uri or self.uri, None)
        while (uri or self.uri) not in self.client.diagnostics:
            await asyncio.wait_for(self.client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS), 60)
        return list(self.client.diagnostics[uri or self.uri])

    async def actions(self, *only: str) -> list[types.CodeAction]:
        wanted = types.CodeActionContext([], only=list(only) or None)
        answer = await self.client.text_document_code_action_async(
            types.CodeActionParams(types.TextDocumentIdentifier(self.uri), CALL, wanted)
        )
        return [action for action in answer or [] if isinstance(action, types.CodeAction)]

    async def hover(self, line: int) -> str:
        answer = await self.client.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(self.uri), types.Position(line, 12))
        )
        assert answer is None or isinstance(answer.contents, types.MarkupContent)
        return answer.contents.value if answer is not None else ""


def codes(diagnostics: list[types.Diagnostic]) -> list[object]:
    return sorted(str(diagnostic.code) for diagnostic in diagnostics)


def apply_edit(edit: types.WorkspaceEdit | None, text: str) -> str:
    """`text` with the edit applied, as an editor applies it."""
    assert edit is not None
    (change,) = edit.document_changes or []
    assert isinstance(change, types.TextDocumentEdit)
    lines = text.splitlines(keepends=True)
    for one in sorted(change.edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        start, end = one.range.start, one.range.end
        new = lines[start.line][: start.character] + one.new_text + lines[end.line][end.character :]
        lines[start.line : end.line + 1] = new.splitlines(keepends=True)
    return "".join(lines)
