"""Classes of pygls, changed where they depart from the protocol."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol
from pygls.workspace import PositionCodec, TextDocument

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class AnsweringProtocol(LanguageServerProtocol):
    """Answers each request, and stores nothing about those that are done.

    pygls gives no answer to a malformed request, as with a negative line, and editors wait. It stores the future of
    each notification, so that memory grows with each edit.
    """

    def structure_message(self, data: dict[str, Any]) -> Any:
        """The message in `data`; None if it has been answered with an error."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" not in data or "method" not in data:
                raise
            self._send_response(data["id"], error=error.to_response_error())
            return None

    def handle_message(self, message: Any) -> None:
        """Handle a message that has not been answered yet."""
        if message is not None:
            super().handle_message(message)
        for number in [number for number, future in self._request_futures.items() if future.done()]:
            del self._request_futures[number]


class ProtocolDocument(TextDocument):
    """Splits lines as the protocol does. pygls also splits at form feeds, which would misplace later edits."""

    @property
    def lines(self) -> Sequence[str]:
        return tuple(_LINE.findall(self.source))

    @classmethod
    def of(cls, document: TextDocument, codec: PositionCodec) -> ProtocolDocument:
        """The same document with these lines, whose columns are counted by `codec`."""
        return cls(
            document.uri,
            document.source,
            document.version,
            document.language_id,
            sync_kind=types.TextDocumentSyncKind.Incremental,
            position_codec=codec,
        )
