"""Loops and callbacks of `apply` over a completely known model in which no init call runs."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from initlint._records import dataclass
from initlint.facts.initializer_names import is_weight_initializer
from initlint.project.source import SourceLocation
from initlint.tracers.references.init_functions import initialises, is_init_call
from initlint.tracers.references.syntax_index import last_name
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.visits import VisitRun
from initlint.tracers.static.values.calls import Parameter
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.environment import ModuleScope
from initlint.tracers.static.values.external_names import BOOL
from initlint.tracers.static.values.functions import Function
from initlint.tracers.static.values.module_tree import modules
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.values import CallArguments, Unknown, Value

_MAX_TEST = 60
"""Characters of a test that a message quotes."""
_STEPS = 40_000
"""Budget of one check with other arguments."""


@dataclass(frozen=True, eq=False)
class UnreachedInit:
    """A loop or callback that reaches no layer. `owner`: the class of the model, or None.

    `helpers`: the functions, no methods, that take part; any further user of them may reach a layer.
    """

    location: SourceLocation
    owner: ClassValue | None
    layers: Counter[str]
    cause: str
    helpers: tuple[Function, ...]
    runs: tuple[VisitRun, ...]


def unreached_inits(interpreter: Interpreter, scope: ModuleScope) -> Iterator[UnreachedInit]:
    """Those of the file of `scope`. To be called after all entry points have run."""
    for body in list(interpreter.visits.runs):
        if _is_unreached(interpreter, scope, body) and _stays_unreached(interpreter, scope, body):
            yield _described(interpreter, body)


@dataclass(frozen=True, eq=False)
class UnreadAttribute:
    """A number that is set on a module, while the init reads it only from the layers inside of that module."""

    name: str
    holder: str
    location: SourceLocation
    layers: Counter[str]
    body: ast.AST


def unread_attributes(interpreter: Interpreter, scope: ModuleScope) -> Iterator[UnreadAttribute]:
    """Those of the file of `scope`. To be called after all entry points have run."""
    read: set[object] = set()
    unread: dict[SourceLocation, UnreadAttribute] = {}
    for run in (run for runs in interpreter.visits.runs.values() for run in runs if run.complete):
        for name, tested in run.attribute_tests.items():
            identities = {id(instance) for instance in tested}
            for holder in (part for item in run.items for part in _modules_of(item)):
                location = holder.assigned.get(name, (None, None))[1]
                if not isinstance(location, SourceLocation) or not isinstance(holder.fields.get(name), (int, float)):
                    continue
                inside = [m for _, m, _ in modules(holder) if m is not holder and id(m) in identities]
                if id(holder) in identities:
                    read.add(location)
                elif inside and location.source is scope.source and initialises(run.body):
                    types = Counter(module.class_name for module in inside)
                    unread[location] = UnreadAttribute(name, holder.class_name, location, types, run.body)
    yield from (attribute for location, attribute in unread.items() if location not in read)


def _modules_of(item: Value) -> list[Instance]:
    parts = item if isinstance(item, tuple) else (item,)
    return [part for part in parts if isinstance(part, Instance) and part.is_module]


def _is_unreached(interpreter: Interpreter, scope: ModuleScope, body: ast.AST) -> bool:
    visits = interpreter.visits
    runs = visits.runs[body]
    if body in visits.reached or any(run.scope is not scope or not run.complete or not run.layers for run in runs):
        return False
    if not any(run.has_bias for run in runs) and all(_is_about_bias(run, scope) for run in runs):
        return False
    return any(_init_bodies(run, scope) for run in runs) and not any(
        function in visits.reached for run in runs for function in _init_bodies(run, scope)
    )


def _is_about_bias(run: VisitRun, scope: ModuleScope) -> bool:
    """Whether all init calls are of a bias, or of the parameters with such a name: a model without any is fine."""
    nodes = [node for body in _init_bodies(run, scope) for node in ast.walk(body)]
    calls = [ast.unparse(node) for node in nodes if isinstance(node, ast.Call) and is_init_call(node)]
    tests = [ast.unparse(test.test) for test in run.failed_tests]
    return all("bias" in call for call in calls) or any("'bias'" in test for test in tests)


def _init_bodies(run: VisitRun, scope: ModuleScope) -> list[ast.AST]:
    """The loop or callback itself, and the init functions that it calls, if they hold an init call."""
    helpers = (function.node for function in run.functions if is_weight_initializer(function.name))
    nodes = [node for node in (run.body, *helpers) if initialises(node)]
    in_file = {function.node for function in run.functions if function.scope is scope} | {run.body}
    return nodes if all(node in in_file for node in nodes) else []


def _stays_unreached(interpreter: Interpreter, scope: ModuleScope, body: ast.AST) -> bool:
    """Whether no layer is reached either if arguments differ from their defaults."""
    entries: dict[Function, None] = {}
    for run in interpreter.visits.runs[body]:
        constructors = [f for f, _ in run.stack if f.name == "__init__" and f.owner is not None and f.scope is scope]
        if constructors:
            entries[constructors[-1]] = None
        elif run.stack and _is_entry_point(run.stack[0][0]):
            entries[run.stack[0][0]] = None
    for entry in entries:
        before = len(interpreter.visits.runs[body])
        with interpreter.entry_point():
            interpreter.limit = _STEPS
            _run_with_other_arguments(interpreter, entry)
        if len(interpreter.visits.runs[body]) == before:
            return False
    return _is_unreached(interpreter, scope, body)


def _is_entry_point(function: Function) -> bool:
    """Whether it was not called by the code that was traced, as a method or without required arguments."""
    return function.owner is not None or all(p.default is not None for p in function.signature.named)


def _run_with_other_arguments(interpreter: Interpreter, entry: Function) -> None:
    site = SourceLocation(entry.scope.source, entry.node)
    owner = entry.owner
    if owner is None or entry.wrappers & {"staticmethod", "classmethod"} or owner.torch_base() is None:
        interpreter.call(entry, CallArguments([], _other_arguments(entry), site, more=True))
        return
    constructor, _ = owner.find("__init__")
    keywords = _other_arguments(constructor) if isinstance(constructor, Function) else {}
    model = interpreter.call(owner, CallArguments([], keywords, site, more=True))
    if entry.name != "__init__":
        interpreter.call(entry, CallArguments([model], _other_arguments(entry), site, more=True))


def _other_arguments(function: Function) -> dict[str, Value]:
    """Unknown values for the parameters that may choose between modules: all but numbers that no test reads."""
    decisive = _names_in_tests(function.node)
    chosen = [
        parameter
        for parameter in function.signature.named
        if parameter.default is not None and (not _is_size(parameter.default) or parameter.name in decisive)
    ]
    return {parameter.name: Unknown(f"argument {parameter.name}", _hint(parameter)) for parameter in chosen}


def _names_in_tests(node: ast.AST) -> set[str]:
    tests = [part.test for part in ast.walk(node) if isinstance(part, (ast.If, ast.IfExp, ast.While))]
    return {name.id for test in tests for name in ast.walk(test) if isinstance(name, ast.Name)}


def _hint(parameter: Parameter) -> Value:
    default = parameter.default
    return BOOL if isinstance(default, ast.Constant) and isinstance(default.value, bool) else None


def _is_size(default: ast.expr) -> bool:
    if isinstance(default, (ast.Tuple, ast.List)):
        return all(map(_is_size, default.elts))
    if isinstance(default, ast.UnaryOp):
        return _is_size(default.operand)
    return (
        isinstance(default, ast.Constant)
        and isinstance(default.value, (int, float))
        and not isinstance(default.value, bool)
    )


def _described(interpreter: Interpreter, body: ast.AST) -> UnreachedInit:
    runs = tuple(interpreter.visits.runs[body])
    first = runs[0]
    inside = {node for function in _init_bodies(first, first.scope) for node in ast.walk(function)}
    tests = [test for run in runs for test in run.failed_tests if test in inside and _guards(test)]
    selection = [] if tests else list(dict.fromkeys(test for run in runs for test in run.selection))
    location = SourceLocation(first.scope.source, tests[0].test) if tests else first.location
    if selection and selection[0].source is first.scope.source:
        location = selection[0]
    functions = {f: None for run in runs for f in (*(f for f, _ in run.stack), *run.functions)}
    helpers = [f for f in functions if f.owner is None and f.scope is first.scope]
    owner = next((f.owner for f, _ in reversed(first.stack) if f.owner is not None), None)
    cause = _cause(runs, tests, [test.node for test in selection])
    return UnreachedInit(location, owner, first.layers, cause, tuple(helpers), runs)


def _guards(test: ast.If) -> bool:
    """Whether the test decides over an init call: one of its sides holds one, or goes on to the next item."""
    return any(initialises(s) or isinstance(s, (ast.Continue, ast.Return)) for s in (*test.body, *test.orelse))


def _cause(runs: tuple[VisitRun, ...], branches: list[ast.If], selection: list[ast.AST]) -> str:
    loop = runs[0].body
    if isinstance(loop, ast.For) and all(run.exits_early for run in runs):
        return "the loop ends after its first item"
    layers = {name for run in runs for name in run.layers}
    tests = [*(branch.test for branch in branches), *selection]
    tested = list(dict.fromkeys(name for test in tests for name in tested_classes(test)))
    if isinstance(loop, ast.For) and isinstance(loop.iter, ast.Call) and last_name(loop.iter.func) in _DIRECT:
        visited = {name for run in runs for name in run.classes}
        if (layers & set(tested)) - visited:
            return f"`{last_name(loop.iter.func)}()` yields only direct submodules; loop over `modules()`"
    if tested and not layers & set(tested):
        return f"it tests for {' and '.join(tested)}"
    if tests:
        test = getattr(tests[0], "name", "") or ast.unparse(tests[0])
        if len(test) <= _MAX_TEST:
            return f"`{test}` decides against each of them"
    return "its test holds for none of them"


_DIRECT = frozenset({"children", "named_children"})


def tested_classes(test: ast.AST) -> Iterator[str]:
    """The names of the classes in `isinstance(m, (A, B))` and `type(m) is A`."""
    for node in ast.walk(test):
        classes: ast.expr | None = None
        if isinstance(node, ast.Call) and last_name(node.func) == "isinstance" and len(node.args) == 2:
            classes = node.args[1]
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Call) and last_name(node.left.func) == "type":
            classes = node.comparators[0]
        if classes is not None:
            elements = classes.elts if isinstance(classes, (ast.Tuple, ast.List, ast.Set)) else [classes]
            yield from (name for element in elements if (name := last_name(element)))
