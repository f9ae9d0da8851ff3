"""How the border of a feature map changes the signal: there, sums have fewer inputs.

Padding adds zeros, so that entries at the border of a map sum fewer inputs than others; in a transposed convolution the
sums at the border are short without any padding. The mean square then differs between positions, and the next layer
sums positions that differ. It is counted where the size of the map is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from initlint.facts.windows import MapSize, Windows, windows_of
from initlint.graph.model import Layer

Profile: TypeAlias = tuple[tuple[float, ...], ...]
"""The mean square at each position relative to its mean over the map, as a product of numbers for each axis.

Empty: it is the same everywhere, or the size of the map is not known."""

_EQUAL = 1e-9


class Inside(NamedTuple):
    """What the border leaves of sums: the part of their mean square, its profile, and the part of their covariance."""

    part: float
    profile: Profile
    shared: float


def passed_on(layer: Layer, profile: Profile) -> Inside:
    """What the border leaves of the outputs of a layer; `profile` is that of its inputs."""
    windows = _windows(layer)
    if windows is None or layer.map_size is None:
        return Inside(1.0, (), 1.0)
    part, after = _summed([(axis.inputs, axis.taps) for axis in windows], profile, layer.map_size)
    if not all(axis.by_tap for axis in windows):
        return Inside(part, after, part)
    shares = _on_map(profile, layer.map_size)
    return Inside(part, after, math.prod(map(_shared_part, windows, shares)))


def _shared_part(windows: Windows, shares: Sequence[float]) -> float:
    """Of the covariance of two positions, averaged over all pairs: of each tap, both must be inside of the map."""
    roots = [math.sqrt(share) for share in shares]
    before, count = sum(roots) / len(roots), len(windows.inputs) or 1
    return sum((sum(roots[at] for at in tap) / count / before) ** 2 for tap in windows.by_tap) / windows.taps


def passed_back(layer: Layer, profile: Profile) -> tuple[float, Profile]:
    """The same for the gradient, whose profile is that on the map of the outputs."""
    windows = _windows(layer)
    if windows is None or layer.map_size is None:
        return 1.0, ()
    sums = []
    for axis, size in zip(windows, layer.map_size, strict=True):
        outputs: list[list[int]] = [[] for _ in range(size)]
        for number, window in enumerate(axis.inputs):
            for at in window:
                outputs[at].append(number)
        sums.append((outputs, axis.reached))
    return _summed(sums, profile, [len(axis.inputs) for axis in windows])


def pooled(windows: Sequence[Windows], profile: Profile, size: MapSize) -> Profile:
    """The profile after a pool."""
    means = [[(window, len(window) or 1) for window in axis.inputs] for axis in windows]
    shares = _on_map(profile, size)
    values = [
        [sum(share[at] for at in window) / count for window, count in axis]
        for axis, share in zip(means, shares, strict=True)
    ]
    return _relative(values)[1]


def _windows(layer: Layer) -> tuple[Windows, ...] | None:
    is_convolution = layer.map_size is not None and "Conv" in layer.type
    return windows_of(layer.type, layer.arguments, layer.map_size) if is_convolution and layer.map_size else None


def _summed(
    sums: Sequence[tuple[Sequence[Sequence[int]], float]], profile: Profile, size: Sequence[int]
) -> tuple[float, Profile]:
    """By axis: the positions that each output sums, and how many it would sum on a map without borders."""
    shares = _on_map(profile, size)
    values = [
        [sum(share[at] for at in window) / taps for window in windows]
        for (windows, taps), share in zip(sums, shares, strict=True)
    ]
    return _relative(values)


def _on_map(profile: Profile, size: Sequence[int]) -> Sequence[Sequence[float]]:
    """The profile if it is one of a map of this size, else an even one."""
    fits = len(profile) == len(size) and all(len(axis) == extent for axis, extent in zip(profile, size, strict=True))
    return profile if fits else [[1.0] * extent for extent in size]


def _relative(values: Sequence[Sequence[float]]) -> tuple[float, Profile]:
    """The mean of the values over the map, and their profile."""
    means = [sum(axis) / len(axis) if axis else 0.0 for axis in values]
    factor = math.prod(means)
    if factor <= 0:
        return 0.0, ()
    profile = tuple(tuple(value / mean for value in axis) for axis, mean in zip(values, means, strict=True))
    is_even = all(abs(share - 1) < _EQUAL for axis in profile for share in axis)
    return factor, () if is_even else profile


def mixed(profiles: Sequence[Profile], weights: Sequence[float]) -> Profile:
    """The profile of the sum of signals with these mean squares; `()` counts as the same everywhere."""
    size = next((tuple(map(len, profile)) for profile in profiles if profile), None)
    total = sum(weights)
    if size is None or total <= 0 or any(profile and tuple(map(len, profile)) != size for profile in profiles):
        return ()
    shares = [_on_map(profile, size) for profile in profiles]
    return tuple(
        tuple(
            sum(weight * share[axis][at] for weight, share in zip(weights, shares, strict=True)) / total
            for at in range(extent)
        )
        for axis, extent in enumerate(size)
    )


def with_constant(profile: Profile, part: float) -> Profile:
    """The profile where only this part of the mean square varies as before; the rest is the same everywhere."""
    return mixed((profile, ()), (part, 1 - part)) if profile and part < 1 else profile


def powered(profile: Profile, order: float) -> Profile:
    """The profile of what is this power of the mean square."""
    if not profile or order == 1.0 or not _is_positive(profile):
        return profile
    return _relative([[share**order for share in axis] for axis in profile])[1]


def spread_of(profile: Profile) -> float:
    """The variance of the logarithm of the mean square over the map."""
    if not _is_positive(profile):
        return 0.0
    logarithms = [[math.log(share) for share in axis] for axis in profile]
    means = [sum(axis) / len(axis) for axis in logarithms]
    return sum(
        sum((value - mean) ** 2 for value in axis) / len(axis) for axis, mean in zip(logarithms, means, strict=True)
    )


def _is_positive(profile: Profile) -> bool:
    return all(share > 0 for axis in profile for share in axis)
