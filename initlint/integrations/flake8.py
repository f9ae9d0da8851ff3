"""The plugin for flake8: `flake8 --select INI`.

flake8 passes one file at a time. A helper that is wrong for a model in another file is reported in both: at the init
call in the file of the helper, and at the call that leads there in the file of the model.
"""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator, Sequence

from initlint import __version__
from initlint.api import check_source

_log = logging.getLogger(__name__)


class Plugin:
    """flake8 creates one for each file: see https://flake8.pycqa.org/en/latest/plugin-development/.

    initlint's settings select the rules. flake8's `select` and `ignore` filter their findings. Raises
    `ConfigurationError` for invalid settings.
    """

    name = "initlint"
    version = __version__

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        self.filename = filename
        self.text = "".join(lines)

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """The row, from 1, the column, from 0, and the code with the message of each finding."""
        result = check_source(self.text, self.filename, edits=False)
        for failure in result.failures:
            _log.warning("initlint: internal error in %s on %s: %s", failure.part, failure.file, failure.error)
        for diagnostic in result.diagnostics:
            yield diagnostic.span.row, diagnostic.span.column - 1, f"{diagnostic.code} {diagnostic.message}", type(self)
