"""Loads of pretrained weights: which parameters they fill, and which init overwrites them afterwards."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace

from initlint._records import dataclass
from initlint.facts.pretrained import position_of_part, pretrained_parts
from initlint.graph.dataflow import Condition
from initlint.graph.model import CheckpointLoad, Write
from initlint.project.source import Block, Location, SourceLocation
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.writes import UNKNOWN_WRITE, WriteRecord
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.external_names import ExternalName
from initlint.tracers.static.values.functions import BoundMethod, Function
from initlint.tracers.static.values.module_tree import children, modules, own_parameters
from initlint.tracers.static.values.objects import Instance, as_module
from initlint.tracers.static.values.pretrained import PretrainedModule
from initlint.tracers.static.values.questions import options
from initlint.tracers.static.values.tensors import Storage
from initlint.tracers.static.values.values import Unknown

_LOAD = "load_state_dict"
_EXITS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """A load that fills a storage, and the path condition under which it runs.

    `via`: the call sites that lead there. `writes_before`: the number of writes to the storage before it.
    """

    source: str
    location: Location
    via: tuple[Location, ...]
    condition: Condition
    writes_before: int


def record_load(interpreter: Interpreter, module: Instance, location: Location, source: str = _LOAD) -> None:
    """Record that a load fills all parameters of `module`."""
    for _, inner, _ in modules(module):
        for _, tensor, _ in own_parameters(inner):
            storage = tensor.storage
            if storage is not None:
                storage.loads = (*storage.loads, _record(interpreter, location, source, len(storage.writes)))


def _record(interpreter: Interpreter, location: Location, source: str, writes_before: int) -> LoadRecord:
    return LoadRecord(source, location, interpreter.call_sites(), interpreter.state.condition, writes_before)


def is_optional(interpreter: Interpreter, module: Instance) -> bool:
    """Whether a load into `module` that runs now depends on a condition under which the module exists in any case."""
    return not interpreter.runs_whenever(module.condition)


def without_loads(loads: Iterable[LoadRecord], existing: Condition) -> Condition:
    """`existing`, and that optional loads do not run: then an init counts that runs in place of one."""
    return existing.union((key, not side) for load in loads for key, side in load.condition - existing)


def record_skipped_loads(interpreter: Interpreter, branch: ast.If, env: Environment) -> None:
    """Record the loads in the body of an `if` whose test does not hold by default: `if path is not None: ...`.

    The code after it is the same where the test holds. Only receivers that are names or attributes are evaluated.
    """
    calls = interpreter.loads_by_branch.get(branch)
    if calls is None:
        has_loads = _LOAD in env.scope.source.code
        calls = interpreter.loads_by_branch[branch] = tuple(_loads_in(branch.body)) if has_loads else ()
    for call in calls:
        assert isinstance(call.func, ast.Attribute)
        for option, _ in options(interpreter.evaluate(call.func.value, env)):
            receiver = as_module(option)
            if receiver is None or receiver.symbolic:
                continue
            if call.func.attr == _LOAD or _loads_itself(interpreter, receiver, call.func.attr):
                record_load(interpreter, receiver, interpreter.location_of(call, env), call.func.attr)


def _loads_in(body: list[ast.stmt]) -> Iterator[ast.Call]:
    """The calls in a block that may be loads, if the code after the block runs too."""
    if any(isinstance(statement, _EXITS) for statement in body):
        return
    for statement in body:
        value = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
        function = value.func if isinstance(value, ast.Call) else None
        if isinstance(function, ast.Attribute) and "load" in function.attr and _is_path(function.value):
            assert isinstance(value, ast.Call)
            yield value


def _is_path(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _loads_itself(interpreter: Interpreter, module: Instance, name: str) -> bool:
    """Whether the method `name` calls `self.load_state_dict` in every case."""
    method = interpreter.attribute(module, name)
    function = method.function if isinstance(method, BoundMethod) else None
    if not isinstance(function, Function) or isinstance(function.node, ast.Lambda):
        return False
    return any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr == _LOAD
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "self"
        for call in _loads_in(function.node.body)
    )


def last_load(storage: Storage, existing: Condition) -> CheckpointLoad:
    """The last load of a parameter that exists under the condition `existing`."""
    load: LoadRecord = storage.loads[-1]
    return CheckpointLoad(load.source, load.location, _overwriting_write(storage, load, existing))


def _overwriting_write(storage: Storage, load: LoadRecord, existing: Condition) -> Write | None:
    later: list[WriteRecord] = storage.writes[load.writes_before :]
    if any(record.write.initializer == UNKNOWN_WRITE for record in later):
        return None
    for record in reversed(later):
        write = record.write
        if write.covers_tensor and not write.reads_old_value and record.condition <= load.condition | existing:
            is_other = _depend_on_one_test(load, write) or _is_ordered_by_caller(load, write) or _is_in_slice(write)
            return None if is_other else record.as_write("weight", existing | load.condition)
    return None


def _depend_on_one_test(load: LoadRecord, write: Write) -> bool:
    """Whether the conditions of both mention a common name: the write may run just where the load does not."""
    load_sites, write_sites = (*load.via, load.location), (*write.via, write.location)
    return not _tested_names(load_sites).isdisjoint(_tested_names(write_sites, without=load_sites))


def _is_in_slice(write: Write) -> bool:
    """Whether a loop around the init is over a slice, as in `list(net.modules())[-4:]`: it is for some layers only."""
    return any(
        isinstance(node, ast.For) and any(isinstance(part, ast.Slice) for part in ast.walk(node.iter))
        for site in (*write.via, write.location)
        for node in _blocks_around(site)
    )


def _is_ordered_by_caller(load: LoadRecord, write: Write) -> bool:
    """Whether the function with the load calls the init by itself, elsewhere: not after the load, as it was traced."""
    if not isinstance(load.location, SourceLocation) or not write.helpers:
        return False
    around = [node for node in _blocks_around(load.location) if isinstance(node, ast.FunctionDef)]
    if not around or around[-1].name in write.helpers:
        return False
    calls = (node.func for node in ast.walk(around[-1]) if isinstance(node, ast.Call))
    return any(isinstance(function, ast.Attribute) and function.attr == write.helpers[0] for function in calls)


_COMMON = frozenset(
    {"self", "nn", "torch", "isinstance", "hasattr", "os", "m", "module", "__name__", "__class__", "type"}
)
"""Names that two tests may have in common and yet test different things."""


def _tested_names(sites: Iterable[Location], without: tuple[Location, ...] = ()) -> set[str]:
    names: set[str] = set()
    for site in sites:
        for node in _blocks_around(site) if site not in without[:-1] else ():
            if isinstance(node, (ast.If, ast.While, ast.IfExp)):
                for part in ast.walk(node.test):
                    if isinstance(part, ast.Name):
                        names.add(part.id)
                    elif isinstance(part, ast.Attribute):
                        names.add(part.attr)
    return names - _COMMON


def _blocks_around(site: Location) -> tuple[Block, ...]:
    return site.source.blocks_at(getattr(site.node, "lineno", 0)) if isinstance(site, SourceLocation) else ()


def pretrained_module(
    interpreter: Interpreter, name: str, layer_types: Iterable[str], location: Location
) -> PretrainedModule:
    """The result of the call of `name`, which builds a model with pretrained weights."""
    reason, content = f"{name} is not followed", _content(interpreter, name, layer_types, location)
    model = PretrainedModule(reason, content, (_record(interpreter, location, _source(name), 0),))
    parts: dict[str, PretrainedModule | None] = {}
    for part, has_convolutions in pretrained_parts(name):
        parts[part] = None
        if has_convolutions:
            inner = _content(interpreter, name, ["Conv2d"], location)
            parts[part] = PretrainedModule(reason, inner, model.loads, inside=model, path=(part,))
    model.parts = parts
    interpreter.log.pretrained.append(model)
    return model


def _content(interpreter: Interpreter, name: str, layer_types: Iterable[str], location: Location) -> Instance:
    """A module that represents a model, or a part of one, with pretrained weights."""
    condition = interpreter.state.condition
    content = Instance(ExternalName(name), location, condition, "torch.nn.Module")
    content.parent = True
    for at, layer_type in enumerate(layer_types):
        dotted = f"torch.nn.{layer_type}"
        layer = Instance(ExternalName(dotted), location, condition, dotted)
        layer.arguments = {"bias": True, "in_channels": Unknown("a width"), "kernel_size": Unknown("a size")}
        layer.parent = True
        content.fields[str(at)] = layer
    record_load(interpreter, content, location, _source(name))
    return content


def _source(name: str) -> str:
    """The name by which a message calls the function or class that builds a model with pretrained weights."""
    return name if name == "torch.hub.load" else name.removesuffix(".from_pretrained").rpartition(".")[2]


def is_pretrained_content(module: Instance) -> bool:
    """Whether it represents a model of another library with pretrained weights."""
    return (
        module.torch_name == "torch.nn.Module"
        and module.user_class is None
        and not module.symbolic
        and module.cls.name != "torch.nn.Module"
    )


def loads_of_content(models: Iterable[PretrainedModule]) -> Iterator[CheckpointLoad]:
    """The loads of the layers that represent pretrained models; of their parts, if all that are used lose theirs."""
    for model in models:
        yield from _loads_of(model.content)
        parts = [part for part in model.parts.values() if part is not None and part.is_used]
        loads = [load for part in parts for load in _loads_of(part.content)]
        if all(load.overwritten_by is not None for load in loads):
            yield from loads[:1]
        yield from _loads_of_first_layers(model)


def _loads_of_first_layers(model: PretrainedModule) -> Iterator[CheckpointLoad]:
    """The loads of the weights that code overwrites one by one, of layers whose outputs others were trained on.

    A stage counts only if no later one is overwritten: the last stages may be trained again on purpose.
    """
    written = {path[:-1]: storage for path, storage in model.written_weights()}
    positions = {path: position_of_part(path) for path in written}
    for path, storage in written.items():
        is_first = positions[path] == "input" or "other" not in positions.values()
        load = last_load(storage, storage.condition) if is_first else None
        write = load.overwritten_by if load is not None else None
        if load is not None and write is not None and not _tested_names((*write.via, write.location)):
            yield replace(load, part=".".join(path))


def _loads_of(content: Instance) -> Iterator[CheckpointLoad]:
    for _, layer in children(content):
        for name, tensor, condition in own_parameters(layer):
            if name == "weight" and tensor.storage is not None:
                yield last_load(tensor.storage, condition | tensor.storage.condition)
