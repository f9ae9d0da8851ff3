"""Patterns that are compiled at their first use."""

from __future__ import annotations

import re

from initlint._lazy import lazy_pattern


def test_a_lazy_pattern_matches_as_a_compiled_one() -> None:
    pattern = lazy_pattern(r"(?P<word>a+)b", re.IGNORECASE)
    found = pattern.search("xAAb")
    assert found is not None
    assert found["word"] == "AA"
    assert pattern.fullmatch("xab") is None
    assert [match.span() for match in pattern.finditer("ab aab")] == [(0, 2), (3, 6)]
    assert (pattern.pattern, pattern.flags) == (r"(?P<word>a+)b", re.compile("a", re.IGNORECASE).flags)
