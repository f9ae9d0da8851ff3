"""`functools.reduce` and the functions of `operator` that call, read or set."""

from __future__ import annotations

from collections.abc import Callable

from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.values.external_names import external
from initlint.tracers.static.values.functions import Partial
from initlint.tracers.static.values.iteration import iterate
from initlint.tracers.static.values.questions import get_item, set_item
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Unknown, Value

Special = Callable[[Interpreter, CallArguments], Value]


def _reduce(interpreter: Interpreter, call: CallArguments) -> Value:
    function, values = call.get(0, "function", Unknown("nothing")), call.get(1, "iterable", ())
    result = call.get(2, "initial")
    for item, _ in iterate(interpreter, values):
        first = result is UNBOUND
        result = item if first else interpreter.call(function, CallArguments([result, item], {}, call.site))
    return Unknown("a reduction of nothing") if result is UNBOUND else result


def _later(name: str) -> Special:
    """A function that gives a function, which takes an object: `attrgetter("weight")`."""

    def run(interpreter: Interpreter, call: CallArguments) -> Value:
        given = (tuple(call.arguments), tuple(call.keywords.items()))
        return Unknown(name) if call.open else Partial(external(f"{name}.__call__"), [given], {})

    return run


def _get_attributes(interpreter: Interpreter, call: CallArguments) -> Value:
    (names, _), holder = _given(call)
    values = tuple(_attribute_at(interpreter, holder, name) for name in names)
    return values[0] if len(values) == 1 else values


def _attribute_at(interpreter: Interpreter, holder: Value, path: Value) -> Value:
    if not isinstance(path, str):
        return Unknown("an attribute of unknown name", origins=(holder,))
    for name in path.split("."):
        holder = interpreter.attribute(holder, name)
    return holder


def _get_items(interpreter: Interpreter, call: CallArguments) -> Value:
    (keys, _), holder = _given(call)
    values = tuple(get_item(interpreter, holder, key, call.site) for key in keys)
    return values[0] if len(values) == 1 else values


def _call_method(interpreter: Interpreter, call: CallArguments) -> Value:
    ((name, *arguments), keywords), holder = _given(call)
    if not isinstance(name, str):
        return Unknown("a method of unknown name", origins=(holder,))
    method = interpreter.attribute(holder, name)
    return interpreter.call(method, CallArguments(list(arguments), dict(keywords), call.site))


def _given(call: CallArguments) -> tuple[tuple[tuple[Value, ...], tuple[tuple[str, Value], ...]], Value]:
    """The arguments of the outer call, by position and by keyword, and the object."""
    outer: object = call.arguments[0]
    assert isinstance(outer, tuple)
    return outer, call.arguments[1] if len(call.arguments) > 1 else Unknown("no object")


def _call(interpreter: Interpreter, call: CallArguments) -> Value:
    function = call.get(0, "obj", Unknown("nothing"))
    return interpreter.call(function, CallArguments(call.arguments[1:], call.keywords, call.site, call.open))


def _get_item(interpreter: Interpreter, call: CallArguments) -> Value:
    return get_item(interpreter, call.get(0, "a", Unknown("nothing")), call.get(1, "b", None), call.site)


def _set_item(interpreter: Interpreter, call: CallArguments) -> Value:
    set_item(interpreter, call.get(0, "a"), call.get(1, "b", None), call.get(2, "c", None), call.site)
    return None


FUNCTIONAL: dict[str, Special] = {
    "functools.reduce": _reduce,
    "operator.attrgetter": _later("operator.attrgetter"),
    "operator.attrgetter.__call__": _get_attributes,
    "operator.itemgetter": _later("operator.itemgetter"),
    "operator.itemgetter.__call__": _get_items,
    "operator.methodcaller": _later("operator.methodcaller"),
    "operator.methodcaller.__call__": _call_method,
    "operator.call": _call,
    "operator.getitem": _get_item,
    "operator.setitem": _set_item,
}
"""By canonical name."""
