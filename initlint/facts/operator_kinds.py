"""What a row of the table of operators says: kinds, axes and memory."""

from __future__ import annotations

from typing import Literal, TypeAlias

from initlint._records import dataclass
from initlint.facts.signatures import Signature, signature

OperatorKind: TypeAlias = Literal[
    "activation", "identity", "modifier", "arithmetic", "product", "weighted", "sink", "constant"
]
"""`identity`: keeps the distribution of the signal. `modifier`: its word is listed in `Consumer.between`. `weighted`: a
product with its argument `weight`. `sink`: ends the path, since nothing is known of its result. `constant`: its result
does not depend on the elements of a tensor."""

AxesEffect: TypeAlias = Literal[
    "", "same", "reverse", "matrix", "swap", "permute", "matmul", "chain", "equation", "first", "time"
]
"""Of a view: `same`: the same elements at the same indices. `reverse`: the transpose of a matrix. `matrix`: the last
two axes swap. `swap`: two given axes. `permute`: all axes, in a given order.
Of a product: `matmul`. `chain`: matrix products one after the other. `equation`: as an einsum equation says. `first`:
the weight's first axis is the output. `time`: its last axis is the output."""

Memory: TypeAlias = Literal["", "shared", "view", "copy", "part"]
"""How the result of a view lies in memory. `view`: autograd records it: an in-place write to it raises as one to
the leaf. `part`: the same, of some elements. `shared`: as `.data`. `copy`: new memory. Empty: it depends, or it is
new."""

Indices: TypeAlias = Literal["", "always", "dim", "flag"]
"""When the result is a pair of data and indices: never, always, with a dimension (`x.max(1)`), with
`return_indices=True`."""

VIEW_ATTRIBUTES = frozenset({"H", "T", "data", "mH", "mT", "real"})
"""The attributes of a tensor that are tensors; the rows say more."""

FUNCTIONAL = "torch.nn.functional."
METHOD = "torch.Tensor."
FUNCTIONS_ONLY = ("torch.", FUNCTIONAL)
ALL = (METHOD, "torch.", FUNCTIONAL, "torch.special.", "torch.linalg.", "torch.sparse.")
"""Where torch spells its operators: the prefixes of a row's names. Those that torch lacks do no harm."""
WITH_IN_PLACE = (METHOD, *FUNCTIONS_ONLY)
"""The prefixes of names with a final underscore."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator, in all its spellings.

    `name`: without a prefix. `op`: the word in `Consumer.op` or `Consumer.between`; for a weighted one the class of
    torch.nn with the same weight, or `Parameter`; for arithmetic Python's operator. `parameters`: in order, as far as
    they matter. `data`: those of them that carry data; empty for all arguments. `sequence`: the result is a sequence of
    data. `homes`: the prefixes of its names. `in_place`: there is a form with an underscore. `attribute`: it is no
    method but an attribute. `op_on_logits`: the word in `Consumer.op` where data is its argument `logits`.
    """

    name: str
    kind: OperatorKind
    op: str
    parameters: Signature = ()
    data: tuple[str, ...] = ("input",)
    indices: Indices = ""
    sequence: bool = False
    axes: AxesEffect = ""
    memory: Memory = ""
    homes: tuple[str, ...] = ALL
    in_place: bool = True
    attribute: bool = False
    op_on_logits: str = ""

    @property
    def is_transposing(self) -> bool:
        """Whether it is a view with another order of the elements, which `contiguous` copies."""
        return self.axes in ("reverse", "matrix", "swap", "permute") or self.name in ("moveaxis", "movedim")


def elsewhere(
    name: str,
    kind: OperatorKind,
    op: str,
    axes: AxesEffect = "",
    parameters: str = "input",
    data: tuple[str, ...] = ("input",),
) -> Operator:
    """An operator with one spelling: its full name."""
    return Operator(name, kind, op, signature(parameters), data, axes=axes, homes=("",), in_place=False)
