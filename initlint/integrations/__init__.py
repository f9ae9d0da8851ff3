"""Integrations of initlint into other programs.

`lsp`, a language server for editors, `flake8`, a plugin, and `spark`, for many repositories at once, pass source text
to `initlint.api` and translate the diagnostics that it returns. `inspection` measures a module object in a notebook.
"""
