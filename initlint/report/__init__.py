"""The formats of a report: one module each, diagnostics to text. None of them prints."""

from __future__ import annotations
