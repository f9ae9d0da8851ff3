"""Appends a loop that initializes the modules of a class to its `__init__`."""

from __future__ import annotations

import libcst as cst

from initlint.diagnostics import Edit
from initlint.project.source import SourceFile
from initlint.rewrite.cst import CstFile
from initlint.rewrite.edits import Change
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.imports import ImportSpelling
from initlint.rewrite.names import NameResolver
from initlint.rewrite.requests import AppendLoop, Expression, GainExpression
from initlint.rewrite.scopes import dotted_name
from initlint.rewrite.source_text import SourceText


def append_loop(source: SourceFile, request: AppendLoop) -> tuple[Edit, ...]:
    file, text = CstFile.of(source), SourceText.of(source)
    definition = file.find(request.place, "class")
    values = request.arguments.values()
    if not isinstance(definition, cst.ClassDef) or any(isinstance(v, (GainExpression, Expression)) for v in values):
        raise CannotRewrite
    if any(constructor.file != request.place.file for constructor in request.constructors):
        raise CannotRewrite
    callees = [file.call(constructor).func for constructor in request.constructors]
    types = sorted({_dotted_name(callee) for callee in callees})
    start, end = text.range(_last_statement(definition))
    if not text.alone_before(start):
        raise CannotRewrite
    line_tail = text.line_tail(end)
    speller = ImportSpelling(source, NameResolver.of(source).scope(callees[0]))
    arguments = "".join(f", {name}={value!r}" for name, value in request.arguments.items())
    step = file.module.default_indent
    lines = [
        "for module in self.modules():",
        f"{step}if isinstance(module, {types[0] if len(types) == 1 else '(' + ', '.join(types) + ')'}):",
        f"{step * 2}{speller.spell(request.function)}(module.weight{arguments})",
    ]
    margin = text.newline(end) + text.indent(start)
    loop = Change(end + len(line_tail), end + len(line_tail), "".join(margin + line for line in lines))
    return tuple(text.edit(change) for change in sorted([loop, *speller.changes()]))


def _last_statement(node: cst.ClassDef) -> cst.CSTNode:
    """The last statement of `__init__`, a simple one: a loop after a block could be taken for a part of it."""
    methods = [s for s in node.body.body if isinstance(s, cst.FunctionDef) and s.name.value == "__init__"]
    if len(methods) != 1 or not isinstance(methods[0].body, cst.IndentedBlock):
        raise CannotRewrite
    last = methods[0].body.body[-1]
    if not isinstance(last, cst.SimpleStatementLine) or len(last.body) != 1 or isinstance(last.body[0], cst.Return):
        raise CannotRewrite
    return last.body[0]


def _dotted_name(callee: cst.BaseExpression) -> str:
    name = dotted_name(callee)
    if name is None:
        raise CannotRewrite
    return name
