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
    """Answers each request. pygls gives no answer to a malformed one, as with a negative line, and editors wait."""

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
