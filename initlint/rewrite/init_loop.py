"""Adding an init loop over the modules of a class to the end of its `__init__`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import libcst as cst

from initlint.diagnostics import Edit
from initlint.project.source import SourceLocation
from initlint.rewrite.cst import CstFile, call_at
from initlint.rewrite.edits import Change
from initlint.rewrite.errors import CannotRewrite, none_if_cannot
from initlint.rewrite.imports import ImportSpelling
from initlint.rewrite.names import NameResolver
from initlint.rewrite.requests import Expression, GainExpression, Value
from initlint.rewrite.scopes import dotted_name
from initlint.rewrite.text import SourceText


@none_if_cannot
def append_loop(
    site: SourceLocation, constructors: Sequence[SourceLocation], function: str, arguments: Mapping[str, Value]
) -> tuple[Edit, ...]:
    """Edits that end the `__init__` of the class at `site` with a loop that calls `function` of torch.nn.init.

    It runs over the weights of all modules of the types that `constructors` build, spelled as they are. `arguments`
    are plain values.
    """
    definition = CstFile.of(site.source).node(site.node)
    if not isinstance(definition, cst.ClassDef) or any(
        isinstance(v, (GainExpression, Expression)) for v in arguments.values()
    ):
        raise CannotRewrite
    last = _last_statement(definition)
    text = SourceText.of(site.source)
    types = sorted({_callee(constructor) for constructor in constructors})
    start, end = text.range(last)
    if not text.alone_before(start):
        raise CannotRewrite
    rest, _, _ = text.text[end:].partition(text.newline)
    speller = ImportSpelling(site.source, NameResolver.of(site.source).scope(call_at(constructors[0]).func))
    given = "".join(f", {name}={value!r}" for name, value in arguments.items())
    step = CstFile.of(site.source).module.default_indent
    lines = [
        "for module in self.modules():",
        f"{step}if isinstance(module, {types[0] if len(types) == 1 else '(' + ', '.join(types) + ')'}):",
        f"{step * 2}{speller.spell(function)}(module.weight{given})",
    ]
    margin = text.newline + text.indent(start)
    loop = Change(end + len(rest), end + len(rest), "".join(margin + line for line in lines))
    return tuple(text.edit(change) for change in sorted([loop, *speller.changes()]))


def _last_statement(node: cst.ClassDef) -> cst.CSTNode:
    """The statement that ends `__init__`, if it is a simple one: behind a block the indent would say something else."""
    methods = [s for s in node.body.body if isinstance(s, cst.FunctionDef) and s.name.value == "__init__"]
    if len(methods) != 1 or not isinstance(methods[0].body, cst.IndentedBlock):
        raise CannotRewrite
    last = methods[0].body.body[-1]
    if not isinstance(last, cst.SimpleStatementLine) or len(last.body) != 1 or isinstance(last.body[0], cst.Return):
        raise CannotRewrite
    return last.body[0]


def _callee(constructor: SourceLocation) -> str:
    name = dotted_name(call_at(constructor).func)
    if name is None:
        raise CannotRewrite
    return name
