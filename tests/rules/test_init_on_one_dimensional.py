from __future__ import annotations

from dataclasses import replace

import pytest
from rule_models import call, message, model, run

from initlint.diagnostics import Severity
from initlint.graph import Target

BIAS = Target("parameter", "Linear", "bias", (10,))


def test_a_bias() -> None:
    assert message("INI101", model(calls=(call("xavier_uniform_", BIAS),))) == (
        "`xavier_uniform_` raises ValueError: it needs 2 or more dimensions, "
        "and is called on the `bias` of Linear with 1 dimension"
    )


@pytest.mark.parametrize(
    ("initializer", "shape", "wanted"),
    [
        ("kaiming_normal_", (8,), "2 or more dimensions"),
        ("orthogonal_", (8,), "2 or more dimensions"),
        ("eye_", (8, 8, 3, 3), "2 dimensions"),
        ("sparse_", (8, 8, 3), "2 dimensions"),
        ("dirac_", (8, None), "3 to 5 dimensions"),
    ],
)
def test_every_rank(initializer: str, shape: tuple[int | None, ...], wanted: str) -> None:
    graph = model(calls=(call(initializer, Target("tensor", shape=shape)),))
    (violation,) = run("INI101", graph)
    assert violation.severity is Severity.ERROR
    assert f"it needs {wanted}, and is called on a tensor with {len(shape)} dimension" in violation.message


def test_one_violation_for_a_loop_over_many() -> None:
    weight = Target("parameter", "Linear", "weight", (10, 4))
    assert message("INI101", model(calls=(call("xavier_uniform_", weight, BIAS, BIAS),))).count("of Linear") == 1


@pytest.mark.parametrize(
    ("initializer", "target"),
    [
        ("xavier_uniform_", replace(BIAS, shape=(10, 4))),
        ("xavier_uniform_", replace(BIAS, shape=None)),
        ("xavier_uniform_", replace(BIAS, certain=False)),
        ("xavier_uniform_", replace(BIAS, guarded=True)),
        ("kaiming_uniform_", replace(BIAS, shape=(0,))),
        ("zeros_", BIAS),
        ("normal_", BIAS),
        ("calculate_gain", Target("unknown")),
    ],
)
def test_silent(initializer: str, target: Target) -> None:
    assert run("INI101", model(calls=(call(initializer, target),))) == []


def test_silent_in_try() -> None:
    assert run("INI101", model(calls=(call("xavier_uniform_", BIAS, guarded=True),))) == []
