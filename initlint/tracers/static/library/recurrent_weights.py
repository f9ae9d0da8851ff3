"""The lists of weights that torch's recurrent layers keep: `lstm.all_weights`, `lstm._flat_weights`."""

from __future__ import annotations

from itertools import groupby

from initlint.graph.words import UNDETERMINED
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import literals
from initlint.tracers.static.values.values import UNBOUND, Value

_LISTS = frozenset({"all_weights", "_all_weights", "_flat_weights", "_flat_weights_names"})
_SIZES = ("num_layers", "bidirectional", "bias", "proj_size")


def weight_list(interpreter: Interpreter, instance: Instance, name: str) -> Value:
    """The list `name` of a recurrent layer; `UNBOUND` if it has none, or the number of its weights is unknown."""
    names = list(instance.parameter_names()) if name in _LISTS else []
    arguments = literals(instance.arguments) if names else {}
    is_known = not any(arguments.get(size) is UNDETERMINED for size in _SIZES)
    if not names or not is_known or not all("_l" in each for each in names):
        return UNBOUND
    gives_names = name in ("_all_weights", "_flat_weights_names")
    items = {each: each if gives_names else interpreter.attribute(instance, each) for each in names}
    if name.startswith("_flat"):
        return ListValue(list(items.values()))
    layers = groupby(names, key=lambda each: each.partition("_l")[2])
    return ListValue([ListValue([items[each] for each in members]) for _, members in layers])
