"""Methods of tensors: those that write to memory, and the operators of the table."""

from __future__ import annotations

from initlint.facts.operators import IN_PLACE_METHODS, METHODS, is_in_place
from initlint.tracers.static.library.init_calls import call_writing_method
from initlint.tracers.static.library.operators import call_operator
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.dataflow import data_of, new_node, set_in_place, unknown_result
from initlint.tracers.static.tensors.plain_tensors import mark_result
from initlint.tracers.static.tensors.unknown_effects import may_write
from initlint.tracers.static.tensors.writes import record_leaf_write, set_requires_grad
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Value

_WITHOUT_RESULT = frozenset({"register_hook", "backward", "retain_grad", "share_memory_"})


def call_tensor_method(interpreter: Interpreter, tensor: Tensor, name: str, call: CallArguments) -> Value:
    """`tensor.name(...)`."""
    if tensor.tracked and name in IN_PLACE_METHODS:
        record_leaf_write(interpreter, tensor, call.site)
    filled = call_writing_method(interpreter, tensor, name, call)
    if filled is not UNBOUND:
        return filled
    if name == "backward":
        interpreter.log.has_trained = True
    if name in _WITHOUT_RESULT:
        return None
    if name == "requires_grad_":
        _require_grad(interpreter, tensor, call)
        return tensor
    if name == "copy_":
        return _copy(interpreter, tensor, call)
    if name == "__setitem__":
        tensor.set_item(interpreter, call.get(0, "index", None), call.get(1, "value", None), call.site)
        return None
    operator = METHODS.get(name)
    if operator is None or operator.attribute:
        if is_in_place(name):
            may_write(interpreter, [tensor], call.site)
        return unknown_result(interpreter, f"tensor.{name}", [tensor, *call.values], call.site)
    function_call = CallArguments([tensor, *call.arguments], call.keywords, call.site, call.open)
    result = call_operator(interpreter, operator, name, function_call)
    mark_result(result, operator, name, function_call.values)
    return result


def _require_grad(interpreter: Interpreter, tensor: Tensor, call: CallArguments) -> None:
    if tensor.storage is None:
        return
    if interpreter.runs_whenever(tensor.storage.condition):
        set_requires_grad(tensor.storage, call.get(0, "requires_grad", True))
    else:
        tensor.storage.grad_unknown = True


def _copy(interpreter: Interpreter, tensor: Tensor, call: CallArguments) -> Value:
    """`x.copy_(y)` on data, as `x[...] = y`: later reads of `x` depend on both."""
    source = call.get(0, "src", None)
    if data_of([source]):
        set_in_place(interpreter, tensor, new_node(interpreter, "modifier", "concat", [tensor, source], call.site))
    return tensor
