"""Functions whose calls come to nothing, such as those of a progress bar: they are not followed again and again.

Such a function is handed no module, tensor, class or function. All that its calls changed are fields of its receiver
and what they made themselves, and they have given back nothing that is known. Once much has been spent on it, what it
changes or gives is unknown, as with a function of another library.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from initlint.tracers.static.machine.branches import BranchState
from initlint.tracers.static.values.calls import Call
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.objects import Function, Instance
from initlint.tracers.static.values.values import CONSTANTS, UNBOUND, ExternalName, Union, Unknown, Value, options

_ENOUGH = 2_000
"""Steps after which it is known of a function that its calls come to nothing."""
_DEPTH = 4
"""How deep in lists and objects that is looked for which a function must not be handed."""


@dataclass(slots=True)
class CallSummary:
    """What the calls of a function came to: the fields that they `changed`, and whether they `gave` more than None."""

    steps: int = 0
    changed: set[str] = field(default_factory=set)
    gave: bool = False

    def note(self, steps: int, value: Value, receiver: Value, before: dict[str, Value]) -> None:
        self.steps += steps
        self.gave = self.gave or value is not None
        if isinstance(receiver, Instance):
            after = receiver.fields
            self.changed |= {name for name in {**before, **after} if before.get(name) is not after.get(name)}

    def repeated(self, state: BranchState, receiver: Value) -> Value:
        if self.changed and isinstance(receiver, Instance):
            state.save_before_change(receiver)
            receiver.fields.update((name, Unknown("changed by a call that comes to nothing")) for name in self.changed)
        return Unknown("a call that comes to nothing") if self.gave else None


class PureCallCache:
    """Tells which functions these are while one file is traced."""

    def __init__(self) -> None:
        self._past: dict[ast.AST, CallSummary] = {}
        self._busy: set[ast.AST] = set()
        """The others, and those that are running."""

    def past(self, function: Function, call: Call) -> CallSummary | None:
        """None for a call that must be followed, without being watched."""
        node = function.node
        if node in self._busy:
            return None
        # What a constructor changes is all that it is there for.
        if function.name == "__init__" or not all(_is_plain(value, _DEPTH) for value in call.values):
            self._busy.add(node)
            return None
        return self._past.setdefault(node, CallSummary())

    def watched(
        self,
        past: CallSummary,
        function: Function,
        call: Call,
        state: BranchState,
        follow: Callable[[], tuple[Value, int]],
    ) -> Value:
        """The value of a call with that `past`; `follow` gives it with the steps that it took."""
        receiver = call.arguments[0] if call.arguments else None
        if past.steps > _ENOUGH:
            return past.repeated(state, receiver)
        self._busy.add(function.node)
        before = dict(receiver.fields) if isinstance(receiver, Instance) else {}
        with state.track_effects() as watched:
            value, steps = follow()
        if watched.only(receiver) and _is_nothing(value):
            self._busy.discard(function.node)
            past.note(steps, value, receiver, before)
        return value


def _is_plain(value: Value, depth: int) -> bool:
    """Whether no module, tensor, class or function is at hand through a value."""
    if isinstance(value, (*CONSTANTS, ExternalName)) or value is UNBOUND:
        return True
    if isinstance(value, Unknown):
        return value.node is None
    if depth == 0 or (isinstance(value, Instance) and value.is_module):
        return False
    held = _held(value)
    return held is not None and all(_is_plain(one, depth - 1) for one in held)


def _held(value: Value) -> list[Value] | None:
    """What a container or a plain object holds; None for anything else."""
    if isinstance(value, Union):
        return value.values
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, ListValue):
        return value.items
    if isinstance(value, DictValue):
        return list(value.items.values())
    return list(value.fields.values()) if isinstance(value, Instance) else None


def _is_nothing(value: Value) -> bool:
    """Whether it is None, unknown, or one of several of which some are unknown."""
    if value is None:
        return True
    alternatives = [option for option, _ in options(value)]
    unknown = [option for option in alternatives if isinstance(option, Unknown)]
    return (
        bool(unknown)
        and all(isinstance(alternative, (*CONSTANTS, Unknown)) for alternative in alternatives)
        and not any(alternative.node for alternative in unknown)
    )
