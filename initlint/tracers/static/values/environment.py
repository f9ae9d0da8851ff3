"""Names: the local environments of functions and the global scope of a module.

Module scopes are lazy: a top-level statement runs when a name that it binds is first looked up. Importing a
package therefore costs only what is used of it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from initlint.graph.dataflow import ALWAYS, Condition
from initlint.tracers.references.module_body import (
    DECLARATIONS,
    DEFINITIONS,
    GRAD_MODE,
    IMPORT,
    STAR,
    ModuleBody,
    definitions,
)
from initlint.tracers.static.values.values import UNBOUND, AbstractValue, Sides, Value


class LazyImport(AbstractValue):
    """A name imported from another module, which is loaded when the name is first looked up."""

    __slots__ = ("resolve",)

    may_be_lazy = True

    def __init__(self, resolve: Callable[[], Value]) -> None:
        self.resolve = resolve

    def resolved(self) -> Value:
        return self.resolve()


class StarImport(NamedTuple):
    """`from module import *` in the line `row`. `value_of` gives what it binds to a name; `UNBOUND` if nothing."""

    row: int
    value_of: Callable[[str], Value]


class CallFrame:
    """What a call of `function` has returned and yielded so far. `function` is None at the top level of a module."""

    __slots__ = ("function", "not_returned", "on_yield", "returns", "yields")

    def __init__(self, function: Any) -> None:
        self.function = function
        self.returns: list[tuple[Value, Condition]] = []
        self.yields: list[Value] | None = None
        self.on_yield: Callable[[Value], None] | None = None
        """What to do at each `yield`, instead of when the whole body has run: the body of a `with` statement."""
        self.not_returned: Condition = ALWAYS
        """The conditions under which the function has not returned yet."""


class Environment:
    """Local names. `parent` is the enclosing function's environment; globals are in `scope`."""

    __slots__ = ("declared", "frame", "parent", "scope", "values")

    def __init__(self, scope: ModuleScope, parent: Environment | None, frame: CallFrame) -> None:
        self.scope = scope
        self.parent = parent
        self.frame = frame
        self.values: dict[str, Value] = {}
        self.declared: dict[str, Environment] = {}
        """The environments that own the names of `global` and `nonlocal` statements."""

    @property
    def seen_by_closures(self) -> Environment | None:
        """The environment that a function defined here closes over; None for globals, which are visible anyway."""
        return self

    def exists_only_under(self, condition: Condition) -> bool:
        return False

    def save(self) -> Any:
        return dict(self.values)

    def restore(self, saved: Any) -> None:
        self.values = dict(saved)

    def joined(self, sides: Sides, one: Any, other: Any) -> Any:
        return sides.fields(one, other)

    def owner_of(self, name: str) -> Environment | None:
        """The innermost environment that binds `name`."""
        env: Environment | None = self
        while env is not None:
            if name in env.values:
                return env
            env = env.parent
        return None


class GlobalEnvironment(Environment):
    """The environment of a module's top level: its names are those of the scope."""

    __slots__ = ()

    def __init__(self, scope: ModuleScope) -> None:
        super().__init__(scope, None, CallFrame(None))
        self.values = scope.values

    @property
    def seen_by_closures(self) -> None:
        return None

    def restore(self, saved: Any) -> None:
        self.values.clear()
        self.values.update(saved)


class ModuleScope:
    """The global names of one module of the project.

    `name` is its dotted name, `package` the dotted name that relative imports start from, `root` the folder that
    absolute ones do. The project provides the callbacks: `run` executes one top-level statement, `submodule` finds a
    submodule of a package, `is_imported_after` tells whether that is first imported after the line `row` of the
    package, and `note` is called once with each name that is looked up.
    """

    def __init__(
        self,
        name: str,
        package: str,
        root: Path,
        top: ModuleBody,
        run: Callable[[ast.stmt, GlobalEnvironment], None],
        submodule: Callable[[str], Value],
        is_imported_after: Callable[[str, int], bool],
        note: Callable[[str], None],
    ) -> None:
        self.name = name
        self.package = package
        self.root = root
        self.source = top.source
        self.values: dict[str, Value] = {"__name__": name, "__file__": top.source.path}
        self.star_imports: list[StarImport] = []
        self.environment = GlobalEnvironment(self)
        self._run = run
        self._submodule = submodule
        self._is_imported_after = is_imported_after
        self._note = note
        self._top = top
        self._statements = top.statements
        self._redefined = top.redefined
        self._pending = dict(top.binding)
        self._done: set[int] = set()
        self._noted: set[str] = set()
        self._asked: set[str] = set()
        self._missing: set[str] = set()
        self._reached: int | None = None
        """While the top level runs in order: the index of the current statement."""

    def lookup(self, name: str) -> Value:
        """The value of a global name, or `UNBOUND`."""
        if name not in self._noted:
            self._noted.add(name)
            self._note(name)
        if name in self._pending:
            self._bind(name)
        if name in self.values:
            value = self.values[name]
            if isinstance(value, AbstractValue) and value.may_be_lazy:
                self.values[name] = UNBOUND  # two modules may import from each other
                value = self.values[name] = value.resolved()
            return value
        if name in self._missing or name in self._asked:
            return UNBOUND
        self._asked.add(name)
        try:
            value = self._elsewhere(name)
        finally:
            self._asked.discard(name)
        if value is not UNBOUND:
            self.values[name] = value
        elif name not in self._pending:
            self._missing.add(name)
        return value

    def _elsewhere(self, name: str) -> Value:
        """A name that no statement of the module binds: a submodule, or a name from a star import.

        An import binds a submodule to its name in the package, a star import after it something else.
        """
        submodule = self._submodule(name)
        if submodule is UNBOUND:
            # To search the star imports loads the modules that they name.
            return UNBOUND if hasattr(builtins, name) else self._from_star_imports(name, running_after=None)[0]
        value, row = self._from_star_imports(name, running_after=0)
        return submodule if value is UNBOUND or self._is_imported_after(name, row) else value

    def _from_star_imports(self, name: str, running_after: int | None) -> tuple[Value, int]:
        """What the last star import that binds `name` gives, and its line.

        `running_after`: use only those that surely run, and are below this line.
        """
        self._note(STAR)
        if STAR in self._pending:
            self._bind(STAR)
        for star in reversed(self.star_imports):
            if running_after is not None and (star.row <= running_after or star.row not in self._top.star_rows):
                continue
            value = star.value_of(name)
            if value is not UNBOUND:
                return value, star.row
        return UNBOUND, 0

    def declares_exports(self) -> bool:
        """Whether it binds `__all__`."""
        return "__all__" in self._top.binding

    def may_export_more(self, name: str) -> bool:
        """Whether a decorator of the definition of `name` may add that to `__all__`."""
        return self._top.may_be_added_to_all(name)

    def imports(self) -> Iterator[ast.Import | ast.ImportFrom]:
        """The import statements of its top level."""
        self._note(IMPORT)
        return self._top.imports

    @property
    def disables_gradients(self) -> bool:
        """Whether its top level, which has run before its functions, leaves gradients disabled.

        Where the top level runs in order, only what it has come to counts.
        """
        self._note(GRAD_MODE)
        return self._reached is None and self._top.disables_gradients

    @property
    def defined_names(self) -> Sequence[str]:
        """The names of the functions and classes that the module itself defines, in source order."""
        names: dict[str, None] = {}
        for statement in self._statements:
            definitions(statement, names)
        return list(names)

    def execute_all(self) -> None:
        """Run the top level in order, as Python runs a script; imports run when their names are looked up."""
        for at, statement in enumerate(self._statements):
            if not isinstance(statement, DECLARATIONS) or self._is_redefined(statement):
                self._reached = at
                self._execute(at)
        self._reached = None

    def _bind(self, name: str) -> None:
        """Run the statements that bind `name`, except those that the top level has not reached yet."""
        due: list[int] = []
        later: list[int] = []
        for at in self._pending.pop(name):
            statement = self._statements[at]
            early = isinstance(statement, DECLARATIONS) and not (
                self._is_redefined(statement) and (due or name in self.values)
            )
            (due if early or self._reached is None or at < self._reached else later).append(at)
        if later:
            self._pending[name] = later
        for at in due:
            self._execute(at)
        if due and name != STAR:
            self._replace_by_later_star_import(name, self._statements[due[-1]].lineno)

    def _replace_by_later_star_import(self, name: str, row: int) -> None:
        """Bind `name` again if a star import below its last statement, which is in line `row`, does."""
        self._note(STAR)
        if all(star_row < row for star_row in self._top.star_rows):
            return
        value, _ = self._from_star_imports(name, running_after=row)
        if value is not UNBOUND:
            self.values[name] = value

    def _is_redefined(self, statement: ast.stmt) -> bool:
        return isinstance(statement, DEFINITIONS) and statement.name in self._redefined

    def _execute(self, at: int) -> None:
        if at in self._done:
            return
        self._done.add(at)
        self._run(self._statements[at], self.environment)
