"""Tensors, and the memory that they are views of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from initlint.flow import ALWAYS, Condition, Node
from initlint.graph import Place

if TYPE_CHECKING:
    from initlint.interpret.objects import Instance


class Storage:
    """What a tensor's elements live in: views, `.data` and the parameter itself share one.

    `writes` are `records.Recorded` in execution order. `shape`: sizes, None where unknown; None: unknown rank.
    """

    __slots__ = (
        "condition",
        "frozen",
        "name",
        "owner",
        "parameter",
        "parametrized",
        "place",
        "product",
        "shape",
        "writes",
    )

    def __init__(
        self,
        shape: tuple[int | None, ...] | None = None,
        place: Place | None = None,
        condition: Condition = ALWAYS,
    ) -> None:
        self.shape = shape
        self.place = place
        self.condition = condition
        self.writes: list[Any] = []
        self.parameter = False
        self.owner: Instance | None = None
        self.name = ""
        self.frozen = False
        self.parametrized = False
        self.product = False
        """A raw parameter that data was multiplied with as a matrix."""


class Tensor:
    """A tensor: data that flows (`node`), or a view of a storage, or what was computed from parameters alone.

    `leaf`: it is the parameter itself, so that an in-place write needs `no_grad`. `whole`: it covers the storage.
    `sources`: storages of the parameters that a value without data was computed from.
    """

    __slots__ = ("leaf", "node", "shape", "sources", "storage", "whole")

    def __init__(
        self,
        node: Node | None = None,
        storage: Storage | None = None,
        leaf: bool = False,
        whole: bool = True,
        sources: frozenset[Storage] = frozenset(),
        shape: tuple[int | None, ...] | None = None,
    ) -> None:
        self.node = node
        self.storage = storage
        self.leaf = leaf
        self.whole = whole
        self.sources = sources
        self.shape = shape if shape is not None or storage is None else storage.shape

    def save(self) -> Any:
        return self.node

    def restore(self, saved: Any) -> None:
        self.node = saved

    def joined(self, one: Any, when: Condition, other: Any, otherwise: Condition) -> Any:
        if one is None or other is None or one is other:
            return one or other
        return Node("join", "join", [(one, when), (other, otherwise)], None)

    def __repr__(self) -> str:
        return f"Tensor({self.node.kind if self.node else None}, {self.storage.name if self.storage else None})"
