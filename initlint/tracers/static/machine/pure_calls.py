"""Skips calls of functions without relevant side effects, such as the drawing of a progress bar.

Such a function receives no module, tensor, class or function. Its calls change only fields of the receiver and objects
that they create, and return nothing that is known. After enough steps were spent on one, its calls are no longer run:
what it changes or returns is unknown, as for a function of another library.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import field

from initlint._records import dataclass
from initlint.tracers.static.machine.path_conditions import BranchState
from initlint.tracers.static.values.functions import Function
from initlint.tracers.static.values.objects import as_object
from initlint.tracers.static.values.questions import is_data_only, options
from initlint.tracers.static.values.values import CONSTANTS, CallArguments, Unknown, Value

_MAX_STEPS = 2_000
"""Steps spent on a function after which its calls are skipped."""
_DEPTH = 4
"""How deep the contents of arguments are searched for modules, tensors, classes and functions."""


@dataclass(slots=True)
class CallSummary:
    """The effect of all calls of a function so far: the fields it changed, and whether it returned more than None."""

    steps: int = 0
    changed: set[str] = field(default_factory=set)
    returns_value: bool = False

    def add(self, steps: int, value: Value, receiver: Value, before: dict[str, Value]) -> None:
        """Add a call that returned `value`; `before` holds the receiver's fields before the call."""
        self.steps += steps
        self.returns_value = self.returns_value or value is not None
        instance = as_object(receiver)
        if instance is not None:
            after = instance.fields
            self.changed |= {name for name in {**before, **after} if before.get(name) is not after.get(name)}

    def replay(self, state: BranchState, receiver: Value) -> Value:
        """Apply the effect of a call without running it; gives its result."""
        instance = as_object(receiver) if self.changed else None
        if instance is not None:
            state.save_before_change(instance)
            instance.fields.update((name, Unknown("changed by a call without effects")) for name in self.changed)
        return Unknown("a call without effects") if self.returns_value else None


class PureCallCache:
    """The summaries of the functions that may be skipped, for one traced file."""

    def __init__(self) -> None:
        self._summaries: dict[ast.AST, CallSummary] = {}
        self._excluded: set[ast.AST] = set()
        """Functions with relevant side effects, and those that are running."""

    def summary(self, function: Function, call: CallArguments) -> CallSummary | None:
        """The calls of `function` so far; None if this call must run and is not to be summarized."""
        node = function.node
        if node in self._excluded:
            return None
        # The fields that a constructor sets are its purpose.
        if function.name == "__init__" or not all(is_data_only(value, _DEPTH) for value in call.values):
            self._excluded.add(node)
            return None
        return self._summaries.setdefault(node, CallSummary())

    def run_or_replay(
        self,
        summary: CallSummary,
        function: Function,
        call: CallArguments,
        state: BranchState,
        run: Callable[[], tuple[Value, int]],
    ) -> Value:
        """The value of a call, replayed or run; `run` gives the value and the steps it took."""
        receiver = call.arguments[0] if call.arguments else None
        if summary.steps > _MAX_STEPS:
            return summary.replay(state, receiver)
        self._excluded.add(function.node)
        instance = as_object(receiver)
        before = {} if instance is None else dict(instance.fields)
        with state.track_effects() as effects:
            value, steps = run()
        if effects.changed_only(receiver) and _is_none_or_unknown(value):
            self._excluded.discard(function.node)
            summary.add(steps, value, receiver, before)
        return value


def _is_none_or_unknown(value: Value) -> bool:
    """Whether a value is None, unknown, or one of several constants and unknown values."""
    if value is None:
        return True
    alternatives = [option for option, _ in options(value)]
    unknown = [option for option in alternatives if isinstance(option, Unknown)]
    return (
        bool(unknown)
        and all(isinstance(alternative, (*CONSTANTS, Unknown)) for alternative in alternatives)
        and not any(alternative.node for alternative in unknown)
    )
