"""Methods of lists, dictionaries and constants."""

from __future__ import annotations

import re
from typing import Any

from initlint.tracers.static.library.builtin_sequences import length_of
from initlint.tracers.static.library.ordering import in_order
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.copying import note_repetition
from initlint.tracers.static.tensors.plain_tensors import mark_method_result
from initlint.tracers.static.values.containers import DictValue, ListValue
from initlint.tracers.static.values.external_names import INT, STR, ComposedText
from initlint.tracers.static.values.iteration import iterate, truncated
from initlint.tracers.static.values.questions import (
    MAX_SEQUENCE,
    entries,
    has_alternatives,
    has_known_length,
    is_plain_tensor,
    known_items,
    without_unbound,
)
from initlint.tracers.static.values.values import CONSTANTS, UNBOUND, CallArguments, Raised, Unknown, Value, is_key


def call_list_method(interpreter: Interpreter, value: ListValue, name: str, call: CallArguments) -> Value:
    """`list.name(...)`, also of sets, deques and iterators."""
    items = value.items
    first = call.get(0, "item", None)
    if name in ("append", "add", "appendleft"):
        interpreter.state.save_before_change(value)
        note_repetition(interpreter, items, first, call.site)
        value.items.insert(0 if name == "appendleft" else len(items), *truncated([first], open=False)[0])
        return None
    if name in ("extend", "update"):
        interpreter.state.save_before_change(value)
        value.items.extend(item for item, _ in iterate(interpreter, first))
        value.open = value.open or not has_known_length(first)
        return None
    if name == "insert":
        interpreter.state.save_before_change(value)
        value.items.insert(first if isinstance(first, int) else len(items), call.get(1, "object", None))
        return None
    if name in ("pop", "popleft"):
        at = 0 if name == "popleft" else first if isinstance(first, int) else -1
        if items and -len(items) <= at < len(items):
            return without_unbound(value.taken(interpreter, at))
        return Unknown("an item of a list of unknown length")
    if name in ("reverse", "clear", "sort"):
        interpreter.state.save_before_change(value)
        if name == "sort":
            ordered = in_order(interpreter, items, call)
            value.items, value.unordered = ordered.items, ordered.unordered
        elif name == "clear":
            value.items = []
        elif name == "reverse":
            value.items = items[::-1]
        return None
    if name in ("copy", "__iter__"):
        return ListValue(items, value.open)
    if name == "index":
        positions = [
            at for at, item in enumerate(items) if item is first or (isinstance(item, CONSTANTS) and item == first)
        ]
        is_known = positions and not any(map(has_alternatives, items[: positions[0]]))
        return positions[0] if is_known else Unknown("an index", INT)
    if name == "remove":
        interpreter.state.save_before_change(value)
        value.items = [item for item in items if item is not first]
        return None
    if name == "send":
        interpreter.handlers.may_write(interpreter, call.values, call.site)
        return Unknown("what a generator yields", origins=tuple(call.values))
    if name in ("tolist", "detach", "cpu", "numpy", "to"):
        return value
    if name == "split":
        return _split(value, first)
    if name == "__len__":
        return length_of(interpreter, value)
    result = Unknown(f"list.{name}")
    if is_plain_tensor(value):
        mark_method_result(result, value, name)
    return result


def _split(value: ListValue, sizes: Value) -> Value:
    """`torch.linspace(0, rate, sum(depths)).split(depths)`, the usual schedule of drop-path rates."""
    lengths = known_items(sizes)
    known = [length for length in lengths or () if isinstance(length, int)]
    if lengths is None or len(known) < len(lengths):
        return Unknown("a split")
    parts, at = [], 0
    for length in known:
        parts.append(ListValue(value.items[at : at + length]))
        at += length
    return ListValue(parts)


def call_dict_method(interpreter: Interpreter, value: DictValue, name: str, call: CallArguments) -> Value:
    """`dict.name(...)`."""
    key = call.get(0, "key", None)
    if name in ("get", "pop", "setdefault"):
        fallback = call.get(1, "default", None)
        if is_key(key) and key in value.items:
            item = without_unbound(value.items[key])
            if name == "pop":
                interpreter.state.save_before_change(value)
                del value.items[key]
            return item
        if not is_key(key) or value.open:
            return Unknown("an item of a dictionary")
        if name == "setdefault":
            interpreter.state.save_before_change(value)
            value.items[key] = fallback
        elif name == "pop" and len(call.arguments) < 2 and "default" not in call.keywords:
            raise Raised
        return fallback
    if name == "update":
        interpreter.state.save_before_change(value)
        added = entries(key)
        if added is not None:
            value.items.update(added)
            value.open = value.open or not has_known_length(key)
        elif call.arguments:
            value.open = True
        value.items.update(call.keywords)
        value.open = value.open or call.open
        return None
    if name == "keys":
        return ListValue(value.items, value.open)
    if name == "values":
        return ListValue(value.items.values(), value.open)
    if name == "items":
        return ListValue(list(value.items.items()), value.open)
    if name == "copy":
        return DictValue(value.items, value.open)
    if name == "__len__":
        return length_of(interpreter, value)
    return Unknown(f"dict.{name}")


_PURE = frozenset(
    (
        "lower upper strip lstrip rstrip startswith endswith find rfind replace split rsplit partition rpartition "
        "join format title capitalize isdigit count index isupper islower isalpha removeprefix removesuffix zfill "
        "splitlines is_integer bit_length as_integer_ratio"
    ).split()
)


def call_constant_method(interpreter: Interpreter, value: Any, name: str, call: CallArguments) -> Value:
    """A method of a string, number or tuple, computed if its arguments are known."""
    if name in ("item", "tolist", "float", "clone") and isinstance(value, (int, float)):
        return value
    if name == "__len__" and isinstance(value, (str, tuple, range)):
        return len(value)
    if name not in _PURE or call.open or not hasattr(value, name):
        return Unknown(f"{type(value).__name__}.{name}")
    arguments = [_plain(argument) for argument in call.arguments]
    keywords = {key: _plain(argument) for key, argument in call.keywords.items()}
    if UNBOUND in arguments or UNBOUND in keywords.values():
        if isinstance(value, str) and name == "format":
            return ComposedText(_FIELD.sub("*", value))
        return Unknown("a composed string", STR if isinstance(value, str) else None)
    if _is_too_long(value, name, [*arguments, *keywords.values()]):
        return Unknown("a string too long", STR)
    try:
        result = getattr(value, name)(*arguments, **keywords)
    except (TypeError, ValueError, AttributeError, LookupError, OverflowError):
        return Unknown(f"{name} fails")
    return ListValue(result) if isinstance(result, list) else result


def _is_too_long(value: Any, name: str, arguments: list[Any]) -> bool:
    """Whether the result may exceed the size limit: a loop of `s = s.replace("a", s)` must not use up memory."""
    if name == "format" and _WIDE.search(value):
        return True
    if name == "zfill":
        return any(isinstance(argument, int) and argument > MAX_SEQUENCE for argument in arguments)
    items = [argument if isinstance(argument, (list, tuple)) else (argument,) for argument in arguments]
    texts = [item for inner in items for item in inner if isinstance(item, str)]
    size = sum(map(len, texts))
    if name == "join":
        return size + len(value) * len(texts) > MAX_SEQUENCE
    return name in ("replace", "format") and len(value) * max(size, 1) > MAX_SEQUENCE * 10


_FIELD = re.compile(r"\{[^{}]*\}")
_WIDE = re.compile(r":[^}]*(?:\{|\d{4})")
"""A format width that may be as large as memory."""


def _plain(value: Value) -> Any:
    """The value as a Python object if it consists of constants; else `UNBOUND`."""
    if isinstance(value, ListValue) and not value.open:
        items = [_plain(item) for item in value.items]
        return UNBOUND if UNBOUND in items else items
    if isinstance(value, tuple):
        items = [_plain(item) for item in value]
        return UNBOUND if UNBOUND in items else tuple(items)
    return value if isinstance(value, CONSTANTS) else UNBOUND
