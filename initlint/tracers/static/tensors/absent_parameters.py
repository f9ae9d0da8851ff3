"""Uses of parameters that a module does not have: they are None, or its class never sets them."""

from __future__ import annotations

import ast

from initlint.facts.fans import MODULES
from initlint.graph.mistakes import MisuseKind, ParameterMisuse
from initlint.tracers.references.syntax_index import last_name
from initlint.tracers.static.machine.absent_values import absent_parameter
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.values.classes import ClassValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.objects import Instance


def record_use_of_none(interpreter: Interpreter, node: ast.AST, none: ast.expr, env: Environment) -> None:
    """Record that `node` uses `none`, whose value is None, if that is certainly a parameter that its layer lacks."""
    absent = absent_parameter(interpreter, none)
    if absent is not None:
        instance, name = absent
        if not instance.symbolic and interpreter.runs_whenever(instance.condition):
            _record(interpreter, "absent", node, env, instance, name)


def record_missing_attribute(interpreter: Interpreter, value: Instance, node: ast.Attribute, env: Environment) -> None:
    """Record a read of `weight`, `bias` or a recurrent weight of a module that certainly has none."""
    if value.symbolic or value.open or value.registry_changed or not interpreter.runs_whenever(value.condition):
        return
    if interpreter.location_of(node, env) in interpreter.log.misuses:
        return
    if not lacks_parameter(value, node.attr) or any(function.name == "forward" for function, _ in interpreter.stack):
        return
    _record(interpreter, "missing", node, env, value, node.attr)


def lacks_parameter(value: Instance, name: str) -> bool:
    """Whether `name` is `weight`, `bias` or a recurrent weight, and reading it from the module raises."""
    if value.symbolic or value.open or value.registry_changed:
        return False
    return (name in ("weight", "bias") or _is_absent_in_rnn(value, name)) and _lacks(value, name)


_OF_CELLS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _is_absent_in_rnn(value: Instance, name: str) -> bool:
    """Whether it is a bias (`bias_ih_l0`) of a recurrent layer without biases, or named as in a cell (`weight_hh`)."""
    torch_module = MODULES.get(value.torch_name or "")
    if torch_module is None or torch_module.family != "rnn":
        return False
    has_no_bias = name.startswith(("bias_ih_l", "bias_hh_l")) and "bias_ih_l0" not in value.parameter_names()
    return has_no_bias or name in _OF_CELLS


def _lacks(value: Instance, name: str) -> bool:
    torch_module = MODULES.get(value.torch_name or "")
    if torch_module is None or torch_module.role not in _KNOWN_ROLES or torch_module.type in _WITH_WEIGHT:
        return False
    if name in value.parameter_names() or name in value.fields:
        return False
    cls = value.user_class
    if cls is None:
        return True
    if not cls.readable or any(base not in MODULES for base in cls.externals()):
        return False
    return not any(_may_set(base, name) for base in cls.project_classes)


_KNOWN_ROLES = ("layer", "norm", "activation", "pool", "transparent", "container")
"""The roles of the modules whose parameters are all known."""
_WITH_WEIGHT = ("PReLU", "ParameterList", "ParameterDict")


def _may_set(cls: ClassValue, name: str) -> bool:
    """Whether the source of a class sets an attribute of that name, or attributes of names that it computes."""
    return any(_names(node, name) for node in ast.walk(cls.node))


def _names(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in (name, "__dict__") and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.FunctionDef):
        return node.name in (name, "__getattr__", "__getattribute__")
    if isinstance(node, ast.Name):
        return node.id == name and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Call):
        return last_name(node.func) in _SETTERS
    return isinstance(node, ast.Constant) and node.value == name


_SETTERS = frozenset("setattr __setattr__ register_parameter register_buffer add_module register_module".split())


def _record(
    interpreter: Interpreter, kind: MisuseKind, node: ast.AST, env: Environment, instance: Instance, name: str
) -> None:
    location = interpreter.location_of(node, env)
    if interpreter.open_guards or location in interpreter.log.misuses:
        return
    interpreter.state.record_side_effect()
    layer = instance.shown_type or instance.class_name
    interpreter.log.misuses[location] = ParameterMisuse(kind, ast.unparse(node), location, layer, name)
