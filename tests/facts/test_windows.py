"""The windows of convolutions and pools, against torch: sums of ones over ones count what is inside of the map."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from initlint.facts.operators import pooling
from initlint.facts.windows import output_size, windows_of

SHAPES = list(itertools.product((1, 4, 7), (1, 3, 4), (1, 2), (0, 1, 2), (1, 2)))


def counted(layer: nn.Module, size: int) -> torch.Tensor:
    with torch.no_grad():
        layer.weight.fill_(1.0)  # type: ignore[union-attr, operator]
        return layer(torch.ones(1, 1, size))[0, 0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("type", ["Conv1d", "ConvTranspose1d"])
def test_each_output_sums_what_torch_sums(type: str) -> None:
    compared = 0
    for size, kernel, stride, padding, dilation in SHAPES:
        arguments = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
        try:
            sums = counted(getattr(nn, type)(1, 1, bias=False, **arguments), size)
        except RuntimeError:
            continue  # the kernel is larger than the padded map
        (axis,) = windows_of(type, arguments, (size,)) or (None,)
        assert axis is not None
        assert [len(window) for window in axis.inputs] == sums.tolist()
        compared += 1
    assert compared > 50


@pytest.mark.parametrize(
    ("type", "arguments"),
    [
        ("Conv2d", {"kernel_size": (3, 5), "padding": "same", "dilation": 2}),
        ("Conv2d", {"kernel_size": 4, "padding": "valid", "stride": (2, 1)}),
        ("ConvTranspose2d", {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}),
    ],
)
def test_the_size_of_the_output_is_that_of_torch(type: str, arguments: dict[str, object]) -> None:
    output = getattr(nn, type)(1, 1, **arguments)(torch.ones(1, 1, 8, 6))
    assert output_size(windows_of(type, arguments, (8, 6)) or ()) == output.shape[2:]


@pytest.mark.parametrize(
    ("type", "arguments", "size"),
    [
        ("Conv2d", {"kernel_size": 3, "padding": 1, "padding_mode": "circular"}, (4, 4)),
        ("Conv2d", {"kernel_size": 3, "stride": 2, "padding": "same"}, (4, 4)),
        ("Conv2d", {"kernel_size": 3}, (4,)),
        ("Conv2d", {}, (4, 4)),
        ("MaxPool2d", {"kernel_size": 2, "ceil_mode": True}, (5, 5)),
        ("Conv1d", {"kernel_size": 3}, (100_000,)),
    ],
)
def test_what_is_not_known_is_none(type: str, arguments: dict[str, object], size: tuple[int, ...]) -> None:
    assert windows_of(type, arguments, size) is None


@pytest.mark.parametrize(
    ("name", "arguments", "window", "step"),
    [
        ("AdaptiveAvgPool2d", {"output_size": 1}, 32, None),
        ("adaptive_max_pool2d", {"output_size": (2, 4)}, 4, None),
        ("mean", {"dim": (2, 3)}, 32, None),
        ("MaxPool2d", {"kernel_size": 3, "stride": 2, "padding": 1}, 9, 4),
        ("avg_pool2d", {"kernel_size": 2, "stride": 2}, 4, None),
    ],
)
def test_the_window_of_a_pool_on_a_map(name: str, arguments: dict[str, object], window: int, step: int | None) -> None:
    pool = pooling(name, arguments, (8, 4))
    assert pool["window"] == window
    assert pool.get("step") == step
    assert pool["map_size"] == (8, 4)


def test_a_mean_over_one_axis_of_two_is_not_one_over_the_map() -> None:
    assert "map_size" not in pooling("mean", {"dim": 2}, (8, 4))
