"""Whether the scale of a weight shows further on, or something behind undoes it."""

from __future__ import annotations

import pytest

from initlint.analysis.norms import scale_is_visible
from initlint.facts.fans import AxisRoles
from initlint.graph.model import Consumer, Layer
from tests.support.rule_models import OUTPUT, following, layer, model, reach, to_layer

RELU = following("relu", reach("next"))
GELU = following("gelu", reach("next"))
UNKNOWN = following("unknown")


def counts(*followings: Consumer, behind: tuple[Consumer, ...] = (OUTPUT,), **more: object) -> bool:
    first: Layer = layer("fc", *followings, **more)  # type: ignore[arg-type]
    return scale_is_visible(model(first, layer("next", *behind)), first)


@pytest.mark.parametrize(
    "followings",
    [(OUTPUT,), (RELU,), (GELU,), (to_layer("next"),), (following("softmax"),), (UNKNOWN, OUTPUT)],
)
def test_it_shows(followings: tuple[Consumer, ...]) -> None:
    assert counts(*followings)


@pytest.mark.parametrize(
    "followings",
    [
        (),
        (UNKNOWN,),
        (following("relu", reach("next"), certain=False),),
        (following("relu", reach("next"), between=("batch_norm",)),),
        (following("relu", reach("next", "layer_norm")),),
        (following("output", between=("mul",)),),
        (following("relu"),),
        (following("pow"), to_layer("next", "pool")),
    ],
)
def test_it_does_not_show_or_may_not(followings: tuple[Consumer, ...]) -> None:
    assert not counts(*followings)


@pytest.mark.parametrize(("first", "shows"), [(to_layer("next"), False), (RELU, False), (GELU, True)])
def test_a_norm_behind_the_next_layer_undoes_it_through_rays_only(first: Consumer, shows: bool) -> None:
    assert counts(first, behind=(following("relu", reach(None), between=("batch_norm",)),)) is shows


@pytest.mark.parametrize("more", [{"frozen": True}, {"parametrized": True}])
def test_a_weight_that_is_fixed_or_recomputed_does_not_count(more: dict[str, object]) -> None:
    assert not counts(OUTPUT, **more)


def test_a_raw_parameter_that_data_is_multiplied_with_counts_wherever_that_goes() -> None:
    assert counts(type="Parameter", product=AxisRoles((0,), (1,)))


def test_layers_in_a_circle_show() -> None:
    a, b = layer("a", to_layer("b")), layer("b", to_layer("a"))
    assert scale_is_visible(model(a, b), a)
