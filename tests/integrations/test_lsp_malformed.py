"""The language server answers requests that the protocol does not allow."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.editor import FIXED

URI = "file:///somewhere/net.py"
DOCUMENT = {"uri": URI}
INVALID_PARAMS = -32602


class RawClient:
    """Sends messages as they are, which the clients of a library would refuse to do."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "initlint", "server"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._number = 0

    def send(self, **message: Any) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._process.stdin.flush()

    def ask(self, method: str, params: object) -> dict[str, Any]:
        """The answer to a request."""
        self._number += 1
        self.send(id=self._number, method=method, params=params)
        while (message := self._receive()).get("id") != self._number:
            assert message["method"] != "window/showMessage", message
        return message

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while header := self._process.stdout.readline().strip():
            name, _, value = header.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def client() -> Iterator[RawClient]:
    client = RawClient()
    client.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    client.send(method="initialized", params={})
    item = {**DOCUMENT, "languageId": "python", "version": 1, "text": FIXED}
    client.send(method="textDocument/didOpen", params={"textDocument": item})
    yield client
    client.stop()


@pytest.mark.parametrize(
    "position",
    [{"line": -1, "character": 0}, {"line": 0, "character": -7}, {"line": 1 << 40, "character": 0}, {"line": 7}, {}],
    ids=repr,
)
def test_a_malformed_position_is_an_error_and_nothing_else(client: RawClient, position: dict[str, int]) -> None:
    hover = client.ask("textDocument/hover", {"textDocument": DOCUMENT, "position": position})
    assert hover["error"]["code"] == INVALID_PARAMS
    end = {"line": 8, "character": 0}
    params = {"textDocument": DOCUMENT, "range": {"start": position, "end": end}, "context": {"diagnostics": []}}
    assert client.ask("textDocument/codeAction", params)["error"]["code"] == INVALID_PARAMS
    hover = client.ask("textDocument/hover", {"textDocument": DOCUMENT, "position": {"line": 7, "character": 12}})
    assert "Linear" in hover["result"]["contents"]["value"]


@pytest.mark.parametrize("line", [13, 5_000])
def test_a_position_behind_the_text_is_empty(client: RawClient, line: int) -> None:
    params = {"textDocument": DOCUMENT, "position": {"line": line, "character": 3}}
    assert client.ask("textDocument/hover", params)["result"] is None


def test_a_request_without_parameters_is_an_error(client: RawClient) -> None:
    assert client.ask("textDocument/hover", None)["error"]["code"] == INVALID_PARAMS
