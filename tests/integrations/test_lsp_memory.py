"""The memory of the language server does not grow with edits; `benchmarks/server_memory.py` makes 1,000 of them."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from initlint.integrations.lsp.handlers import create
from tests.support.editor import NET
from tests.support.paths import ROOT

CHANGES = 40


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("server_memory", ROOT / "benchmarks" / "server_memory.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "server_memory", module)  # where dataclasses look for the names of types
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not list the memory of a process")
@pytest.mark.asyncio
async def test_memory_is_flat_and_the_last_diagnostics_are_right(benchmark: ModuleType) -> None:
    samples = await benchmark.run(60, 20)
    assert [sample.edits for sample in samples] == [20, 40, 60]
    assert samples[-1].megabytes < 1.1 * samples[0].megabytes


class NoEditor:
    """The end of the connection: what is sent goes nowhere."""

    def write(self, data: bytes) -> None:
        assert data

    def close(self) -> None:
        """There is nothing to close."""


@pytest.mark.asyncio
async def test_nothing_is_stored_for_each_message(tmp_path: Path) -> None:
    server = create()
    server.protocol.set_writer(NoEditor())

    def receive(**message: Any) -> None:
        server.protocol.handle_message(server.protocol.structure_message({"jsonrpc": "2.0", **message}))

    uri = (tmp_path / "net.py").as_uri()
    receive(id=0, method="initialize", params={"processId": None, "rootUri": None, "capabilities": {}})
    receive(method="initialized", params={})
    item = {"uri": uri, "languageId": "python", "version": 0, "text": NET}
    receive(method="textDocument/didOpen", params={"textDocument": item})
    for number in range(1, CHANGES):
        change = {"textDocument": {"uri": uri, "version": number}, "contentChanges": [{"text": f"{NET}# {number}\n"}]}
        receive(method="textDocument/didChange", params=change)
        if number % 8 == 0:
            symbols = {"textDocument": {"uri": uri}}
            receive(id=number, method="textDocument/documentSymbol", params=symbols)
            while number in server.protocol._request_futures:
                await asyncio.sleep(0.01)
    assert len(server.protocol._request_futures) < CHANGES / 8
    assert len(server._scheduled) == 1
    assert set(server._models_by_uri) <= {uri}
    receive(method="textDocument/didClose", params={"textDocument": {"uri": uri}})
    assert (server._scheduled, server._models_by_uri, server._diagnostics_by_uri) == ({}, {}, {})
