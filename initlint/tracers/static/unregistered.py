"""Layers and tensors that are used as parameters of a module, but that the module does not register."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from initlint.graph.mistakes import UnregisteredKind, UnregisteredParameters
from initlint.project.source import SourceFile, SourceLocation
from initlint.tracers.references.syntax_index import last_name, nodes_of
from initlint.tracers.static.layers import layers_of
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.module_tree import modules as modules_of
from initlint.tracers.static.values.module_tree import own_parameters
from initlint.tracers.static.values.objects import Instance, as_object
from initlint.tracers.static.values.questions import (
    container_kind,
    contents,
    has_alternatives,
    has_known_length,
    options,
)
from initlint.tracers.static.values.tensors import Storage, Tensor, storage_of
from initlint.tracers.static.values.values import UNBOUND, Value

_BY_NAME = frozenset("add_module register_module register_parameter register_buffer setattr __setattr__".split())
_REGISTERING = _BY_NAME | frozenset("ModuleList ModuleDict Sequential ParameterList ParameterDict Parameter".split())
_OPTIMIZERS = frozenset(
    "Adam AdamW Adamax Adagrad Adadelta SGD ASGD RMSprop Rprop LBFGS NAdam RAdam SparseAdam Muon Lion "
    "add_param_group".split()
)
_ADDING = ("append", "extend")
_MAX_NESTED = 3
_RANDOM = ("uniform_", "normal_", "orthogonal_", "sparse_")


def unregistered_parameters(
    interpreter: Interpreter, in_forward: list[Instance]
) -> Iterator[tuple[Instance, UnregisteredParameters]]:
    """Those of the entry point that was just interpreted, each with the module that holds it, or with the layer.

    `in_forward`: the modules that a `forward` constructed.
    """
    modules = [module for module in interpreter.log.instances if _is_readable(module)]
    registered: set[int] | None = None
    for module in modules:
        for name, value in list(module.fields.items()):
            if not container_kind(value) and not isinstance(value, Tensor):
                continue
            if registered is None:
                registered = set(_registered(interpreter))
            yield from ((module, found) for found in _of_field(interpreter, module, name, value, registered))
    for layer in in_forward:
        if not layer.parent and not layer.registry_changed and id(layer) in interpreter.log.nodes:
            yield from ((layer, found) for found in _made_in_forward(layer))


def has_plain_weights(module: Instance) -> bool:
    """Whether a field of the module is a tensor that requires grad and no Parameter."""
    if module.user_class is None or not module.is_module:
        return False
    storages = map(storage_of, module.fields.values())
    return any(storage is not None and storage.requires_grad and not storage.parameter for storage in storages)


def _is_readable(module: Instance) -> bool:
    cls = module.user_class
    if not module.is_module or module.symbolic or cls is None or module.registry_changed:
        return False
    classes = [one for one in cls.mro if isinstance(one, ClassValue)]
    if cls.known_torch_base() is None:
        return False
    return cls.readable and cls.find("__setattr__")[1] is None and not any(map(_runs_text, classes))


def _runs_text(cls: ClassValue) -> bool:
    """Whether a method calls `exec`, which may assign attributes: `exec("self.conv" + name + " = conv")`."""
    return _mentions_exec(cls.scope.source) and _calls_exec(cls.node)


@lru_cache(maxsize=8)
def _mentions_exec(source: SourceFile) -> bool:
    return "exec" in source.code


@lru_cache(maxsize=64)
def _calls_exec(node: ast.ClassDef) -> bool:
    return any(isinstance(part, ast.Call) and last_name(part.func) == "exec" for part in nodes_of(node))


def _registered(interpreter: Interpreter) -> Iterator[int]:
    """The identities of all registered submodules, and of the storages of all registered parameters."""
    for module in interpreter.log.instances:
        yield from (id(child) for _, child, _ in module.conditional_children())
        yield from (id(tensor.storage) for _, tensor, _ in own_parameters(module))


def _of_field(
    interpreter: Interpreter, module: Instance, name: str, value: Value, registered: set[int]
) -> Iterator[UnregisteredParameters]:
    owner, location = module.assigned.get(name, (None, None))
    if owner is None or not isinstance(location, SourceLocation):
        return
    if isinstance(value, Tensor):
        kind = _kind_of_tensor(value, registered)
        if kind is not None and not _is_registered_elsewhere(module, name, owner):
            yield UnregisteredParameters(kind, name, owner.name, location)
        return
    if container_kind(value) == "iterator":
        return
    modules = list({id(item): item for item in _modules(value)}.values())
    if any(item is module or id(item) in registered or item.registry_changed for item in modules):
        return  # also `locals()`, which holds `self`
    drafts = [draft for item in modules for draft in layers_of(item)]
    if all(draft.frozen for draft in drafts) or _is_single(owner, location):
        return
    original_of = {id(one.copy): id(one.original) for one in interpreter.log.copies}
    originals = {original_of.get(id(item)) for item in modules}
    if len(originals) == len(modules) and originals <= registered:
        return  # an older state of registered layers, or a target network; several copies of one layer are a stack
    if _is_registered_elsewhere(module, name, owner) or _are_weights_registered(interpreter, modules):
        return
    items = list(contents(value))
    is_list = container_kind(value) not in ("dict", "tuple")
    is_exact = has_known_length(value) and not (is_list and any(map(has_alternatives, items)))
    is_nested = any(container_kind(item) for item in items)
    container = container_kind(value)
    types = tuple(draft.type for draft in drafts)
    yield UnregisteredParameters("container", name, owner.name, location, types, is_exact, container, is_nested)


def _are_weights_registered(interpreter: Interpreter, items: list[Instance]) -> bool:
    """Whether other modules register all parameters of `items`: `self.weights = ParameterList(collected)`."""
    inside = {id(one): one for item in items for _, one, _ in modules_of(item)}
    weights = {id(tensor.storage) for one in inside.values() for _, tensor, _ in own_parameters(one)}
    others = (one for one in interpreter.log.instances if id(one) not in inside)
    return weights <= {id(tensor.storage) for one in others for _, tensor, _ in own_parameters(one)}


def _modules(value: Value, depth: int = 0) -> Iterator[Instance]:
    """The modules in a container and in those nested in it."""
    instance = as_object(value)
    if instance is not None:
        if instance.is_module and not instance.symbolic:
            yield instance
        return
    if depth >= _MAX_NESTED or not container_kind(value):
        return
    for item in contents(value):
        for option, _ in options(item):
            if option is not UNBOUND:
                yield from _modules(option, depth + 1)


def _kind_of_tensor(value: Tensor, registered: set[int]) -> UnregisteredKind | None:
    storage = value.storage
    if storage is not None and value.conversion and storage.derived is not None:
        storage = storage.derived.original
    if storage is None or value.leaf or value.node is not None or id(storage) in registered:
        return None
    if storage.frozen or storage.grad_unknown or storage.owner is not None:
        return None
    if storage.parameter:
        return value.conversion or None
    return "tensor" if storage.requires_grad and _is_weight(storage) else None


def _is_weight(storage: Storage) -> bool:
    """Whether data is multiplied by it, or an init function of torch was called for it."""
    return bool(storage.products) or any(
        record.write.initializer.startswith("torch.nn.init.") and not record.write.method for record in storage.writes
    )


def _made_in_forward(layer: Instance) -> Iterator[UnregisteredParameters]:
    """A layer whose weight an init call draws at random; a layer with computed weights is a fixed operation."""
    if layer.torch_name is None or not isinstance(layer.location, SourceLocation):
        return
    for name, tensor, _ in own_parameters(layer):
        storage = tensor.storage
        if name != "weight" or storage is None or storage.frozen or storage.grad_unknown:
            continue
        if any(record.write.initializer.endswith(_RANDOM) for record in storage.writes):
            type_name = layer.torch_name.rpartition(".")[2]
            yield UnregisteredParameters("forward", "", "", layer.location, (type_name,))


def _is_single(owner: ClassValue, location: SourceLocation) -> bool:
    """Whether the value is written as `[module]` or `(module,)`, which hides a shared module on purpose."""
    for node in ast.walk(owner.node):
        if isinstance(node, ast.Assign) and location.node in node.targets:
            return isinstance(node.value, (ast.List, ast.Tuple)) and len(node.value.elts) == 1
    return False


def _is_registered_elsewhere(module: Instance, name: str, owner: ClassValue) -> bool:
    """Whether code that was not interpreted may register the attribute, or hand it to an optimizer."""
    classes = module.user_class.project_classes if module.user_class else []
    if any(name in _attributes_in_registrations(cls.node) for cls in classes):
        return True
    return name in _attributes_in_optimizers(owner.scope.source.tree)


@lru_cache(maxsize=64)
def _attributes_in_registrations(node: ast.ClassDef) -> frozenset[str]:
    """The attributes in registrations, in loops with registrations by name, and in functions about parameters."""
    names = set(_loaded_in_parameter_methods(node))
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and last_name(part.func) in _REGISTERING:
            names.update(argument for value in (*part.args, *part.keywords) for argument in _attributes(value))
        elif isinstance(part, ast.For) and _registers(part):
            names.update(_attributes(part))
    return frozenset(names)


def _registers(loop: ast.For) -> bool:
    return any(isinstance(part, ast.Call) and last_name(part.func) in _BY_NAME for part in ast.walk(loop))


@lru_cache(maxsize=64)
def _loaded_in_parameter_methods(node: ast.ClassDef) -> frozenset[str]:
    names: set[str] = set()
    for function in node.body:
        if isinstance(function, ast.FunctionDef) and ("param" in function.name or "optim" in function.name):
            names.update(_attributes(function))
    return frozenset(names)


@lru_cache(maxsize=2)
def _attributes_in_optimizers(tree: ast.Module) -> frozenset[str]:
    """The attributes in the arguments of optimizers, and in what fills the variables among these, in the whole file."""
    names: set[str] = set()
    for parts in _scopes(tree):
        reached: list[ast.AST] = [part for part in parts if _is_optimizer(part)]
        filled = _fillings(parts) if reached else {}
        for part in reached:
            for name in _free_names(part):
                reached += filled.pop(name, ())
            names.update(_attributes(part))
    return frozenset(names)


def _is_optimizer(part: ast.AST) -> bool:
    return isinstance(part, ast.Call) and last_name(part.func) in _OPTIMIZERS


def _scopes(tree: ast.Module) -> Iterator[list[ast.AST]]:
    """The nodes of the file outside all functions, and those of each function outside the functions in it."""
    starts: list[ast.AST] = [tree]
    for start in starts:
        parts = list(ast.iter_child_nodes(start))
        for part in parts:
            if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                starts.append(part)
            else:
                parts += ast.iter_child_nodes(part)
        yield parts


def _free_names(start: ast.AST) -> set[str]:
    """The variables in an expression, without those that a comprehension or a lambda in it binds."""
    names: set[str] = set()
    pending: list[tuple[ast.AST, frozenset[str]]] = [(start, frozenset())]
    while pending:
        part, bound = pending.pop()
        if isinstance(part, ast.Name) and part.id not in bound:
            names.add(part.id)
        elif isinstance(part, ast.Lambda):
            bound |= {argument.arg for argument in ast.walk(part.args) if isinstance(argument, ast.arg)}
        elif isinstance(part, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            pending.append((part.generators[0].iter, bound))  # which does not see the targets
            bound |= {name.id for one in part.generators for name in _variables(one.target)}
        pending += [(child, bound) for child in ast.iter_child_nodes(part)]
    return names


def _fillings(parts: list[ast.AST]) -> dict[str, list[ast.AST]]:
    """What each variable gets: `params = [...]`, `params += ...`, `params.append(...)`, `for layer in self.layers`."""
    filled: dict[str, list[ast.AST]] = {}
    for part in parts:
        if isinstance(part, ast.Assign):
            targets, values = part.targets, [] if _constructs(part.value) else [part.value]
        elif isinstance(part, ast.AugAssign):
            targets, values = [part.target], [part.value]
        elif isinstance(part, ast.For):
            targets, values = [part.target], [part.iter]
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _ADDING:
            targets, values = [part.func.value], part.args
        else:
            continue
        for name in {variable.id for target in targets for variable in _variables(target)}:
            filled.setdefault(name, []).extend(values)
    return filled


def _constructs(value: ast.expr) -> bool:
    """Whether it is `Net(config.layers)`, whose parameters are not those of its arguments, and not `ModuleList(x)`."""
    name = last_name(value.func) if isinstance(value, ast.Call) else ""
    return name[:1].isupper() and name not in _REGISTERING


def _variables(target: ast.expr) -> Iterator[ast.Name]:
    """Those in a tuple, and not the `self` of `self.x = ...`, which gets nothing."""
    if isinstance(target, ast.Name):
        yield target
    elif isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            yield from _variables(part)


def _attributes(node: ast.AST) -> Iterator[str]:
    return (part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute))
