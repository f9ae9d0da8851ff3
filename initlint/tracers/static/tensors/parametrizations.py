"""Weight norm, spectral norm, pruning and `register_parametrization`: an attribute is recomputed from parameters."""

from __future__ import annotations

from initlint._records import dataclass
from initlint.facts.parametrizations import Reparametrization
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.writes import UNKNOWN_WRITE, fresh_storage, record_write
from initlint.tracers.static.values.external_names import ExternalName
from initlint.tracers.static.values.module_tree import modules
from initlint.tracers.static.values.objects import REGISTRY, Instance, as_module, as_object
from initlint.tracers.static.values.questions import Union, without_unbound
from initlint.tracers.static.values.tensors import DerivedStorage, Storage, Tensor, as_tensor
from initlint.tracers.static.values.values import CallArguments, Unknown, Value


@dataclass(frozen=True, slots=True)
class _Parameter:
    """The parameter `name` of a module."""

    module: Instance
    name: str


def reparametrize(interpreter: Interpreter, reparametrization: Reparametrization, call: CallArguments) -> Value:
    """`weight_norm(module)` and similar; gives the module."""
    module, name = _module_and_name(call)
    interpreter.state.map_union(module, lambda option: _wrap(interpreter, option, name, reparametrization, call))
    return module


def restore(interpreter: Interpreter, call: CallArguments) -> Value:
    """`remove_weight_norm(module)` and similar: make the attribute a parameter again, with its current values."""
    module, name = _module_and_name(call)
    interpreter.state.map_union(module, lambda option: _unwrap(interpreter, option, name, call))
    return module


def _module_and_name(call: CallArguments) -> tuple[Value, Value]:
    named = call.keywords.get("name", call.keywords.get("tensor_name", "weight"))
    return call.get(0, "module", Unknown("no module")), call.arguments[1] if len(call.arguments) > 1 else named


def _wrap(
    interpreter: Interpreter, value: Value, name: Value, reparametrization: Reparametrization, call: CallArguments
) -> None:
    module = as_module(value)
    if module is None:
        return
    module.materialize()
    if not isinstance(name, str) or not isinstance(without_unbound(module.fields.get(name)), (Tensor, Union)):
        # A class of the project that exposes the weight of a submodule, or an unknown parameter.
        for _, inner, _ in modules(module):
            inner.parametrized = inner.parametrized or not isinstance(name, str) or name == "weight"
        return
    parameter = _Parameter(module, name)
    interpreter.state.map_union(
        module.fields[name], lambda option: _replace_parameter(interpreter, parameter, option, reparametrization, call)
    )


def _replace_parameter(
    interpreter: Interpreter,
    parameter: _Parameter,
    value: Value,
    reparametrization: Reparametrization,
    call: CallArguments,
) -> None:
    tensor = as_tensor(value)
    if tensor is None or tensor.storage is None:
        return
    module, name = parameter.module, parameter.name
    interpreter.state.save_before_change(module)
    before = tensor.storage.derived
    original = tensor.storage if before is None else before.original
    shares, certain = (
        _run_parametrization(interpreter, tensor, call)
        if reparametrization.by_module
        else (reparametrization.shares, True)
    )
    parts = tuple(part.format(name) for part in reparametrization.originals)
    norms = [_norm(interpreter, module, original, part, call) for part in parts[:-1]]
    holder = _list_in_registry(interpreter, parameter, call) if reparametrization.registered else module
    interpreter.state.save_before_change(holder)
    for part, storage in zip(parts, [*norms, original], strict=True):
        holder.fields[part] = Tensor(storage=storage, leaf=True)
    if shares:
        module.parametrized = True
        module.fields[name] = Tensor(storage=original)
        return
    names = tuple(f"{REGISTRY}.{name}.{part}" for part in parts) if reparametrization.registered else parts
    attribute = Storage(original.shape, call.site, interpreter.state.condition)
    attribute.derived = DerivedStorage(
        reparametrization.cause, (*norms, original), call.site, names, len(original.writes), certain
    )
    attribute.owner, attribute.name = module, name
    module.fields[name] = Tensor(storage=attribute)


def _run_parametrization(interpreter: Interpreter, value: Tensor, call: CallArguments) -> tuple[bool, bool]:
    """Whether a parametrization returns the original storage itself, and whether it surely does not."""
    module = call.get(2, "parametrization", Unknown("no parametrization"))
    result = as_tensor(interpreter.call(module, CallArguments([Tensor(storage=value.storage)], {}, call.site)))
    if result is None or result.node is not None:
        return False, False
    return result.storage is not None, result.storage is None


def _norm(interpreter: Interpreter, module: Instance, original: Storage, name: str, call: CallArguments) -> Storage:
    """The magnitude parameter of weight norm: one number per index along `dim`."""
    dim = call.get(2, "dim", 0)
    shape: tuple[int | None, ...] | None = None
    if dim is None:
        shape = ()
    elif original.shape is not None and isinstance(dim, int):
        rank = len(original.shape)
        shape = tuple(size if at == dim % rank else 1 for at, size in enumerate(original.shape))
    storage = fresh_storage(interpreter, shape, call.site)
    storage.parameter, storage.owner, storage.name = True, module, name
    return storage


def _list_in_registry(interpreter: Interpreter, parameter: _Parameter, call: CallArguments) -> Instance:
    """`module.parametrizations.weight`: the originals, and the modules that compute the weight from them."""
    registry = as_object(without_unbound(parameter.module.fields.get(REGISTRY)))
    if registry is None:
        registry = Instance(
            ExternalName("torch.nn.ModuleDict"), call.site, interpreter.state.condition, "torch.nn.ModuleDict"
        )
        registry.parent = True
        parameter.module.fields[REGISTRY] = registry
    interpreter.state.save_before_change(registry)
    chain = as_object(registry.fields.get(parameter.name))
    if chain is None:
        cls = ExternalName("torch.nn.utils.parametrize.ParametrizationList")
        chain = Instance(cls, call.site, interpreter.state.condition, "torch.nn.ModuleList")
        chain.parent = True
        registry.fields[parameter.name] = chain
    computing = as_object(call.get(2, "parametrization", None))
    if computing is not None:
        interpreter.state.save_before_change(chain)
        chain.fields[str(len(chain.fields))] = computing
        computing.parent = True
    return chain


def _unwrap(interpreter: Interpreter, value: Value, name: Value, call: CallArguments) -> None:
    module = as_object(value)
    if module is not None and isinstance(name, str) and name in module.fields:
        interpreter.state.map_union(
            module.fields[name], lambda option: _make_parameter(interpreter, module, name, option, call)
        )


def _make_parameter(interpreter: Interpreter, module: Instance, name: str, value: Value, call: CallArguments) -> None:
    tensor = as_tensor(value)
    if tensor is None or tensor.storage is None or tensor.leaf:
        return
    interpreter.state.save_before_change(module)
    derived = tensor.storage.derived
    original = tensor.storage if derived is None else derived.original
    restored = Tensor(storage=original, leaf=True)
    if derived is not None and (
        len(original.writes) > derived.writes_before or any(o.writes for o in derived.originals[:-1])
    ):
        record_write(interpreter, restored, UNKNOWN_WRITE, {}, call.site)
    module.fields[name] = restored
    for other in (f"{name}_g", f"{name}_v", f"{name}_orig", REGISTRY):
        module.fields.pop(other, None)
    module.parametrized = False
