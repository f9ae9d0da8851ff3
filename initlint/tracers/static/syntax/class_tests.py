"""`isinstance` tests, and the value that an unknown object has after one."""

from __future__ import annotations

from initlint.facts.canonical_names import is_reference
from initlint.facts.fans import BASES, MODULES
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.path_conditions import new_token
from initlint.tracers.static.tensors.module_tree import is_instance_of, torch_base
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.objects import BoundMethod, ClassValue, Function, Instance
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import CONSTANTS, UNBOUND, ExternalName, Partial, Union, Unknown, Value


def symbolic_instance(interpreter: Interpreter, cls: Value, value: Value) -> Value:
    """The symbolic instance that replaces an unknown value after `isinstance(value, cls)`."""
    classes = [c for c in _flat(cls) if _is_module_class(c)]
    if not classes or len(classes) != len(list(_flat(cls))):
        return value
    instances = [_symbolic_instance_of(interpreter, c) for c in classes]
    if len(instances) == 1:
        return instances[0]
    return Union([(instance, frozenset([(new_token(), True)])) for instance in instances])


def _symbolic_instance_of(interpreter: Interpreter, cls: Value) -> Instance:
    name = cls.name if isinstance(cls, ExternalName) else torch_base(cls)
    return Instance(cls, None, interpreter.state.condition, name, symbolic=True)


def _is_module_class(cls: Value) -> bool:
    if isinstance(cls, ExternalName):
        return cls.name in MODULES
    return isinstance(cls, ClassValue) and torch_base(cls) is not None


def _flat(cls: Value) -> list[Value]:
    if isinstance(cls, tuple):
        return [inner for c in cls for inner in _flat(c)]
    if isinstance(cls, ListValue):
        return [inner for c in cls.items for inner in _flat(c)]
    return [cls]


_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "builtins.int": int,
    "builtins.float": float,
    "builtins.str": str,
    "builtins.bool": bool,
    "builtins.tuple": tuple,
    "builtins.bytes": bytes,
    "numbers.Number": (int, float, complex),
    "numbers.Real": (int, float),
    "numbers.Integral": int,
    "builtins.range": range,
}
_ABSTRACT = ("Hashable", "SupportsInt", "SupportsFloat", "SupportsIndex", "Complex", "Rational", "object", "Container")
_SEQUENCES = ("Sequence", "Iterable", "Collection", "Sized")


def is_instance(value: Value, cls: Value) -> bool | None:
    """`isinstance(value, cls)`; None if unknown."""
    verdicts = [_is_one_instance(value, one) for one in _flat(cls)]
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _is_one_instance(value: Value, cls: Value) -> bool | None:
    if isinstance(value, Union):
        verdicts = {_is_one_instance(option, cls) for option in value.values if option is not UNBOUND}
        return verdicts.pop() if len(verdicts) == 1 else None
    if isinstance(value, Instance):
        return is_instance_of(value, cls)
    if isinstance(value, Unknown):
        if isinstance(cls, ExternalName) and value.hint == cls and cls.name.startswith("builtins."):
            return True
        return None
    if isinstance(value, ExternalName) and not is_reference(value.name):
        return None
    if not isinstance(cls, ExternalName):
        return False if isinstance(cls, ClassValue) else None
    if isinstance(value, Tensor):
        if cls.name == "torch.nn.Parameter":
            return value.leaf
        return cls.name in ("torch.Tensor", "torch.FloatTensor") or (None if cls.name.startswith("torch.") else False)
    if isinstance(value, (ListValue, DictValue)):
        kind = value.kind if isinstance(value, ListValue) else "dict"
        last = cls.name.rpartition(".")[2]
        return (
            last == kind
            or last in _SEQUENCES
            or (kind == "dict" and last in ("OrderedDict", "Mapping", "MutableMapping"))
        )
    if cls.name in _PYTHON_TYPES:
        return isinstance(value, _PYTHON_TYPES[cls.name])
    if isinstance(value, (*CONSTANTS, tuple)):
        last = cls.name.rpartition(".")[2]
        if last in _SEQUENCES:
            return isinstance(value, (tuple, str, range))
        # Besides its own type, a constant is an instance of the ABCs that this type is registered with.
        return None if last in _ABSTRACT else False
    if isinstance(value, (ClassValue, ExternalName, Function, Partial, BoundMethod)):
        if cls.name == "builtins.type":
            return isinstance(value, ClassValue) or (
                isinstance(value, ExternalName) and value.name.rpartition(".")[2][:1].isupper()
            )
        if cls.name == "functools.partial":
            return isinstance(value, Partial)
        if cls.name in ("types.FunctionType", "types.LambdaType", "types.MethodType"):
            return isinstance(value, BoundMethod if cls.name.endswith("MethodType") else Function)
        if cls.name in BASES or cls.name in _PYTHON_TYPES:
            return False
    return None
