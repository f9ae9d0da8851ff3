"""What recomputes a parameter from others at each use: weight norm, spectral norm, pruning, `register_parametrization`.

The older functions of `torch.nn.utils` and `torch.nn.utils.prune` replace the parameter by a plain attribute that a
hook computes before each call. Those of `torch.nn.utils.parametrizations` change the class of the module, and the
attribute is computed whenever it is asked for. Neither can be written to: the next use computes it anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Reparametrization:
    """What a function of torch puts in the place of a parameter.

    `cause`: what it is called in messages. `originals`: the names of the parameters that it is computed from, `{}` is
    the name of the parameter; the last one keeps the parameter's memory. `registered`: it goes through
    `register_parametrization`, and the originals stand below `parametrizations`. `shares`: until the first call the
    attribute is the original's own memory, so that a write to it counts. `by_module`: the third argument computes it.
    """

    cause: str
    originals: tuple[str, ...] = ("original",)
    registered: bool = True
    shares: bool = False
    by_module: bool = False


_UTILS = "torch.nn.utils."
_PRUNING = "custom_from_mask identity l1_unstructured ln_structured random_structured random_unstructured"

REPARAMETRIZATIONS: Mapping[str, Reparametrization] = MappingProxyType(
    {
        _UTILS + "weight_norm": Reparametrization("weight norm", ("{}_g", "{}_v"), registered=False),
        _UTILS + "spectral_norm": Reparametrization("spectral norm", ("{}_orig",), registered=False, shares=True),
        _UTILS + "parametrizations.weight_norm": Reparametrization("weight norm", ("original0", "original1")),
        _UTILS + "parametrizations.spectral_norm": Reparametrization("spectral norm"),
        _UTILS + "parametrizations.orthogonal": Reparametrization("the orthogonal parametrization"),
        _UTILS + "parametrize.register_parametrization": Reparametrization("a parametrization", by_module=True),
        **{
            f"{_UTILS}prune.{name}": Reparametrization("pruning", ("{}_orig",), registered=False)
            for name in _PRUNING.split()
        },
    }
)
"""By canonical name. All take the module first, and the name of the parameter, by default `weight`, second."""

REMOVALS = frozenset(
    (
        _UTILS + "remove_weight_norm",
        _UTILS + "remove_spectral_norm",
        _UTILS + "parametrize.remove_parametrizations",
        _UTILS + "prune.remove",
    )
)
"""They make the computed values a parameter again."""
