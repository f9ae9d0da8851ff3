"""The interpreter's core: one step of evaluation, calls with their bounds, and branches.

What each kind of expression, statement and callable does stands in the sibling modules; they register themselves
in the tables that `Machine` is built from (see `interpret.tracer`), so that this module knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

import libcst as cst

from initlint.flow import Condition, Node, Token
from initlint.graph import Place
from initlint.interpret.scopes import Environment, Frame, GlobalEnvironment, ModuleScope
from initlint.interpret.state import OutOfSteps, Raised, State
from initlint.interpret.values import (
    ABSENT,
    Bound,
    ClassValue,
    DictValue,
    External,
    Function,
    Instance,
    ListValue,
    Method,
    Partial,
    Tensor,
    Union,
    Unknown,
    Value,
    join,
    options,
)
from initlint.source import Site

_fresh = count()

MAX_STEPS = 150_000
"""Evaluations and statements per entry point; the largest model of torchvision needs about a third of it."""
MAX_DEPTH = 60
"""Calls inside calls."""
MAX_RECURSION = 12
"""Calls of a function inside itself."""


@dataclass(slots=True)
class Call:
    """The evaluated arguments of a call. `open`: there are more that are not known (`*args`, `**options`)."""

    arguments: list[Value]
    keywords: dict[str, Value]
    site: Site
    open: bool = False

    def get(self, position: int, name: str, default: Value = ABSENT) -> Value:
        """The argument at `position` or of `name`."""
        if position < len(self.arguments):
            return self.arguments[position]
        return self.keywords.get(name, default)

    @property
    def values(self) -> Iterator[Value]:
        yield from self.arguments
        yield from self.keywords.values()


class Imports(Protocol):
    """Finds modules of the project; see `interpret.project`."""

    def import_module(self, dotted: str, importer: ModuleScope) -> Value: ...


Evaluate = Callable[["Machine", Any, Environment], Value]
Execute = Callable[["Machine", Any, Environment], "str | None"]


@dataclass(frozen=True)
class Tables:
    """Who does what. Expressions and statements by node class, callables and attributes by value class."""

    evaluate: Mapping[type, Evaluate]
    execute: Mapping[type, Execute]
    attribute: Callable[[Machine, Value, str], Value]
    call_external: Callable[[Machine, External, Call], Value]
    call_method: Callable[[Machine, Method, Call], Value]
    call_instance: Callable[[Machine, Instance, Call], Value]
    construct: Callable[[Machine, ClassValue, Call], Value]
    call_unknown: Callable[[Machine, Value, Call], Value]
    helper: Callable[[Machine, Function, Call], Value]
    """Called for every function of the project: gives `ABSENT` unless facts know the function by name."""


@dataclass
class Journal:
    """What one entry point leaves behind for the extraction of graphs."""

    instances: list[Instance] = field(default_factory=list)
    nodes: dict[int, list[Node]] = field(default_factory=dict)
    """By the identity of a layer: the nodes of the flow that stand for its uses."""
    calls: dict[Site, Any] = field(default_factory=dict)
    incomplete: dict[str, None] = field(default_factory=dict)


class Machine:
    """Runs the code of a project abstractly."""

    def __init__(self, tables: Tables, imports: Imports) -> None:
        self.tables = tables
        self.imports = imports
        self.state = State()
        self.journal = Journal()
        self.stack: list[tuple[Function, Site | None]] = []
        self._entered: list[Condition] = []
        """For each call on the stack, the conditions that were in force when it was made."""
        self.executed: set[cst.CSTNode] = set()
        """The nodes of the functions that ran."""
        self.constructed: set[cst.CSTNode] = set()
        """The nodes of the classes that were instantiated."""
        self.guards = 0
        """How many `try` blocks and `suppress` managers are open."""
        self.no_grad = 0
        self.steps = 0
        self.spent = 0
        """Steps of the entry points before this one."""
        self.limit = MAX_STEPS

    # Evaluation ------------------------------------------------------------------------------------------------

    def evaluate(self, node: cst.BaseExpression, env: Environment) -> Value:
        self.steps += 1
        if self.steps > self.limit:
            raise OutOfSteps
        handler = self.tables.evaluate.get(node.__class__)
        if handler is None:
            return Unknown(f"{type(node).__name__} is not followed")
        return handler(self, node, env)

    def execute(self, node: cst.CSTNode, env: Environment) -> str | None:
        """Run a statement. Gives None, or why the block is left: `return`, `break`, `continue`."""
        self.steps += 1
        if self.steps > self.limit:
            raise OutOfSteps
        handler = self.tables.execute.get(node.__class__)
        return None if handler is None else handler(self, node, env)

    def attribute(self, value: Value, name: str) -> Value:
        return self.tables.attribute(self, value, name)

    def assign(self, env: Environment, name: str, value: Value) -> None:
        self.state.touch(env)
        env.values[name] = value

    def site(self, node: cst.CSTNode, env: Environment) -> Site:
        return Site(env.scope.source, node)

    def fresh(self) -> object:
        """The key of a condition that is like no other."""
        return next(_fresh)

    def note(self, reason: str) -> None:
        """Remember that something could not be followed."""
        self.journal.incomplete[reason] = None

    # Branches --------------------------------------------------------------------------------------------------

    def either(self, yes: Token, one: Callable[[], Value], other: Callable[[], Value]) -> Value:
        """The joined value of two thunks: `one` where the token `yes` holds, `other` where it does not."""
        no = (yes[0], not yes[1])
        first, first_raised, first_left = self.state.branch(yes, one)
        second, second_raised, second_left = self.state.branch(no, other)
        if first_raised and second_raised:
            raise Raised
        if first_raised:
            self.state.adopt(second_left)
            return second
        if second_raised:
            self.state.adopt(first_left)
            return first
        self.state.settle(first_left, yes, second_left, no)
        return join(first, frozenset([yes]), second, frozenset([no]))

    def each(self, value: Value, act: Callable[[Value], Value]) -> Value:
        """`act` on every alternative of a value, each under its conditions, and the results joined."""
        if not isinstance(value, Union):
            return act(value)
        result: Value = ABSENT
        so_far: Condition = frozenset()
        possible = [(v, c) for v, c in value.options if v is not ABSENT and not self._excluded(c)]
        if len(possible) == 1:
            return act(possible[0][0])
        for option, condition in possible:
            token: Token = next(iter(condition)) if len(condition) == 1 else (self.fresh(), True)
            found, raised, left = self.state.branch(token, lambda option=option: act(option))  # type: ignore[misc]
            if raised:
                continue
            self.state.settle(left, token, {}, (token[0], not token[1]))
            under = frozenset([token])
            result = found if result is ABSENT else join(result, so_far, found, under)
            so_far = under
        if result is ABSENT:
            raise Raised
        return result

    def _excluded(self, condition: Condition) -> bool:
        return any((key, not side) in self.state.condition for key, side in condition)

    # Calls -----------------------------------------------------------------------------------------------------

    def call(self, function: Value, call: Call) -> Value:
        """Call any value. Raises `Raised` if the program surely raises."""
        tables = self.tables
        if isinstance(function, Function):
            return self.call_function(function, call)
        if isinstance(function, Bound):
            return self.call_function(function.function, self._with_receiver(function, call), function.receiver)
        if isinstance(function, ClassValue):
            return tables.construct(self, function, call)
        if isinstance(function, External):
            return tables.call_external(self, function, call)
        if isinstance(function, Method):
            return tables.call_method(self, function, call)
        if isinstance(function, Instance):
            return tables.call_instance(self, function, call)
        if isinstance(function, Partial):
            keywords = {**function.keywords, **call.keywords}
            return self.call(function.function, Call([*function.arguments, *call.arguments], keywords, call.site, call.open))
        if isinstance(function, Union):
            return self.each(function, lambda option: self.call(option, call))
        return tables.call_unknown(self, function, call)

    @staticmethod
    def _with_receiver(bound: Bound, call: Call) -> Call:
        return Call([bound.receiver, *call.arguments], call.keywords, call.site, call.open)

    def call_function(self, function: Value, call: Call, receiver: Value = None) -> Value:
        """Run a function of the project."""
        if not isinstance(function, Function):
            return self.call(function, call)
        known = self.tables.helper(self, function, call)
        if known is not ABSENT:
            return known
        if len(self.stack) >= MAX_DEPTH:
            self.note("calls nested too deeply")
            return self.tables.call_unknown(self, Unknown("calls nested too deeply"), call)
        if self._recurses(function):
            return self.tables.call_unknown(self, Unknown("recursion"), call)
        frame = Frame(function, receiver)
        env = Environment(function.scope, function.closure, frame)
        bind(self, function, call, env)
        self.executed.add(function.node)
        return self._run(function, env, frame, call.site)

    def _recurses(self, function: Function) -> bool:
        """Whether to follow `function` no further into itself: at once where only an undecided test led back to it."""
        times = 0
        for (running, _), condition in zip(self.stack, self._entered):
            if running.node is function.node:
                times += 1
                if times > MAX_RECURSION or condition != self.state.condition:
                    return True
        return False

    def _run(self, function: Function, env: Environment, frame: Frame, site: Site | None) -> Value:
        before = self.state.condition
        quiet = "no_grad" in function.wrappers
        self.no_grad += quiet
        self.stack.append((function, site))
        self._entered.append(before)
        try:
            node = function.node
            if isinstance(node, cst.Lambda):
                return self.evaluate(node.body, env)
            left = self.execute(node.body, env)
            return self._result(frame, left, before)
        finally:
            self.stack.pop()
            self._entered.pop()
            self.no_grad -= quiet
            self.state.condition = before

    def _result(self, frame: Frame, left: str | None, before: Condition) -> Value:
        if frame.yields is not None:
            return ListValue(frame.yields, kind="iterator")
        if not frame.returns:
            return None
        if left != "return":
            # The end of the body is one more way out, unless only unfollowed code leads there.
            frame.returns.append((None, self.state.condition))
        result, under = frame.returns[0]
        under -= before
        for value, condition in frame.returns[1:]:
            condition -= before
            result = join(result, under, value, condition)
            under = under & condition
        return result

    def unwind(self) -> None:
        """Forget the calls of an attempt that ended in the middle, and start to count anew."""
        self.spent += self.steps
        self.steps = 0
        self.stack, self._entered = [], []
        self.guards = self.no_grad = 0
        self.state = State()

    @contextmanager
    def entry(self) -> Iterator[Journal]:
        """One entry point: a fresh journal and a full budget. What exceeds the budget ends it, and is noted."""
        self.journal = Journal()
        self.limit = MAX_STEPS
        self.unwind()
        try:
            yield self.journal
        except OutOfSteps:
            self.note("too many steps")
        except RecursionError:
            self.note("nested too deeply")
        except Raised:
            pass

    def run_top_level(self, node: cst.CSTNode, env: GlobalEnvironment) -> None:
        """Execute a top-level statement of a module, outside of whatever is going on."""
        stack, self.stack = self.stack, []
        entered, self._entered = self._entered, []
        guards, self.guards = self.guards, 0
        try:
            self.state.alone(lambda: self.execute(node, env))
        except Raised:
            pass
        finally:
            self.stack, self._entered, self.guards = stack, entered, guards

    # Iteration -------------------------------------------------------------------------------------------------

    def places(self) -> tuple[Place, ...]:
        """The call sites that led here, the outermost first."""
        return tuple(site for _, site in self.stack if site is not None)

    def data(self, values: Iterable[Value]) -> list[tuple[Node, Condition]]:
        """The flow nodes of all data tensors among `values`, with the conditions under which they are the value."""
        found: list[tuple[Node, Condition]] = []
        for value in values:
            for option, condition in options(value):
                if isinstance(option, (Tensor, Unknown)):
                    if option.node is not None:
                        found.append((option.node, condition))
                elif isinstance(option, (tuple, ListValue)):
                    items = option if isinstance(option, tuple) else option.items
                    found.extend((n, c | condition) for n, c in self.data(items))
                elif isinstance(option, DictValue):
                    found.extend((n, c | condition) for n, c in self.data(option.items.values()))
                elif isinstance(option, Instance) and not option.is_module:
                    found.extend((n, c | condition) for n, c in self.data(option.fields.values()))
        return found


def bind(machine: Machine, function: Function, call: Call, env: Environment) -> None:
    """Bind arguments to the parameters of `function` in `env`. Surplus arguments raise `Raised`, as in Python."""
    parameters = function.node.params
    values = env.values
    positional = [*parameters.posonly_params, *parameters.params]
    given = call.arguments
    for parameter, value in zip(positional, given):
        values[parameter.name.value] = value
    surplus = given[len(positional) :]
    keywords = call.keywords
    if keywords:
        keywords = dict(keywords)
        for parameter in (*positional[len(given) :], *parameters.kwonly_params):
            name = parameter.name.value
            if name in keywords:
                values[name] = keywords.pop(name)
    for parameter in (*positional[len(given) :], *parameters.kwonly_params):
        name = parameter.name.value
        if name in values:
            continue
        if call.open:
            values[name] = Unknown(f"argument {name}", annotation(machine, parameter, function))
        elif parameter.default is not None:
            values[name] = default(machine, function, parameter)
        else:
            values[name] = Unknown(f"argument {name}", annotation(machine, parameter, function))
    if isinstance(parameters.star_arg, cst.Param):
        values[parameters.star_arg.name.value] = (
            ListValue([*surplus, Unknown("more arguments")], open=True) if call.open else tuple(surplus)
        )
    if parameters.star_kwarg is not None:
        from_call = {k: v for k, v in keywords.items() if k not in values}
        values[parameters.star_kwarg.name.value] = DictValue(from_call, call.open)


def default(machine: Machine, function: Function, parameter: cst.Param) -> Value:
    """The default of a parameter, evaluated once, where the function was defined."""
    name = parameter.name.value
    if name not in function.defaults:
        function.defaults[name] = Unknown("recursive default")
        env = function.closure or function.scope.environment
        if function.owner is not None and function.closure is None:
            env = Environment(function.scope, None, Frame(None))
            env.values = dict(function.owner.fields)
        expression = parameter.default
        assert expression is not None
        function.defaults[name] = machine.state.alone(lambda: machine.evaluate(expression, env))
    return function.defaults[name]


def annotation(machine: Machine, parameter: cst.Param, function: Function) -> Value:
    """What a parameter is annotated with: a class or an external name; None if nothing or something composed."""
    if parameter.annotation is None:
        return None
    node = parameter.annotation.annotation
    if not isinstance(node, (cst.Name, cst.Attribute)):
        return None
    env = function.closure or function.scope.environment
    hint = machine.state.alone(lambda: machine.evaluate(node, env))
    return hint if isinstance(hint, (ClassValue, External)) else None
