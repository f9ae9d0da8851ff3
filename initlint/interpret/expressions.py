"""What each kind of expression evaluates to."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from typing import Any

import libcst as cst

from initlint.interpret.machine import Call, Evaluate, Machine
from initlint.interpret.scopes import Environment
from initlint.interpret.state import Raised
from initlint.interpret.sequences import MAX_SEQUENCE, bounded, is_key, iterate, sequence
from initlint.interpret.targets import bind_target
from initlint.interpret.tensors import arithmetic, subscript_tensor
from initlint.interpret.truth import compare, decide, narrow
from initlint.interpret.values import (
    ABSENT,
    CONSTANTS,
    ClassValue,
    DictValue,
    External,
    Function,
    Instance,
    ListValue,
    Package,
    Super,
    Tensor,
    Union,
    Unknown,
    Value,
    join,
    present,
)


_CONSTANTS: dict[str, Value] = {"None": None, "True": True, "False": False}


def name(machine: Machine, node: cst.Name, env: Environment) -> Value:
    """The value of a name: local, enclosing, global, built in."""
    written = node.value
    if written in _CONSTANTS:
        return _CONSTANTS[written]
    scope = env.scope
    inner: Environment | None = env
    while inner is not None:
        values = inner.values
        if written in values and values is not scope.values:
            value = values[written]
            return value if value.__class__ is not Union and value is not ABSENT else _present(written, value)
        inner = inner.parent
    value = scope.lookup(written)
    if value is not ABSENT:
        return _present(written, value)
    if written in _BUILTINS:
        return External(f"builtins.{written}")
    return Unknown(f"{written} is not defined")


def _present(written: str, value: Value) -> Value:
    value = present(value)
    return value if value is not ABSENT else Unknown(f"{written} is not set")


_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))


def attribute(machine: Machine, node: cst.Attribute, env: Environment) -> Value:
    return machine.attribute(machine.evaluate(node.value, env), node.attr.value)


def call(machine: Machine, node: cst.Call, env: Environment) -> Value:
    function = machine.evaluate(node.func, env)
    arguments: list[Value] = []
    keywords: dict[str, Value] = {}
    open = False
    for argument in node.args:
        value = machine.evaluate(argument.value, env)
        if argument.star == "*":
            items = sequence(value)
            open = open or not bounded(value)
            if items is not None:
                arguments.extend(items)
        elif argument.star == "**":
            value = present(value)
            if isinstance(value, DictValue):
                keywords.update({k: v for k, v in value.items.items() if isinstance(k, str)})
                open = open or value.open
            else:
                open = True
        elif argument.keyword is not None:
            keywords[argument.keyword.value] = value
        else:
            arguments.append(value)
    if isinstance(function, External) and function.name in _SCOPED:
        return _SCOPED[function.name](machine, arguments, env)
    return machine.call(function, Call(arguments, keywords, machine.site(node, env), open))


def _super(machine: Machine, arguments: list[Value], env: Environment) -> Value:
    frame = env.frame
    if len(arguments) >= 2:
        return Super(arguments[0], arguments[1])
    if frame.function is None or frame.function.owner is None:
        return Unknown("super() outside of a method")
    receiver = _first_parameter(frame.function, env)
    return Super(frame.function.owner, receiver)


def _first_parameter(function: Function, env: Environment) -> Value:
    parameters = [*function.node.params.posonly_params, *function.node.params.params]
    if not parameters:
        return Unknown("no receiver")
    return lookup_local(parameters[0].name.value, env)


def lookup_local(name: str, env: Environment) -> Value:
    owner = env.owner_of(name)
    return owner.values[name] if owner is not None else Unknown(f"{name} is not set")


def _locals(machine: Machine, arguments: list[Value], env: Environment) -> Value:
    return DictValue(dict(env.values))


def _globals(machine: Machine, arguments: list[Value], env: Environment) -> Value:
    return Package(env.scope)


_SCOPED: dict[str, Callable[[Machine, list[Value], Environment], Value]] = {
    "builtins.super": _super,
    "builtins.locals": _locals,
    "builtins.vars": lambda m, a, e: DictValue(dict(e.values)) if not a else Unknown("vars()"),
    "builtins.globals": _globals,
}


# Literals and displays --------------------------------------------------------------------------------------------

_literals: dict[str, Value] = {}


def integer(machine: Machine, node: cst.Integer, env: Environment) -> Value:
    return int(node.value.replace("_", ""), 0) if not node.value.isdigit() else int(node.value)


def floating(machine: Machine, node: cst.Float, env: Environment) -> Value:
    return float(node.value.replace("_", ""))


def imaginary(machine: Machine, node: cst.Imaginary, env: Environment) -> Value:
    return complex(node.value.replace("_", ""))


def string(machine: Machine, node: cst.SimpleString, env: Environment) -> Value:
    raw = node.value
    if raw not in _literals:
        if len(_literals) > 50_000:
            _literals.clear()
        _literals[raw] = node.evaluated_value
    return _literals[raw]


def concatenated(machine: Machine, node: cst.ConcatenatedString, env: Environment) -> Value:
    left, right = machine.evaluate(node.left, env), machine.evaluate(node.right, env)
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, bytes) and isinstance(right, bytes):
        return left + right
    return Unknown("a composed string", External("builtins.str"))


def formatted(machine: Machine, node: cst.FormattedString, env: Environment) -> Value:
    parts = []
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            parts.append(part.value)
            continue
        assert isinstance(part, cst.FormattedStringExpression)
        value = machine.evaluate(part.expression, env)
        if isinstance(value, (str, int, float)) and part.format_spec is None and part.conversion is None:
            parts.append(str(value))
        else:
            return Unknown("a composed string", External("builtins.str"))
    return "".join(parts)


def elements(machine: Machine, nodes: Any, env: Environment) -> tuple[list[Value], bool]:
    found: list[Value] = []
    open = False
    for element in nodes:
        value = machine.evaluate(element.value, env)
        if isinstance(element, cst.StarredElement):
            items = sequence(value)
            open = open or not bounded(value)
            found.extend(items or ())
        else:
            found.append(value)
    return found, open


def tuple_(machine: Machine, node: cst.Tuple, env: Environment) -> Value:
    found, open = elements(machine, node.elements, env)
    return ListValue(found, open=True) if open else tuple(found)


def list_(machine: Machine, node: cst.List | cst.Set, env: Environment) -> Value:
    found, open = elements(machine, node.elements, env)
    return ListValue(found, open)


def dict_(machine: Machine, node: cst.Dict, env: Environment) -> Value:
    made = DictValue()
    for element in node.elements:
        value = machine.evaluate(element.value, env)
        if isinstance(element, cst.StarredDictElement):
            value = present(value)
            if isinstance(value, DictValue):
                made.items.update(value.items)
                made.open = made.open or value.open
            else:
                made.open = True
            continue
        assert isinstance(element, cst.DictElement)
        key = machine.evaluate(element.key, env)
        if is_key(key):
            made.items[key] = value
        else:
            made.open = True
    return made


def comprehension(machine: Machine, node: cst.ListComp, env: Environment) -> Value:
    made = ListValue()
    inner = Environment(env.scope, _visible(env), env.frame)
    made.open = _for(machine, node.for_in, inner, lambda: made.items.append(machine.evaluate(node.elt, inner)))
    if isinstance(node, cst.GeneratorExp):
        made.kind = "iterator"
    return made


def dict_comprehension(machine: Machine, node: cst.DictComp, env: Environment) -> Value:
    made = DictValue()
    inner = Environment(env.scope, _visible(env), env.frame)

    def add() -> None:
        key = machine.evaluate(node.key, inner)
        value = machine.evaluate(node.value, inner)
        if is_key(key):
            made.items[key] = value
        else:
            made.open = True

    made.open = _for(machine, node.for_in, inner, add) or made.open
    return made


def _visible(env: Environment) -> Environment | None:
    return None if env.values is env.scope.values else env


def _for(machine: Machine, clause: cst.CompFor, env: Environment, act: Callable[[], None]) -> bool:
    """Run a comprehension's clauses. Gives whether there may be further items."""
    iterable = machine.evaluate(clause.iter, env)
    open = not bounded(iterable)
    before = machine.state.condition
    for item, under in iterate(machine, iterable):
        machine.state.condition = before | under
        bind_target(machine, clause.target, item, env)
        verdicts = [decide(machine, test.test, env)[0] for test in clause.ifs]
        if False in verdicts:
            continue
        if None in verdicts:
            open = True
            for test in clause.ifs:
                narrow(machine, test.test, env, True)
        if clause.inner_for_in is not None:
            open = _for(machine, clause.inner_for_in, env, act) or open
        else:
            act()
    machine.state.condition = before
    return open


# Operators --------------------------------------------------------------------------------------------------------

_BINARY: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    cst.Add: ("add", operator.add),
    cst.Subtract: ("sub", operator.sub),
    cst.Multiply: ("mul", operator.mul),
    cst.Divide: ("div", operator.truediv),
    cst.FloorDivide: ("floor_divide", operator.floordiv),
    cst.Modulo: ("remainder", operator.mod),
    cst.Power: ("pow", operator.pow),
    cst.MatrixMultiply: ("matmul", operator.matmul),
    cst.BitAnd: ("and", operator.and_),
    cst.BitOr: ("or", operator.or_),
    cst.BitXor: ("xor", operator.xor),
    cst.LeftShift: ("lshift", operator.lshift),
    cst.RightShift: ("rshift", operator.rshift),
}
_AUGMENTED: dict[type, type] = {
    cst.AddAssign: cst.Add,
    cst.SubtractAssign: cst.Subtract,
    cst.MultiplyAssign: cst.Multiply,
    cst.DivideAssign: cst.Divide,
    cst.FloorDivideAssign: cst.FloorDivide,
    cst.ModuloAssign: cst.Modulo,
    cst.PowerAssign: cst.Power,
    cst.MatrixMultiplyAssign: cst.MatrixMultiply,
    cst.BitAndAssign: cst.BitAnd,
    cst.BitOrAssign: cst.BitOr,
    cst.BitXorAssign: cst.BitXor,
}


def binary(machine: Machine, node: cst.BinaryOperation, env: Environment) -> Value:
    left = machine.evaluate(node.left, env)
    right = machine.evaluate(node.right, env)
    return operate(machine, type(node.operator), left, right, node, env)


def augmented(kind: type) -> type | None:
    """The operator class of an augmented assignment."""
    return _AUGMENTED.get(kind)


def operate(machine: Machine, kind: type, left: Value, right: Value, node: cst.CSTNode, env: Environment) -> Value:
    """`left` and `right` combined by the libcst operator class `kind`."""
    name, compute = _BINARY[kind]
    left, right = present(left), present(right)
    if isinstance(left, CONSTANTS) and isinstance(right, CONSTANTS):
        return _compute(compute, left, right)
    if isinstance(left, tuple) and isinstance(right, (tuple, int)):
        return _compute(compute, left, right)
    if isinstance(left, ListValue) or isinstance(right, ListValue):
        return _combine_lists(name, left, right)
    if isinstance(left, DictValue) and isinstance(right, DictValue) and name == "or":
        return DictValue({**left.items, **right.items}, left.open or right.open)
    if isinstance(left, Union) and not machine.data([left]):
        return machine.each(left, lambda option: operate(machine, kind, option, right, node, env))
    if isinstance(right, Union) and not machine.data([right]):
        return machine.each(right, lambda option: operate(machine, kind, left, option, node, env))
    if isinstance(left, (Tensor, Union)) or isinstance(right, (Tensor, Union)):
        return arithmetic(machine, name, left, right, machine.site(node, env))
    if isinstance(left, str) and name == "remainder":
        return Unknown("a composed string", External("builtins.str"))
    return Unknown("an operation on something unknown", _number_hint(left, right))


def _number_hint(left: Value, right: Value) -> Value:
    for value in (left, right):
        if isinstance(value, (int, float)):
            return External("builtins.float")
        if isinstance(value, Unknown) and value.hint is not None:
            return value.hint
    return None


def _compute(compute: Callable[[Any, Any], Any], left: Any, right: Any) -> Value:
    # `9 ** 9 ** 9` and `[0] * 10**9` must not be computed.
    if compute is operator.pow and isinstance(right, int) and (abs(right) > 64 or isinstance(left, int) and abs(left) > 10**9):
        return Unknown("a power too large")
    if compute is operator.lshift and (not isinstance(right, int) or right > 64):
        return Unknown("a shift too large")
    if compute is operator.mul:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, (str, bytes, tuple)) and isinstance(other, int) and len(one) * other > MAX_SEQUENCE:
                return Unknown("a sequence too long")
    try:
        return compute(left, right)
    except ZeroDivisionError:
        raise Raised from None
    except (TypeError, ValueError, OverflowError):
        return Unknown("an operation that fails")


def _combine_lists(name: str, left: Value, right: Value) -> Value:
    if name == "mul":
        items, times = (left, right) if isinstance(left, ListValue) else (right, left)
        if isinstance(times, int) and len(items.items) * times <= MAX_SEQUENCE:
            return ListValue(items.items * times, items.open)
        return ListValue(items.items * 2, open=True)
    if name == "add":
        first, second = sequence(left), sequence(right)
        open = not bounded(left) or not bounded(right)
        return ListValue([*(first or ()), *(second or ())], open)
    return Unknown("an operation on lists")


def unary(machine: Machine, node: cst.UnaryOperation, env: Environment) -> Value:
    if isinstance(node.operator, cst.Not):
        verdict, _ = decide(machine, node.expression, env)
        return Unknown("a test", External("builtins.bool")) if verdict is None else not verdict
    value = present(machine.evaluate(node.expression, env))
    if isinstance(value, (int, float)):
        if isinstance(node.operator, cst.Minus):
            return -value
        if isinstance(node.operator, cst.BitInvert) and isinstance(value, int):
            return ~value
        return value
    if isinstance(value, Tensor):
        return arithmetic(machine, "neg", value, None, machine.site(node, env))
    return Unknown("an operation on something unknown", value.hint if isinstance(value, Unknown) else None)


def boolean(machine: Machine, node: cst.BooleanOperation, env: Environment) -> Value:
    is_or = isinstance(node.operator, cst.Or)
    verdict, token = decide(machine, node.left, env)
    if verdict is not None:
        chosen = node.left if verdict is is_or else node.right
        return machine.evaluate(chosen, env)

    def left() -> Value:
        narrow(machine, node.left, env, is_or)
        return machine.evaluate(node.left, env)

    def right() -> Value:
        narrow(machine, node.left, env, not is_or)
        return machine.evaluate(node.right, env)

    return machine.either(token, left, right) if is_or else machine.either(token, right, left)


def comparison(machine: Machine, node: cst.Comparison, env: Environment) -> Value:
    verdict = compare(machine, node, env)
    return Unknown("a comparison", External("builtins.bool")) if verdict is None else verdict


def conditional(machine: Machine, node: cst.IfExp, env: Environment) -> Value:
    verdict, token = decide(machine, node.test, env)
    if verdict is not None:
        return machine.evaluate(node.body if verdict else node.orelse, env)

    def side(expression: cst.BaseExpression, which: bool) -> Callable[[], Value]:
        def run() -> Value:
            narrow(machine, node.test, env, which)
            return machine.evaluate(expression, env)

        return run

    return machine.either(token, side(node.body, True), side(node.orelse, False))


def named(machine: Machine, node: cst.NamedExpr, env: Environment) -> Value:
    value = machine.evaluate(node.value, env)
    if isinstance(node.target, cst.Name):
        machine.assign(env, node.target.value, value)
    return value


def lambda_(machine: Machine, node: cst.Lambda, env: Environment) -> Value:
    return Function(node, "<lambda>", env.scope, _visible(env), env.frame.function.owner if env.frame.function else None)


def await_(machine: Machine, node: cst.Await, env: Environment) -> Value:
    return machine.evaluate(node.expression, env)


def yield_(machine: Machine, node: cst.Yield, env: Environment) -> Value:
    if env.frame.yields is None:
        env.frame.yields = []
    if isinstance(node.value, cst.From):
        value = machine.evaluate(node.value.item, env)
        env.frame.yields.extend(item for item, _ in iterate(machine, value))
        return None
    env.frame.yields.append(None if node.value is None else machine.evaluate(node.value, env))
    return Unknown("what is sent to a generator")


def subscript(machine: Machine, node: cst.Subscript, env: Environment) -> Value:
    value = present(machine.evaluate(node.value, env))
    return machine.each(value, lambda option: item(machine, option, node, env))


def index_of(machine: Machine, node: cst.Subscript, env: Environment) -> Value:
    """What stands in the brackets: a value, a slice, or a tuple of these."""
    found = [_index(machine, element.slice, env) for element in node.slice]
    return found[0] if len(found) == 1 else tuple(found)


def _index(machine: Machine, node: cst.BaseSlice, env: Environment) -> Value:
    if isinstance(node, cst.Index):
        return machine.evaluate(node.value, env)
    assert isinstance(node, cst.Slice)
    bounds = [None if part is None else machine.evaluate(part, env) for part in (node.lower, node.upper, node.step)]
    if all(bound is None or isinstance(bound, int) for bound in bounds):
        return slice(*bounds)
    return Unknown("a slice with unknown bounds")


def item(machine: Machine, value: Value, node: cst.Subscript, env: Environment) -> Value:
    """`value[index]`."""
    index = index_of(machine, node, env)
    if isinstance(value, Tensor):
        return subscript_tensor(machine, value, index, machine.site(node, env))
    if isinstance(value, (tuple, str, range)):
        return _item_of_constant(value, index)
    if isinstance(value, ListValue):
        return _item_of_list(machine, value, index)
    if isinstance(value, DictValue):
        return _item_of_dict(machine, value, index)
    if isinstance(value, Instance):
        method = machine.attribute(value, "__getitem__")
        if not isinstance(method, Unknown):
            return machine.call(method, Call([index], {}, machine.site(node, env)))
        return method
    if isinstance(value, (External, Function)):
        return value  # `Optional[int]`, `nn.Module[T]`
    if isinstance(value, Unknown):
        return value.part(("item", index) if is_key(index) else object())
    return value if isinstance(value, ClassValue) and not isinstance(index, str) else Unknown("an item of something unknown")


def _item_of_constant(value: Any, index: Value) -> Value:
    if isinstance(index, (int, slice)):
        try:
            return value[index]
        except (IndexError, ValueError):
            raise Raised from None
    if isinstance(value, tuple) and value:
        return _any_of(list(value))
    return Unknown("an item at an unknown index")


def _item_of_list(machine: Machine, value: ListValue, index: Value) -> Value:
    if isinstance(index, slice):
        return ListValue(value.items[index], value.open)
    if isinstance(index, int):
        if -len(value.items) <= index < len(value.items):
            return present(value.items[index])
        if value.open:
            return value.items[-1] if value.items else Unknown("an item of a list of unknown length")
        raise Raised
    return _any_of(value.items)


def _any_of(items: list[Value]) -> Value:
    if not items or len(items) > 16:
        return Unknown("an item at an unknown index")
    result = items[0]
    for at, other in enumerate(items[1:], 1):
        result = join(result, frozenset([(("item", at), False)]), other, frozenset([(("item", at), True)]))
    return result


def _item_of_dict(machine: Machine, value: DictValue, index: Value) -> Value:
    if is_key(index):
        if index in value.items:
            return present(value.items[index])
        if value.open:
            return Unknown("an item of a dictionary that is not known")
        raise Raised
    return Unknown("an item under an unknown key")


EVALUATE: dict[type, Evaluate] = {
    cst.Name: name,
    cst.Attribute: attribute,
    cst.Call: call,
    cst.Integer: integer,
    cst.Float: floating,
    cst.Imaginary: imaginary,
    cst.SimpleString: string,
    cst.ConcatenatedString: concatenated,
    cst.FormattedString: formatted,
    cst.Tuple: tuple_,
    cst.List: list_,
    cst.Set: list_,
    cst.Dict: dict_,
    cst.ListComp: comprehension,
    cst.SetComp: comprehension,
    cst.GeneratorExp: comprehension,
    cst.DictComp: dict_comprehension,
    cst.BinaryOperation: binary,
    cst.UnaryOperation: unary,
    cst.BooleanOperation: boolean,
    cst.Comparison: comparison,
    cst.IfExp: conditional,
    cst.NamedExpr: named,
    cst.Lambda: lambda_,
    cst.Await: await_,
    cst.Yield: yield_,
    cst.Subscript: subscript,
    cst.Ellipsis: lambda m, n, e: ...,
}
