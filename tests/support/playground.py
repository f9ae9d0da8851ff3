"""The built playground behind a server on loopback, and nothing else of the network."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT

BUILT = ROOT / "build" / "playground"
needs_build = pytest.mark.skipif(
    not (BUILT / "playground.js").exists(), reason="the playground is not built: nox -s playground"
)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Playground</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/playground.css">
<style>body {{ margin: 0; padding: 12px; font-family: system-ui, sans-serif; background: #fff; }}
[data-md-color-scheme="slate"] {{ background: #1e2129; color: #e6eaf0; }}</style></head>
<body data-md-color-scheme="{scheme}"><main><h1>Playground</h1><div id="playground"></div></main>
<script type="module">{script}</script></body></html>
"""
MOUNT = "import { mount } from '/playground.js'; mount(document.getElementById('playground'));"
STAND_IN = """
import { mount } from '/playground.js';
// Answers as the worker would if libcst could be loaded.
class Worker {
  constructor() { setTimeout(() => this.onmessage({ data: { kind: "ready" } })); }
  terminate() {}
  postMessage({ kind, id, text }) {
    const broken = text.indexOf("xavier_uniform_");
    const fixed = text.replaceAll("xavier_uniform_", "kaiming_uniform_");
    const row = text.slice(0, broken).split("\\n").length;
    const column = [...text.split("\\n")[row - 1].split("xavier_uniform_")[0]].length + 1;
    const span = { row, column, end_row: row, end_column: column + 15 };
    const line = text.split("\\n")[row - 1];
    const diff = [`@@ -${row} +${row} @@`, `-${line}`, `+${line.replace("xavier", "kaiming")}`];
    const fix = { message: "Use `kaiming_uniform_`", applicability: "safe", diff, edits: [{ ...span, replacement: "kaiming_uniform_" }] };
    const finding = { code: "INI301", name: "xavier-before-relu", severity: "warning", message: "`x` < y", url: "about:blank", related: [], fix, ...span };
    const result = { findings: broken < 0 ? [] : [finding], models: [], left_out: 0, failures: [] };
    setTimeout(() => {
      this.onmessage({ data: kind === "fix" ? { kind: "fixed", id, text: fixed } : { kind: "result", id, result } });
      if (!this.told) this.onmessage({ data: { kind: "fixes", available: true } });
      this.told = true;
    });
  }
}
mount(document.getElementById('playground'), { createWorker: () => new Worker() });
"""


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def do_GET(self) -> None:
        name, _, scheme = self.path.lstrip("/").partition("?")
        if name not in ("page.html", "fake.html"):
            super().do_GET()
            return
        data = _PAGE.format(scheme=scheme or "default", script=MOUNT if name == "page.html" else STAND_IN).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def server(folder: Path = BUILT) -> Iterator[str]:
    """The address of `folder`, with the pages `page.html`, which runs Python, and `fake.html`, whose worker is a stand-in."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder))) as started:
        thread = threading.Thread(target=started.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{started.server_address[1]}"
        started.shutdown()
