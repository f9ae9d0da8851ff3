"""What a rewrite does when it cannot be sure."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

from initlint.diagnostics import Edit

P = ParamSpec("P")


class CannotRewrite(Exception):
    """A rewrite cannot be shown to be right. Never leaves this package: see `none_if_cannot`."""


def none_if_cannot(function: Callable[P, tuple[Edit, ...]]) -> Callable[P, tuple[Edit, ...] | None]:
    """The same function, with None for an answer where it has a `CannotRewrite`."""

    @functools.wraps(function)
    def answer(*args: P.args, **kwargs: P.kwargs) -> tuple[Edit, ...] | None:
        try:
            return function(*args, **kwargs)
        except CannotRewrite:
            return None

    return answer
