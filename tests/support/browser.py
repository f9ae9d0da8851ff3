"""A real browser for the tests of pages, if one is installed."""

from __future__ import annotations

import pytest

from tools.website.chromium import EXECUTABLE, browser

__all__ = ["EXECUTABLE", "browser", "needs_browser"]

needs_browser = pytest.mark.skipif(EXECUTABLE is None, reason="no Chromium on the path")
