"""The entry points of a file, and the models that each of them builds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from initlint.flow import Node
from initlint.graph import Forward, ModelGraph
from initlint.interpret.attributes import attribute
from initlint.interpret.definitions import construct
from initlint.interpret.expressions import EVALUATE
from initlint.interpret.externals import call_external, call_unknown
from initlint.interpret.extract import Extraction, layers_of
from initlint.interpret.inits import helper
from initlint.interpret.machine import Call, Machine, Tables, annotation, default
from initlint.interpret.methods import call_method
from initlint.interpret.modules import call_instance
from initlint.interpret.scopes import ModuleScope
from initlint.interpret.state import OutOfSteps, Raised
from initlint.interpret.statements import EXECUTE
from initlint.interpret.tree import torch_base
from initlint.interpret.values import (
    ClassValue,
    External,
    Function,
    Instance,
    Tensor,
    Unknown,
    Value,
)
from initlint.source import Site

TABLES = Tables(
    evaluate=EVALUATE,
    execute=EXECUTE,
    attribute=attribute,
    call_external=call_external,
    call_method=call_method,
    call_instance=call_instance,
    construct=construct,
    call_unknown=call_unknown,
    helper=helper,
)

_INITS = re.compile(
    rb"\binit\.|init import|\b(?:normal|uniform|fill|zero|zeros|ones|constant)_\(|xavier|kaiming|orthogonal_|calculate_gain"
)
"""Files without any of these call no init function."""
_FILE_STEPS = 150_000
"""The budget of a file's builder functions together: the hundredth variant of a model tells nothing new."""
_LEFTOVER_STEPS = 20_000
"""The budget of a function that nothing calls: it is run for its init calls alone."""


def trace(machine: Machine, scope: ModuleScope) -> Iterator[ModelGraph]:
    """The models of one file: of its module-level code, its functions and its classes, in that order.

    A function or class that an earlier entry point has run or built is none of its own.
    """
    yield from _module_level(machine, scope)
    functions, classes = _definitions(machine, scope)
    for function in functions:
        if function.node not in machine.executed and _has_defaults(function) and machine.spent < _FILE_STEPS:
            yield from _function(machine, function)
    based_on = {base.node for cls in classes for base in cls.mro[1:] if isinstance(base, ClassValue)}
    for cls in classes:
        if cls.node not in machine.constructed and cls.node not in based_on and torch_base(cls) is not None:
            yield from _class(machine, cls)
    if _INITS.search(scope.source.data):
        yield from _leftovers(machine, functions, classes)


def bases(scope: ModuleScope) -> frozenset[str]:
    """The qualified names of the classes of the project that the classes of a traced file derive from."""
    classes = [value for value in scope.values.values() if isinstance(value, ClassValue) and value.scope is scope]
    return frozenset(base.qualified for cls in classes for base in cls.mro[1:] if isinstance(base, ClassValue))


def _definitions(machine: Machine, scope: ModuleScope) -> tuple[list[Function], list[ClassValue]]:
    functions: list[Function] = []
    classes: list[ClassValue] = []
    for name in scope.defined:
        with machine.entry():
            value = scope.lookup(name)
            if isinstance(value, Function) and value.scope is scope and isinstance(value.node, cst.FunctionDef):
                functions.append(value)
            elif isinstance(value, ClassValue) and value.scope is scope:
                classes.append(value)
    return functions, classes


def _has_defaults(function: Function) -> bool:
    parameters = function.node.params
    named = (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params)
    return all(parameter.default is not None for parameter in named)


# Entry points -----------------------------------------------------------------------------------------------------


def _module_level(machine: Machine, scope: ModuleScope) -> Iterator[ModelGraph]:
    scope.values["__name__"] = "__main__"
    with machine.entry():
        scope.execute_all()
    scope.values["__name__"] = scope.name
    names = {id(value): name for name, value in scope.values.items() if isinstance(value, Instance)}
    place = Site(scope.source, scope.source.module)
    yield from _models(machine, scope.name, place, names, Forward.MISSING)


def _function(machine: Machine, function: Function) -> Iterator[ModelGraph]:
    site = Site(function.scope.source, function.node)
    result: Value = None
    with machine.entry():
        result = machine.call(function, Call([], {}, site))
    names = {id(result): ""} if isinstance(result, Instance) else {}
    yield from _models(machine, function.name, site, names, Forward.UNKNOWN)


def _class(machine: Machine, cls: ClassValue) -> Iterator[ModelGraph]:
    site = Site(cls.scope.source, cls.node)
    with machine.entry():
        machine.call(cls, Call([], {}, site))
    yield from _models(machine, cls.name, site, {}, Forward.UNKNOWN)


def _leftovers(machine: Machine, functions: list[Function], classes: list[ClassValue]) -> Iterator[ModelGraph]:
    """Functions and methods that nothing ran: for their init calls, with arguments that are not known."""
    for function in functions:
        if _left_over(machine, function):
            yield from _calls_of(machine, function, None)
    for cls in classes:
        for method in list(cls.fields.values()):
            if isinstance(method, Function) and method.owner is cls and _left_over(machine, method):
                yield from _calls_of(machine, method, cls)


def _left_over(machine: Machine, function: Function) -> bool:
    return function.node not in machine.executed and _INITS.search(_text(function.node).encode()) is not None


def _calls_of(machine: Machine, function: Function, cls: ClassValue | None) -> Iterator[ModelGraph]:
    site = Site(function.scope.source, function.node)
    with machine.entry():
        machine.limit = _LEFTOVER_STEPS
        arguments = []
        if cls is not None and not function.wrappers & {"staticmethod", "classmethod"}:
            arguments = [Instance(cls, site, torch_name=torch_base(cls), symbolic=True)]
        machine.call_function(function, Call(arguments, {}, site))
    calls = Extraction(machine).calls()
    if calls:
        yield ModelGraph(function.name, site, "static", (), calls, Forward.UNKNOWN, tuple(machine.journal.incomplete))


# Models -----------------------------------------------------------------------------------------------------------


def _models(
    machine: Machine, name: str, place: Site, names: dict[int, str], stray_forward: Forward
) -> Iterator[ModelGraph]:
    """One graph for each module that the entry point built and that belongs to no other."""
    roots = [made for made in machine.journal.instances if not made.parent]
    roots = [root for root in roots if next(layers_of(root), None) is not None]
    models = [root for root in roots if root.user_class is not None or _is_container(root)]
    strays = {names.get(id(root)) or f"layer{at}": root for at, root in enumerate(roots) if root not in models}
    extraction = Extraction(machine)
    calls_given = False
    for root in models:
        forward = _run_forward(machine, root)
        shown = root.user_class.name if root.user_class is not None else names.get(id(root)) or name
        if len(models) == 1 and name and place.node.__class__ is cst.FunctionDef:
            shown = name
        graph = extraction.model({"": root}, shown, place if shown == name else _place_of(root, place), forward)
        calls_given = True
        yield graph
    if strays:
        yield extraction.model(strays, name, place, stray_forward)
    elif not calls_given and machine.journal.calls:
        yield ModelGraph(
            name, place, "static", (), extraction.calls(), Forward.UNKNOWN, tuple(machine.journal.incomplete)
        )


def _is_container(root: Instance) -> bool:
    return root.torch_name == "torch.nn.Sequential"


def _place_of(root: Instance, fallback: Site) -> Site:
    cls = root.user_class
    return fallback if cls is None else Site(cls.scope.source, cls.node)


def _run_forward(machine: Machine, root: Instance) -> Forward:
    """Run the model's `forward` on a tensor that stands for its input."""
    cls = root.user_class
    if cls is None:
        return _attempt(machine, root, None)
    function, _ = cls.find("forward")
    if isinstance(function, Function):
        done = _attempt(machine, root, function)
        if done is Forward.RUN:
            return done
    elif root.torch_name not in (None, "torch.nn.Module"):
        return _attempt(machine, root, None)
    elif not cls.readable or any(not name.startswith(("torch.nn.", "abc.", "typing.")) for name in cls.externals()):
        return Forward.UNKNOWN
    ran = [_attempt(machine, root, method) for method in _other_ways_in(machine, cls)]
    if Forward.RUN in ran and machine.journal.nodes:
        return Forward.RUN
    return Forward.MISSING if function is None and not ran else Forward.UNKNOWN


_NO_WAY_IN = re.compile(r"^_|init|reset|load|save|train|eval|configure|optimizer|freeze|device|from_pretrained")


def _other_ways_in(machine: Machine, cls: ClassValue) -> list[Function]:
    """Methods that are called in place of `forward`: an agent's `act`, an autoencoder's `encode`."""
    found = []
    for part in cls.mro:
        for name, value in part.fields.items() if isinstance(part, ClassValue) else ():
            if isinstance(value, Function) and isinstance(value.node, cst.FunctionDef) and name != "forward":
                if value.node not in machine.executed and not value.wrappers and not _NO_WAY_IN.search(name):
                    if len(value.node.params.params) > 1:
                        found.append(value)
    return found


def _attempt(machine: Machine, root: Instance, method: Function | None) -> Forward:
    site = root.place if isinstance(root.place, Site) else Site(method.scope.source, method.node) if method else None
    assert site is not None
    for guess in (False, True):
        try:
            machine.unwind()
            if method is None:
                result = machine.call(root, Call([_input(site)], {}, site))
            else:
                result = machine.call_function(method, Call([root], _inputs(machine, method, guess), site), root)
        except Raised:
            continue
        except OutOfSteps:
            machine.note("too many steps in forward")
            return _forget(machine)
        except RecursionError:
            machine.note("forward is nested too deeply")
            return _forget(machine)
        outputs = machine.data([result])
        if outputs:
            Node("output", "output", outputs, site)
        return Forward.RUN
    return Forward.UNKNOWN


def _forget(machine: Machine) -> Forward:
    """Half a flow tells nothing: what follows a layer may be in the other half."""
    machine.journal.nodes.clear()
    return Forward.UNKNOWN


def _input(site: Site) -> Tensor:
    return Tensor(Node("input", "input", (), site))


_NO_TENSORS = ("builtins.int", "builtins.float", "builtins.bool", "builtins.str")


def _inputs(machine: Machine, method: Function, guess: bool) -> dict[str, Value]:
    """Arguments for a forward: tensors for what has no default. With `guess`, also for what has None."""
    parameters = method.node.params
    named = [*parameters.posonly_params, *parameters.params][1:] + list(parameters.kwonly_params)
    required = [p for p in named if p.default is None]
    given: dict[str, Value] = {}
    for at, parameter in enumerate(named):
        name = parameter.name.value
        hint = annotation(machine, parameter, method)
        if parameter.default is None:
            is_number = isinstance(hint, External) and hint.name in _NO_TENSORS
            site = Site(method.scope.source, parameter)
            if is_number or isinstance(hint, ClassValue):
                given[name] = Unknown(f"argument {name}", hint)
            elif parameter.annotation is not None and hint is None:
                given[name] = _composed(parameter, site, name)
            else:
                given[name] = _input(site)
        elif (at == 0 and not required) or (guess and default(machine, method, parameter) is None):
            given[name] = _input(Site(method.scope.source, parameter))
    return given


def _composed(parameter: cst.Param, site: Site, name: str) -> Value:
    """For `Optional[Tensor]` a tensor; for `List[Tensor]` and its like something that data comes out of."""
    annotation = parameter.annotation
    assert annotation is not None
    if "Optional" in (text := _text(annotation.annotation)) or text.endswith("Tensor") or "| None" in text:
        return _input(site)
    return Unknown(f"argument {name}", node=_input(site).node)


def _text(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)
