"""Python's built-in functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from initlint.interpret.machine import Call, Machine
from initlint.interpret.sequences import bounded, iterate, sequence
from initlint.interpret.state import Raised
from initlint.interpret.targets import set_attribute
from initlint.interpret.tensors import arithmetic, unknown_result
from initlint.interpret.truth import is_instance, truth
from initlint.interpret.values import (
    ABSENT,
    CONSTANTS,
    ClassValue,
    DictValue,
    External,
    Function,
    Instance,
    ListValue,
    Tensor,
    Union,
    Unknown,
    Value,
    present,
)

_INT = External("builtins.int")
_FLOAT = External("builtins.float")
_BOOL = External("builtins.bool")
_MAX_RANGE = 100_000


def call(machine: Machine, name: str, call: Call) -> Value:
    handler = _HANDLERS.get(name)
    if handler is not None:
        return handler(machine, call)
    if name in _PURE:
        return _pure(name, call)
    if name[:1].isupper() or name.startswith("object"):
        return Unknown(f"an object of {name}")
    return unknown_result(machine, f"{name}() is not followed", call.values, call.site)


def _len(machine: Machine, call: Call) -> Value:
    value = present(call.get(0, "obj", Unknown("nothing")))
    if isinstance(value, Tensor):
        return value.shape[0] if value.shape and value.shape[0] is not None else Unknown("a length", _INT)
    items = sequence(value)
    if items is None or not bounded(value):
        return Unknown("a length", _INT)
    return len(items)


def _range(machine: Machine, call: Call) -> Value:
    if call.arguments and all(isinstance(a, int) for a in call.arguments):
        try:
            found = range(*call.arguments)
        except (TypeError, ValueError):
            raise Raised from None
        if len(found) <= _MAX_RANGE:
            return found
    return Unknown("a range", None)


def _zip(machine: Machine, call: Call) -> Value:
    columns = [[item for item, _ in iterate(machine, argument)] for argument in call.arguments]
    known = [column for column, argument in zip(columns, call.arguments) if bounded(argument)]
    if not columns:
        return ListValue()
    length = min(len(column) for column in (known or columns))
    rows = []
    for at in range(length):
        rows.append(tuple(column[at] if at < len(column) else column[-1] if column else Unknown("an item") for column in columns))
    return ListValue(rows, open=not known, kind="iterator")


def _enumerate(machine: Machine, call: Call) -> Value:
    value = call.get(0, "iterable", ())
    start = call.get(1, "start", 0)
    known = bounded(value)
    items: list[Value] = []
    for at, (item, condition) in enumerate(iterate(machine, value)):
        index: Value = at + start if known and isinstance(start, int) else Unknown("an index", _INT)
        pair = (index, item)
        items.append(pair if not condition else Union([(pair, condition), (ABSENT, condition)]))
    return ListValue(items, open=not known, kind="iterator")


def _map(machine: Machine, call: Call) -> Value:
    function = call.get(0, "function", Unknown("nothing"))
    found = []
    for item, _ in iterate(machine, call.get(1, "iterable", ())):
        found.append(machine.call(function, Call([item], {}, call.site)))
    return ListValue(found, open=not bounded(call.get(1, "iterable", ())), kind="iterator")


def _filter(machine: Machine, call: Call) -> Value:
    function = call.get(0, "function", None)
    kept, known = [], bounded(call.get(1, "iterable", ()))
    for item, _ in iterate(machine, call.get(1, "iterable", ())):
        verdict = truth(item if function is None else machine.call(function, Call([item], {}, call.site)))
        known = known and verdict is not None
        if verdict is not False:
            kept.append(item)
    return ListValue(kept, open=not known, kind="iterator")


def _list(machine: Machine, call: Call) -> Value:
    if not call.arguments:
        return ListValue()
    value = present(call.arguments[0])
    if isinstance(value, Union):
        return machine.each(value, lambda option: _list(machine, _with_first(call, option)))
    if sequence(value) is None:
        return Unknown("a list of something unknown") if not isinstance(value, Tensor) else value
    return ListValue([item for item, _ in iterate(machine, value)], not bounded(value))


def _with_first(call: Call, value: Value) -> Call:
    return Call([value, *call.arguments[1:]], call.keywords, call.site, call.open)


def _tuple(machine: Machine, call: Call) -> Value:
    made = _list(machine, call)
    return tuple(made.items) if isinstance(made, ListValue) and not made.open else made


def _set(machine: Machine, call: Call) -> Value:
    made = _list(machine, call)
    if isinstance(made, ListValue):
        unique: list[Value] = []
        for item in made.items:
            if not any(item is other or (isinstance(item, CONSTANTS) and isinstance(other, CONSTANTS) and item == other) for other in unique):
                unique.append(item)
        return ListValue(unique, made.open, "set")
    return made


def _reversed(machine: Machine, call: Call) -> Value:
    made = _list(machine, call)
    return ListValue(made.items[::-1], made.open) if isinstance(made, ListValue) else made


def _sorted(machine: Machine, call: Call) -> Value:
    made = _list(machine, call)
    if isinstance(made, ListValue) and not call.keywords and all(isinstance(i, (int, float)) for i in made.items):
        return ListValue(sorted(made.items), made.open)
    return made


def _next(machine: Machine, call: Call) -> Value:
    value = present(call.get(0, "iterator", Unknown("nothing")))
    if isinstance(value, ListValue) and value.kind == "iterator" and value.items:
        machine.state.touch(value)
        return present(value.items.pop(0))
    if isinstance(value, ListValue) and not value.open and not value.items and len(call.arguments) > 1:
        return call.arguments[1]
    return Unknown("the next item")


def _iter(machine: Machine, call: Call) -> Value:
    made = _list(machine, call)
    if isinstance(made, ListValue):
        made.kind = "iterator"
    return made


def _extreme(choose: Callable[[Any], Any]) -> Callable[[Machine, Call], Value]:
    def run(machine: Machine, call: Call) -> Value:
        values = call.arguments
        if len(values) == 1:
            items = sequence(values[0])
            if items is None or not bounded(values[0]):
                return Unknown("an extreme", _FLOAT)
            values = items
        if values and not call.keywords and all(isinstance(value, (int, float)) for value in values):
            return choose(values)
        return Unknown("an extreme", _FLOAT)

    return run


def _sum(machine: Machine, call: Call) -> Value:
    items = sequence(call.get(0, "iterable", ()))
    if items is None or not bounded(call.arguments[0] if call.arguments else ()):
        return unknown_result(machine, "a sum", call.values, call.site)
    total: Value = call.get(1, "start", 0)
    for item in items:
        if isinstance(total, (int, float)) and isinstance(item, (int, float)):
            total = total + item
        elif isinstance(total, ListValue) and isinstance(item, ListValue):
            total = ListValue([*total.items, *item.items], total.open or item.open)
        elif total == 0 and isinstance(total, int):
            total = item
        else:
            total = arithmetic(machine, "add", total, item, call.site)
    return total


def _isinstance(machine: Machine, call: Call) -> Value:
    verdict = is_instance(present(call.get(0, "obj")), call.get(1, "cls"))
    return Unknown("an isinstance test", _BOOL) if verdict is None else verdict


def _issubclass(machine: Machine, call: Call) -> Value:
    cls, base = call.get(0, "cls"), call.get(1, "base")
    if isinstance(cls, ClassValue) and isinstance(base, (ClassValue, External)):
        if base in cls.mro:
            return True
        return False if cls.readable else Unknown("an issubclass test", _BOOL)
    if isinstance(cls, External) and isinstance(base, External):
        verdict = is_instance(Instance(cls, None, torch_name=cls.name), base)
        return Unknown("an issubclass test", _BOOL) if verdict is None else verdict
    return Unknown("an issubclass test", _BOOL)


def _hasattr(machine: Machine, call: Call) -> Value:
    value, name = present(call.get(0, "obj")), call.get(1, "name")
    if not isinstance(name, str) or isinstance(value, (Unknown, Union)):
        return Unknown("a hasattr test", _BOOL)
    if isinstance(value, Instance) and value.symbolic and value.torch_name in (None, "torch.nn.Module"):
        return Unknown("a hasattr test", _BOOL)
    if isinstance(value, External):
        return True
    if isinstance(value, Instance) and name not in ("weight", "bias") and value.user_class is not None:
        if not value.user_class.readable:
            return Unknown("a hasattr test", _BOOL)
    found = machine.attribute(value, name)
    if isinstance(found, Unknown):
        known = isinstance(value, Instance) and (name in value.fields or not value.symbolic)
        if isinstance(value, Instance) and name in value.fields:
            return True
        return False if known else Unknown("a hasattr test", _BOOL)
    if isinstance(value, Instance) and found is None and name in ("weight", "bias") and name not in value.fields:
        return value.torch_name != "torch.nn.Module"
    return True


def _getattr(machine: Machine, call: Call) -> Value:
    value, name = present(call.get(0, "obj")), call.get(1, "name")
    if isinstance(name, Union):
        return machine.each(name, lambda option: _getattr(machine, Call([value, option, *call.arguments[2:]], {}, call.site)))
    if not isinstance(name, str):
        return Unknown("an attribute of unknown name")
    found = machine.attribute(value, name)
    if isinstance(found, Unknown) and len(call.arguments) > 2 and isinstance(value, Instance) and not value.symbolic:
        if name not in value.fields and (value.user_class is None or value.user_class.readable):
            return call.arguments[2]
    return found


def _setattr(machine: Machine, call: Call) -> Value:
    value, name = present(call.get(0, "obj")), call.get(1, "name")
    if isinstance(name, str):
        set_attribute(machine, value, name, call.get(2, "value"), call.site)
    return None


def _delattr(machine: Machine, call: Call) -> Value:
    value, name = call.get(0, "obj"), call.get(1, "name")
    if isinstance(value, Instance) and isinstance(name, str):
        machine.state.touch(value)
        value.fields.pop(name, None)
    return None


def _type(machine: Machine, call: Call) -> Value:
    value = present(call.get(0, "obj", Unknown("nothing")))
    if len(call.arguments) != 1:
        return Unknown("a class made at run time")
    if isinstance(value, Instance):
        return value.cls if not value.symbolic else Unknown("the type of something unknown")
    if isinstance(value, CONSTANTS):
        return External(f"builtins.{type(value).__name__}")
    if isinstance(value, (ListValue, DictValue, tuple)):
        return External(f"builtins.{'tuple' if isinstance(value, tuple) else 'list' if isinstance(value, ListValue) else 'dict'}")
    return External("torch.Tensor") if isinstance(value, Tensor) else Unknown("the type of something unknown")


def _callable(machine: Machine, call: Call) -> Value:
    value = call.get(0, "obj")
    if isinstance(value, (Unknown, Union)):
        return Unknown("a callable test", _BOOL)
    return not isinstance(value, (*CONSTANTS, tuple, ListValue, DictValue))


def _any(wanted: bool) -> Callable[[Machine, Call], Value]:
    def run(machine: Machine, call: Call) -> Value:
        items = sequence(call.get(0, "iterable", ()))
        if items is None:
            return Unknown("a test of several", _BOOL)
        verdicts = [truth(item) for item in items]
        if wanted in verdicts:
            return wanted
        known = None not in verdicts and bounded(call.arguments[0] if call.arguments else ())
        return (not wanted) if known else Unknown("a test of several", _BOOL)

    return run


def _bool(machine: Machine, call: Call) -> Value:
    verdict = truth(present(call.get(0, "x", False)))
    return Unknown("a truth value", _BOOL) if verdict is None else verdict


def _number(kind: type, hint: External) -> Callable[[Machine, Call], Value]:
    def run(machine: Machine, call: Call) -> Value:
        value = present(call.get(0, "x", 0))
        if isinstance(value, (int, float, str, bool)):
            try:
                return kind(value)
            except (ValueError, OverflowError):
                raise Raised from None
        return Unknown("a number", hint)

    return run


def _str(machine: Machine, call: Call) -> Value:
    value = present(call.get(0, "object", ""))
    if isinstance(value, (int, float, str)) or value is None:
        return str(value)
    if isinstance(value, (ClassValue, External, Function)):
        return f"<class '{value.name}'>"
    return Unknown("a composed string", External("builtins.str"))


def _print(machine: Machine, call: Call) -> Value:
    return None


_PURE: dict[str, Callable[..., Any]] = {"abs": abs, "round": round, "divmod": divmod, "ord": ord, "chr": chr, "pow": pow}


def _pure(name: str, call: Call) -> Value:
    arguments = call.arguments
    if call.open or call.keywords or not all(isinstance(argument, (int, float, str)) for argument in arguments):
        return Unknown(f"{name}()", _FLOAT)
    if name == "pow" and any(abs(a) > 1000 for a in arguments if isinstance(a, (int, float))):
        return Unknown("a power too large", _FLOAT)
    try:
        return _PURE[name](*arguments)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return Unknown(f"{name} fails")


_HANDLERS: dict[str, Callable[[Machine, Call], Value]] = {
    "len": _len,
    "range": _range,
    "zip": _zip,
    "enumerate": _enumerate,
    "map": _map,
    "filter": _filter,
    "list": _list,
    "tuple": _tuple,
    "set": _set,
    "frozenset": _set,
    "reversed": _reversed,
    "sorted": _sorted,
    "next": _next,
    "iter": _iter,
    "min": _extreme(min),
    "max": _extreme(max),
    "sum": _sum,
    "isinstance": _isinstance,
    "issubclass": _issubclass,
    "hasattr": _hasattr,
    "getattr": _getattr,
    "setattr": _setattr,
    "delattr": _delattr,
    "type": _type,
    "callable": _callable,
    "any": _any(True),
    "all": _any(False),
    "bool": _bool,
    "int": _number(int, _INT),
    "float": _number(float, _FLOAT),
    "str": _str,
    "repr": _str,
    "print": _print,
    "object.__init__": _print,
    "id": lambda machine, call: Unknown("an identity", _INT),
}
