"""The memory of the language server over many edits, with a real client.

    python benchmarks/server_memory.py [EDITS]

Opens a model and a helper that initializes it, and edits them EDITS times (1,000): each text is new, so whatever is
stored for a text would add up. After each edit the client requests what an editor shows: code actions, a hover, code
lenses, inlay hints and symbols. Prints the resident memory of the server, and checks at the end that the diagnostics
are those of the last text.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

_NET = """\
import torch
from torch import nn

from helper import begin


class Net{number}(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear({number}, 256)
        self.fc2 = nn.Linear(256, 10)
        self.layers = nn.Sequential(*[nn.Sequential(nn.Linear(256, 256), nn.ReLU()) for _ in range(8)])
        {call}
        begin(self.fc2)

    def forward(self, x):
        return self.fc2(self.layers(torch.relu(self.fc1(x))))
"""
_HELPER = """\
from torch import nn


def begin(layer, std={number}):
    nn.init.normal_(layer.weight, std=std)
"""
_CALLS = {
    "nn.init.xavier_uniform_(self.fc1.weight)": ["INI301"],
    "nn.init.kaiming_uniform_(self.fc1.weight, nonlinearity='relu')": [],
}
_EVERY = 10
"""Every tenth edit is one of the helper, which is then saved."""


@dataclass(frozen=True)
class Sample:
    """The resident memory of the server in megabytes after a number of edits."""

    edits: int
    megabytes: float


@dataclass
class Session:
    """An editor with two open files in `folder`."""

    client: LanguageClient
    folder: Path
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def resident(self) -> float:
        """The resident memory of the server in megabytes."""
        assert self.client._server is not None
        status = Path(f"/proc/{self.client._server.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    async def begin(self) -> None:
        """Start the server and open both files."""
        await self.client.start_io(sys.executable, "-m", "initlint", "server")
        root = self.folder.as_uri()
        await self.client.initialize_session(
            types.InitializeParams(
                client_capabilities("neovim"),
                root_uri=root,
                workspace_folders=[types.WorkspaceFolder(root, "project")],
                initialization_options={"inlayHints": True, "ignore": ["INI108"]},
            )
        )
        (self.folder / "helper.py").write_text(_HELPER.format(number=0.1), encoding="utf-8")
        for name, text in (("net.py", _net(0)), ("helper.py", _HELPER.format(number=0.1))):
            item = types.TextDocumentItem(self.uri(name), "python", 0, text)
            self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    async def edit(self, number: int) -> None:
        """Change a file, and request what an editor shows of the model."""
        if number % _EVERY == 0:
            self._change("helper.py", _HELPER.format(number=0.1 + number / 1e6))
            identifier = types.TextDocumentIdentifier(self.uri("helper.py"))
            self.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))
        self._change("net.py", _net(number))
        document = types.TextDocumentIdentifier(self.uri("net.py"))
        whole = types.Range(types.Position(0, 0), types.Position(30, 0))
        actions = types.CodeActionParams(document, whole, types.CodeActionContext([]))
        await self.client.text_document_code_action_async(actions)
        await self.client.text_document_hover_async(types.HoverParams(document, types.Position(9, 12)))
        await self.client.text_document_code_lens_async(types.CodeLensParams(document))
        await self.client.text_document_inlay_hint_async(types.InlayHintParams(document, whole))
        await self.client.text_document_document_symbol_async(types.DocumentSymbolParams(document))

    async def codes(self) -> list[str]:
        """The codes of the diagnostics of the last text."""
        request = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(self.uri("net.py")))
        report = await self.client.text_document_diagnostic_async(request)
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        return sorted(str(diagnostic.code) for diagnostic in report.items)

    def _change(self, name: str, text: str) -> None:
        self.versions[name] = self.versions.get(name, 0) + 1
        document = types.VersionedTextDocumentIdentifier(self.versions[name], self.uri(name))
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))


def _net(number: int) -> str:
    return _NET.format(number=number + 8, call=list(_CALLS)[number % len(_CALLS)])


def _refresh(params: None) -> None:
    """The inlay hints are requested after each edit anyway."""


async def run(edits: int, every: int) -> list[Sample]:
    """The memory after every so many edits. Ends with a `ValueError` if the last diagnostics are not right."""
    with tempfile.TemporaryDirectory() as folder:
        client = make_test_lsp_client()

        client.feature(types.WORKSPACE_INLAY_HINT_REFRESH)(_refresh)
        session = Session(client, Path(folder).resolve())
        await session.begin()
        samples = []
        for number in range(1, edits + 1):
            await session.edit(number)
            if number % every == 0:
                samples.append(Sample(number, session.resident))
        found, expected = await session.codes(), list(_CALLS.values())[edits % len(_CALLS)]
        await session.client.shutdown_session()
        await session.client.stop()  # type: ignore[no-untyped-call]
    if [code for code in found if code == "INI301"] != expected:
        raise ValueError(f"the diagnostics after the last edit are {found}, not {expected}")
    return samples


def main() -> None:
    edits = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for sample in asyncio.run(run(edits, max(edits // 10, 1))):
        print(f"{sample.edits} edits: {sample.megabytes:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
