from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from initlint.diagnostics import (
    NO_NUMBERS,
    Applicability,
    Diagnostic,
    Edit,
    Fix,
    FixCondition,
    Related,
    Severity,
    SignalNumbers,
    Span,
)
from initlint.linter.merge import merge
from initlint.linter.results import CallUsage, Finding

PLACE = Span("net.py", 3, 5, 3, 20)
SAFE = Fix("Use `a`", (Edit(PLACE, "a"),), Applicability.SAFE)
UNSAFE = Fix("Use `a`", (Edit(PLACE, "a"),), Applicability.UNSAFE)
OTHER = Fix("Use `b`", (Edit(PLACE, "b"),), Applicability.SAFE)


def found(
    model: int | None, fix: Fix | None = SAFE, severity: Severity = Severity.INFO, code: str = "INI301"
) -> Finding:
    return Finding(Diagnostic(code, "name", f"of model {model}", severity, PLACE, fix=fix), PLACE, model)


def merged(*items: Finding, uses: int) -> Diagnostic:
    (diagnostic,) = merge(items, {PLACE: CallUsage(set(range(uses)))})
    return diagnostic


def test_one_diagnostic_that_speaks_for_the_worst_model() -> None:
    diagnostic = merged(found(0), found(1, severity=Severity.ERROR), found(2), uses=3)
    assert (diagnostic.message, diagnostic.severity, diagnostic.fix) == ("of model 1", Severity.ERROR, SAFE)


def of(name: str, numbers: SignalNumbers = NO_NUMBERS, severity: Severity = Severity.WARNING) -> Finding:
    item = found(0, severity=severity)
    return replace(item, diagnostic=replace(item.diagnostic, message="wrong", model=name, numbers=numbers))


def test_the_worst_model_is_named_whatever_the_order() -> None:
    items = [
        of("Shallow", SignalNumbers.of([0.5], product=0.5)),
        of("Deep", SignalNumbers.of([0.5], product=1e-4)),
        of("Deep", SignalNumbers.of([0.5], product=1e-2)),
        of("Loud", SignalNumbers.of([900.0])),
        of("Mild", SignalNumbers.of([1e-9]), Severity.INFO),
    ]
    for order in itertools.permutations(items):
        assert merged(*order, uses=1).message == "in `Deep` and 3 more models: wrong"
    assert merged(*items[:2], uses=1).message == "in `Deep` and 1 more model: wrong"
    assert merged(items[0], uses=1).message == "in `Shallow`: wrong"
    zero = of("Zero", SignalNumbers.of([0.0]))
    assert merged(items[1], zero, uses=1).message == "in `Zero` and 1 more model: wrong"


def test_the_layers_of_all_models_are_related_places() -> None:
    def harms(model: int, *rows: int) -> Finding:
        related = tuple(Related(Span("net.py", row, 9, row, 20), f"`fc` of model {model}") for row in rows)
        item = found(model)
        return replace(item, diagnostic=replace(item.diagnostic, related=related))

    diagnostic = merged(harms(0, 5, 6), harms(1, 6, 7), harms(2, *range(40, 90)), uses=3)
    assert [(r.span.row, r.message[-1]) for r in diagnostic.related[:4]] == [(5, "0"), (6, "0"), (7, "1"), (40, "2")]
    assert len(diagnostic.related) == 30


def test_codes_and_places_stay_apart() -> None:
    elsewhere = Finding(found(0).diagnostic, Span("net.py", 9, 1, 9, 2), 0)
    assert len(merge([found(0), found(0, code="INI201"), elsewhere], {})) == 3


@pytest.mark.parametrize(
    ("items", "uses", "fix"),
    [
        ([found(0), found(1)], 2, SAFE),
        ([found(0), found(0)], 1, SAFE),
        ([found(0), found(0)], 2, UNSAFE),
        ([found(0)], 2, UNSAFE),
        ([found(0), found(1, UNSAFE)], 2, UNSAFE),
        ([found(0), found(1, OTHER)], 2, None),
        ([found(0), found(1, None)], 2, None),
        ([found(0, None), found(1)], 2, None),
        ([found(None)], 5, SAFE),
        ([found(0)], 0, SAFE),
    ],
)
def test_a_fix_is_what_all_models_agree_on(items: list[Finding], uses: int, fix: Fix | None) -> None:
    assert merged(*items, uses=uses).fix == fix


RELU, TANH = "kaiming_uniform_(..., nonlinearity='relu')", "xavier_uniform_(...)"


@pytest.mark.parametrize(
    ("asked", "fix", "message"),
    [
        ({RELU: "A"}, UNSAFE, "of model 0"),
        ({RELU: "A", TANH: "B"}, None, f"of model 0; models differ: `{RELU}` in `A`, `{TANH}` in `B`"),
    ],
)
def test_models_that_ask_for_different_calls_forbid_a_fix(asked: dict[str, str], fix: Fix | None, message: str) -> None:
    by_activation = replace(SAFE, condition=FixCondition.ACTIVATION)
    (diagnostic,) = merge([found(0, by_activation)], {PLACE: CallUsage({0, 1}, asked)})
    assert diagnostic.message == message
    assert (diagnostic.fix and diagnostic.fix.applicability) == (fix and fix.applicability)


def test_what_is_right_for_any_activation_is_offered_all_the_same() -> None:
    (diagnostic,) = merge([found(0), found(1)], {PLACE: CallUsage({0, 1}, {RELU: "A", TANH: "B"})})
    assert diagnostic.fix == SAFE


@pytest.mark.parametrize(
    ("called", "parts", "offered"), [({0}, set(), True), ({0, 1}, set(), False), ({0, 1}, {1}, True)]
)
def test_what_raises_in_one_model_only_is_not_rewritten(called: set[int], parts: set[int], offered: bool) -> None:
    everywhere = replace(SAFE, condition=FixCondition.EVERY_USE)
    (diagnostic,) = merge([found(0, everywhere)], {PLACE: CallUsage(called_in=called)}, parts)
    assert (diagnostic.fix is not None) == offered
