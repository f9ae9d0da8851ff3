"""Names, attributes, calls and other expressions, and the dispatch table of all expressions."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable

from initlint.facts.module_attributes import MODULE_ATTRIBUTES
from initlint.tracers.static.machine.interpreter import Evaluate, Interpreter
from initlint.tracers.static.syntax.literals import (
    comprehension,
    constant,
    dict_,
    dict_comprehension,
    formatted,
    list_,
    tuple_,
)
from initlint.tracers.static.syntax.operators import binary, boolean, comparison, conditional, unary
from initlint.tracers.static.syntax.subscripts import subscript
from initlint.tracers.static.tensors.absent_parameters import (
    lacks_parameter,
    record_missing_attribute,
    record_use_of_none,
)
from initlint.tracers.static.values.classes import ModuleRef, SuperProxy
from initlint.tracers.static.values.containers import DictValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.external_names import ExternalName
from initlint.tracers.static.values.functions import Function, wrapped_function
from initlint.tracers.static.values.iteration import iterate, truncated
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.questions import (
    Union,
    any_of,
    entries,
    has_known_length,
    known_items,
    may_be_unbound,
    may_reach_parameters,
    options,
    without_unbound,
)
from initlint.tracers.static.values.values import UNBOUND, CallArguments, Raised, Unknown, Value


def name(interpreter: Interpreter, node: ast.Name, env: Environment) -> Value:
    """The value of a name: local, enclosing, global or built-in."""
    written = node.id
    scope = env.scope
    inner: Environment | None = env
    while inner is not None:
        values = inner.values
        if written in values and values is not scope.values:
            value = values[written]
            return value if value.__class__ is not Union and value is not UNBOUND else _present(written, value)
        inner = inner.parent
    value = scope.lookup(written)
    if value is not UNBOUND:
        return _present(written, value)
    if written in _BUILTINS:
        return ExternalName(f"builtins.{written}")
    return Unknown(f"{written} is not defined")


def _present(written: str, value: Value) -> Value:
    value = without_unbound(value)
    return value if value is not UNBOUND else Unknown(f"{written} is not set")


_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))


def attribute(interpreter: Interpreter, node: ast.Attribute, env: Environment) -> Value:
    """`value.name`."""
    holder = interpreter.evaluate(node.value, env)
    value = interpreter.attribute(holder, node.attr)
    if holder is None:
        record_use_of_none(interpreter, node, node.value, env)
    elif value.__class__ is Unknown and isinstance(holder, Instance):
        if node.attr.startswith(("weight", "bias")):
            record_missing_attribute(interpreter, holder, node, env)
        if interpreter.open_guards:
            if _surely_raises(holder, node.attr) or lacks_parameter(holder, node.attr):
                raise Raised
        elif holder.is_module and holder in interpreter.building and _surely_raises(holder, node.attr):
            interpreter.note_error()
    return value


_WITHOUT_ATTRIBUTES = frozenset({"torch.nn.Module", "builtins.object", "typing.Generic", "abc.ABC"})
"""Base classes whose attributes are known."""


def _surely_raises(holder: Instance, name: str) -> bool:
    """Whether no class of the object, whose bases are `nn.Module` and of the project, can have the attribute."""
    cls = holder.user_class
    if cls is None or not holder.surely_lacks(name) or holder.may_have_more or holder.open:
        return False
    if not _WITHOUT_ATTRIBUTES.issuperset(cls.externals()) or name.startswith("_"):
        return False
    return cls.find(name)[1] is None and cls.find("__getattr__")[1] is None and name not in MODULE_ATTRIBUTES


def call(interpreter: Interpreter, node: ast.Call, env: Environment) -> Value:
    """A call: the function, then its arguments from left to right."""
    function = interpreter.evaluate(node.func, env)
    arguments: list[Value] = []
    keywords: dict[str, Value] = {}
    open = starred = False
    for argument in node.args:
        if not isinstance(argument, ast.Starred):
            arguments.append(interpreter.evaluate(argument, env))
            continue
        value = interpreter.evaluate(argument.value, env)
        starred = True
        items = known_items(value)
        open = open or not has_known_length(value)
        if items is not None:
            arguments.extend(items if isinstance(function, ExternalName) else _at_positions(items))
    for keyword in node.keywords:
        value = interpreter.evaluate(keyword.value, env)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        else:
            value = without_unbound(value)
            named = entries(value)
            keywords.update({k: v for k, v in (named or {}).items() if isinstance(k, str)})
            open = open or named is None or not has_known_length(value)
    if isinstance(function, ExternalName) and function.name in _SCOPED:
        return _SCOPED[function.name](interpreter, arguments, env, node)
    if starred:
        arguments, open = truncated(arguments, open)
    result = interpreter.call(function, CallArguments(arguments, keywords, interpreter.location_of(node, env), open))
    if (result.__class__ is Unknown or result.__class__ is Union) and wrapped_function(function) is None:
        _note_origins(result, (function, *arguments, *keywords.values()))
    return result


def _at_positions(items: list[Value]) -> list[Value]:
    """The items as arguments: from one on that is only there under a condition, each may be any of the rest."""
    at = next((at for at, item in enumerate(items) if may_be_unbound(item)), len(items))
    rest = [without_unbound(item) for item in items[at:]]
    return [*items[:at], *([any_of(rest)] * len(rest) if rest else ())]


def _note_origins(result: Value, values: tuple[Value, ...]) -> None:
    """Note what the result of code that is not interpreted may be, or share memory with."""
    for option, _ in options(result):
        if option.__class__ is Unknown and not option.origins and option.hint is None:
            option.origins = _origins(values)


_MAX_ORIGINS = 8
"""Beyond, the origins of unknown values are not merged: each of these stands for its own."""


def _origins(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """The values that may reach parameters; what unknown ones come from instead of these."""
    found: dict[int, Value] = {}
    for value in filter(may_reach_parameters, values):
        below = value.origins if isinstance(value, Unknown) else ()
        if not below or len(found) + len(below) > _MAX_ORIGINS:
            below = (value,)
        found.update((id(origin), origin) for origin in below)
    return tuple(found.values())


def _super(interpreter: Interpreter, arguments: list[Value], env: Environment, node: ast.Call) -> Value:
    frame = env.frame
    if len(arguments) >= 2:
        return SuperProxy(arguments[0], arguments[1])
    if frame.function is None or frame.function.owner is None:
        return Unknown("super() outside of a method")
    receiver = _first_parameter(frame.function, env)
    return SuperProxy(frame.function.owner, receiver)


def _first_parameter(function: Function, env: Environment) -> Value:
    parameters = function.signature.positional
    if not parameters:
        return Unknown("no receiver")
    written = parameters[0].name
    owner = env.owner_of(written)
    return owner.values[written] if owner is not None else Unknown(f"{written} is not set")


def _locals(interpreter: Interpreter, arguments: list[Value], env: Environment, node: ast.Call) -> Value:
    return DictValue(dict(env.values))


def _globals(interpreter: Interpreter, arguments: list[Value], env: Environment, node: ast.Call) -> Value:
    return ModuleRef(env.scope)


def _vars(interpreter: Interpreter, arguments: list[Value], env: Environment, node: ast.Call) -> Value:
    return interpreter.attribute(arguments[0], "__dict__") if arguments else DictValue(dict(env.values))


def _eval(interpreter: Interpreter, arguments: list[Value], env: Environment, node: ast.Call) -> Value:
    text = arguments[0] if arguments else None
    if len(arguments) == 1 and isinstance(text, str) and len(text) <= _MAX_EVALUATED:
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError):
            return Unknown("a text that is no expression")
        for inner in ast.walk(tree.body):
            ast.copy_location(inner, node)
        return interpreter.evaluate(tree.body, env)
    origins = tuple(filter(may_reach_parameters, (*arguments, *env.values.values())))
    if len(arguments) > 1:
        interpreter.handlers.may_write(interpreter, arguments, interpreter.location_of(node, env))
    return Unknown("an evaluated text", origins=origins)


def _exec(interpreter: Interpreter, arguments: list[Value], env: Environment, node: ast.Call) -> Value:
    values = arguments[1:] or list(env.values.values())
    interpreter.handlers.may_write(interpreter, values, interpreter.location_of(node, env))
    return None


_MAX_EVALUATED = 200
"""Length of the texts that `eval` interprets."""
_SCOPED: dict[str, Callable[[Interpreter, list[Value], Environment, ast.Call], Value]] = {
    "builtins.eval": _eval,
    "builtins.exec": _exec,
    "builtins.super": _super,
    "builtins.locals": _locals,
    "builtins.vars": _vars,
    "builtins.globals": _globals,
}


def named(interpreter: Interpreter, node: ast.NamedExpr, env: Environment) -> Value:
    """`(name := value)`."""
    value = interpreter.evaluate(node.value, env)
    interpreter.assign(env, node.target.id, value)
    return value


def lambda_(interpreter: Interpreter, node: ast.Lambda, env: Environment) -> Value:
    """A function without a name."""
    owner = env.frame.function.owner if env.frame.function else None
    return Function(node, "<lambda>", env.scope, env.seen_by_closures, owner)


def await_(interpreter: Interpreter, node: ast.Await, env: Environment) -> Value:
    """`await` has the value of the awaited expression."""
    return interpreter.evaluate(node.value, env)


def yield_(interpreter: Interpreter, node: ast.Yield | ast.YieldFrom, env: Environment) -> Value:
    """Collect the values that a generator yields: its whole body runs when it is called."""
    if env.frame.yields is None:
        env.frame.yields = []
    if isinstance(node, ast.YieldFrom):
        value = interpreter.evaluate(node.value, env)
        env.frame.yields.extend(item for item, _ in iterate(interpreter, value))
        return None
    value = None if node.value is None else interpreter.evaluate(node.value, env)
    env.frame.yields.append(value)
    if env.frame.on_yield is not None:
        env.frame.on_yield(value)
    return Unknown("what is sent to a generator")


EVALUATE: dict[type, Evaluate] = {
    ast.Name: name,
    ast.Attribute: attribute,
    ast.Call: call,
    ast.Constant: constant,
    ast.JoinedStr: formatted,
    ast.Tuple: tuple_,
    ast.List: list_,
    ast.Set: list_,
    ast.Dict: dict_,
    ast.ListComp: comprehension,
    ast.SetComp: comprehension,
    ast.GeneratorExp: comprehension,
    ast.DictComp: dict_comprehension,
    ast.BinOp: binary,
    ast.UnaryOp: unary,
    ast.BoolOp: boolean,
    ast.Compare: comparison,
    ast.IfExp: conditional,
    ast.NamedExpr: named,
    ast.Lambda: lambda_,
    ast.Await: await_,
    ast.Yield: yield_,
    ast.YieldFrom: yield_,
    ast.Subscript: subscript,
}
