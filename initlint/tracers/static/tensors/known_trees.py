"""Whether a module tree is completely known, and the layers in it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from initlint.facts.fans import BASES, MODULES
from initlint.facts.frameworks import has_kind
from initlint.tracers.static.machine.interpreter import Interpreter
from initlint.tracers.static.values.containers import ListValue
from initlint.tracers.static.values.environment import Environment
from initlint.tracers.static.values.module_tree import modules, own_parameters, parameters
from initlint.tracers.static.values.objects import Instance, as_module, as_object
from initlint.tracers.static.values.questions import external_name, has_known_length, known_items, options
from initlint.tracers.static.values.tensors import Tensor
from initlint.tracers.static.values.values import Unknown, Value

_COMPOSITE = re.compile(r"Transformer|AdaptiveLogSoftmax")
"""Modules of torch whose submodules are not listed."""


def known_modules(items: Iterable[Value]) -> list[Instance] | None:
    """The modules among the items of a loop, also in pairs with a name; None if one of them is not known."""
    instances: list[Instance] = []
    for item in items:
        for option, _ in options(item):
            for part in _parts(option):
                if isinstance(part, (Unknown, Tensor)):
                    return None
                module = as_module(part)
                if module is not None:
                    instances.append(module)
    if not instances or not all(map(_is_known_tree, instances)):
        return None
    return instances


@contextmanager
def visited_items(
    interpreter: Interpreter, node: ast.stmt | ast.expr, iterable: Value, env: Environment
) -> Iterator[None]:
    """Record the run of a loop or comprehension over `iterable`, see `machine.visits`."""
    items = (known_items(iterable) or []) if has_known_length(iterable) else []
    origin = iterable.origin if isinstance(iterable, ListValue) else None
    roots = known_modules(items if origin is None else [origin])
    location = interpreter.location_of(node, env)
    with interpreter.visits.run(node, env.scope, location, interpreter.stack) as run:
        if roots is not None:
            run.layers, run.has_bias = layer_counts(roots), has_bias(roots)
            run.classes, run.items = type_counts(items), list(items)
            run.selection = iterable.selection if isinstance(iterable, ListValue) else ()
        yield
        run.complete = roots is not None


def layer_counts(roots: Sequence[Instance]) -> Counter[str]:
    """The modules with parameters of their own in these trees, by type."""
    by_identity = {id(module): module for root in roots for _, module, _ in modules(root)}
    return Counter(module.class_name for module in by_identity.values() if next(own_parameters(module), None))


def type_counts(items: Iterable[Value]) -> Counter[str]:
    """The modules among the items, by type."""
    parts = (part for item in items for option, _ in options(item) for part in _parts(option))
    return Counter(instance.class_name for instance in map(as_object, parts) if instance is not None)


def _parts(item: Value) -> tuple[Value, ...]:
    return item if isinstance(item, tuple) else (item,)


def has_bias(roots: Sequence[Instance]) -> bool:
    """Whether a parameter in these trees is called a bias."""
    return any("bias" in name for root in roots for name, _, _ in parameters(root))


def _is_known_tree(root: Instance) -> bool:
    return all(_is_known(module) for _, module, _ in modules(root))


def _is_known(module: Instance) -> bool:
    if module.symbolic or module.open:
        return False
    cls = module.user_class
    bases = [module.cls.name] if cls is None else cls.externals()
    if (cls is not None and not cls.readable) or not all(map(_is_known_base, bases)):
        return False
    return not any(
        (isinstance(option, Unknown) and _may_be_module(module, name, option)) or _has_unknown_base(option)
        for name, value in module.fields.items()
        for option, _ in options(value)
    )


def _has_unknown_base(value: Value) -> bool:
    """Whether it is an object that may be a module, because its class derives from one of another library."""
    instance = as_object(value)
    cls = None if instance is None or instance.is_module else instance.user_class
    if cls is None:
        return False
    return not cls.readable or not all(name.startswith("builtins.") for name in cls.externals())


def _is_known_base(name: str) -> bool:
    if name in MODULES:
        return _COMPOSITE.search(name) is None
    return name in BASES or has_kind([name], "module") or name.startswith("builtins.")


def _may_be_module(module: Instance, name: str, value: Unknown) -> bool:
    """Whether an unknown attribute may be a module.

    It is none if its class assigns it without a call, and neither calls it nor uses an attribute or item of it.
    """
    if external_name(value.hint).startswith("builtins.") or value.reason == "a buffer":
        return False
    cls = module.user_class
    if cls is None:
        return True
    used = re.compile(rf"self\.{re.escape(name)}(?:\s*[.(\[]|\s*(?::[^=\n]*)?=[^=\n][^\n]*\()")
    return any(used.search(base.scope.source.text_of(base.node)) is not None for base in cls.project_classes)
