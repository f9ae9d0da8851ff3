"""Functions that are not entered, for tables say what they do: init functions and activations known by name."""

from __future__ import annotations

from initlint.interpret.calls import Call
from initlint.interpret.inits import apply_helper
from initlint.interpret.machine import Machine
from initlint.interpret.tensors import operation
from initlint.interpret.values import ABSENT, Function, Unknown, Value


def known_function(machine: Machine, function: Function, call: Call) -> Value:
    """Told of every function of the project: what one that is known by its name gives, else `ABSENT`."""
    name = function.qualified
    op = machine.additions.activations.get(name)
    if op is not None:
        return activated(machine, op, call)
    known = machine.additions.helper(name)
    return ABSENT if known is None else apply_helper(machine, known, function.name, call)


def activated(machine: Machine, op: str, call: Call) -> Value:
    """The operator `op` on the first argument."""
    return operation(machine, "activation", op, [call.get(0, "input", Unknown("no input"))], call.site)
