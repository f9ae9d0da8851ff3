"""Tests: which side of a condition is taken, and what is known on that side."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import libcst as cst

from initlint.facts.layers import BASES, MODULES
from initlint.flow import Token
from initlint.interpret.machine import Machine
from initlint.interpret.parameters import note_call
from initlint.interpret.sequences import bounded, is_key, sequence
from initlint.interpret.scopes import Environment
from initlint.interpret.tree import derives, torch_base
from initlint.interpret.values import (
    ABSENT,
    CONSTANTS,
    Bound,
    ClassValue,
    DictValue,
    External,
    Function,
    Instance,
    ListValue,
    Method,
    Package,
    Partial,
    Tensor,
    Union,
    Unknown,
    Value,
    present,
)

_SETTLED: Token = (None, True)
"""The token of a test that needs none."""
_ALWAYS_TRUE = (Function, Bound, Method, ClassValue, Package, Partial)


def truth(value: Value) -> bool | None:
    """`bool(value)`; None if that is not known."""
    if isinstance(value, CONSTANTS):
        return bool(value)
    if isinstance(value, tuple):
        return bool(value)
    if isinstance(value, (ListValue, DictValue)):
        return True if value.items else (None if value.open else False)
    if isinstance(value, Instance):
        if value.torch_name in ("torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ModuleDict"):
            return True if value.fields else (None if value.open or value.symbolic else False)
        return True
    if isinstance(value, _ALWAYS_TRUE):
        return True
    if isinstance(value, External):
        last = value.name.rpartition(".")[2]
        # What is imported for type checkers alone is how packages that load themselves lazily say what they hold.
        return True if last == "TYPE_CHECKING" or not last.isupper() else None
    if isinstance(value, Union):
        verdicts = {truth(option) for option in value.values if option is not ABSENT}
        return verdicts.pop() if len(verdicts) == 1 else None
    return None


def decide(machine: Machine, test: Any, env: Environment) -> tuple[bool | None, Token]:
    """Which way a test goes, and the token of its being true.

    Two tests of the same unknown value have the same token, so that they go the same way.
    """
    # `isinstance` of libcst's abstract node classes is slow, and this is asked at every test.
    kind = test.__class__
    if kind is cst.UnaryOperation and isinstance(test.operator, cst.Not):
        verdict, (base, side) = decide(machine, test.expression, env)
        return (None if verdict is None else not verdict), (base, not side)
    if kind is cst.BooleanOperation:
        return _decide_both(machine, test, env)
    value = present(machine.evaluate(test, env))
    if isinstance(value, Tensor) and value.leaf and kind in (cst.Name, cst.Attribute):
        note_call(machine, "bool", "builtins.bool", machine.site(test, env), {}, value)
    verdict = truth(value)
    if verdict is not None:
        return verdict, _SETTLED
    # The object itself is the key, not its address: a token must outlive it.
    key = value if isinstance(value, Unknown) else machine.fresh()
    return machine.state.known(key), (key, True)


def _decide_both(machine: Machine, test: cst.BooleanOperation, env: Environment) -> tuple[bool | None, Token]:
    is_or = isinstance(test.operator, cst.Or)
    left, token = decide(machine, test.left, env)
    if left is is_or:
        return left, _SETTLED
    if left is not None:
        return decide(machine, test.right, env)

    def right_side() -> bool | None:
        narrow(machine, test.left, env, not is_or)
        return decide(machine, test.right, env)[0]

    right, raised, _ = machine.state.branch((machine.fresh(), True), right_side)
    if right is is_or and not raised:
        return is_or, _SETTLED
    return None, (machine.fresh(), True) if right is None else token


def narrow(machine: Machine, test: cst.BaseExpression, env: Environment, side: bool) -> None:
    """Note in `env` what the test tells of its names on the side `side`."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        narrow(machine, test.expression, env, not side)
    elif isinstance(test, cst.BooleanOperation):
        if isinstance(test.operator, cst.And) is side:
            narrow(machine, test.left, env, side)
            narrow(machine, test.right, env, side)
    elif isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        _narrow_comparison(machine, test, env, side)
    elif isinstance(test, cst.Call):
        _narrow_call(machine, test, env, side)
    elif isinstance(test, (cst.Name, cst.Attribute)):
        _keep(machine, test, env, lambda value: truth(value) in (side, None))


def _narrow_comparison(machine: Machine, test: cst.Comparison, env: Environment, side: bool) -> None:
    target = test.comparisons[0]
    if isinstance(target.operator, cst.IsNot):
        side = not side
    elif not isinstance(target.operator, cst.Is):
        return
    if isinstance(target.comparator, cst.Name) and target.comparator.value == "None":
        if side:
            _keep(machine, test.left, env, lambda value: value is None or isinstance(value, Unknown), None)
        else:
            _keep(machine, test.left, env, lambda value: value is not None)


def _narrow_call(machine: Machine, test: cst.Call, env: Environment, side: bool) -> None:
    if not (isinstance(test.func, cst.Name) and test.func.value == "isinstance" and len(test.args) == 2):
        return
    cls = machine.evaluate(test.args[1].value, env)
    subject = test.args[0].value
    _keep(machine, subject, env, lambda value: is_instance(value, cls) in (side, None))
    if side and isinstance(subject, cst.Name):
        value = machine.evaluate(subject, env)
        if isinstance(value, Unknown) or (isinstance(value, Instance) and value.symbolic):
            machine.assign(env, subject.value, symbolic(machine, cls, value))


def _keep(
    machine: Machine, subject: cst.BaseExpression, env: Environment, wanted: Callable[[Value], bool], instead: Value = ABSENT
) -> None:
    """Drop the alternatives of a name or attribute that are not `wanted`; an unknown value may become `instead`."""
    if not isinstance(subject, (cst.Name, cst.Attribute)):
        return
    value = machine.evaluate(subject, env)
    if isinstance(value, Unknown) and instead is not ABSENT:
        kept: Value = instead
    elif isinstance(value, Union):
        left = [(v, c) for v, c in value.options if wanted(v)]
        if not left or len(left) == len(value.options):
            return
        kept = left[0][0] if len(left) == 1 else Union(left)
    else:
        return
    if isinstance(subject, cst.Name):
        owner = env.owner_of(subject.value)
        machine.assign(owner or env, subject.value, kept)
        return
    holder = machine.evaluate(subject.value, env)
    if isinstance(holder, Instance) and subject.attr.value in holder.fields:
        machine.state.touch(holder)
        holder.fields[subject.attr.value] = kept


def symbolic(machine: Machine, cls: Value, value: Value) -> Value:
    """Some object of the class, or one of the classes, `cls`: what an unknown value is behind an `isinstance`."""
    classes = [c for c in _flat(cls) if _is_module_class(c)]
    if not classes or len(classes) != len(list(_flat(cls))):
        return value
    made = [_symbolic_instance(machine, c) for c in classes]
    if len(made) == 1:
        return made[0]
    return Union([(instance, frozenset([(machine.fresh(), True)])) for instance in made])


def _symbolic_instance(machine: Machine, cls: Value) -> Instance:
    name = cls.name if isinstance(cls, External) else torch_base(cls)
    return Instance(cls, None, machine.state.condition, name, symbolic=True)


def _is_module_class(cls: Value) -> bool:
    if isinstance(cls, External):
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
    """`isinstance(value, cls)`; None if it is not known."""
    verdicts = [_is_one_instance(value, one) for one in _flat(cls)]
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _is_one_instance(value: Value, cls: Value) -> bool | None:
    if isinstance(value, Union):
        verdicts = {_is_one_instance(option, cls) for option in value.values if option is not ABSENT}
        return verdicts.pop() if len(verdicts) == 1 else None
    if isinstance(value, Instance):
        return derives(value, cls)
    if isinstance(value, Unknown):
        if isinstance(cls, External) and value.hint == cls and cls.name.startswith("builtins."):
            return True
        return None
    if not isinstance(cls, External):
        return False if isinstance(cls, ClassValue) else None
    if isinstance(value, Tensor):
        if cls.name in ("torch.nn.Parameter",):
            return value.leaf
        return cls.name in ("torch.Tensor", "torch.FloatTensor") or (None if cls.name.startswith("torch.") else False)
    if isinstance(value, (ListValue, DictValue)):
        kind = value.kind if isinstance(value, ListValue) else "dict"
        last = cls.name.rpartition(".")[2]
        return last == kind or last in _SEQUENCES or (kind == "dict" and last in ("OrderedDict", "Mapping", "MutableMapping"))
    if cls.name in _PYTHON_TYPES:
        return isinstance(value, _PYTHON_TYPES[cls.name])
    if isinstance(value, CONSTANTS) or isinstance(value, tuple):
        last = cls.name.rpartition(".")[2]
        if last in _SEQUENCES:
            return isinstance(value, (tuple, str, range))
        # A constant is of Python's own types, and of the abstract ones that these are registered with.
        return None if last in _ABSTRACT else False
    if isinstance(value, (ClassValue, External, Function, Partial, Bound)):
        if cls.name == "builtins.type":
            return isinstance(value, ClassValue) or (isinstance(value, External) and value.name.rpartition(".")[2][:1].isupper())
        if cls.name == "functools.partial":
            return isinstance(value, Partial)
        if cls.name in ("types.FunctionType", "types.LambdaType", "types.MethodType"):
            return isinstance(value, Bound if cls.name.endswith("MethodType") else Function)
        if cls.name in BASES or cls.name in _PYTHON_TYPES:
            return False
    return None


_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    cst.Equal: operator.eq,
    cst.NotEqual: operator.ne,
    cst.LessThan: operator.lt,
    cst.LessThanEqual: operator.le,
    cst.GreaterThan: operator.gt,
    cst.GreaterThanEqual: operator.ge,
}


def compare(machine: Machine, node: cst.Comparison, env: Environment) -> bool | None:
    """The value of a (chained) comparison; None if it is not known."""
    left = present(machine.evaluate(node.left, env))
    verdict: bool | None = True
    for target in node.comparisons:
        right = present(machine.evaluate(target.comparator, env))
        one = _compare_one(type(target.operator), left, right)
        if one is False:
            return False
        if one is None:
            verdict = None
        left = right
    return verdict


def _compare_one(kind: type, left: Value, right: Value) -> bool | None:
    if isinstance(left, Union) or isinstance(right, Union):
        lefts = left.values if isinstance(left, Union) else [left]
        rights = right.values if isinstance(right, Union) else [right]
        verdicts = {_compare_one(kind, a, b) for a in lefts for b in rights}
        return verdicts.pop() if len(verdicts) == 1 else None
    if kind in (cst.In, cst.NotIn):
        inside = _contains(left, right)
        return inside if inside is None or kind is cst.In else not inside
    if kind in (cst.Is, cst.IsNot):
        same = _is(left, right)
        return same if same is None or kind is cst.Is else not same
    if kind in (cst.Equal, cst.NotEqual):
        equal = _equal(left, right)
        return equal if equal is None or kind is cst.Equal else not equal
    if _plain(left) and _plain(right):
        try:
            return bool(_COMPARE[kind](left, right))
        except TypeError:
            return None
    return None


def _plain(value: Value) -> bool:
    if isinstance(value, tuple):
        return all(_plain(item) for item in value)
    return isinstance(value, CONSTANTS)


def _is(left: Value, right: Value) -> bool | None:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return True if left is right else None
    if left is None or right is None or isinstance(left, (bool, str)) and isinstance(right, (bool, str)):
        return left is right if left is None or right is None else left == right
    if isinstance(left, External) and isinstance(right, External):
        return left == right
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return True if left is right or (left.storage is not None and left.storage is right.storage) else None
    return left is right or (isinstance(left, CONSTANTS) and _equal(left, right) is True)


def _equal(left: Value, right: Value) -> bool | None:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return True if left is right else None
    if _plain(left) and _plain(right):
        return bool(left == right)
    if isinstance(left, ClassValue) and isinstance(right, ClassValue):
        return left is right or left.node is right.node
    if isinstance(left, (External, ClassValue)) and isinstance(right, (External, ClassValue)):
        return left == right
    if isinstance(left, (Instance, Function)) or isinstance(right, (Instance, Function)):
        return left is right
    if isinstance(left, (External, ClassValue)) or isinstance(right, (External, ClassValue)):
        return None if isinstance(left, Tensor) or isinstance(right, Tensor) else False
    if isinstance(left, ListValue) and isinstance(right, ListValue) and not left.open and not right.open:
        if len(left.items) != len(right.items):
            return False
        verdicts = [_equal(a, b) for a, b in zip(left.items, right.items)]
        return False if False in verdicts else None if None in verdicts else True
    if isinstance(left, tuple) and isinstance(right, tuple) and len(left) == len(right):
        verdicts = [_equal(a, b) for a, b in zip(left, right)]
        return False if False in verdicts else None if None in verdicts else True
    if type(left) is not type(right) and (_plain(left) or _plain(right)):
        return None if isinstance(left, Tensor) or isinstance(right, Tensor) else False
    return True if left is right else None


def _contains(left: Value, right: Value) -> bool | None:
    if isinstance(right, str):
        return left in right if isinstance(left, str) else None
    if isinstance(right, Unknown):
        return None
    if isinstance(right, DictValue):
        if is_key(left):
            return True if left in right.items else (None if right.open else False)
        return None
    items = sequence(right)
    if items is None:
        return None
    verdicts = [_equal(left, item) for item in items]
    if True in verdicts:
        return True
    return None if None in verdicts or not bounded(right) else False
