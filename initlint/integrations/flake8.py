"""The plugin for flake8, for those who run it already: `flake8 --select INI`.

flake8 hands over one file at a time. What a helper does wrong in the hands of a model in another file is found by
`initlint check`, which sees both.
"""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator, Sequence

from initlint import __version__
from initlint.api import check_source

_log = logging.getLogger(__name__)


class Plugin:
    """What flake8 makes for each file: see https://flake8.pycqa.org/en/latest/plugin-development/.

    The rules that run are those of initlint's own settings; flake8's `select` and `ignore` choose among what they
    find. Raises `ConfigurationError` if the settings cannot be used.
    """

    name = "initlint"
    version = __version__

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        self.filename = filename
        self.text = "".join(lines)

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """The row, from 1, the column, from 0, and the code with the message of each finding."""
        result = check_source(self.text, self.filename)
        for failure in result.failures:
            _log.warning("initlint: internal error in %s on %s: %s", failure.part, failure.file, failure.error)
        for found in result.diagnostics:
            yield found.span.row, found.span.column - 1, f"{found.code} {found.message}", type(self)
