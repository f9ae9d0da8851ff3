"""Random sessions of an editor with the language server: `python -m tools.fuzzing.server_sessions --edits 1000`.

An editor holds a model, the helper that initializes it, and a notebook. It edits ranges, swaps whole texts, inserts,
removes and moves cells, closes and opens documents, and sends requests of which it cancels some, all without waiting
for the server. After each burst it saves what is open and waits. Then every request has its answer, the diagnostics of
each document are those that a run of its own finds in the same texts, and no internal error was reported.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.workspace import PositionCodec
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

from initlint.api import check_paths
from initlint.diagnostics import Diagnostic
from initlint.integrations.lsp.documents import Document, OpenFile, PositionEncoder
from initlint.project.settings import Settings
from tools.fuzzing.sources import DEFAULT_PATHS, Sources

SECONDS = 60.0
"""After this time without an answer, or with other diagnostics, something is wrong."""
BURST = 8
_NET = """\
import torch
from torch import nn

from helper import begin


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 10)
        nn.init.xavier_uniform(self.fc1.weight)
        begin(self.fc2)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))
"""
_HELPER = "from torch import nn\n\n\ndef begin(layer):\n    nn.init.zeros_(layer.weight)\n"
_CELLS = ("import torch\nfrom torch import nn\n", "%matplotlib inline\n" + _NET.partition("\n\n\n")[2], "net = Net()\n")
_SNIPPETS = (
    *("", "", "", "\n", "\r\n", "\r", " ", "(", ")", ":", "#", '"""', "\\\n", "\f", "\u2028", "é", "\U0001d431"),
    *("self", "nn.init.zeros_(self.fc1.weight)\n", "torch.tanh", "xavier_normal_", "256", "1", "# noqa", "\nbegin"),
    *(
        "    pass\n",
        "class Other(Net):\n    pass\n",
        "del Net\n",
        "def begin(layer):\n    pass\n",
        "import helper as h\n",
    ),
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_ACCEPTED = {types.LSPErrorCodes.RequestCancelled.value, types.LSPErrorCodes.ContentModified.value}

Problems = Counter[str]


@dataclass
class _Text:
    """A text document of the editor."""

    uri: str
    text: str
    version: int = 0

    @property
    def identifier(self) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri)

    @property
    def versioned(self) -> types.VersionedTextDocumentIdentifier:
        return types.VersionedTextDocumentIdentifier(self.version, self.uri)

    @property
    def item(self) -> types.TextDocumentItem:
        return types.TextDocumentItem(self.uri, "python", self.version, self.text)

    def position(self, offset: int) -> types.Position:
        """Where a character is, in UTF-16 code units."""
        ends = [end.end() for end in _LINE_END.finditer(self.text) if end.end() <= offset]
        start = ends[-1] if ends else 0
        return types.Position(len(ends), sum(1 + (ord(c) > 0xFFFF) for c in self.text[start:offset]))

    def replace(self, start: int, end: int, new: str) -> types.TextDocumentContentChangePartial:
        """Change the text and return the change. An end of line is replaced whole or not at all."""
        for match in _LINE_END.finditer(self.text):
            start = match.start() if match.start() < start < match.end() else start
            end = match.end() if match.start() < end < match.end() else end
        change = types.TextDocumentContentChangePartial(types.Range(self.position(start), self.position(end)), new)
        self._set(self.text[:start] + new + self.text[end:])
        return change

    def become(self, text: str) -> types.TextDocumentContentChangeWholeDocument:
        self._set(text)
        return types.TextDocumentContentChangeWholeDocument(text)

    def _set(self, text: str) -> None:
        self.text, self.version = text, self.version + 1


@dataclass
class Session:
    """The editor: a model and its helper in `folder`, and a notebook. `requests`: those without an answer yet."""

    client: LanguageClient
    folder: Path
    chance: random.Random
    pool: Sequence[str]
    edits: int = 0
    problems: Problems = field(default_factory=Counter)
    compared: int = 0
    """Documents whose diagnostics were compared, and had some."""
    requests: list[asyncio.Future[object]] = field(default_factory=list)
    files: dict[str, _Text] = field(default_factory=dict)
    cells: list[_Text] = field(default_factory=list)
    notebook_version: int = 0
    cells_made: int = 0

    async def begin(self) -> None:
        """Start the server and open all."""
        await self.client.start_io(sys.executable, "-m", "initlint", "server")
        root = self.folder.as_uri()
        capabilities = client_capabilities("neovim")
        capabilities.general = None  # positions in UTF-16
        if capabilities.text_document is not None:
            capabilities.text_document.diagnostic = None  # diagnostics are published
        await self.client.initialize_session(
            types.InitializeParams(capabilities, root_uri=root, workspace_folders=[types.WorkspaceFolder(root, "p")])
        )
        for name, text in (("net.py", _NET), ("helper.py", _HELPER)):
            (self.folder / name).write_text(text, encoding="utf-8", newline="")
            self._open(name)
        self._open_notebook()

    async def burst(self) -> None:
        """Some edits and requests at once; then all is saved, and must become right."""
        for _ in range(self.chance.randint(1, BURST)):
            self._edit()
            self.edits += 1
            for _ in range(self.chance.choice((0, 0, 1, 3))):
                self._request()
            if self.chance.random() < 0.2:
                await asyncio.sleep(self.chance.random() * 0.3)
        self._save()
        await self._answers()
        await self._diagnostics()

    # Edits -----------------------------------------------------------------------------------------------------

    def _edit(self) -> None:
        kinds: list[Callable[[], None]] = [self._type] * 6 + [self._type_in_cell] * 3 + [self._change_cells] * 2
        self.chance.choice([*kinds, self._swap, self._reopen, self._reopen_notebook])()

    def _type(self) -> None:
        text = self.chance.choice(list(self.files.values()))
        changes = [self._replaced(text) for _ in range(self.chance.choice((1, 1, 1, 4)))]
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(text.versioned, changes))

    def _replaced(self, text: _Text) -> types.TextDocumentContentChangePartial:
        start = self.chance.randint(0, len(text.text))
        end = min(len(text.text), start + self.chance.choice((0, 0, 1, 5, 40)))
        return text.replace(start, end, self.chance.choice(_SNIPPETS))

    def _swap(self) -> None:
        """Another text: the first one again, as by undoing all, or that of a file of the pool."""
        name, text = self.chance.choice(list(self.files.items()))
        first = _NET if name == "net.py" else _HELPER
        change = text.become(self.chance.choice((first, first, self.chance.choice(self.pool))))
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(text.versioned, [change]))

    def _open(self, name: str) -> None:
        path = self.folder / name
        with path.open(encoding="utf-8", newline="") as stream:
            text = stream.read()
        self.files[name] = _Text(path.as_uri(), text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(self.files[name].item))

    def _reopen(self) -> None:
        """What is not saved is lost."""
        name, text = self.chance.choice(list(self.files.items()))
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(text.identifier))
        self._open(name)

    # The notebook ----------------------------------------------------------------------------------------------

    @property
    def _notebook_uri(self) -> str:
        return (self.folder / "nb.ipynb").as_uri()

    @property
    def _notebook(self) -> types.VersionedNotebookDocumentIdentifier:
        self.notebook_version += 1
        return types.VersionedNotebookDocumentIdentifier(self.notebook_version, self._notebook_uri)

    def _cell(self, text: str) -> _Text:
        self.cells_made += 1
        return _Text(f"{self._notebook_uri}#cell{self.cells_made}", text)

    def _open_notebook(self) -> None:
        self.cells = [self._cell(text) for text in _CELLS]
        document = types.NotebookDocument(self._notebook_uri, "jupyter-notebook", 0, _notebook_cells(self.cells))
        items = [cell.item for cell in self.cells]
        self.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(document, items))

    def _reopen_notebook(self) -> None:
        identifier = types.NotebookDocumentIdentifier(self._notebook_uri)
        closed = [cell.identifier for cell in self.cells]
        self.client.notebook_document_did_close(types.DidCloseNotebookDocumentParams(identifier, closed))
        self._open_notebook()

    def _type_in_cell(self) -> None:
        if not self.cells:
            return
        cell = self.chance.choice(self.cells)
        change = self._replaced(cell) if self.chance.random() < 0.7 else cell.become(self.chance.choice(_CELLS))
        contents = types.NotebookDocumentCellContentChanges(cell.versioned, [change])
        self._notify(types.NotebookDocumentCellChanges(text_content=[contents]))

    def _change_cells(self) -> None:
        """Cells are inserted, removed or moved."""
        start = self.chance.randint(0, len(self.cells))
        removed = self.cells[start : start + self.chance.choice((0, 1, 2))]
        added = [self._cell(self.chance.choice(_CELLS)) for _ in range(self.chance.choice((0, 1)))]
        moved = removed[:1] if self.chance.random() < 0.3 else []
        self.cells[start : start + len(removed)] = [*added, *moved]
        array = types.NotebookCellArrayChange(start, len(removed), _notebook_cells([*added, *moved]))
        closed = [cell.identifier for cell in removed if cell not in moved]
        structure = types.NotebookDocumentCellChangeStructure(array, [cell.item for cell in added], closed)
        self._notify(types.NotebookDocumentCellChanges(structure=structure))

    def _notify(self, cells: types.NotebookDocumentCellChanges) -> None:
        event = types.NotebookDocumentChangeEvent(cells=cells)
        self.client.notebook_document_did_change(types.DidChangeNotebookDocumentParams(self._notebook, event))

    # Requests --------------------------------------------------------------------------------------------------

    def _request(self) -> None:
        text = self.chance.choice([*self.files.values(), *self.cells])
        line = self.chance.choice((0, 5, 9, 10, 400))
        place = types.Position(line, self.chance.choice((0, 12, 4000)))
        below = types.Range(types.Position(0, 0), place)
        actions = types.CodeActionParams(text.identifier, below, types.CodeActionContext([]))
        method, params = self.chance.choice(
            [
                (types.TEXT_DOCUMENT_HOVER, types.HoverParams(text.identifier, place)),
                (types.TEXT_DOCUMENT_CODE_ACTION, actions),
                (types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensParams(text.identifier)),
                (types.TEXT_DOCUMENT_INLAY_HINT, types.InlayHintParams(text.identifier, below)),
                (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, types.DocumentSymbolParams(text.identifier)),
            ]
        )
        number = f"request-{self.edits}-{len(self.requests)}"
        request = self.client.protocol.send_request(method, params, msg_id=number)
        self.requests.append(asyncio.wrap_future(request))
        if self.chance.random() < 0.2:
            self.client.cancel_request(types.CancelParams(number))

    async def _answers(self) -> None:
        answers = await asyncio.gather(*(_outcome(request) for request in self.requests))
        self.requests.clear()
        self.problems.update(answer for answer in answers if answer)

    # What must be true after a burst ---------------------------------------------------------------------------

    def _save(self) -> None:
        """What is saved is linted and published again, so the diagnostics that are known are forgotten."""
        self.client.diagnostics.clear()
        for name, text in self.files.items():
            with (self.folder / name).open("w", encoding="utf-8", newline="") as stream:
                stream.write(text.text)
            self.client.text_document_did_save(types.DidSaveTextDocumentParams(text.identifier))
        notebook = types.NotebookDocumentIdentifier(self._notebook_uri)
        self.client.notebook_document_did_save(types.DidSaveNotebookDocumentParams(notebook))

    async def _diagnostics(self) -> None:
        for file in self._open_files():
            expected = dict(self._expected(file))
            self.compared += sum(map(bool, expected.values()))
            end = time.monotonic() + SECONDS
            while time.monotonic() < end and self._shown(file) != expected:
                await asyncio.sleep(0.02)
            if self._shown(file) != expected:
                self.problems[f"other diagnostics in {file.path.name}"] += 1
        shown = [one.message for one in self.client.messages]
        for text in shown + [one.message for one in self.client.log_messages]:
            if "internal error" in text or "Traceback" in text:
                self.problems[text.strip().splitlines()[-1]] += 1
        self.client.messages.clear()
        self.client.log_messages.clear()

    def _open_files(self) -> Iterator[OpenFile]:
        for name, text in self.files.items():
            yield OpenFile.of_file(self.folder / name, _document(text))
        if self.cells:
            documents = [_document(cell) for cell in self.cells]
            yield OpenFile.of_notebook(self._notebook_uri, self.folder / "nb.ipynb", documents)

    def _shown(self, file: OpenFile) -> dict[str, set[Hashable]]:
        """By document; those for which nothing was published since the last save are left out."""
        return {
            document.uri: {(one.code, one.message, _key(one.range)) for one in self.client.diagnostics[document.uri]}
            for document in file.documents.values()
            if document.uri in self.client.diagnostics
        }

    def _expected(self, file: OpenFile) -> Iterator[tuple[str, set[Hashable]]]:
        contents = {str(one.path): one.content for one in self._open_files()}
        found: Sequence[Diagnostic] = check_paths(
            [file.path], Settings(force_exclude=True), contents=contents
        ).diagnostics
        encoder = PositionEncoder(PositionCodec())
        for document in file.documents.values():
            yield (
                document.uri,
                {
                    (one.code, one.message, _key(encoder.range(document.source_lines, one.span)))
                    for one in found
                    if file.document_at(one.span) is document
                },
            )


def _client() -> LanguageClient:
    client = make_test_lsp_client()
    for method in (types.WORKSPACE_INLAY_HINT_REFRESH, types.WORKSPACE_CODE_LENS_REFRESH):
        client.feature(method)(_refresh)
    return client


def _refresh(params: None) -> None:
    """Hints and lenses are requested all the time anyway."""


def _notebook_cells(cells: Iterable[_Text]) -> list[types.NotebookCell]:
    return [types.NotebookCell(types.NotebookCellKind.Code, cell.uri) for cell in cells]


def _document(text: _Text) -> Document:
    return Document(text.uri, text.version, text.text)


def _key(place: types.Range) -> Hashable:
    return place.start.line, place.start.character, place.end.line, place.end.character


async def _outcome(request: Awaitable[object]) -> str:
    """What is wrong with the answer to a request, or nothing."""
    try:
        await asyncio.wait_for(request, SECONDS)
    except asyncio.TimeoutError:
        return "a request without an answer"
    except JsonRpcException as error:
        return "" if error.code in _ACCEPTED else f"a request fails: {error}"
    return ""


async def run(edits: int, seed: int) -> Session:
    """A session of at least so many edits, when it is over."""
    pool = list(Sources.read(DEFAULT_PATHS).texts.values())
    with tempfile.TemporaryDirectory() as folder:
        session = Session(_client(), Path(folder).resolve(), random.Random(seed), pool)
        await session.begin()
        while session.edits < edits:
            await session.burst()
        await session.client.shutdown_session()
        await session.client.stop()  # type: ignore[no-untyped-call]
    return session


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    session = asyncio.run(run(options.edits, options.seed))
    compared = f"{session.compared} documents with findings compared"
    print(f"server: {session.edits} edits, {compared}, {session.problems.total()} failed")
    for problem, number in session.problems.most_common():
        print(f"  {number} times {problem}")
    return int(bool(session.problems))


if __name__ == "__main__":
    sys.exit(main())
