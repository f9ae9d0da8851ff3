"""The language server, which `initlint server` runs.

    buffers     what the editor holds of a file or a notebook, saved or not
    positions   rows and columns, in characters from 1, to lines and code units from 0
    findings    a buffer linted: diagnostics as the protocol has them, quick fixes, and the edit that fixes all
    hover       what is known of a layer, in Markdown
    app         the conversation itself

It needs `pygls`, and nothing outside of this package imports it: a lint from the command line does not load it.
"""

from __future__ import annotations
