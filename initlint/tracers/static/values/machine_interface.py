"""What values need of the packages above this one. `V` is the type of values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from initlint.graph.dataflow import Condition

V = TypeVar("V")


class Branches(Protocol[V]):
    """What a value needs of `path_conditions.BranchState`."""

    @property
    def condition(self) -> Condition:
        """The current path condition."""

    def save_before_change(self, target: Any) -> None:
        """Remember the state of `target` before its first change in this branch."""

    def record_side_effect(self) -> None:
        """Record an effect that is not part of an object's state."""

    def map_union(self, value: V, act: Callable[[V], V]) -> V:
        """Apply `act` to each alternative of a value under its condition, and join the results."""


@dataclass(frozen=True)
class Library(Generic[V]):
    """What the packages above do with values: the parts that need torch, Python's library, or the interpreter's log.

    Each function receives the interpreter, the value, and the arguments of the method that calls it.
    """

    call_unknown: Callable[[Any, Any, Any], V]
    unknown_result: Callable[[Any, str, Iterable[V], Any], V]
    call_external: Callable[[Any, Any, Any], V]
    call_instance: Callable[[Any, Any, Any], V]
    construct: Callable[[Any, Any, Any], V]
    object_attribute: Callable[[Any, Any, str], V]
    inherited_method: Callable[[Any, Any, str], V]
    set_field: Callable[[Any, Any, str, V, Any], None]
    object_method: Callable[[Any, Any, str, Any], V]
    tensor_method: Callable[[Any, Any, str, Any], V]
    list_method: Callable[[Any, Any, str, Any], V]
    dict_method: Callable[[Any, Any, str, Any], V]
    constant_method: Callable[[Any, Any, str, Any], V]
    set_tensor_attribute: Callable[[Any, Any, str, V, Any], None]
    tensor_item: Callable[[Any, Any, V, Any], V]
    set_tensor_item: Callable[[Any, Any, V, V, Any], None]


class GenericMachine(Protocol[V]):
    """What a value needs of the interpreter, which is defined above this package."""

    @property
    def state(self) -> Branches[V]:
        """The path condition, and the states to go back to."""

    @property
    def handlers(self) -> Library[V]:
        """What the packages above know of torch and of Python's library."""

    def attribute(self, value: V, name: str) -> V:
        """`value.name`."""

    def call(self, function: V, call: Any) -> V:
        """Call any value. Raises `Raised` if the program surely raises."""

    def call_function(self, function: Any, call: Any) -> V:
        """Call a function of the project."""

    def note_not_followed(self, reason: str) -> None:
        """Record a reason why the result is incomplete."""

    def note_unknown_attribute(self, name: str) -> None:
        """Record that an attribute of an unknown value was used."""
