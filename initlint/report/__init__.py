"""Renders results as text: findings (`formats`, `html`), models (`graph_*`), traces, rule pages, settings, messages.

All modules return strings, and `initlint.cli` prints them. `Report` is the input of the formats.
"""

from __future__ import annotations
