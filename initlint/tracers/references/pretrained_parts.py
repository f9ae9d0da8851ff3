"""Models of which parts get pretrained weights: an init that walks over all of such a model would undo that."""

from __future__ import annotations

import ast
import builtins
import re

from initlint.facts.pretrained import PRETRAINED_FLAGS
from initlint.tracers.references.syntax_index import FunctionNode, SyntaxIndex, dotted, last_name


def would_undo_a_load(index: SyntaxIndex, function: FunctionNode, owner: ast.ClassDef | None) -> bool:
    """Whether a method walks over the whole model, parts of which the constructor fills with pretrained weights."""
    constructor = next((node for node in owner.body if _is_constructor(node)), None) if owner is not None else None
    return constructor is not None and walks_over_self(function) and _loads_a_part(index, constructor)


def _is_constructor(node: ast.stmt) -> bool:
    return isinstance(node, FunctionNode) and node.name == "__init__"


def walks_over_self(function: FunctionNode) -> bool:
    """Whether a method goes through the modules or parameters of its model."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in _WALKS
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        for node in ast.walk(function)
    )


_WALKS = frozenset("apply modules named_modules named_parameters parameters".split())


def _loads_a_part(index: SyntaxIndex, constructor: ast.stmt) -> bool:
    """Whether a part has pretrained weights: `self.body = resnet(pretrained=True)`, `self.body.load_state_dict(x)`."""
    nodes = list(ast.walk(constructor))
    variables: dict[str, list[ast.expr]] = {}
    parts: list[ast.expr] = []
    for node in nodes:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                (variables.setdefault(target.id, []) if isinstance(target, ast.Name) else parts).append(node.value)
        elif isinstance(node, ast.Call) and last_name(node.func) in _ADDS_PART:
            parts += node.args
    followed = {"self"}
    for part in parts:
        for node in ast.walk(part):
            if isinstance(node, ast.Call) and _builds_loaded_model(index, node):
                return True
            if isinstance(node, ast.Name) and node.id in variables:
                followed.add(node.id)
                parts += variables.pop(node.id)
    loads = (node for node in nodes if isinstance(node, ast.Call) and last_name(node.func) == "load_state_dict")
    return any(
        any(isinstance(inner, ast.Name) and inner.id in followed for inner in ast.walk(receiver))
        and not _NO_PART.search(ast.unparse(receiver))
        for call in loads
        for receiver in ([call.func.value] if isinstance(call.func, ast.Attribute) else call.args[:1])
    )


_ADDS_PART = frozenset("add_module register_module append".split())
_NO_PART = re.compile(r"optim|sched|scaler", re.IGNORECASE)
"""Attributes with a `load_state_dict` that are no part of a model."""
_NO_MODEL = re.compile(r"(?:Loss|Criterion|Config)$", re.IGNORECASE)
_NO_MODEL_OF_HUB = re.compile(r"(?:Tokenizer|TokenizerFast|Processor|FeatureExtractor)$")
"""Classes of transformers with `from_pretrained` whose objects have no weights."""


def _builds_loaded_model(index: SyntaxIndex, call: ast.Call) -> bool:
    """Whether it is `resnet50(pretrained=True)`, `resnet50(3, pretrained)`, `Bert.from_pretrained(path)`, ..."""
    first, _, rest = dotted(call.func).partition(".")
    name = f"{index.imported.get(first, first)}.{rest}".rstrip(".")
    built = name.removesuffix(".from_pretrained")
    if _NO_MODEL.search(built) or (name.startswith(("torch.", "numpy.")) and not name.startswith("torch.hub.")):
        return False
    if last_name(call.func) == "from_pretrained":
        return not _NO_MODEL_OF_HUB.search(built)
    given = [keyword.value for keyword in call.keywords if keyword.arg in PRETRAINED_FLAGS]
    if any(not isinstance(flag, (ast.List, ast.Tuple)) and not _is_off(flag) for flag in given):
        return True
    named = any(isinstance(value, ast.Name) and value.id in PRETRAINED_FLAGS for value in call.args)
    return named and not hasattr(builtins, name)


def _is_off(flag: ast.expr) -> bool:
    return isinstance(flag, ast.Constant) and flag.value in (None, False)
