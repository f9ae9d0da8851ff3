"""Functions that make a parameter computed from others: weight norm, spectral norm, pruning, other parametrizations.

The older functions of `torch.nn.utils` and `torch.nn.utils.prune` replace the parameter by a plain attribute that a
hook computes before each call. Those of `torch.nn.utils.parametrizations` change the class of the module, which
computes the attribute at each access. A write to either is lost at the next use.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from initlint._records import dataclass


@dataclass(frozen=True, slots=True)
class Reparametrization:
    """The replacement of a parameter by such a function.

    `cause`: its name in messages. `originals`: the names of the parameters that it is computed from, where `{}` is the
    name of the parameter; the last one keeps the parameter's memory. `registered`: it uses
    `register_parametrization`, and the originals are attributes of `parametrizations`. `shares`: until the first call
    the attribute shares the original's memory, so a write to it has an effect. `by_module`: the third argument
    computes it.
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
"""Functions that make the computed values a parameter again."""
