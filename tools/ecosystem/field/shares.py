"""What the plots and the page show of the table: shares and rates, with the words for each key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from initlint.rules import rules_by_code
from tools.ecosystem.field.table import Counts, total

FRAMEWORK = "transformers"
"""The package that is shown apart: one base class initializes nearly all of its layers."""
FAMILIES: Mapping[str, str] = {
    "linear": "Linear",
    "conv": "convolution",
    "conv_transpose": "transposed convolution",
    "embedding": "embedding",
    "rnn": "recurrent layer",
    "attention": "MultiheadAttention",
    "bilinear": "Bilinear",
    "norm": "norm",
}
"""The layers of torch.nn, by family."""
WEIGHTED = tuple(family for family in FAMILIES if family != "norm")
WAYS: Mapping[str, str] = {
    "framework": "a framework's hook (`_init_weights` of transformers)",
    "apply": "`apply(fn)` of a module",
    "loop": "a loop over the modules or parameters",
    "constructor": "a call for this layer, in a constructor",
    "method": "a call for this layer, in another method",
    "helper": "a function that gets the layer or its weight",
    "own class": "the layer's own class, a subclass of torch's",
    "script": "code outside of functions",
}
FORMS: Mapping[str, str] = {
    "function": "a function of `torch.nn.init`, or a copy of one",
    "method": "a method of the tensor, as `weight.data.normal_()`",
    "new tensor": "a new tensor, as `nn.Parameter(torch.randn(n))`",
    "assignment": "an assignment",
    "library": "a function of another library that takes the layer",
}
OTHER_INITS: Mapping[str, str] = {
    "default": "torch's default",
    "undecided": "undecided",
    "copy_": "copied values",
}
_SMALLEST_SHARE = 0.002


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a plot: `values` are those of transformers and of all other packages, `counts` what they count."""

    label: str
    values: tuple[float, float]
    counts: tuple[int, int]


Split = tuple[Sequence[Counts], Sequence[Counts]]
"""The counts of transformers, and those of each other package."""


def split(table: Mapping[str, Counts]) -> Split:
    """Transformers and the others."""
    apart = [counts for name, counts in table.items() if _name(name) == FRAMEWORK]
    return apart, [counts for name, counts in table.items() if _name(name) != FRAMEWORK]


def _name(package: str) -> str:
    return package.partition("=")[0]


def models(counts: Iterable[Counts]) -> int:
    """The number of models."""
    return sum(counted["models", ""] for counted in counts)


def of_families(counts: Iterable[Counts], kind: str, families: Collection[str] = WEIGHTED) -> Counter[str]:
    """The sum of the second words of the keys whose first word is one of `families`."""
    summed: Counter[str] = Counter()
    for key, count in total(counts, kind).items():
        family, _, rest = key.partition(" ")
        if family in families:
            summed[rest] += count
    return summed


def init_bars(parts: Split) -> list[Bar]:
    """The shares of the inits among the layers with weights; the rare ones are one line."""
    counted = [of_families(part, "init") for part in parts]
    shares = _bars(counted, {key: OTHER_INITS.get(key, f"`{key}`") for each in counted for key in each})
    common = [bar for bar in shares if max(bar.values) >= _SMALLEST_SHARE]
    rare = [bar for bar in shares if max(bar.values) < _SMALLEST_SHARE]
    return [*common, _together("others", rare)] if rare else common


def way_bars(parts: Split) -> list[Bar]:
    """The shares of the ways among the layers with weights that have a certain init of their own."""
    return _bars([of_families(part, "way") for part in parts], WAYS)


def form_bars(parts: Split, families: Collection[str] = WEIGHTED) -> list[Bar]:
    """The shares of the forms in which these inits are written."""
    return _bars([of_families(part, "form", families) for part in parts], FORMS)


def default_bars(parts: Split) -> list[Bar]:
    """The share of layers that keep torch's default, by family."""
    bars = []
    for family, label in FAMILIES.items():
        counted = [of_families(part, "init", [family]) for part in parts]
        left = (counted[0]["default"], counted[1]["default"])
        if any(each.total() for each in counted):
            bars.append(Bar(label, (_share(left[0], counted[0].total()), _share(left[1], counted[1].total())), left))
    return bars


def rule_bars(parts: Split) -> list[Bar]:
    """The places that each rule reports, per thousand models."""
    found = [Counter[str](), Counter[str]()]
    for counted, part in zip(found, parts, strict=True):
        for key, count in total(part, "finding").items():
            counted[key.partition(" ")[0]] += count
    totals = [models(part) for part in parts]
    bars = []
    for code in sorted({*found[0], *found[1]}):
        counts = (found[0][code], found[1][code])
        rates = (1000 * _share(counts[0], totals[0]), 1000 * _share(counts[1], totals[1]))
        bars.append(Bar(f"{rules_by_code()[code].name.replace('-', ' ')} ({code})", rates, counts))
    return bars


def _bars(counted: Sequence[Counter[str]], labels: Mapping[str, str]) -> list[Bar]:
    """The shares of the keys, the most frequent one of both parts together first."""
    first, second = counted
    order = sorted(labels, key=lambda key: (-first[key] - second[key], key))
    return [
        Bar(
            labels[key],
            (_share(first[key], first.total()), _share(second[key], second.total())),
            (first[key], second[key]),
        )
        for key in order
        if first[key] or second[key]
    ]


def _together(label: str, bars: Sequence[Bar]) -> Bar:
    return Bar(
        label,
        (sum(bar.values[0] for bar in bars), sum(bar.values[1] for bar in bars)),
        (sum(bar.counts[0] for bar in bars), sum(bar.counts[1] for bar in bars)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
