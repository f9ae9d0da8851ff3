from __future__ import annotations

import math

import pytest

from initlint.facts.signatures import number, size


@pytest.mark.parametrize(("value", "expected"), [(2, 2.0), (0.5, 0.5), (-1, -1.0)])
def test_finite_numbers_are_read(value: object, expected: float) -> None:
    assert number(value) == expected


@pytest.mark.parametrize("value", [True, None, "1", math.inf, math.nan, 10**400, (1,)])
def test_anything_else_is_no_number(value: object) -> None:
    assert number(value) is None


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (7, 7), (-1, None), (2**63, None), (True, None), (3.0, None)])
def test_sizes(value: object, expected: int | None) -> None:
    assert size(value) == expected
