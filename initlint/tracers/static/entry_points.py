"""The entry points of a file, and the models that each of them builds."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace

from initlint.facts.initializer_names import is_reset
from initlint.graph.mistakes import UnregisteredParameters
from initlint.graph.model import Forward, ModelGraph
from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.builder_variants import BuilderVariants, SameBuilder
from initlint.tracers.static.extraction import Extraction
from initlint.tracers.static.layers import layers_of
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.prefilter import may_call_initializers
from initlint.tracers.static.run_forward import run_forward
from initlint.tracers.static.unregistered import has_plain_weights, unregistered_parameters
from initlint.tracers.static.values.calls import Signature
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.environment import ModuleScope
from initlint.tracers.static.values.functions import Function, as_function, method_of
from initlint.tracers.static.values.module_tree import modules
from initlint.tracers.static.values.objects import Instance, as_object
from initlint.tracers.static.values.values import CallArguments, Raised, Value

_FILE_STEPS = 30_000
"""Steps after which only builder functions that pass on a new option are run: other models bring nothing new."""
_NEW_STEPS = 85_000
"""Steps after which these are not run either, if they take as many as the last one."""
_LEFTOVER_STEPS = 40_000
"""Budget of a function that nothing calls."""
_MAX_ROOTS = 200
"""Outermost modules of one entry point of which graphs are made: an interrupted run leaves thousands of parts."""
_STALE = 2
"""Number of consecutive builder functions without a new class after which the others are skipped."""


def trace(interpreter: Interpreter, scope: ModuleScope) -> Iterator[ModelGraph]:
    """The models of one file: those of its module-level code, its functions and its classes, in that order.

    A function or class that an earlier entry point ran or instantiated is not an entry point itself.
    """
    yield from _module_level(interpreter, scope)
    functions, classes = _definitions(interpreter, scope)
    yield from _builders(interpreter, functions)
    based_on = {base.node for cls in classes for base in cls.project_classes[1:] if _is_part(base)}
    for cls in classes:
        if cls.node not in interpreter.constructed and cls.node not in based_on and cls.torch_base() is not None:
            yield from _models_of_class(interpreter, cls)
    if may_call_initializers(scope.source.code):
        yield from _leftovers(interpreter, functions, classes)


def _builders(interpreter: Interpreter, functions: list[Function]) -> Iterator[ModelGraph]:
    """The models of functions without required arguments, except for variants of earlier ones."""
    stale = cost = 0
    variants = BuilderVariants()
    for function in functions:
        if function.node in interpreter.executed or not _has_defaults(function):
            continue
        only_new = stale >= _STALE or interpreter.earlier_steps > _FILE_STEPS
        is_comparable = variants.watch(function, only_new)
        if only_new and (not is_comparable or interpreter.earlier_steps + cost > _NEW_STEPS):
            continue
        before, earlier = len(interpreter.constructed), interpreter.total_steps
        interpreter.watched_builder = variants
        try:
            models = list(_models_of_function(interpreter, function))
        except SameBuilder:
            continue
        finally:
            interpreter.watched_builder = None
        if models:
            variants.keep()
            cost = interpreter.total_steps - earlier
            stale = stale + 1 if len(interpreter.constructed) == before else 0
        yield from models


def _is_part(base: ClassValue) -> bool:
    """Whether a class is only a base class: it has no `forward`."""
    return base.find("forward")[0] is None


def bases(scope: ModuleScope) -> frozenset[str]:
    """The qualified names of the project classes that the classes of a traced file derive from."""
    classes = [value for value in scope.values.values() if isinstance(value, ClassValue) and value.scope is scope]
    derived = (base for cls in classes for base in cls.project_classes[1:])
    return frozenset(base.qualified for base in derived if _is_part(base))


def _definitions(interpreter: Interpreter, scope: ModuleScope) -> tuple[list[Function], list[ClassValue]]:
    functions: list[Function] = []
    classes: list[ClassValue] = []
    for name in scope.defined_names:
        with interpreter.entry_point():
            value = scope.lookup(name)
            if isinstance(value, Function) and value.scope is scope and not isinstance(value.node, ast.Lambda):
                functions.append(value)
            elif isinstance(value, ClassValue) and value.scope is scope:
                classes.append(value)
    return functions, classes


def _has_defaults(function: Function) -> bool:
    return all(parameter.default is not None for parameter in function.signature.named)


def _module_level(interpreter: Interpreter, scope: ModuleScope) -> Iterator[ModelGraph]:
    scope.values["__name__"] = "__main__"
    with interpreter.entry_point():
        scope.execute_all()
    scope.values["__name__"] = scope.name
    names = {id(value): name for name, value in scope.values.items()}
    location = SourceLocation(scope.source, scope.source.tree)
    yield from _models(interpreter, scope.name, location, names, Forward.MISSING)


def _models_of_function(interpreter: Interpreter, function: Function) -> Iterator[ModelGraph]:
    site = SourceLocation(function.scope.source, function.node)
    result: Value = None
    with interpreter.entry_point():
        result = interpreter.call(function, CallArguments([], {}, site, more=True))
    models = list(_models(interpreter, function.name, site, {id(result): ""}, Forward.UNKNOWN))
    yield from _with_certain_failures(interpreter, function, function.signature, models)


def _models_of_class(interpreter: Interpreter, cls: ClassValue) -> Iterator[ModelGraph]:
    site = SourceLocation(cls.scope.source, cls.node)
    with interpreter.entry_point():
        interpreter.call(cls, CallArguments([], {}, site, more=True))
    models = [replace(model, alone=True) for model in _models(interpreter, cls.name, site, {}, Forward.UNKNOWN)]
    init = method_of(cls, "__init__")
    yield from _with_certain_failures(interpreter, cls, None if init is None else init.signature, models)


def _takes_others(signature: Signature) -> bool:
    """Whether a call without arguments leaves some out that another call may pass."""
    return bool(signature.star or signature.double_star or any(parameter.default for parameter in signature.named))


def _with_certain_failures(
    interpreter: Interpreter, function: Function | ClassValue, signature: Signature | None, models: list[ModelGraph]
) -> list[ModelGraph]:
    """The models of a function or class that was called with its defaults.

    Those that fail do so for all arguments: else code that passes others may train them.
    """
    if signature is None or not _takes_others(signature) or not any(model.fails for model in models):
        return models
    site = models[0].location
    assert isinstance(site, SourceLocation)
    before = interpreter.visits.enabled, interpreter.executed, interpreter.constructed
    interpreter.visits.enabled, interpreter.executed, interpreter.constructed = False, set(), set()
    with interpreter.entry_point():
        interpreter.call(function, CallArguments([], {}, site, open=True))
    interpreter.visits.enabled, interpreter.executed, interpreter.constructed = before
    failing = {root.user_class.qualified for root in interpreter.log.instances if root.fails and root.user_class}
    return [model if model.root in failing else replace(model, fails=False) for model in models]


def _leftovers(interpreter: Interpreter, functions: list[Function], classes: list[ClassValue]) -> Iterator[ModelGraph]:
    """The init functions and methods that no entry point ran; their arguments are unknown."""
    for function in functions:
        if _is_leftover(interpreter, function):
            yield from _called_from_elsewhere(interpreter, function, None)
    for cls in classes:
        for method in map(as_function, list(cls.fields.values())):
            if method is not None and method.owner is cls and _is_leftover(interpreter, method):
                yield from _called_from_elsewhere(interpreter, method, cls)


def _is_leftover(interpreter: Interpreter, function: Function) -> bool:
    return function.node not in interpreter.executed and may_call_initializers(
        function.scope.source.text_of(function.node)
    )


def _called_from_elsewhere(
    interpreter: Interpreter, function: Function, cls: ClassValue | None
) -> Iterator[ModelGraph]:
    """Run it with its defaults for the models that it builds, then with unknown arguments for its init calls."""
    site = SourceLocation(function.scope.source, function.node)
    name = function.name if cls is None else f"{cls.name}.{function.name}"
    receiver: list[Instance] = []
    with interpreter.entry_point():
        interpreter.limit = _LEFTOVER_STEPS
        receiver = _receiver(interpreter, function, cls, site)
        interpreter.call(function, CallArguments([*receiver], {}, site, more=True))
    resets = any(instance.is_module and not instance.symbolic for instance in receiver) and is_reset(function.name)
    for instance in receiver if not resets else ():
        instance.parent = True  # the receiver is not a model of this entry point
    names = {id(value): field for instance in receiver for field, value in instance.fields.items()}
    models = _models(interpreter, name, site, names, Forward.UNKNOWN)
    if _takes_others(function.signature):
        models = (replace(model, fails=False) for model in models)
    yield from models
    if any(parameter.default is not None for parameter in function.signature.positional):
        with interpreter.entry_point():
            interpreter.limit = _LEFTOVER_STEPS
            interpreter.call(
                function, CallArguments([*_receiver(interpreter, function, cls, site)], {}, site, open=True)
            )
        yield from _calls_only(interpreter, name, site)


def _receiver(
    interpreter: Interpreter, function: Function, cls: ClassValue | None, site: SourceLocation
) -> list[Instance]:
    """`self` for a method: an object built with default arguments, or a symbolic instance."""
    if cls is None or function.wrappers & {"staticmethod", "classmethod"}:
        return []
    if cls.torch_base() is not None and function.name != "__init__":
        try:
            instance = as_object(interpreter.call(cls, CallArguments([], {}, site, more=True)))
        except Raised:
            interpreter.note_not_followed(f"{cls.name} cannot be built from its defaults")
        else:
            if instance is not None:
                return [instance]
    return [Instance(cls, site, torch_name=cls.torch_base(), symbolic=True)]


def _calls_only(interpreter: Interpreter, name: str, site: SourceLocation) -> Iterator[ModelGraph]:
    extraction = Extraction(interpreter)
    calls, misuses = extraction.calls(), extraction.misuses()
    if calls or misuses:
        incomplete, pretrained = tuple(interpreter.log.incomplete), extraction.pretrained()
        yield ModelGraph(
            name, site, "static", (), calls, Forward.UNKNOWN, incomplete, pretrained=pretrained, misuses=misuses
        )


def _models(
    interpreter: Interpreter, name: str, location: SourceLocation, names: dict[int, str], stray_forward: Forward
) -> Iterator[ModelGraph]:
    """One graph for each outermost module that the entry point built, with what its modules do not register."""
    built = len(interpreter.log.instances)
    found = list(_graphs(interpreter, name, location, names, stray_forward))
    for module in interpreter.log.instances[:built]:
        if not module.parent and has_plain_weights(module) and next(layers_of(module), None) is None:
            run_forward(interpreter, module)
    unregistered = list(unregistered_parameters(interpreter, interpreter.log.instances[built:]))
    for graph, inside in found:
        own = tuple(item for holder, item in unregistered if id(holder) in inside)
        yield replace(graph, unregistered=own) if own else graph
    anywhere = frozenset[int]().union(*(inside for _, inside in found))
    others: dict[ClassValue | None, list[UnregisteredParameters]] = {}
    working: set[ClassValue | None] = set()
    for holder, item in unregistered:
        if id(holder) not in anywhere:
            others.setdefault(holder.user_class, []).append(item)
            working |= set() if holder.fails else {holder.user_class}
    for cls, items in others.items():
        shown, place = (name, location) if cls is None else (cls.name, SourceLocation(cls.scope.source, cls.node))
        graph = ModelGraph(shown, place, "static", (), forward=Forward.UNKNOWN, unregistered=tuple(items))
        yield graph if cls is None or cls in working else replace(graph, root=cls.qualified, fails=True)


def _graphs(
    interpreter: Interpreter, name: str, location: SourceLocation, names: dict[int, str], stray_forward: Forward
) -> Iterator[tuple[ModelGraph, frozenset[int]]]:
    """One graph for each outermost module that the entry point built, with the identities of its modules."""
    roots = [instance for instance in interpreter.log.instances if not instance.parent]
    _release_parts_of_failures(interpreter, roots)
    roots = [root for root in roots if next(layers_of(root), None) is not None]
    if len(roots) > _MAX_ROOTS:
        interpreter.note_not_followed(f"more than {_MAX_ROOTS} modules that are in no other")
        roots = _first_of_each_class(roots)
    models = [root for root in roots if root.user_class is not None or _is_container(root)]
    strays = {names.get(id(root)) or f"layer{at}": root for at, root in enumerate(roots) if root not in models}
    extraction = Extraction(interpreter)
    graphs: list[ModelGraph] = []
    insides: list[frozenset[int]] = []
    for root in models:
        before = len(interpreter.log.instances)
        interpreter.log.forward_of = root
        forward = run_forward(interpreter, root)
        interpreter.log.forward_of = None
        insides.append(_identities([root]) | frozenset(map(id, interpreter.log.instances[before:])))
        shown = root.user_class.name if root.user_class is not None else names.get(id(root)) or name
        if len(models) == 1 and name and isinstance(location.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            shown = name
        prefix = "" if root.user_class is not None else names.get(id(root), "")
        graph = extraction.model(
            {prefix: root}, shown, location if shown == name else _location_of(root, location), forward
        )
        graphs.append(replace(graph, returned=names.get(id(root)) == "", fails=root.fails))
    if strays:
        graphs.append(extraction.model(strays, name, location, stray_forward))
        insides.append(_identities(strays.values()))
    if graphs:
        yield from zip(_with_own_misuses(interpreter, _with_own_calls(graphs), insides), insides, strict=True)
    else:
        yield from ((graph, frozenset()) for graph in _calls_only(interpreter, name, location))


def _identities(roots: Iterable[Instance]) -> frozenset[int]:
    return frozenset(id(module) for root in roots for _, module, _ in modules(root))


def _with_own_misuses(
    interpreter: Interpreter, graphs: Iterable[ModelGraph], insides: list[frozenset[int]]
) -> Iterator[ModelGraph]:
    """The graphs of one entry point, each without the misuses that only methods of the others' modules run."""
    anywhere, log = frozenset[int]().union(*insides), interpreter.log
    for graph, inside in zip(graphs, insides, strict=True):
        own = []
        for location, misuse in log.misuses.items():
            users = log.misused_by.get(location, set())
            if users <= anywhere and users.isdisjoint(inside) and users:
                continue
            own.append(misuse)
        yield replace(graph, misuses=tuple(own))


def _release_parts_of_failures(interpreter: Interpreter, roots: list[Instance]) -> None:
    """Forget that this entry point constructed the parts of models that fail, which say nothing about them."""
    failing = [root for root in roots if root.fails]
    if failing:
        others = _classes([root for root in roots if not root.fails])
        parts = _classes(failing) - others - interpreter.log.constructed_earlier
        interpreter.constructed -= parts


def _classes(roots: list[Instance]) -> set[ast.AST]:
    """The nodes of the classes in these module trees, without those of objects whose constructors fail."""
    below = (module for root in roots for _, module, _ in modules(root) if not module.fails)
    return {module.user_class.node for module in below if module.user_class is not None}


def _first_of_each_class(roots: list[Instance]) -> list[Instance]:
    """As many roots as are looked at, in their order: the first of each class before further ones."""
    seen = set[object]()
    further = {}
    for root in roots:
        kind = root.user_class or root.torch_name
        further[id(root)] = kind in seen
        seen.add(kind)
    chosen = set(map(id, sorted(roots, key=lambda root: further[id(root)])[:_MAX_ROOTS]))
    return [root for root in roots if id(root) in chosen]


def _with_own_calls(graphs: list[ModelGraph]) -> Iterator[ModelGraph]:
    """The graphs of one entry point, each without the init calls that write only to layers of the others."""
    written = [set(_places_of_writes(graph)) for graph in graphs]
    anywhere = frozenset().union(*written)
    for graph, own in zip(graphs, written, strict=True):
        calls = tuple(call for call in graph.calls if call.location in own or call.location not in anywhere)
        yield graph if len(calls) == len(graph.calls) else replace(graph, calls=calls)


def _places_of_writes(graph: ModelGraph) -> Iterator[Location]:
    for layer in graph.layers:
        yield from (write.location for write in layer.writes)
        yield from (ineffective.write.location for ineffective in layer.ineffective_writes)


def _is_container(root: Instance) -> bool:
    return root.torch_name == "torch.nn.Sequential"


def _location_of(root: Instance, fallback: SourceLocation) -> SourceLocation:
    cls = root.user_class
    return fallback if cls is None else SourceLocation(cls.scope.source, cls.node)
