"""The language server, which `initlint server` runs.

    client_settings   the settings that the editor sends
    documents         the open files and notebooks, and the conversion of spans to the protocol's ranges
    file_diagnostics  lints an open file and converts the diagnostics
    previews          what is shown before the files that use an open file have been linted
    code_actions      quick fixes, and the edit that applies all safe fixes
    hover             describes the layers on a line, in Markdown
    model_views       code lenses, inlay hints and document symbols
    protocol          classes of pygls, changed where they depart from the protocol
    server            the server's state: open documents, scheduled lints, cached results
    handlers          one handler for each message of the protocol

The editor's text goes through `documents` to `initlint.api`, and the findings come back as diagnostics, code actions,
hovers and views of the models. The package needs `pygls`, which a lint from the command line never imports.
"""

from __future__ import annotations
