"""Integrations of initlint into other programs: a language server for editors (`lsp`), and a plugin for flake8.

Both pass source text to `initlint.api` and translate the diagnostics that it returns.
"""
