"""What holds while the interpreter runs: the conditions in force, and how branches are kept apart and joined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from initlint.flow import ALWAYS, Condition, Token
from initlint.interpret.values import Mutable

Result = TypeVar("Result")
Changes = dict[int, tuple[Mutable, Any]]


class Raised(Exception):
    """The interpreted program raises here."""


class OutOfSteps(Exception):
    """The budget of an entry point is used up."""


class State:
    """Conditions in force, and a journal that lets a branch be undone.

    Whoever changes a `Mutable` calls `touch` first. Outside an undecided branch that costs one comparison.
    """

    def __init__(self) -> None:
        self.condition: Condition = ALWAYS
        self._journal: list[Changes] = []

    def touch(self, target: Mutable) -> None:
        """Remember the state of `target` before its first change in this branch."""
        if self._journal and id(target) not in self._journal[-1]:
            self._journal[-1][id(target)] = (target, target.save())

    def known(self, key: Any) -> bool | None:
        """Which side of the condition `key` is being followed, if one is."""
        if (key, True) in self.condition:
            return True
        return False if (key, False) in self.condition else None

    def alone(self, run: Callable[[], Result]) -> Result:
        """Run something that happens outside of all branches: the top level of an imported module."""
        condition, journal = self.condition, self._journal
        self.condition, self._journal = ALWAYS, []
        try:
            return run()
        finally:
            self.condition, self._journal = condition, journal

    def branch(self, token: Token, run: Callable[[], Result]) -> tuple[Result | None, bool, Changes]:
        """Run one side of an undecided condition and undo its changes.

        Gives what it returned, whether it raised, and the states it left, to be handed to `settle`.
        """
        before = self.condition
        self.condition = before | {token}
        self._journal.append({})
        result, raised = None, False
        try:
            result = run()
        except Raised:
            raised = True
        finally:
            self.condition = before
            touched = self._journal.pop()
            left: Changes = {}
            for key, (target, saved) in touched.items():
                left[key] = (target, target.save())
                target.restore(saved)
        return result, raised, left

    def adopt(self, changes: Changes) -> None:
        """Let the changes of one side stand."""
        for target, state in changes.values():
            self.touch(target)
            target.restore(state)

    def settle(self, one: Changes, when: Token, other: Changes, otherwise: Token) -> None:
        """Join the states that the two sides left."""
        first, second = frozenset([when]), frozenset([otherwise])
        for key in {**one, **other}:
            target = (one.get(key) or other[key])[0]
            untouched = target.save()
            state_one = one[key][1] if key in one else untouched
            state_other = other[key][1] if key in other else untouched
            self.touch(target)
            target.restore(target.joined(state_one, first, state_other, second))
