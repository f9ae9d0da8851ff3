"""The time from an edit to the diagnostics, with a real client, of this tree and of another.

    python benchmarks/editor_time.py PACKAGES OTHER_TREE [--edits N] [--seed N] [--files TEXT]

PACKAGES has a folder for each of timm and transformers (`pip install --no-deps --target PACKAGES/timm timm`), which are
two projects. OTHER_TREE is a checkout of initlint to compare with. Of each tree a server runs; the same random edits
(`edits.py`) of thirty files go to both, one after the other, each edit on top of those before. Two times are measured
from the moment at which an edit is sent, the waiting before a run included: until diagnostics of that version are
published, and until a request for the complete diagnostics is answered.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edits import Edit, random_edit
from lsprotocol import types
from pygls.lsp.client import LanguageClient

ROOT = Path(__file__).resolve().parents[1]
FILES = (
    *(
        f"timm/models/{name}.py"
        for name in (
            "beit cait coat convit crossvit davit densenet edgenext ghostnet hrnet "
            "inception_v3 mlp_mixer tresnet vgg visformer"
        ).split()
    ),
    *(
        f"transformers/models/{name}/modeling_{name}.py"
        for name in (
            "albert altclip bloom clip convnext deberta dinov2 encodec gpt_neox jamba llama mamba mobilevit pvt rembert"
        ).split()
    ),
)
"""All with fewer than 1,200 lines."""
_MOST_SECONDS = 600


@dataclass(frozen=True)
class Times:
    """Seconds from an edit to the first diagnostics of that version, and to the complete ones."""

    first: float
    complete: float


@dataclass
class Server:
    """A language server of the checkout `tree`, with one open file."""

    tree: Path
    client: LanguageClient = field(default_factory=lambda: LanguageClient("editor-time", "1"))
    published: dict[str, tuple[int, float]] = field(default_factory=dict)
    """By address, the version of the last diagnostics that were published first, and when."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, root: Path) -> None:
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self._note(params)

        def log(params: types.LogMessageParams) -> None:
            print(f"{self.tree.name}: {params.message}", file=sys.stderr)

        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(publish)
        self.client.feature(types.WINDOW_LOG_MESSAGE)(log)
        environment = {**os.environ, "PYTHONPATH": str(self.tree)}
        await self.client.start_io(sys.executable, "-m", "initlint", "server", env=environment, cwd=root)
        folder = types.WorkspaceFolder(root.as_uri(), root.name)
        capabilities = types.ClientCapabilities()
        parameters = types.InitializeParams(capabilities, root_uri=root.as_uri(), workspace_folders=[folder])
        await self.client.initialize_async(parameters)
        self.client.initialized(types.InitializedParams())

    def _note(self, params: types.PublishDiagnosticsParams) -> None:
        version, _ = self.published.get(params.uri, (-1, 0.0))
        if params.version is not None and params.version > version:
            self.published[params.uri] = params.version, time.perf_counter()
            self.changed.set()

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()  # type: ignore[no-untyped-call]

    async def open(self, path: Path, text: str) -> None:
        item = types.TextDocumentItem(path.as_uri(), "python", 0, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        await self._times(path.as_uri(), 0)

    async def edit(self, path: Path, version: int, text: str) -> Times:
        document = types.VersionedTextDocumentIdentifier(version, path.as_uri())
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        return await self._times(path.as_uri(), version)

    async def close(self, path: Path) -> None:
        document = types.TextDocumentIdentifier(path.as_uri())
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))

    async def _times(self, uri: str, version: int) -> Times:
        began = time.perf_counter()
        while self.published.get(uri, (-1, 0.0))[0] < version:
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), _MOST_SECONDS)
        request = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
        await asyncio.wait_for(self.client.text_document_diagnostic_async(request), _MOST_SECONDS)
        return Times(self.published[uri][1] - began, time.perf_counter() - began)


def edits_of(text: str, number: int, chosen: random.Random) -> list[Edit]:
    """So many edits, each of the text after the one before."""
    edits: list[Edit] = []
    while len(edits) < number:
        edit = random_edit(edits[-1].text if edits else text, chosen)
        if edit is not None:
            edits.append(edit)
    return edits


async def measure(packages: Path, trees: Sequence[Path], options: argparse.Namespace) -> list[list[Times]]:
    """For each tree the times of all edits."""
    servers = [Server(tree) for tree in trees]
    for server in servers:
        await server.start(packages)
    times: list[list[Times]] = [[] for _ in servers]
    for name in [name for name in FILES if options.files in name]:
        path = packages / name.partition("/")[0] / name
        text = path.read_text(encoding="utf-8")
        edits = edits_of(text, options.edits, random.Random(f"{options.seed} {name}"))
        for server in servers:
            await server.open(path, text)
        for version, edit in enumerate(edits, 1):
            for server, of_server in zip(servers, times, strict=True):
                of_server.append(await server.edit(path, version, edit.text))
            here = "; ".join(f"{of_server[-1].first:.2f} s, {of_server[-1].complete:.2f} s" for of_server in times)
            print(f"{name}: {edit.kind}: {here}", file=sys.stderr, flush=True)
        for server in servers:
            await server.close(path)
    for server in servers:
        await server.stop()
    return times


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path)
    parser.add_argument("other_tree", type=Path)
    parser.add_argument("--edits", type=int, default=3, help="for each file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", default="", help="only files whose path contains this")
    options = parser.parse_args()
    trees = [ROOT, options.other_tree.resolve()]
    own, other = asyncio.run(measure(options.packages.resolve(), trees, options))
    print(f"{len(own)} edits of {len({name for name in FILES if options.files in name})} files")
    before = [times.complete for times in other]
    for label, after in (
        ("first diagnostics", [times.first for times in own]),
        ("complete diagnostics", [times.complete for times in own]),
    ):
        medians, tails = ((function(after), function(before)) for function in (statistics.median, p95))
        print(f"{label}: median {medians[0]:.2f} s of {medians[1]:.2f} s: {medians[0] / medians[1]:.2f}")
        print(f"{label}: p95 {tails[0]:.2f} s of {tails[1]:.2f} s: {tails[0] / tails[1]:.2f}")


if __name__ == "__main__":
    main()
