"""Questions to a model that several rules ask, and that are answered once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from initlint.graph.model import ModelGraph

Answer = TypeVar("Answer")


def memoize(tell: Callable[[ModelGraph], Answer]) -> Callable[[ModelGraph], Answer]:
    """Make `tell` remember its answer, which must not be changed, with the model that it is about."""

    @wraps(tell)
    def told(model: ModelGraph) -> Answer:
        if tell not in model.answers:
            model.answers[tell] = tell(model)
        answer: Answer = model.answers[tell]
        return answer

    return told
