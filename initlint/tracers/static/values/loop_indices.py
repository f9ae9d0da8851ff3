"""The index of a loop of unknown length whose body tests for the last iteration, as `if i < n - 1`.

Such a loop runs twice: the first iteration represents all but the last one.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from initlint.tracers.static.values.external_names import INT
from initlint.tracers.static.values.values import Unknown, Value

End = tuple[str, int]
"""The last index of a loop: the source of an expression, and what is added to it."""


class LoopIndex(Unknown):
    """The index in one iteration. `is_last`: it is that of the last one, which is `end`."""

    __slots__ = ("end", "is_last")

    def __init__(self, end: End, is_last: bool) -> None:
        super().__init__("an index", INT)
        self.end = end
        self.is_last = is_last

    def offsets(self, other: ast.expr) -> Sequence[int] | None:
        """What this index may be, less the value of `other`; a sample, if it is one of many. None if unknown."""
        source, added = linear(other)
        if source != self.end[0]:
            return None
        from_end = self.end[1] - added
        return [from_end] if self.is_last else [from_end - back for back in (1, 2, 3, 4, _MANY)]

    def choose(self, items: Sequence[Value]) -> Value:
        """The item of this iteration, of items that represent those of the loop."""
        return items[-1] if self.is_last else items[0]


_MANY = 1_000_000


def linear(expression: ast.expr) -> End:
    """An expression as the source of an unknown part and a number that is added to it."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.right, ast.Constant):
        number = expression.right.value
        if isinstance(number, int) and isinstance(expression.op, (ast.Add, ast.Sub)):
            source, added = linear(expression.left)
            return source, added + (number if isinstance(expression.op, ast.Add) else -number)
    return ast.unparse(expression), 0


def last_index(loop: ast.For | ast.AsyncFor) -> End | None:
    """The last index of a loop over `range(...)` or `enumerate(...)` that is compared with an expression for it."""
    call = loop.iter
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.keywords:
        return None
    if call.func.id == "range" and 1 <= len(call.args) <= 2 and isinstance(loop.target, ast.Name):
        name, (source, added) = loop.target.id, linear(call.args[-1])
    elif call.func.id == "enumerate" and len(call.args) == 1 and isinstance(loop.target, ast.Tuple):
        index = loop.target.elts[0]
        name, source, added = index.id if isinstance(index, ast.Name) else "", f"len({ast.unparse(call.args[0])})", 0
    else:
        return None
    compared = (node for part in loop.body for node in ast.walk(part) if isinstance(node, ast.Compare))
    is_tested = any(
        isinstance(node.left, ast.Name) and node.left.id == name and linear(node.comparators[0])[0] == source
        for node in compared
    )
    return (source, added - 1) if is_tested else None
