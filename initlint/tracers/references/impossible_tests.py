"""Finds type tests around init calls that never hold for elements of `parameters()`, `modules()` or `apply`."""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable, Iterator, Sequence

from initlint._records import dataclass
from initlint.facts.canonical_names import canonical
from initlint.facts.fans import MODULES
from initlint.tracers.references.base_classes import BaseClassInfo
from initlint.tracers.references.init_functions import filled_tensor, initialises, is_init_call
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, dotted, last_name, nodes_of


class LoopElement(enum.Enum):
    """What a loop variable or the argument of a callback is."""

    PARAMETER = "parameters"
    MODULE = "modules"
    PAIR = "pairs of name and value"
    SELF = "self"
    CONSTANT = "a name that is always false"
    ALWAYS = "an operand that is always true"


@dataclass(frozen=True, eq=False)
class UnsatisfiableTest:
    """A branch whose test never holds. `source`: where the value comes from: `parameters`, `named_modules`, `apply`.

    With `LoopElement.ALWAYS` the test always holds, because of the operand `source`, and the other branch never runs.
    """

    branch: ast.If
    kind: LoopElement
    source: str
    owner: ast.ClassDef | None


_LOOPS = {
    "parameters": (LoopElement.PARAMETER, False),
    "named_parameters": (LoopElement.PARAMETER, True),
    "modules": (LoopElement.MODULE, False),
    "children": (LoopElement.MODULE, False),
    "named_modules": (LoopElement.MODULE, True),
    "named_children": (LoopElement.MODULE, True),
}
"""By method: its elements, and whether it yields pairs of a name and an element."""
_TENSORS = frozenset({"torch.nn.Parameter", "torch.Tensor"})
_MODULE_ATTRIBUTES = frozenset({"weight", "bias"})


def unsatisfiable_tests(
    index: SyntaxIndex, bases: Callable[[str], BaseClassInfo | None]
) -> Iterator[UnsatisfiableTest]:
    """The tests of a file that guard an init and never hold. `bases` returns the bases of a top-level class."""
    if not any(isinstance(node, ast.Call) and is_init_call(node) for node in index.parents):
        return
    tests = [s for s in index.statements if isinstance(s, ast.If)]
    for test in tests:
        operand = _true_operand(index, test.test) if any(map(initialises, test.orelse)) else None
        if operand is not None:
            yield UnsatisfiableTest(test, LoopElement.ALWAYS, operand, index.class_of(test))
    guards = [s for s in tests if any(map(initialises, s.body))]
    if not guards:
        return
    for guard in guards:
        name = _always_false(index, guard)
        if name is not None:
            yield UnsatisfiableTest(guard, LoopElement.CONSTANT, name, index.class_of(guard))
    imported = index.imported
    enclosing_nodes = {node for guard in guards for node in index.above(guard)}
    for loop, variable, kind, source in _loops(index):
        if loop in enclosing_nodes:
            yield from _tests_in_body(index, imported, loop.body, variable, kind, source)
    for function in index.functions:
        if function not in enclosing_nodes:
            continue
        parameters = [*function.args.posonlyargs, *function.args.args]
        scope = index.parents[function]
        in_class = isinstance(scope, ast.ClassDef) and not function.decorator_list
        own_parameters = parameters[1:] if in_class else parameters
        if len(own_parameters) == 1 and _is_applied(index, function.name):
            yield from _tests_in_body(
                index, imported, function.body, own_parameters[0].arg, LoopElement.MODULE, "apply"
            )
        if isinstance(scope, ast.ClassDef) and in_class and parameters:
            base_info = bases(scope.name)
            holds_layers = _visits_children(function, own_parameters) and _assigns_layers(index, scope)
            is_no_layer = base_info is not None and (_is_module_without_weights(base_info) or holds_layers)
            if is_no_layer and not _is_mixed_in(index, scope.name):
                source = "apply" if own_parameters and _is_applied(index, function.name) else ""
                yield from _tests_in_body(index, imported, function.body, parameters[0].arg, LoopElement.SELF, source)


def _loops(index: SyntaxIndex) -> Iterator[tuple[ast.For, str, LoopElement, str]]:
    for loop in index.statements:
        if not isinstance(loop, ast.For):
            continue
        iterated, target = loop.iter, loop.target
        if isinstance(iterated, ast.Call) and last_name(iterated.func) in ("list", "tuple") and len(iterated.args) == 1:
            iterated = iterated.args[0]
        if not isinstance(iterated, ast.Call) or not isinstance(iterated.func, ast.Attribute):
            continue
        method = iterated.func.attr
        if method not in _LOOPS or any(function.name == method for function in index.functions):
            continue
        kind, in_pairs = _LOOPS[method]
        if in_pairs and isinstance(target, ast.Tuple) and len(target.elts) == 2:
            target = target.elts[1]
        elif in_pairs:
            kind = LoopElement.PAIR
        if isinstance(target, ast.Name):
            yield loop, target.id, kind, method


def _is_applied(index: SyntaxIndex, name: str) -> bool:
    """Whether the file passes the function to `apply`, and never calls it directly."""
    is_passed = False
    for node in index.mentions(name):
        parent = index.parents[node]
        if not isinstance(parent, ast.Call):
            continue
        if parent.func is node:
            return False
        is_passed = is_passed or last_name(parent.func) == "apply"
    return is_passed


def _is_module_without_weights(bases: BaseClassInfo) -> bool:
    return bases.readable and bases.is_module and not any(_is_layer(name) for name in bases.externals)


def _visits_children(method: FunctionNode, own_parameters: list[ast.arg]) -> bool:
    """Whether a method calls itself for each of the children of its argument."""
    if len(own_parameters) != 1:
        return False
    name = own_parameters[0].arg
    return any(
        isinstance(loop, ast.For)
        and isinstance(loop.iter, ast.Call)
        and dotted(loop.iter.func) in (f"{name}.children", f"{name}.modules")
        and any(isinstance(n, ast.Call) and last_name(n.func) == method.name for n in ast.walk(loop))
        for loop in ast.walk(method)
    )


def _assigns_layers(index: SyntaxIndex, cls: ast.ClassDef) -> bool:
    """Whether a class sets two or more layers of torch as its attributes, as no layer does."""
    values = (
        node.value
        for node in ast.walk(cls)
        if isinstance(node, ast.Assign) and dotted(node.targets[0]).startswith("self.")
    )
    names = (dotted(value.func) for value in values if isinstance(value, ast.Call))
    parts = (name.partition(".") for name in names)
    layers = [canonical(f"{index.imported.get(first, first)}.{end}") for first, _, end in parts if end]
    return sum(map(_is_layer, layers)) > 1


def _always_false(index: SyntaxIndex, guard: ast.If) -> str | None:
    """The name that a test reads, if the only assignment to it in the function is of False, before the test."""
    function = next((scope for scope in index.scopes(guard) if isinstance(scope, FunctionNode)), None)
    if not isinstance(guard.test, ast.Name) or function is None:
        return None
    name = guard.test.id
    stores = [node for node in index.mentions(name) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    stores = [node for node in stores if index.is_within(node, function)]
    assignment = index.parents[stores[0]] if len(stores) == 1 else None
    if not isinstance(assignment, ast.Assign) or not isinstance(assignment.value, ast.Constant):
        return None
    is_before = assignment.lineno < guard.lineno and index.is_within(guard, index.parents[assignment])
    changes_elsewhere = any(isinstance(node, (ast.Global, ast.Nonlocal)) for node in ast.walk(function))
    return name if assignment.value.value is False and is_before and not changes_elsewhere else None


def _true_operand(index: SyntaxIndex, test: ast.expr) -> str | None:
    """The operand that makes a test true: a class or a string in an `or`, as in `isinstance(m, A) or nn.Conv2d`."""
    if not isinstance(test, ast.BoolOp) or not isinstance(test.op, ast.Or):
        return None
    for value in test.values:
        first, _, remainder = dotted(value).partition(".")
        if first in index.imported and remainder:
            name = canonical(f"{index.imported[first]}.{remainder}")
        else:
            name = canonical(index.imported.get(first, ""))
        is_text = isinstance(value, ast.Constant) and isinstance(value.value, str) and bool(value.value)
        if name in MODULES or is_text:
            return ast.unparse(value)
    return None


@dataclass(frozen=True, eq=False)
class IgnoredArgument:
    """A callback of `apply` whose init calls all fill the same other object: `self.fc.weight`, not its argument.

    `call`: the first of them. `filled`: its tensor. `argument`: the name of the argument.
    """

    call: ast.Call
    filled: str
    argument: str
    owner: ast.ClassDef | None


def ignored_arguments(index: SyntaxIndex) -> Iterator[IgnoredArgument]:
    """The callbacks of a file that never fill their argument."""
    for function in index.functions:
        parameters = [*function.args.posonlyargs, *function.args.args]
        in_class = isinstance(index.parents[function], ast.ClassDef) and not function.decorator_list
        own = parameters[1:] if in_class else parameters
        if len(own) == 1 and not function.args.defaults and _is_applied(index, function.name):
            yield from _ignored(index, function, function.body, own[0].arg)
    for call in (node for node in index.mentions("apply") if isinstance(node, ast.Attribute)):
        parent = index.parents[call]
        if isinstance(parent, ast.Call) and parent.func is call and len(parent.args) == 1:
            (callback,) = parent.args
            if isinstance(callback, ast.Lambda) and len(callback.args.args) == 1:
                yield from _ignored(index, callback, [callback.body], callback.args.args[0].arg)


def _ignored(index: SyntaxIndex, function: ast.AST, body: Sequence[ast.AST], name: str) -> Iterator[IgnoredArgument]:
    nodes = [node for part in body for node in ast.walk(part)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and is_init_call(node)]
    roots = {filled_tensor(call).partition(".")[0] for call in calls}
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    compares = any(isinstance(n, ast.Compare) and isinstance(n.ops[0], (ast.Is, ast.Eq, ast.In)) for n in nodes)
    if not calls or compares or "" in roots or name in roots or not bound.isdisjoint(roots):
        return
    # A call that gets the argument may fill it.
    if any(isinstance(n, ast.Call) and n not in calls and _passes(n, name) for n in nodes):
        return
    yield IgnoredArgument(calls[0], filled_tensor(calls[0]), name, index.class_of(function))


def _passes(call: ast.Call, name: str) -> bool:
    """Whether a call may do something with the argument: it is no type test of it."""
    if last_name(call.func) in ("isinstance", "hasattr", "type", "print"):
        return False
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(call))


def _is_mixed_in(index: SyntaxIndex, name: str) -> bool:
    """Whether a class of the file derives from `name` and a further class, which may be a layer."""
    return any(
        len(cls.bases) > 1 and any(last_name(base) == name for base in cls.bases) for cls in index.classes.values()
    )


def _is_layer(name: str) -> bool:
    return name in MODULES and MODULES[name].role in ("layer", "norm")


def _tests_in_body(
    index: SyntaxIndex, imported: dict[str, str], body: list[ast.stmt], variable: str, kind: LoopElement, source: str
) -> Iterator[UnsatisfiableTest]:
    nodes = [node for statement in body for node in nodes_of(statement)]
    if any(isinstance(n, ast.Name) and n.id == variable and isinstance(n.ctx, ast.Store) for n in nodes):
        return
    for node in nodes:
        if not isinstance(node, ast.If) or not any(initialises(statement) for statement in node.body):
            continue
        if _never_holds(imported, node.test, variable, kind):
            yield UnsatisfiableTest(node, kind, source, index.class_of(node))
            return  # other branches have the same cause


def _never_holds(imported: dict[str, str], test: ast.expr, variable: str, kind: LoopElement) -> bool:
    if isinstance(test, ast.BoolOp):
        results = (_never_holds(imported, value, variable, kind) for value in test.values)
        return any(results) if isinstance(test.op, ast.And) else all(results)
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and len(test.args) == 2:
        subject, classes = test.args
        if not _is_named(subject, variable):
            return False
        if test.func.id == "hasattr":
            return (
                kind is LoopElement.PARAMETER
                and isinstance(classes, ast.Constant)
                and classes.value in _MODULE_ATTRIBUTES
            )
        return test.func.id == "isinstance" and _excludes_all(imported, classes, kind)
    return isinstance(test, ast.Compare) and _never_equals(imported, test, variable, kind)


def _never_equals(imported: dict[str, str], test: ast.Compare, variable: str, kind: LoopElement) -> bool:
    if len(test.ops) != 1 or not isinstance(test.ops[0], (ast.Eq, ast.Is, ast.In)):
        return False
    left, right = test.left, test.comparators[0]
    if isinstance(left, ast.Call) and last_name(left.func) == "type" and len(left.args) == 1:
        return _is_named(left.args[0], variable) and _excludes_all(imported, right, kind)
    return _is_named(left, variable) and _excludes_all(imported, right, LoopElement.PARAMETER)


def _is_named(node: ast.AST, variable: str) -> bool:
    return isinstance(node, ast.Name) and node.id == variable


def _excludes_all(imported: dict[str, str], classes: ast.expr, kind: LoopElement) -> bool:
    """Whether an element of this kind is never an instance of `classes`."""
    if isinstance(classes, (ast.Tuple, ast.List, ast.Set)):
        return bool(classes.elts) and all(_excludes_all(imported, element, kind) for element in classes.elts)
    first, _, remainder = dotted(classes).partition(".")
    if first not in imported:
        return False
    name = canonical(f"{imported[first]}.{remainder}" if remainder else imported[first])
    if kind is LoopElement.MODULE:
        return name in _TENSORS
    if kind is LoopElement.SELF:
        return _is_layer(name) or name in _TENSORS
    return name in MODULES or (kind is LoopElement.PAIR and name in _TENSORS)
