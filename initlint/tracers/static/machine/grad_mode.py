"""Whether autograd records operations, which `torch.no_grad()` and `torch.set_grad_enabled(mode)` change."""

from __future__ import annotations

from initlint.tracers.static.values.values import Sides, Unknown


class GradMode:
    """The mode that code runs in: `enabled` is None if it is unknown."""

    __slots__ = ("enabled",)

    def __init__(self, enabled: bool | None = True) -> None:
        self.enabled = enabled

    def exists_only_under(self, condition: object) -> bool:
        return False

    def save(self) -> bool | None:
        return self.enabled

    def restore(self, saved: bool | None) -> None:
        self.enabled = saved

    def joined(self, sides: Sides, one: bool | None, other: bool | None) -> bool | None:
        return one if one is other else None


class RecordedGradMode(Unknown):
    """The result of `torch.is_grad_enabled()`, with which code goes back to the mode of before.

    A test of it is undecided: the same code also runs in the other mode.
    """

    __slots__ = ("enabled",)

    def __init__(self, enabled: bool | None) -> None:
        super().__init__("whether gradients are enabled")
        self.enabled = enabled
