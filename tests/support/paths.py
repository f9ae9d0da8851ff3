"""Places in the checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
PACKAGE = ROOT / "initlint"
PROGRAMS = ROOT / "tests" / "tracers" / "static" / "programs"
