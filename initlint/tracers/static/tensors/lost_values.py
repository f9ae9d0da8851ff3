"""Statements that compute values for a parameter and lose them: dropped results, dictionaries that nothing loads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache

from initlint.facts.initializer_formulas import METHODS
from initlint.facts.initializer_names import is_fill
from initlint.graph.mistakes import MisuseKind, ParameterMisuse
from initlint.project.source import SourceLocation
from initlint.tracers.references.init_functions import is_init_module
from initlint.tracers.references.syntax_index import last_name, parents_in
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.tensors.writes import write_to_copy
from initlint.tracers.static.values.containers import StateDict
from initlint.tracers.static.values.environment import Environment, GlobalEnvironment
from initlint.tracers.static.values.functions import wrapped_function
from initlint.tracers.static.values.objects import Instance, as_object
from initlint.tracers.static.values.questions import external_name, node_of
from initlint.tracers.static.values.tensors import COPY, Tensor, as_tensor, storage_of
from initlint.tracers.static.values.values import Unknown, Value

_EMBEDDINGS = ("torch.nn.Embedding", "torch.nn.EmbeddingBag")
_WITH_IN_PLACE_FORM = frozenset("mul multiply add sub subtract div divide clamp clip fill masked_fill".split())
"""Methods that return a new tensor, and whose names with an underscore change the tensor itself."""
_READING = frozenset("items keys values get".split())
_READERS = frozenset("len print sorted list enumerate iter".split())
_REQUIRES_GRAD = "requires_grad"
_WRITERS = frozenset((*METHODS, "copy_", "mul_", "add_", "sub_", "div_", "clamp_"))


def record_dropped_result(interpreter: Interpreter, value: Value, node: ast.Expr, env: Environment) -> None:
    """Record a statement that computes a new tensor from a parameter, or a new Embedding, and drops it."""
    statement = node.value
    if node in env.scope.source.displayed:
        return
    if isinstance(statement, ast.Call) and isinstance(statement.func, ast.Attribute):
        name = statement.func.attr
        if name == "from_pretrained":
            receiver = interpreter.evaluate(statement.func.value, env)
            instance = as_object(receiver)
            if (external_name(receiver) if instance is None else instance.torch_name) in _EMBEDDINGS:
                _record(interpreter, "dropped", interpreter.location_of(statement, env), env)
        elif any(keyword.arg == "out" for keyword in statement.keywords):
            return
        elif name in _WITH_IN_PLACE_FORM and _is_copy_of_parameter(value):
            _record(interpreter, "dropped", interpreter.location_of(statement, env), env)
    elif isinstance(statement, ast.BinOp) and _is_copy_of_parameter(value):
        _record(interpreter, "dropped", interpreter.location_of(statement, env), env)


def _is_copy_of_parameter(value: Value) -> bool:
    """Whether it is computed from a parameter without data, and is neither a parameter nor a view of one."""
    tensor = as_tensor(value)
    if tensor is None or tensor.node is not None:
        return False
    storage = tensor.storage
    if storage is None or storage.derived is None:
        # The sources of a value also have the plain tensors that it is computed from.
        return any(source.parameter for source in tensor.sources) and (storage is None or not storage.parameter)
    return storage.derived.cause == COPY and storage.derived.original.parameter


def record_returned_tensor(interpreter: Interpreter, callback: Value, value: Value) -> None:
    """Record that a callback of `apply`, which ignores what it returns, returns a new tensor.

    That is one with its init, or the result of arithmetic on a parameter.
    """
    if _is_copy_of_parameter(value):
        returned = _returned_arithmetic(callback)
        if returned is not None:
            _record(interpreter, "returned", returned)
        return
    storage = storage_of(value) if node_of(value) is None else None
    if storage is None or storage.parameter or storage.owner is not None or storage.derived is not None:
        return
    location = storage.writes[-1].write.location if storage.writes else None
    if isinstance(location, SourceLocation):
        _record(interpreter, "returned", location)


def _returned_arithmetic(callback: Value) -> SourceLocation | None:
    """What a function returns, if that is `m.weight * 0.1` or `m.weight.data.mul(0.1)` wherever it returns a value."""
    function = wrapped_function(callback)
    if function is None:
        return None
    node = function.node
    if isinstance(node, ast.Lambda):
        returned: list[ast.expr] = [node.body]
    else:
        nodes = (inner for statement in node.body for inner in ast.walk(statement))
        returned = [inner.value for inner in nodes if isinstance(inner, ast.Return) and inner.value is not None]
    if not returned or not all(map(_is_arithmetic, returned)):
        return None
    return SourceLocation(function.scope.source, returned[0])


def _is_arithmetic(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr in _WITH_IN_PLACE_FORM
    return isinstance(node, ast.BinOp)


def record_replaced_method(interpreter: Interpreter, target: Tensor, name: str, location: SourceLocation) -> None:
    """Record `w.data.copy_ = x`, which calls nothing, and a misspelled `w.requires_grad = False`."""
    if target.storage is None or not target.storage.parameter:
        return
    if name in _WRITERS:
        _record(interpreter, "method", location)
    elif get_close_matches(name, [_REQUIRES_GRAD], cutoff=0.85):
        _record(interpreter, "misspelled", location)


def record_lost_entry(interpreter: Interpreter, holder: Value, target: ast.Subscript, env: Environment) -> None:
    """Record `sd[name] = value` for the result of `state_dict()`, if nothing else uses that dictionary."""
    source = env.scope.source
    if not isinstance(holder, (Unknown, StateDict)) or "state_dict" not in source.code:
        return
    if isinstance(target.value, ast.Name):
        around = interpreter.stack[-1][0].node if interpreter.stack else source.tree
        is_lost = _is_used_by_items_only(around, target.value.id)
    else:
        is_lost = _is_state_dict(target.value)
    if is_lost:
        _record(interpreter, "entry", interpreter.location_of(target, env), env)


def _is_state_dict(node: ast.expr) -> bool:
    """Whether it is `model.state_dict()`, and not the state of an optimizer."""
    if not isinstance(node, ast.Call) or node.args or node.keywords or not isinstance(node.func, ast.Attribute):
        return False
    receiver = last_name(node.func.value).lower()
    return node.func.attr == "state_dict" and not any(word in receiver for word in ("optim", "sched", "scaler"))


@lru_cache(maxsize=16)
def _is_used_by_items_only(around: ast.AST, name: str) -> bool:
    """Whether a name is bound once, to `state_dict()`, and only its items are read and replaced afterwards."""
    parents = parents_in(around)
    uses = [node for node in parents if isinstance(node, ast.Name) and node.id == name]
    bindings = [node for node in uses if not isinstance(node.ctx, ast.Load)]
    if len(bindings) != 1 or not isinstance(parents[bindings[0]], ast.Assign):
        return False
    assignment = parents[bindings[0]]
    if not isinstance(assignment, ast.Assign) or len(assignment.targets) > 1 or not _is_state_dict(assignment.value):
        return False
    return all(_is_of_items(node, parents) for node in uses if node is not bindings[0])


def _is_of_items(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    parent = parents[node]
    if isinstance(parent, ast.Attribute):
        return parent.attr in _READING
    if isinstance(parent, ast.Call):
        return parent.func is not node and last_name(parent.func) in _READERS
    if isinstance(parent, (ast.For, ast.comprehension)):
        return parent.iter is node
    return isinstance(parent, ast.Compare) or (isinstance(parent, ast.Subscript) and parent.value is node)


def record_rebound_name(interpreter: Interpreter, node: ast.Assign, value: Tensor, env: Environment) -> None:
    """Record `p = torch.zeros_like(p)` in a loop over parameters, if nothing uses the new tensor."""
    target = node.targets[0]
    if not isinstance(target, ast.Name) or value.node is not None:
        return
    before, storage = as_tensor(env.values.get(target.id)), value.storage
    if before is None or not before.leaf:
        return
    is_new = storage is not None and not storage.parameter and bool(storage.writes)
    if not is_new and not (_is_arithmetic(node.value) and _is_copy_of_parameter(value)):
        return
    around = interpreter.stack[-1][0].node if interpreter.stack else env.scope.source.tree
    if _is_unread(around, node, target.id):
        _record(interpreter, "rebound", interpreter.location_of(node.value, env), env)


@lru_cache(maxsize=64)
def _is_unread(around: ast.AST, node: ast.Assign, name: str) -> bool:
    """Whether the assignment to `name` is in a loop that binds it, and the rest of the iteration does not read it."""
    loops = [loop for loop in _loops_of(around, name) if any(inner is node for inner in ast.walk(loop))]
    return bool(loops) and not any(_reads(part, name) for part in _run_after(node, loops[-1]))


def _reads(part: ast.AST, name: str) -> bool:
    return any(isinstance(use, ast.Name) and use.id == name and isinstance(use.ctx, ast.Load) for use in ast.walk(part))


def _run_after(node: ast.stmt, loop: ast.For) -> Iterator[ast.AST]:
    """What may run after a statement in the same iteration of a loop: not the other branches of an `if`."""
    parents = parents_in(loop)
    child: ast.AST = node
    while child is not loop:
        parent = parents[child]
        if isinstance(parent, (ast.For, ast.While)) and parent is not loop:
            yield parent  # in its next iteration
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(parent, block, None)
            if isinstance(statements, list) and child in statements:
                yield from statements[statements.index(child) + 1 :]
        if isinstance(parent, ast.Try):
            yield from (*parent.handlers, *parent.orelse, *parent.finalbody)
        child = parent
    yield from loop.orelse


def _loops_of(around: ast.AST, name: str) -> Iterator[ast.For]:
    """The loops that bind `name` to each item."""
    for node in ast.walk(around):
        if isinstance(node, ast.For) and any(isinstance(t, ast.Name) and t.id == name for t in ast.walk(node.target)):
            yield node


def record_write_to_named_copy(interpreter: Interpreter, result: Tensor, statement: ast.expr, env: Environment) -> None:
    """Record an ineffective write: to a copy of a parameter that has a name, and is only ever written to."""
    written, name = write_to_copy(result, statement), _written_name(statement)
    if written is None or not name:
        return
    record, derived, copied_at = written
    around = interpreter.stack[-1][0].node if interpreter.stack else env.scope.source.tree
    if _is_only_written(around, name, copied_at):
        derived.original.ineffective_writes.append((record, derived))


def _written_name(statement: ast.AST) -> str:
    """The name in `init.normal_(w)`, `w.normal_()` and `w.data.normal_()`; empty for any other statement."""
    if not isinstance(statement, ast.Call):
        return ""
    function = statement.func
    node: ast.expr | None = None
    if isinstance(function, ast.Attribute) and not is_init_module(function.value):
        node = function.value if function.attr in METHODS else None
    elif is_fill(last_name(function)):
        node = statement.args[0] if statement.args else None
    while isinstance(node, ast.Attribute) and node.attr == "data":
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


@lru_cache(maxsize=16)
def _is_only_written(around: ast.AST, name: str, copy: ast.AST) -> bool:
    """Whether a name is bound once, to the value of an expression with `copy` in it, and then only filled."""
    parents = parents_in(around)
    if any(isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names for node in parents):
        return False  # it is used elsewhere
    uses = [node for node in parents if isinstance(node, ast.Name) and node.id == name]
    bindings = [node for node in uses if not isinstance(node.ctx, ast.Load)]
    assignment = parents[bindings[0]] if len(bindings) == 1 else None
    if not isinstance(assignment, ast.Assign) or assignment.targets != bindings:
        return False
    if all(node is not copy for node in ast.walk(assignment.value)):
        return False
    filled = [node.value for node in parents if isinstance(node, ast.Expr) and _written_name(node.value) == name]
    inside = {node for call in filled for node in ast.walk(call) if isinstance(node, ast.Name) and node.id == name}
    return all(node in inside for node in uses if node not in bindings)


def _record(
    interpreter: Interpreter, kind: MisuseKind, location: SourceLocation, env: Environment | None = None
) -> None:
    interpreter.state.record_side_effect()
    holder = None if env is None else _receiver(env)
    if holder is None:
        holder = interpreter.building[-1] if interpreter.building else interpreter.log.forward_of
    interpreter.log.misused_by.setdefault(location, set()).add(id(holder))
    if location not in interpreter.log.misuses:
        interpreter.log.misuses[location] = ParameterMisuse(kind, ast.unparse(location.node), location)


def _receiver(env: Environment) -> Instance | None:
    """The module whose method runs; None in other code."""
    if isinstance(env, GlobalEnvironment):
        return None
    function = env.frame.function
    first = function.signature.positional[:1] if function is not None and function.owner is not None else []
    receiver = as_object(env.values.get(first[0].name)) if first else None
    return receiver if receiver is not None and receiver.is_module else None
