"""Other programs that initlint runs in: editors (a language server) and flake8."""
