"""Which functions of a file initialise weights, by their names and by what they call."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from initlint.facts.initializer_formulas import INITIALIZERS
from initlint.facts.initializer_names import is_fill, is_initializer, is_weight_initializer, resets_part
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, dotted, last_name

_METHODS = frozenset({"normal_", "uniform_", "zero_", "fill_", "copy_"})
_PARAMETERS = frozenset({"parameters", "named_parameters", "modules", "named_modules", "children", "named_children"})
_TENSORS = frozenset(f"torch.{name}" for name in "zeros ones empty full rand randn tensor arange eye".split())
_PARAMETER_CLASSES = frozenset({"Parameter", "UninitializedParameter"})


def init_functions(text: SyntaxIndex) -> Iterator[FunctionNode]:
    """The functions and methods of a file that initialise weights, and are named for that or draw those of a model.

    Also those of such a name that only use another of them.
    """
    found = {function for function in text.functions if _is_init_function(text, function)}
    users: dict[tuple[ast.AST, str], list[FunctionNode]] = {}
    new = list(found)
    for function in text.functions:
        if function not in found and _is_named_for_it(function):
            calls = [node for part in function.body for node in ast.walk(part) if isinstance(node, ast.Call)]
            if any(_applies_imported(text, call) for call in calls):
                new.append(function)
            for used in _used_functions(text, function, calls):
                users.setdefault(used, []).append(function)
    while new:
        function = new.pop()
        found.add(function)
        new += users.pop((text.parents[function], function.name), ())
    yield from (function for function in text.functions if function in found)


def _is_init_function(text: SyntaxIndex, function: FunctionNode) -> bool:
    is_named = _is_named_for_it(function) or _takes_model(text, function)
    return (
        is_named
        and (initialises(function) or _calls_renamed(text, function))
        and not _fills_only_buffers(text, function)
    )


def _calls_renamed(text: SyntaxIndex, function: FunctionNode) -> bool:
    """Whether it calls a function of `torch.nn.init` by the name that an import gives it: `zeros_ as zero`."""
    names = {
        node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return any(text.imported.get(name, "") in INITIALIZERS for name in names)


def _is_named_for_it(function: FunctionNode) -> bool:
    return is_weight_initializer(function.name) and not resets_part(function.name)


def _used_functions(
    text: SyntaxIndex, function: FunctionNode, calls: Iterable[ast.Call]
) -> Iterator[tuple[ast.AST, str]]:
    """What a function calls or hands on: functions of the file and methods of its class, by scope and name."""
    scope = text.parents[function]
    for node in (part for call in calls for part in (call.func, *call.args)):
        if isinstance(node, ast.Name):
            yield text.tree, node.id
        elif isinstance(node, ast.Attribute) and isinstance(scope, ast.ClassDef) and dotted(node.value) == "self":
            yield scope, node.attr


def _applies_imported(text: SyntaxIndex, call: ast.Call) -> bool:
    """Whether it is `self.apply(weights_init)` with a function of another file."""
    names = [argument.id for argument in call.args if isinstance(argument, ast.Name)]
    is_apply = isinstance(call.func, ast.Attribute) and call.func.attr == "apply"
    return is_apply and any(name in text.imported and is_weight_initializer(name) for name in names)


def _takes_model(text: SyntaxIndex, function: FunctionNode) -> bool:
    """Whether a function of the file takes one module, and draws the weights of those of some type, or of all."""
    arguments = function.args
    parameters = [*arguments.posonlyargs, *arguments.args]
    if len(parameters) != 1 or arguments.vararg or arguments.kwonlyargs or arguments.kwarg:
        return False
    if not isinstance(text.parents[function], ast.Module) or function.name.startswith("test"):
        return False
    nodes = list(ast.walk(function))
    name = parameters[0].arg
    return any(_visits(node, name) for node in nodes) and any(isinstance(n, ast.Call) and _draws(n) for n in nodes)


def _visits(node: ast.AST, name: str) -> bool:
    """Whether it asks for the class of `name`, or for its modules or parameters."""
    if isinstance(node, ast.Call) and last_name(node.func) in ("isinstance", "type"):
        return bool(node.args) and dotted(node.args[0]) == name
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PARAMETERS:
        return dotted(node.func.value) == name
    return isinstance(node, ast.Attribute) and dotted(node) == f"{name}.__class__"


def _draws(call: ast.Call) -> bool:
    """Whether it fills a weight at random."""
    return is_init_call(call) and is_initializer(last_name(call.func))


def _fills_only_buffers(text: SyntaxIndex, method: FunctionNode) -> bool:
    """Whether all that a method fills are buffers that its class registers by these names, and other plain tensors."""
    owner = text.parents[method]
    if not isinstance(owner, ast.ClassDef):
        return False
    nodes = list(ast.walk(owner))
    buffers = {name for node in nodes for name in _plain_tensors(node)}
    if not buffers:
        return False
    buffers -= {name for node in nodes for name in _parameters(node)}
    calls = [node for node in ast.walk(method) if isinstance(node, ast.Call) and is_init_call(node)]
    return all(filled_tensor(call) in buffers for call in calls)


def _plain_tensors(node: ast.AST) -> Iterator[str]:
    """The attributes that a node makes a buffer, or a tensor that needs no gradient: `self.buf = torch.zeros(4)`."""
    yield from _registered(node, "register_buffer")
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        keywords = [keyword.arg for keyword in node.value.keywords]
        if dotted(node.value.func) in _TENSORS and "requires_grad" not in keywords:
            yield from map(dotted, node.targets)


def _parameters(node: ast.AST) -> Iterator[str]:
    """The attributes that a node makes parameters, whatever they are before or under another condition."""
    if isinstance(node, ast.Call) and not any(_is_none(argument) for argument in node.args[1:]):
        yield from _registered(node, "register_parameter")
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or not isinstance(node.value, ast.Call):
        return
    if last_name(node.value.func) in _PARAMETER_CLASSES:
        yield from map(dotted, node.targets if isinstance(node, ast.Assign) else [node.target])


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _registered(node: ast.AST, function: str) -> Iterator[str]:
    """The attribute that a call of `function` registers by a name: `self.register_buffer("buf", torch.zeros(4))`."""
    if not isinstance(node, ast.Call) or last_name(node.func) != function or not node.args:
        return
    if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
        yield f"self.{node.args[0].value}"


def filled_tensor(call: ast.Call) -> str:
    """The tensor that an init call fills, without `.data` and indices: `self.centres`."""
    is_method = isinstance(call.func, ast.Attribute) and not is_init_module(call.func.value)
    node = call.func.value if is_method and isinstance(call.func, ast.Attribute) else next(iter(call.args), call)
    while isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr == "data"):
        node = node.value
    return dotted(node)


def initialises(node: ast.AST) -> bool:
    """Whether something in `node` fills a weight of what it is handed, or of `self`.

    What a class inside it does is the business of that class.
    """
    inner = (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.ClassDef))
    return (isinstance(node, ast.Call) and is_init_call(node)) or any(map(initialises, inner))


def is_init_call(call: ast.Call) -> bool:
    """Whether it is `init.normal_(layer.weight)`, `layer.weight.data.normal_()` or the like."""
    name = last_name(call.func)
    if not is_fill(name):
        return False
    if name in _METHODS and isinstance(call.func, ast.Attribute) and not is_init_module(call.func.value):
        return _is_weight(call.func.value)
    return name.endswith("_") or (isinstance(call.func, ast.Attribute) and is_init_module(call.func.value))


def is_init_module(node: ast.AST) -> bool:
    """Whether it is the name of `torch.nn.init`, or of a module like it: its functions take tensors."""
    return dotted(node).rpartition(".")[2] in ("init", "initialization", "I")


def _is_weight(node: ast.AST) -> bool:
    """`layer.weight`, `layer.weight.data`, `self.w[0]`, `p.data`: not a tensor that the function made."""
    while isinstance(node, (ast.Subscript, ast.Call)):
        node = node.value if isinstance(node, ast.Subscript) else node.func
    return isinstance(node, ast.Attribute)
