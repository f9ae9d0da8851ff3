"""Records which loops and callbacks of `apply` ran over a module tree, and whether any init call ran in them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import field

from initlint._records import dataclass
from initlint.facts.initializer_names import CALLS_FILL, is_weight_initializer
from initlint.project.source import SourceLocation
from initlint.tracers.references.syntax_index import last_name, nodes_of
from initlint.tracers.static.values.environment import ModuleScope
from initlint.tracers.static.values.functions import Function
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.values import Value


@dataclass(eq=False)
class VisitRun:
    """One execution of a loop, or of an `apply`, whose body may hold an init call.

    `body`: the loop or the callback. `stack`: the calls that led there, the outermost first. `complete`: it ended
    without an exception, over a completely known module tree. `exits_early`: a `return` or `break` left items over.
    `layers`: the layers with parameters below the items, by type. `has_bias`: one of them has a bias.
    `classes`: the types of the items. `selection`: the tests that chose these among all items. `failed_tests`: the `if`
    statements of which one side was skipped. `functions`: those that ran inside. `attribute_tests`: by name of an
    attribute, the objects that `hasattr` or `getattr` looked for it on.
    """

    body: ast.AST
    scope: ModuleScope
    location: SourceLocation
    stack: tuple[tuple[Function, SourceLocation | None], ...]
    complete: bool = False
    exits_early: bool = False
    layers: Counter[str] = field(default_factory=Counter)
    has_bias: bool = False
    classes: Counter[str] = field(default_factory=Counter)
    failed_tests: dict[ast.If, None] = field(default_factory=dict)
    selection: tuple[SourceLocation, ...] = ()
    functions: dict[Function, None] = field(default_factory=dict)
    items: list[Value] = field(default_factory=list)
    attribute_tests: dict[str, list[Instance]] = field(default_factory=dict)


class VisitLog:
    """The runs of all entry points of a file. Records nothing unless `enabled`."""

    def __init__(self) -> None:
        self.enabled = False
        self.runs: dict[ast.AST, list[VisitRun]] = {}
        self.reached: set[ast.AST] = set()
        """The loops and functions in which a parameter was, or may have been, written."""
        self.active: list[VisitRun] = []
        self._may_initialize: dict[ast.AST, bool] = {}

    @contextmanager
    def run(
        self,
        body: ast.AST,
        scope: ModuleScope,
        location: SourceLocation,
        stack: Iterable[tuple[Function, SourceLocation | None]],
    ) -> Iterator[VisitRun]:
        """Record one execution of `body`. The caller says whether it is complete."""
        run = VisitRun(body, scope, location, tuple(stack))
        self.runs.setdefault(body, []).append(run)
        self.active.append(run)
        try:
            yield run
        finally:
            self.active.pop()

    def tracks(self, body: ast.stmt | ast.expr, scope: ModuleScope) -> bool:
        """Whether the text of a loop or function may hold an init call, or call an init function."""
        if not self.enabled:
            return False
        if body not in self._may_initialize:
            self._may_initialize[body] = CALLS_FILL.search(scope.source.text_of(body)) is not None or any(
                isinstance(node, ast.Call) and is_weight_initializer(last_name(node.func)) for node in nodes_of(body)
            )
        return self._may_initialize[body]

    def record_write(self, stack: Iterable[tuple[Function, SourceLocation | None]]) -> None:
        """Record that a parameter is, or may be, written inside the active runs."""
        self.reached.update(run.body for run in self.active)
        self.reached.update(function.node for function, _ in stack)

    def record_function(self, function: Function) -> None:
        for run in self.active:
            run.functions[function] = None

    def record_attribute_test(self, instance: Instance, name: str) -> None:
        for run in self.active:
            run.attribute_tests.setdefault(name, []).append(instance)

    def record_test(self, node: ast.If) -> None:
        for run in self.active:
            run.failed_tests[node] = None
