"""Which inputs each output of a convolution or a pool sums along each axis of a feature map, at its border too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from initlint._records import dataclass

MapSize = tuple[int, ...]
"""The size of a feature map: its height and width, for two dimensions."""

LARGEST_MAP = 4096
"""Along one axis. On larger maps the border has no effect, and counting its windows would take time."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of one axis.

    `inputs`: of each output, the positions that it sums, without those in the padding. `by_tap`: the same for each
    position in the window; empty for transposed windows, in which outputs differ in what they use of the kernel.
    `taps`: how many an output sums on a map without borders; `reached`: how many outputs one input reaches there.
    """

    inputs: tuple[tuple[int, ...], ...]
    by_tap: tuple[tuple[int, ...], ...]
    taps: float
    reached: float


def windows_of(type: str, arguments: Mapping[str, object], size: MapSize) -> tuple[Windows, ...] | None:
    """The windows of a convolution or a pool of torch on a map of this size, by axis; None if they are not known.

    Padding that is not made of zeros counts as a border that has no effect, and so has none here.
    """
    axes = len(size)
    kernel = _sizes(arguments.get("kernel_size"), axes)
    step = arguments.get("stride")
    stride = _sizes(step if step is not None else arguments.get("kernel_size") if "Pool" in type else 1, axes)
    dilation = _sizes(arguments.get("dilation", 1), axes)
    if kernel is None or stride is None or dilation is None or not type.endswith(f"{axes}d"):
        return None
    if min((*kernel, *stride, *dilation)) < 1 or max(size) > LARGEST_MAP:
        return None
    if arguments.get("ceil_mode", False) is not False or arguments.get("padding_mode", "zeros") != "zeros":
        return None
    padding = _padding(arguments.get("padding", 0), kernel, stride, dilation)
    further = _sizes(arguments.get("output_padding", 0), axes)
    if padding is None or further is None:
        return None
    if "Transpose" in type:
        return tuple(map(_transposed, size, kernel, stride, padding, dilation, further))
    return tuple(map(_direct, size, kernel, stride, padding, dilation))


def output_size(windows: Sequence[Windows]) -> MapSize:
    """The size of the map that results."""
    return tuple(len(axis.inputs) for axis in windows)


def _sizes(value: object, axes: int) -> tuple[int, ...] | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,) * axes
    if isinstance(value, (tuple, list)) and all(isinstance(item, int) for item in value):
        return tuple(value) * axes if len(value) == 1 else tuple(value) if len(value) == axes else None
    return None


def _padding(
    value: object, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[tuple[int, int], ...] | None:
    """On both sides of each axis."""
    if value == "valid":
        value = 0
    if value == "same":
        totals = [step * (taps - 1) for taps, step in zip(kernel, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals) if set(stride) == {1} else None
    sizes = _sizes(value, len(kernel))
    return None if sizes is None else tuple((size, size) for size in sizes)


@lru_cache(maxsize=512)
def _direct(size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int) -> Windows:
    before, after = padding
    count = max(0, (size + before + after - dilation * (kernel - 1) - 1) // stride + 1)
    starts = [number * stride - before for number in range(count)]
    windows = ([start + dilation * tap for tap in range(kernel)] for start in starts)
    taps = ([start + dilation * tap for start in starts] for tap in range(kernel))
    return Windows(_inside(windows, size), _inside(taps, size), kernel, kernel / stride)


def _inside(windows: Iterable[Sequence[int]], size: int) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(at for at in window if 0 <= at < size) for window in windows)


@lru_cache(maxsize=512)
def _transposed(size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int, further: int) -> Windows:
    count = max(0, (size - 1) * stride - sum(padding) + dilation * (kernel - 1) + further + 1)
    windows: list[list[int]] = [[] for _ in range(count)]
    for at in range(size):
        for tap in range(kernel):
            output = at * stride - padding[0] + dilation * tap
            if 0 <= output < count:
                windows[output].append(at)
    return Windows(tuple(map(tuple, windows)), (), kernel / stride, kernel)
