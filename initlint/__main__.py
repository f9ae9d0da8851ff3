"""`python -m initlint`."""

from __future__ import annotations

from initlint.cli.commands import main

if __name__ == "__main__":
    main()
