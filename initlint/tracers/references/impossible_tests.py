"""Type tests around init calls that can never hold: of what `parameters()`, `modules()` and `apply` hand out."""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from initlint.facts.canonical_names import canonical
from initlint.facts.fans import MODULES
from initlint.tracers.references.base_classes import BaseClassInfo
from initlint.tracers.references.init_functions import initialises
from initlint.tracers.references.syntax_index import SyntaxIndex, dotted, last_name


class LoopElement(enum.Enum):
    """What a loop or a callback gets one at a time."""

    PARAMETER = "parameters"
    MODULE = "modules"
    PAIR = "pairs of name and value"
    SELF = "self"


@dataclass(frozen=True, eq=False)
class UnsatisfiableTest:
    """A branch whose test never holds. `source`: what hands out the value: `parameters`, `named_modules`, `apply`."""

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
"""By the method that a loop runs over: what it gives, and whether in pairs with a name."""
_TENSORS = frozenset({"torch.nn.Parameter", "torch.Tensor"})
_OF_MODULES = frozenset({"weight", "bias"})


def impossible(text: SyntaxIndex, bases: Callable[[str], BaseClassInfo | None]) -> Iterator[UnsatisfiableTest]:
    """The tests of a file that guard an init and never hold. `bases` gives those of a class of its top level."""
    guards = [s for s in text.statements if isinstance(s, ast.If) and any(map(initialises, s.body))]
    if not guards:
        return
    names = text.imported
    around = {outer for guard in guards for outer in text.above(guard)}
    for loop, variable, kind, source in _loops(text):
        if loop in around:
            yield from _in_body(text, names, loop.body, variable, kind, source)
    for function in text.functions:
        if function not in around:
            continue
        parameters = [*function.args.posonlyargs, *function.args.args]
        scope = text.parents[function]
        in_class = isinstance(scope, ast.ClassDef) and not function.decorator_list
        own = parameters[1:] if in_class else parameters
        if len(own) == 1 and _is_applied(text, function.name):
            yield from _in_body(text, names, function.body, own[0].arg, LoopElement.MODULE, "apply")
        if isinstance(scope, ast.ClassDef) and in_class and parameters:
            known = bases(scope.name)
            if known is not None and _is_no_layer(known) and not _is_mixed_in(text, scope.name):
                source = "apply" if own and _is_applied(text, function.name) else ""
                yield from _in_body(text, names, function.body, parameters[0].arg, LoopElement.SELF, source)


def _loops(text: SyntaxIndex) -> Iterator[tuple[ast.For, str, LoopElement, str]]:
    for loop in text.statements:
        if not isinstance(loop, ast.For):
            continue
        iterated, target = loop.iter, loop.target
        if isinstance(iterated, ast.Call) and last_name(iterated.func) in ("list", "tuple") and len(iterated.args) == 1:
            iterated = iterated.args[0]
        if not isinstance(iterated, ast.Call) or not isinstance(iterated.func, ast.Attribute):
            continue
        method = iterated.func.attr
        if method not in _LOOPS or any(function.name == method for function in text.functions):
            continue
        kind, in_pairs = _LOOPS[method]
        if in_pairs and isinstance(target, ast.Tuple) and len(target.elts) == 2:
            target = target.elts[1]
        elif in_pairs:
            kind = LoopElement.PAIR
        if isinstance(target, ast.Name):
            yield loop, target.id, kind, method


def _is_applied(text: SyntaxIndex, name: str) -> bool:
    """Whether the file hands the function to an `apply`, and calls it nowhere itself."""
    handed = False
    for node in text.mentions(name):
        parent = text.parents[node]
        if not isinstance(parent, ast.Call):
            continue
        if parent.func is node:
            return False
        handed = handed or last_name(parent.func) == "apply"
    return handed


def _is_no_layer(bases: BaseClassInfo) -> bool:
    return bases.readable and bases.is_module and not any(_is_layer(name) for name in bases.externals)


def _is_mixed_in(text: SyntaxIndex, name: str) -> bool:
    """Whether a class of the file derives from the class `name` and from another, which may be a layer."""
    return any(
        len(cls.bases) > 1 and any(last_name(base) == name for base in cls.bases) for cls in text.classes.values()
    )


def _is_layer(name: str) -> bool:
    return name in MODULES and MODULES[name].role in ("layer", "norm")


def _in_body(
    text: SyntaxIndex, names: dict[str, str], body: list[ast.stmt], variable: str, kind: LoopElement, source: str
) -> Iterator[UnsatisfiableTest]:
    nodes = [node for statement in body for node in ast.walk(statement)]
    if any(isinstance(n, ast.Name) and n.id == variable and isinstance(n.ctx, ast.Store) for n in nodes):
        return
    for node in nodes:
        if not isinstance(node, ast.If) or not any(initialises(statement) for statement in node.body):
            continue
        if _never(names, node.test, variable, kind):
            yield UnsatisfiableTest(node, kind, source, text.class_of(node))
            return  # the branches beside it have the same cause


def _never(names: dict[str, str], test: ast.expr, variable: str, kind: LoopElement) -> bool:
    if isinstance(test, ast.BoolOp):
        each = (_never(names, value, variable, kind) for value in test.values)
        return any(each) if isinstance(test.op, ast.And) else all(each)
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and len(test.args) == 2:
        subject, classes = test.args
        if not _is_named(subject, variable):
            return False
        if test.func.id == "hasattr":
            return kind is LoopElement.PARAMETER and isinstance(classes, ast.Constant) and classes.value in _OF_MODULES
        return test.func.id == "isinstance" and _excludes(names, classes, kind)
    return isinstance(test, ast.Compare) and _never_equal(names, test, variable, kind)


def _never_equal(names: dict[str, str], test: ast.Compare, variable: str, kind: LoopElement) -> bool:
    if len(test.ops) != 1 or not isinstance(test.ops[0], (ast.Eq, ast.Is, ast.In)):
        return False
    left, right = test.left, test.comparators[0]
    if isinstance(left, ast.Call) and last_name(left.func) == "type" and len(left.args) == 1:
        return _is_named(left.args[0], variable) and _excludes(names, right, kind)
    return _is_named(left, variable) and _excludes(names, right, LoopElement.PARAMETER)


def _is_named(node: ast.AST, variable: str) -> bool:
    return isinstance(node, ast.Name) and node.id == variable


def _excludes(names: dict[str, str], classes: ast.expr, kind: LoopElement) -> bool:
    """Whether what `kind` says is an object of none of `classes`."""
    if isinstance(classes, (ast.Tuple, ast.List, ast.Set)):
        return bool(classes.elts) and all(_excludes(names, element, kind) for element in classes.elts)
    first, _, rest = dotted(classes).partition(".")
    if first not in names:
        return False
    name = canonical(f"{names[first]}.{rest}" if rest else names[first])
    if kind is LoopElement.MODULE:
        return name in _TENSORS
    if kind is LoopElement.SELF:
        return _is_layer(name) or name in _TENSORS
    return name in MODULES or (kind is LoopElement.PAIR and name in _TENSORS)
