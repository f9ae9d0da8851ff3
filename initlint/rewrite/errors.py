"""What a rewrite does when it cannot be sure."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

from initlint.diagnostics import Edit

P = ParamSpec("P")


class Doubt(Exception):
    """A rewrite cannot be shown to be right. Never leaves this package: see `none_if_doubtful`."""


def none_if_doubtful(function: Callable[P, tuple[Edit, ...]]) -> Callable[P, tuple[Edit, ...] | None]:
    """The same function, with None for an answer where it has a `Doubt`."""

    @functools.wraps(function)
    def answer(*args: P.args, **kwargs: P.kwargs) -> tuple[Edit, ...] | None:
        try:
            return function(*args, **kwargs)
        except Doubt:
            return None

    return answer
