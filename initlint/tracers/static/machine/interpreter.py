"""The interpreter's core: one step of evaluation or execution, calls, and their bounds.

What each kind of expression, statement and callable does is defined in `syntax` and `library`. The `Interpreter` finds
it through its `Handlers`, because those packages import this module.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from functools import partial
from typing import Any, Protocol

from initlint._records import dataclass
from initlint.facts.frameworks import TRAINING_METHODS
from initlint.graph.dataflow import Condition, FlowNode
from initlint.graph.mistakes import ParameterMisuse
from initlint.graph.model import ApplyCall
from initlint.project.source import Location, SourceLocation
from initlint.project.user_tables import UserTables
from initlint.tracers.static.machine.grad_mode import GradMode
from initlint.tracers.static.machine.path_conditions import BranchState, OutOfSteps, new_token
from initlint.tracers.static.machine.pure_calls import PureCallCache
from initlint.tracers.static.machine.recursion import descends
from initlint.tracers.static.machine.visits import VisitLog
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.containers import LazyIterator, ListValue
from initlint.tracers.static.values.environment import CallFrame, Environment, GlobalEnvironment, ModuleScope
from initlint.tracers.static.values.functions import GRAD_MODES, Function
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import join, steps_to_look_at
from initlint.tracers.static.values.values import (
    UNBOUND,
    AbstractValue,
    CallArguments,
    Library,
    NativeMethod,
    Raised,
    Unknown,
    Value,
    is_key,
    is_plain,
)

MAX_STEPS = 150_000
"""Evaluated expressions and statements per entry point; torchvision's largest model needs about a third."""
MAX_DEPTH = 60
"""Depth of the call stack."""
MAX_RECURSION = 12
"""Depth of recursion of one function."""


_TRAINING_METHODS = TRAINING_METHODS - {"step"}
"""A scheduler and an environment of reinforcement learning have a method `step`, too."""


class Imports(Protocol):
    """Finds modules of the project; implemented by `static.project.Project`."""

    def import_module(self, dotted: str, importer: ModuleScope) -> Value:
        """The project module that `dotted` names in `importer`; `UNBOUND` if there is none."""

    def may_define(self, dotted: str, name: str, importer: ModuleScope) -> bool:
        """Whether a star import of that module may bind `name`: a cheap test with false positives."""


class Watcher(Protocol):
    """Follows what an entry point calls and builds, and may end it by an exception."""

    def direct_call(self, function: Function, call: CallArguments) -> None:
        """The entry point calls a function of the project."""

    def first_module(self, cls: ClassValue, call: CallArguments) -> None:
        """A module of a class of the project is built: the first, or a later one."""


Evaluate = Callable[["Interpreter", Any, Environment], Value]
Execute = Callable[["Interpreter", Any, Environment], "str | None"]


@dataclass(frozen=True, kw_only=True)
class Handlers(Library):
    """What the packages above add: expressions and statements by node class, and the operations of values."""

    evaluate: Mapping[type, Evaluate]
    execute: Mapping[type, Execute]
    bind: Callable[[Interpreter, Function, CallArguments, Environment], None]
    configured_function: Callable[[Interpreter, Function, CallArguments], Value]
    """The result of a project function that is configured by name; `UNBOUND` for any other function."""
    call_dispatched: Callable[[Interpreter, CallArguments], Value]


@dataclass(frozen=True, slots=True)
class ModuleCopy:
    """A module that is in a list several times (`[layer] * n`: then `copy` is the original), or a deep copy of one.

    `location`: the product, the comprehension, the call of `append` in a loop, or the call of `deepcopy`. `times`: how
    often it is in the list; None if unknown.
    """

    original: Instance
    copy: Instance
    location: SourceLocation
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Seeding:
    """The call of `torch.manual_seed` with a known number at the start of the constructor of `module`."""

    module: Instance
    seed: int
    location: SourceLocation


@dataclass
class EntryPointLog:
    """What interpreting one entry point recorded, from which `extraction` builds graphs."""

    instances: list[Instance] = field(default_factory=list)
    nodes: dict[int, list[FlowNode]] = field(default_factory=dict)
    """By the identity of a layer: the data-flow nodes of its uses."""
    calls: dict[SourceLocation, Any] = field(default_factory=dict)
    pretrained: list[Any] = field(default_factory=list)
    """The models of other libraries that come with pretrained weights: `PretrainedModule`."""
    misuses: dict[SourceLocation, ParameterMisuse] = field(default_factory=dict)
    misused_by: dict[SourceLocation, set[int]] = field(default_factory=dict)
    """By the location of a misuse: the identities of the modules whose methods run it; of None in other code."""
    forward_of: Instance | None = None
    """The model whose `forward` is run."""
    incomplete: dict[str, None] = field(default_factory=dict)
    has_trained: bool = False
    """Gradients were computed, or a trainer was run."""
    copies: list[ModuleCopy] = field(default_factory=list)
    seedings: list[Seeding] = field(default_factory=list)
    emptied: dict[int, tuple[SourceLocation, int]] = field(default_factory=dict)
    """By the identity of a storage: the call that discarded its values, and the number of writes until then."""
    forward_hooks: dict[int, tuple[Value, ...]] = field(default_factory=dict)
    """By the identity of a module: the functions of the project that its calls run on their results."""
    cached: dict[Any, tuple[Value, Condition, CallArguments]] = field(default_factory=dict)
    """By function and arguments: the results of cached functions, with their conditions."""
    may_have_run: bool = False
    """Whether a module was called, or passed to code that may call it: then lazy layers may have their shapes."""
    constructed_earlier: frozenset[ast.AST] = frozenset()
    """The nodes of the classes that earlier entry points instantiated."""
    left_by_init_weights: dict[int, frozenset[int]] = field(default_factory=dict)
    """By the identity of a PreTrainedModel: the identities of the raw parameters that `_init_weights` never writes."""


def _yields(node: ast.AST) -> bool:
    """Whether a node, without the functions in it, has a `yield`."""
    if isinstance(node, (ast.Yield, ast.YieldFrom)):
        return True
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
        return False
    return any(map(_yields, ast.iter_child_nodes(node)))


def _cache_key(value: Value) -> Any:
    return value if is_plain(value) and is_key(value) else id(value)


class Interpreter:
    """Runs the code of a project abstractly."""

    def __init__(self, handlers: Handlers, imports: Imports, user_tables: UserTables) -> None:
        self.handlers = handlers
        self.user_tables = user_tables
        self._evaluate, self._execute = handlers.evaluate, handlers.execute
        self.imports = imports
        self.state = BranchState(self.spend_steps, self._may_catch)
        self._pure_calls = PureCallCache()
        self.log = EntryPointLog()
        self.visits = VisitLog()
        self.stack: list[tuple[Function, SourceLocation | None]] = []
        self._entered: list[tuple[Condition, CallArguments]] = []
        """For each call on the stack, the path condition at the call, and its arguments."""
        self.executed: set[ast.AST] = set()
        """The nodes of all functions that were run."""
        self.loads_by_branch: dict[ast.If, tuple[ast.Call, ...]] = {}
        """The calls of `load_state_dict` in the body of each `if` whose test does not hold, see `tensors.loads`."""
        self.constructed: set[ast.AST] = set()
        """The nodes of all classes that were instantiated."""
        self.open_guards = 0
        """Number of enclosing `try` blocks and `suppress` managers."""
        self.grad_mode = GradMode()
        self.unknown_contexts = 0
        """Number of enclosing `with` statements whose context manager is not known: it may disable gradients."""
        self.applied_modules: list[int] = []
        """Identities of the modules whose `apply` is running, outermost first."""
        self.apply_call: ApplyCall | None = None
        """The current step of the innermost running `apply`."""
        self.running_special: set[tuple[int, str]] = set()
        """The running hooks of attributes (`__getattr__`), by object and name."""
        self.shared_writes: set[int] = set()
        """Identities of the storages whose write is being recorded for those that share their memory."""
        self._generators: dict[ast.AST, bool] = {}
        self.doubt: Condition = frozenset()
        """A condition that writes have besides those of the branches: see `doubtful`."""
        self.building: list[Instance] = []
        """The objects of the project whose constructors are running, outermost first."""
        self.escapes = 0
        """Number of running functions that code which is not interpreted may call."""
        self.last_absent: tuple[Instance, str] | None = None
        """The layer and the name of the last parameter that was read and is None."""
        self.unknown_loops = 0
        """Number of running loops of unknown length."""
        self.repetitions = 0
        """Number of these that are past their first iteration."""
        self.last_iterations = 0
        """Number of these that are in their last iteration, which they test for."""
        self.steps = 0
        self.earlier_steps = 0
        """Steps of all earlier entry points."""
        self.exhausted: Counter[ast.AST] = Counter()
        """How often each function that was run as `forward` exceeded its budget."""
        self.limit = MAX_STEPS
        self.watched_builder: Watcher | None = None
        """Receives each call that the entry point makes directly, and each module of a project class."""
        self.on_entry_point: Callable[[], None] | None = None
        """Callback before each entry point."""

    # Evaluation ------------------------------------------------------------------------------------------------

    def evaluate(self, node: ast.expr, env: Environment) -> Value:
        """The value of an expression; unknown if its kind has no handler."""
        self.steps += 1
        if self.steps > self.limit:
            raise OutOfSteps
        handler = self._evaluate.get(node.__class__)
        if handler is None:
            return Unknown(f"{type(node).__name__} is not followed")
        return handler(self, node, env)

    def execute(self, node: ast.stmt, env: Environment) -> str | None:
        """Run a statement. Gives None, or how it exits the block: `return`, `break`, `continue`."""
        self.steps += 1
        if self.steps > self.limit:
            raise OutOfSteps
        handler = self._execute.get(node.__class__)
        return None if handler is None else handler(self, node, env)

    def spend_steps(self, count: int) -> None:
        """Count steps of work that evaluates no code. Raises `OutOfSteps` at the limit."""
        self.steps += count
        if self.steps > self.limit:
            raise OutOfSteps

    def run_block(self, body: Sequence[ast.stmt], env: Environment) -> str | None:
        """Run the statements of a block in order, until one exits it."""
        for statement in body:
            exit_kind = self.execute(statement, env)
            if exit_kind is not None:
                return exit_kind
        return None

    def attribute(self, value: Value, name: str) -> Value:
        """`value.name`."""
        return value.get_attribute(self, name) if isinstance(value, AbstractValue) else NativeMethod(value, name)

    def assign(self, env: Environment, name: str, value: Value) -> None:
        """Bind a local or global name."""
        self.state.save_before_change(env)
        env.values[name] = value

    def location_of(self, node: ast.AST, env: Environment) -> SourceLocation:
        """The location of a node in its file."""
        return SourceLocation(env.scope.source, node)

    def note_not_followed(self, reason: str) -> None:
        """Record a reason why the result is incomplete."""
        self.log.incomplete[reason] = None

    def _may_catch(self) -> bool:
        """Whether code around may go on after an exception."""
        return bool(self.open_guards or self.unknown_contexts or self.escapes)

    def note_error(self) -> None:
        """Record that the program surely raises here. It is followed further: what it means to do is of interest.

        Nothing is recorded if it may not come here, or may go on: on one side of a condition, or inside of a `try`.
        """
        if self._may_catch():
            return
        for instance in self.building:
            if self.runs_whenever(instance.condition) and self.unknown_loops <= instance.loops:
                instance.fails = True

    def note_unknown_attribute(self, name: str) -> None:
        """Record that training may have begun, if this is a method of a loss, a trainer or an accelerator."""
        if name in _TRAINING_METHODS:
            self.log.has_trained = True

    def call_sites(self) -> tuple[Location, ...]:
        """The locations of all calls on the stack, outermost first."""
        return tuple(site for _, site in self.stack if site is not None)

    # Calls -----------------------------------------------------------------------------------------------------

    def call(self, function: Value, call: CallArguments) -> Value:
        """Call any value. Raises `Raised` if the program surely raises."""
        if function.__class__ is Function:
            return self.call_function(function, call)
        if isinstance(function, AbstractValue):
            return function.call(self, call)
        return self.handlers.call_unknown(self, function, call)

    def call_function(self, function: Function, call: CallArguments) -> Value:
        """Call a function of the project."""
        if self.watched_builder is not None and len(self.stack) == 1:
            self.watched_builder.direct_call(function, call)
        result = self.handlers.configured_function(self, function, call)
        if result is not UNBOUND:
            return result
        if "dispatch" in function.wrappers:
            return self.handlers.call_dispatched(self, call)
        if len(self.stack) >= MAX_DEPTH:
            self.note_not_followed("calls nested too deeply")
            return self.handlers.call_unknown(self, Unknown("calls nested too deeply"), call)
        if self._recurses(function, call):
            return self.handlers.call_unknown(self, Unknown("recursion"), call)
        if self._is_generator(function):
            return LazyIterator(partial(self._run_generator, function, call), is_generator=True)
        if function.is_cached:
            return self._run_cached(function, call)
        self.spend_steps(steps_to_look_at(call.values))
        summary = self._pure_calls.summary(function, call)
        if summary is None:
            return self._run(function, call)
        return self._pure_calls.run_or_replay(
            summary, function, call, self.state, partial(self._run_counted, function, call)
        )

    def _is_generator(self, function: Function) -> bool:
        """Whether its body, without that of inner functions, has a `yield`."""
        node = function.node
        if node not in self._generators:
            self._generators[node] = (
                not isinstance(node, ast.Lambda)
                and "yield" in function.scope.source.text_of(node)
                and any(map(_yields, node.body))
            )
        return self._generators[node]

    def _run_generator(
        self, function: Function, call: CallArguments, on_yield: Callable[[Value], None] | None = None
    ) -> ListValue:
        """The items of a generator, whose code runs now."""
        if len(self.stack) >= MAX_DEPTH or self._recurses(function, call):
            return ListValue([Unknown("recursion")], open=True, kind="iterator")
        value = self._run(function, call, on_yield)
        return value if isinstance(value, ListValue) else ListValue(kind="iterator")

    def _run_cached(self, function: Function, call: CallArguments) -> Value:
        """A call of a function with `functools.cache`: the same arguments give the first result again."""
        keywords = tuple((name, _cache_key(value)) for name, value in call.keywords.items())
        key = (function.node, tuple(map(_cache_key, call.arguments)), keywords)
        earlier = self.log.cached.get(key)
        if earlier is None:
            value = self._run(function, call)
        elif earlier[1] <= self.state.condition and not call.open:
            return earlier[0]
        else:
            with self.doubtful():
                value = self._run(function, call)
        # The arguments are kept, because the key has their identities.
        self.log.cached[key] = value, self.state.condition, call
        return value

    @contextmanager
    def doubtful(self) -> Iterator[None]:
        """Run code that may not run, or not completely: its writes are uncertain."""
        before = self.doubt
        self.doubt = self.doubt or frozenset([(new_token(), True)])
        try:
            yield
        finally:
            self.doubt = before

    def runs_whenever(self, condition: Condition) -> bool:
        """Whether the code that runs now surely does if `condition` holds."""
        return self.state.condition | self.doubt <= condition

    @contextmanager
    def at_depth(self, depth: int) -> Iterator[None]:
        """Run code of an outer function: without the calls on the stack beyond `depth`."""
        stack, entered = self.stack, self._entered
        self.stack, self._entered = stack[:depth], entered[:depth]
        try:
            yield
        finally:
            self.stack, self._entered = stack, entered

    def _recurses(self, function: Function, call: CallArguments) -> bool:
        """Whether to stop a recursion: when it is too deep, or at once if an undecided condition led to it.

        Such a condition may be what ends it, except on the way down through a tree of modules, which ends by itself.
        """
        times, is_decided, innermost = 0, True, call
        for (running, _), (condition, around) in zip(self.stack, self._entered, strict=True):
            if running.node is function.node:
                times, innermost = times + 1, around
                is_decided = is_decided and condition == self.state.condition
        return times > MAX_RECURSION or not (is_decided or descends(innermost, call, self.spend_steps))

    def _run_counted(self, function: Function, call: CallArguments) -> tuple[Value, int]:
        """The value of a call, and the steps that it took."""
        before = self.steps
        value = self._run(function, call)
        return value, self.steps - before

    def _run(self, function: Function, call: CallArguments, on_yield: Callable[[Value], None] | None = None) -> Value:
        frame = CallFrame(function)
        frame.on_yield = on_yield
        env = Environment(function.scope, function.closure, frame)
        self.handlers.bind(self, function, call, env)
        self.executed.add(function.node)
        if self.visits.active:
            self.visits.record_function(function)
        before = self.state.condition
        grad_mode, enabled = self.grad_mode, self.grad_mode.enabled
        if not function.wrappers.isdisjoint(GRAD_MODES):
            grad_mode.enabled = next(GRAD_MODES[kind] for kind in GRAD_MODES if kind in function.wrappers)
        self.stack.append((function, call.site))
        self._entered.append((before, call))
        try:
            node = function.node
            if isinstance(node, ast.Lambda):
                return self.evaluate(node.body, env)
            exit_kind = self.run_block(node.body, env)
            return self._result(frame, exit_kind, before)
        finally:
            self.stack.pop()
            self._entered.pop()
            if not function.wrappers.isdisjoint(GRAD_MODES):
                grad_mode.enabled = enabled
            self.state.condition = before

    def _result(self, frame: CallFrame, exit_kind: str | None, before: Condition) -> Value:
        if frame.yields is not None:
            return ListValue(frame.yields, kind="iterator")
        if not frame.returns:
            return None
        if exit_kind != "return":
            # The end of the body is one more return.
            frame.returns.append((None, self.state.condition))
        result, under = frame.returns[0]
        under -= before
        for value, condition in frame.returns[1:]:
            condition -= before
            result = join(result, under, value, condition)
            under = under & condition
        return result

    @contextmanager
    def loop(self, unknown: bool) -> Iterator[None]:
        """Run a loop. `unknown`: its length is; then it counts in `repetitions` from its second iteration on."""
        before = self.unknown_loops, self.repetitions, self.last_iterations
        self.unknown_loops += unknown
        try:
            yield
        finally:
            self.unknown_loops, self.repetitions, self.last_iterations = before

    # Entry points ----------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Clear the call stack and the branches of an interrupted run, and count steps from zero."""
        self.earlier_steps += self.steps
        self.steps = 0
        self.stack, self._entered = [], []
        self.grad_mode = GradMode()
        self.open_guards = self.unknown_contexts = self.unknown_loops = self.repetitions = 0
        self.last_iterations = 0
        self.doubt = frozenset()
        self.escapes = 0
        self.building = []
        self.running_special.clear()
        self.shared_writes.clear()
        self.apply_call = None
        self.visits.active = []
        self.applied_modules.clear()
        self.state = BranchState(self.spend_steps, self._may_catch)

    @property
    def total_steps(self) -> int:
        """All steps of this file so far."""
        return self.earlier_steps + self.steps

    @contextmanager
    def entry_point(self) -> Iterator[None]:
        """Run one entry point, with an empty log and a full budget. Exceeding the budget ends it, with a note."""
        if self.on_entry_point is not None:
            self.on_entry_point()
        self.log = EntryPointLog(constructed_earlier=frozenset(self.constructed))
        self.limit = MAX_STEPS
        self.reset()
        try:
            yield
        except OutOfSteps:
            self.note_not_followed("too many steps")
        except RecursionError:
            self.note_not_followed("nested too deeply")
        except Raised:
            pass

    def run_top_level(self, node: ast.stmt, env: GlobalEnvironment) -> None:
        """Execute a top-level statement of a module, independently of the current calls and branches."""
        stack, self.stack = self.stack, []
        entered, self._entered = self._entered, []
        guards, self.open_guards = self.open_guards, 0
        building, self.building = self.building, []
        try:
            with suppress(Raised):
                self.state.outside_branches(lambda: self.execute(node, env))
        finally:
            self.stack, self._entered, self.open_guards = stack, entered, guards
            self.building = building
