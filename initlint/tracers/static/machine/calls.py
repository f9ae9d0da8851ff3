"""The arguments of a call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from initlint.project.source import SourceLocation
from initlint.tracers.static.values.values import UNBOUND, Value


@dataclass(slots=True)
class Call:
    """The evaluated arguments of a call. `open`: there are more that are not known (`*args`, `**options`).

    `more`: what a `*args` of the function holds is not known, but the defaults stand.
    """

    arguments: list[Value]
    keywords: dict[str, Value]
    site: SourceLocation
    open: bool = False
    more: bool = False

    def get(self, position: int, name: str, default: Value = UNBOUND) -> Value:
        """The argument at `position` or of `name`."""
        if position < len(self.arguments):
            return self.arguments[position]
        return self.keywords.get(name, default)

    @property
    def values(self) -> Iterator[Value]:
        """All arguments, the positional ones first."""
        yield from self.arguments
        yield from self.keywords.values()
