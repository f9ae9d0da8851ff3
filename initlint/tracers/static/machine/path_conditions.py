"""Path conditions: runs both sides of an undecided condition, undoes their changes, and joins the two states."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field
from functools import partial
from itertools import count
from typing import Any, Generic, Protocol, TypeVar

from initlint._records import dataclass
from initlint.graph.dataflow import ALWAYS, Condition, Token
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.questions import BothSides, has_alternatives, join, options
from initlint.tracers.static.values.values import UNBOUND, Raised, Sides, Value

Result = TypeVar("Result")


class Mutable(Protocol):
    """An object whose state a branch can change: see `BranchState.save_before_change`.

    A protocol, not an abstract base class, which would slow down `isinstance`, the interpreter's most frequent call.
    """

    def exists_only_under(self, condition: Condition) -> bool:
        """Whether it surely does not exist on the other side of `condition`."""

    def save(self) -> Any:
        """A copy of the state."""

    def restore(self, saved: Any) -> None:
        """Go back to a saved state."""

    def joined(self, sides: Sides, one: Any, other: Any) -> Any:
        """The state that is `one` on one of the two sides and `other` on the other."""


Changes = dict[int, tuple[Mutable, Any]]


class OutOfSteps(Exception):
    """The entry point has used up its budget of steps."""


_fresh = count()


def new_token() -> object:
    """The key of a new condition, different from all others."""
    return next(_fresh)


@dataclass(slots=True)
class SideEffects:
    """The side effects of a call: the objects that it changed and those that it created, by identity.

    `outside_objects`: it had an effect that is not part of an object's state, such as a write to a weight;
    `besides_writes`: one other than a write to a weight.
    """

    changed: set[int] = field(default_factory=set)
    created: set[int] = field(default_factory=set)
    outside_objects: bool = False
    besides_writes: bool = False

    def changed_only(self, target: Any) -> bool:
        """Whether of all objects that existed before, only `target` was changed."""
        return not self.outside_objects and self.changed - self.created <= {id(target)}

    def merge(self, inner: SideEffects) -> None:
        self.changed |= inner.changed
        self.created |= inner.created
        self.outside_objects = self.outside_objects or inner.outside_objects
        self.besides_writes = self.besides_writes or inner.besides_writes


@dataclass(frozen=True, slots=True)
class BranchResult(Generic[Result]):
    """One side of an undecided condition: its result, its token, and the states of the objects that it changed."""

    result: Result
    token: Token
    changes: Changes


class BranchState:
    """The current path condition, and the saved states by which the changes of a branch can be undone.

    Whoever changes a `Mutable` calls `save_before_change` first. Outside an undecided branch that costs one comparison.
    """

    def __init__(self, spend_steps: Callable[[int], None], may_catch: Callable[[], bool] = lambda: True) -> None:
        self._spend_steps = spend_steps
        self._may_catch = may_catch
        self.condition: Condition = ALWAYS
        self._changed: list[Changes] = []
        self._watched: SideEffects | None = None
        self.observation: Any = None
        """The running call on a module of which `machine.module_summaries` makes a summary: an `Observation`."""

    def save_before_change(self, target: Mutable) -> None:
        """Remember the state of `target` before its first change in this branch, unless this branch created it."""
        if self._watched is not None and target.__class__ is not Environment:
            self._watched.changed.add(id(target))
        if self._changed and id(target) not in self._changed[-1]:
            if target.exists_only_under(self.condition):
                return
            self._changed[-1][id(target)] = (target, target.save())

    def record_new(self, value: Result) -> Result:
        """Record that `value` was created now; gives it."""
        if self._watched is not None:
            self._watched.created.add(id(value))
        return value

    def record_side_effect(self, is_write: bool = False) -> None:
        """Record an effect that is not part of an object's state; `is_write`: a write to a weight, or an init call."""
        if self._watched is not None:
            self._watched.outside_objects = True
            self._watched.besides_writes = self._watched.besides_writes or not is_write

    @contextmanager
    def track_effects(self) -> Iterator[SideEffects]:
        """Record the side effects of the block."""
        around, inner = self._watched, SideEffects()
        self._watched = inner
        try:
            yield inner
        finally:
            self._watched = around
            if around is not None:
                around.merge(inner)

    def decided_side(self, key: Any) -> bool | None:
        """The side of the condition `key` that is being run; None outside of both."""
        if (key, True) in self.condition:
            return True
        return False if (key, False) in self.condition else None

    def outside_branches(self, run: Callable[[], Result]) -> Result:
        """Run code independently of the current branches, such as the top level of an imported module."""
        condition, changed, watched = self.condition, self._changed, self._watched
        observation, self.observation = self.observation, None
        self.condition, self._changed, self._watched = ALWAYS, [], None
        try:
            return run()
        finally:
            self.condition, self._changed, self._watched = condition, changed, watched
            self.observation = observation

    def run_side(self, token: Token, run: Callable[[], Result]) -> BranchResult[Result] | None:
        """Run one side of an undecided condition and undo its changes; None if it raises."""
        before = self.condition
        self.condition = before | {token}
        self._changed.append({})
        changes: Changes = {}
        try:
            result = run()
        except Raised:
            return None
        finally:
            self.condition = before
            touched = self._changed.pop()
            for key, (target, saved) in touched.items():
                changes[key] = (target, target.save())
                target.restore(saved)
        return BranchResult(result, token, changes)

    def run_both(
        self, yes: Token, one: Callable[[], Result], other: Callable[[], Result]
    ) -> list[BranchResult[Result]]:
        """Run both sides of a condition: `one` where the token `yes` holds, `other` where it does not.

        A side that raises is assumed not to happen; the changes of the other are then applied. If nothing catches what
        the first side raises, the other one always runs: under no condition. Raises `Raised` if both raise.
        """
        results: list[BranchResult[Result]] = []
        no = yes[0], not yes[1]
        for token, run in ((yes, one), (no, other)):
            if token is no and not results and not self._may_catch():
                return [BranchResult(run(), token, {})]
            side = self.run_side(token, run)
            if side is not None:
                results.append(side)
        if not results:
            raise Raised
        if len(results) == 1:
            self.apply_changes(results[0].changes)
        return results

    def apply_changes(self, changes: Changes) -> None:
        """Apply the changes of one side."""
        for target, state in changes.values():
            self.save_before_change(target)
            target.restore(state)

    def join_states(self, one: Changes, when: Token, other: Changes, otherwise: Token) -> None:
        """Join the states that both sides produced."""
        sides = BothSides(frozenset([when]), frozenset([otherwise]), self._spend_steps)
        for key in {**one, **other}:
            target = (one.get(key) or other[key])[0]
            untouched = target.save()
            state_one = one[key][1] if key in one else untouched
            state_other = other[key][1] if key in other else untouched
            self.save_before_change(target)
            target.restore(target.joined(sides, state_one, state_other))

    def join_values(self, yes: Token, one: Callable[[], Value], other: Callable[[], Value]) -> Value:
        """The join of two results: of `one` where the token `yes` holds, of `other` where it does not."""
        sides = self.run_both(yes, one, other)
        if len(sides) == 1:
            return sides[0].result
        first, second = sides
        self.join_states(first.changes, first.token, second.changes, second.token)
        return join(first.result, frozenset([first.token]), second.result, frozenset([second.token]))

    def map_union(self, value: Value, act: Callable[[Value], Value]) -> Value:
        """Apply `act` to each alternative of a value under its condition, and join the results."""
        if not has_alternatives(value):
            return act(value)
        result: Value = UNBOUND
        so_far: Condition = frozenset()
        possible = [(v, c) for v, c in options(value) if v is not UNBOUND and not self._excluded(c)]
        if len(possible) == 1:
            return act(possible[0][0])
        for option, condition in possible:
            token: Token = next(iter(condition)) if len(condition) == 1 else (new_token(), True)
            side = self.run_side(token, partial(act, option))
            if side is None:
                continue
            self.join_states(side.changes, token, {}, (token[0], not token[1]))
            under = frozenset([token])
            result = side.result if result is UNBOUND else join(result, so_far, side.result, under)
            so_far = under
        if result is UNBOUND:
            raise Raised
        return result

    def _excluded(self, condition: Condition) -> bool:
        return bool(self.condition) and any((key, not side) in self.condition for key, side in condition)
