"""Runs the `forward` of a model on tensors that represent its input, which fills the data flow."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from initlint.facts.frameworks import TOOL_CLASSES, has_kind
from initlint.graph.dataflow import FlowNode
from initlint.graph.model import Forward
from initlint.project.source import SourceLocation
from initlint.tracers.references.syntax_index import last_name
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.machine.path_conditions import OutOfSteps
from initlint.tracers.static.syntax.binding import annotation, default
from initlint.tracers.static.tensors.dataflow import data_of
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.functions import Function, as_function
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import external_name, is_class
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import CallArguments, Raised, Unknown, Value


def run_forward(interpreter: Interpreter, root: Instance) -> Forward:
    """Run the model's `forward` on tensors that represent its input."""
    cls = root.user_class
    if cls is None:
        return _attempt(interpreter, root, None) or Forward.UNKNOWN
    function, _ = cls.find("forward")
    if isinstance(function, Function):
        done = _attempt(interpreter, root, function)
        if done is not Forward.UNKNOWN:
            return done or Forward.UNKNOWN
    elif root.torch_name not in (None, "torch.nn.Module"):
        return _attempt(interpreter, root, None) or Forward.UNKNOWN
    elif not cls.readable or any(not _is_known(name) for name in cls.externals()):
        return Forward.UNKNOWN
    ran = list(_run_alternatives(interpreter, root, cls))
    if Forward.RUN in ran and interpreter.log.nodes:
        return Forward.RUN
    return Forward.MISSING if function is None and not ran else Forward.UNKNOWN


def _is_known(base: str) -> bool:
    return base.startswith("torch.nn.") or has_kind([base], "mixin")


def _run_alternatives(interpreter: Interpreter, root: Instance, cls: ClassValue) -> Iterator[Forward | None]:
    """Run the methods that may be called instead of `forward`, with the budget of one entry point for all."""
    before = interpreter.total_steps
    for method in _alternative_methods(interpreter, cls):
        if interpreter.total_steps - before > interpreter.limit:
            return
        yield _attempt(interpreter, root, method)


_NOT_FORWARD = re.compile(r"^_|init|reset|load|save|train|eval|configure|optimizer|freeze|device|from_pretrained")


def _alternative_methods(interpreter: Interpreter, cls: ClassValue) -> list[Function]:
    """Methods that may be called instead of `forward`: an agent's `act`, an autoencoder's `encode`.

    Those of a framework's base classes only load, configure and decode.
    """
    methods = []
    for part in cls.project_classes:
        if part.name in TOOL_CLASSES:
            continue
        for name, value in part.fields.items():
            method = as_function(value)
            if method is None or name == "forward" or _NOT_FORWARD.search(name):
                continue
            if isinstance(method.node, ast.Lambda) or method.wrappers or method.node in interpreter.executed:
                continue
            if _takes_data(method):
                methods.append(method)
    return methods


def _takes_data(method: Function) -> bool:
    """Whether a required parameter, or the first one if all have defaults, may be or contain a tensor."""
    named = method.signature.positional[1:]
    required = [p for p in (*named, *method.signature.keyword_only) if p.default is None]
    return bool(named) and any(not _is_setting(p.annotation) for p in required or named[:1])


_SETTINGS = frozenset("int float bool str bytes dtype device Callable".split())
_AROUND_SETTINGS = frozenset("torch typing collections abc Optional Union List list Tuple tuple Dict dict".split())


def _is_setting(annotation: ast.expr | None) -> bool:
    """Whether the annotation only allows numbers, strings and functions."""
    names = {last_name(part) for part in ast.walk(annotation or ast.Constant(None))} - {""}
    return not _SETTINGS.isdisjoint(names) and names <= _SETTINGS | _AROUND_SETTINGS


def _attempt(interpreter: Interpreter, root: Instance, method: Function | None) -> Forward | None:
    """Run `method`, or the model itself; None if it exceeds its budget, so that the data flow is incomplete."""
    location = (
        root.location
        if isinstance(root.location, SourceLocation)
        else SourceLocation(method.scope.source, method.node)
        if method
        else None
    )
    assert location is not None
    limit = interpreter.limit
    # A forward that exceeded its budget before has half the budget in the next model that shares it.
    interpreter.limit = limit >> interpreter.exhausted[method.node] if method else limit
    try:
        return _run_once(interpreter, root, method, location)
    except OutOfSteps:
        interpreter.note_not_followed("too many steps in forward")
        if method is not None:
            interpreter.exhausted[method.node] += 1
    except RecursionError:
        interpreter.note_not_followed("forward is nested too deeply")
    finally:
        interpreter.limit = limit
    interpreter.log.nodes.clear()  # an incomplete data flow is useless: users of a layer may be missing
    return None


def _run_once(interpreter: Interpreter, root: Instance, method: Function | None, location: SourceLocation) -> Forward:
    for guess in (False, True):
        try:
            interpreter.reset()
            if method is None:
                result = interpreter.call(root, CallArguments([_input(location)], {}, location))
            else:
                result = interpreter.call(method, CallArguments([root], _inputs(interpreter, method, guess), location))
            outputs = data_of([result])
        except Raised:
            continue
        if outputs:
            FlowNode("output", "output", outputs, location)
        return Forward.RUN
    return Forward.UNKNOWN


def _input(location: SourceLocation) -> Tensor:
    return Tensor(FlowNode("input", "input", (), location))


_NUMBERS_AND_TEXTS = ("builtins.int", "builtins.float", "builtins.bool", "builtins.str")


def _inputs(interpreter: Interpreter, method: Function, guess: bool) -> dict[str, Value]:
    """Arguments for a forward: tensors for required parameters, with `guess` also for those that default to None."""
    named = method.signature.positional[1:] + method.signature.keyword_only
    required = [p for p in named if p.default is None]
    arguments: dict[str, Value] = {}
    for position, parameter in enumerate(named):
        name = parameter.name
        hint = annotation(interpreter, parameter, method)
        if parameter.default is None:
            name_of_hint = external_name(hint)
            location = SourceLocation(method.scope.source, parameter.node)
            if name_of_hint in _NUMBERS_AND_TEXTS or (is_class(hint) and not name_of_hint):
                arguments[name] = Unknown(f"argument {name}", hint)
            elif parameter.annotation is not None and hint is None:
                arguments[name] = _composed(parameter.annotation, location, name)
            else:
                arguments[name] = _input(location)
        elif (position == 0 and not required) or (guess and default(interpreter, method, parameter) is None):
            arguments[name] = _input(SourceLocation(method.scope.source, parameter.node))
    return arguments


def _composed(annotation: ast.expr, location: SourceLocation, name: str) -> Value:
    """A tensor for `Optional[Tensor]`; for `List[Tensor]` and similar an unknown value that carries data."""
    if "Optional" in (text := ast.unparse(annotation)) or text.endswith("Tensor") or "| None" in text:
        return _input(location)
    return Unknown(f"argument {name}", node=_input(location).node)
