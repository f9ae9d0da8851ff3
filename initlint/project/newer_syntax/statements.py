"""Statements: simple ones, and those with a block."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import libcst as cst

from initlint.project.newer_syntax.conversion import DELETE, Conversion, ConversionError, Convert, identifier
from initlint.project.newer_syntax.expressions import arguments, parameters
from initlint.project.newer_syntax.operators import AUGMENTED

_TRY_STAR: type[ast.Try] = getattr(ast, "TryStar", ast.Try)
"""Python 3.10 has no `except*`."""
_NO_TYPE_PARAMETERS: dict[str, Any] = {"type_params": []} if "type_params" in ast.ClassDef._fields else {}

# Simple statements ---------------------------------------------------------------------------------------------


def _expression(c: Conversion, node: cst.Expr) -> ast.stmt:
    return c.locate(ast.Expr(value=c.expression(node.value)), c.outer_start(node.value), _end(c, node.value))


def _end(c: Conversion, node: cst.BaseExpression) -> int:
    """The end of a statement that ends with `node`."""
    if isinstance(node, cst.Tuple) and not node.lpar:
        return c.end_of_list(node.elements[-1], c.outer_end(node.elements[-1].value))
    return c.outer_end(node)


def _assign(c: Conversion, node: cst.Assign) -> ast.stmt:
    result = ast.Assign(targets=[c.target(each.target) for each in node.targets], value=c.expression(node.value))
    return c.locate(result, c.outer_start(node.targets[0].target), _end(c, node.value))


def _annotated(c: Conversion, node: cst.AnnAssign) -> ast.stmt:
    annotation = node.annotation.annotation
    target = c.target(node.target)
    if not isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
        raise ConversionError
    result = ast.AnnAssign(
        target=target,
        annotation=c.expression(annotation),
        value=c.optional(node.value),
        simple=int(isinstance(node.target, cst.Name) and not node.target.lpar),
    )
    return c.locate(result, c.outer_start(node.target), _end(c, node.value or annotation))


def _augmented(c: Conversion, node: cst.AugAssign) -> ast.stmt:
    target = c.target(node.target)
    if not isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
        raise ConversionError
    result = ast.AugAssign(target=target, op=AUGMENTED[type(node.operator)], value=c.expression(node.value))
    return c.locate(result, c.outer_start(node.target), _end(c, node.value))


def _return(c: Conversion, node: cst.Return) -> ast.stmt:
    end = _end(c, node.value) if node.value else c.start(node) + len("return")
    return c.locate(ast.Return(value=c.optional(node.value)), c.start(node), end)


def _raise(c: Conversion, node: cst.Raise) -> ast.stmt:
    cause = node.cause.item if node.cause else None
    last = cause or node.exc
    result = ast.Raise(exc=c.optional(node.exc), cause=c.optional(cause))
    return c.locate(result, c.start(node), c.outer_end(last) if last else c.start(node) + len("raise"))


def _assert(c: Conversion, node: cst.Assert) -> ast.stmt:
    result = ast.Assert(test=c.expression(node.test), msg=c.optional(node.msg))
    return c.locate(result, c.start(node), c.outer_end(node.msg or node.test))


def _delete(c: Conversion, node: cst.Del) -> ast.stmt:
    target: cst.BaseExpression = node.target
    targets = [target]
    if isinstance(target, cst.Tuple) and not target.lpar:
        targets = [element.value for element in target.elements]
    return c.locate(ast.Delete(targets=[c.target(each, DELETE) for each in targets]), c.start(node), _end(c, target))


def _pass(c: Conversion, node: cst.Pass) -> ast.stmt:
    return ast.Pass()


def _break(c: Conversion, node: cst.Break) -> ast.stmt:
    return ast.Break()


def _continue(c: Conversion, node: cst.Continue) -> ast.stmt:
    return ast.Continue()


def _global(c: Conversion, node: cst.Global) -> ast.stmt:
    return c.locate(ast.Global(names=_names(node.names)), c.start(node), c.end(node.names[-1].name))


def _nonlocal(c: Conversion, node: cst.Nonlocal) -> ast.stmt:
    return c.locate(ast.Nonlocal(names=_names(node.names)), c.start(node), c.end(node.names[-1].name))


def _names(items: Sequence[cst.NameItem]) -> list[str]:
    return [identifier(item.name.value) for item in items]


def _type_alias(c: Conversion, node: cst.TypeAlias) -> ast.stmt:
    """An assignment of the type: what the name means in annotations."""
    c.require((3, 12))
    result = ast.Assign(targets=[c.target(node.name)], value=c.expression(node.value))
    return c.locate(result, c.start(node), _end(c, node.value))


# Imports -------------------------------------------------------------------------------------------------------


def _dotted(node: cst.BaseExpression) -> str:
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(identifier(node.attr.value))
        node = node.value
    if not isinstance(node, cst.Name):
        raise ConversionError
    return ".".join([identifier(node.value), *reversed(parts)])


def _alias(c: Conversion, node: cst.ImportAlias) -> ast.alias:
    asname = node.asname.name if node.asname else None
    result = ast.alias(name=_dotted(node.name), asname=_dotted(asname) if asname else None)
    return c.locate(result, c.start(node.name), c.end(asname or node.name))


def _import(c: Conversion, node: cst.Import) -> ast.stmt:
    return c.locate(ast.Import(names=[_alias(c, each) for each in node.names]), c.start(node), _end_of_names(c, node))


def _import_from(c: Conversion, node: cst.ImportFrom) -> ast.stmt:
    module = _dotted(node.module) if node.module else None
    if isinstance(node.names, cst.ImportStar):
        star = c.start(node.names)
        names, end = [c.locate(ast.alias(name="*"), star, star + 1)], star + 1
    else:
        names = [_alias(c, each) for each in node.names]
        end = c.end(node.rpar) if node.rpar else _end_of_names(c, node)
    return c.locate(ast.ImportFrom(module=module, names=names, level=len(node.relative)), c.start(node), end)


def _end_of_names(c: Conversion, node: cst.Import | cst.ImportFrom) -> int:
    if isinstance(node.names, cst.ImportStar):
        return c.end(node.names)
    last = node.names[-1]
    return c.end(last.asname.name if last.asname else last.name)


def lazy_import(c: Conversion, node: Any) -> ast.stmt:
    """`lazy import` and `lazy from` (PEP 810) bind what other imports bind."""
    c.require((3, 15))
    return _import(c, node) if type(node) is getattr(cst, "LazyImport", None) else _import_from(c, node)


# Statements with a block ---------------------------------------------------------------------------------------


def _if(c: Conversion, node: cst.If) -> ast.stmt:
    test = c.expression(node.test)
    body, end = c.block(node.body)
    orelse, end = _orelse(c, node.orelse, end)
    return c.locate(ast.If(test=test, body=body, orelse=orelse), c.start(node), end)


def _orelse(c: Conversion, node: cst.If | cst.Else | cst.Finally | None, end: int) -> tuple[list[ast.stmt], int]:
    """The statements of an `else`, `elif` or `finally`, and the new end of the statement that ended at `end`."""
    if node is None:
        return [], end
    return c.statements([node]) if isinstance(node, cst.If) else c.block(node.body)


def _while(c: Conversion, node: cst.While) -> ast.stmt:
    test = c.expression(node.test)
    body, end = c.block(node.body)
    orelse, end = _orelse(c, node.orelse, end)
    return c.locate(ast.While(test=test, body=body, orelse=orelse), c.start(node), end)


def _for(c: Conversion, node: cst.For) -> ast.stmt:
    target, iterated = c.target(node.target), c.expression(node.iter)
    body, end = c.block(node.body)
    orelse, end = _orelse(c, node.orelse, end)
    kind = ast.AsyncFor if node.asynchronous else ast.For
    return c.locate(kind(target=target, iter=iterated, body=body, orelse=orelse), c.start(node), end)


def _with(c: Conversion, node: cst.With) -> ast.stmt:
    items = [
        ast.withitem(
            context_expr=c.expression(item.item), optional_vars=c.target(item.asname.name) if item.asname else None
        )
        for item in node.items
    ]
    body, end = c.block(node.body)
    return c.locate((ast.AsyncWith if node.asynchronous else ast.With)(items=items, body=body), c.start(node), end)


def _try(c: Conversion, node: cst.Try | cst.TryStar) -> ast.stmt:
    body, end = c.block(node.body)
    handlers: list[ast.ExceptHandler] = []
    for each in node.handlers:
        handler, end = _handler(c, each)
        handlers.append(handler)
    orelse, end = _orelse(c, node.orelse, end)
    finalbody, end = _orelse(c, node.finalbody, end)
    kind = ast.Try
    if isinstance(node, cst.TryStar):
        c.require((3, 11))
        kind = _TRY_STAR
    return c.locate(kind(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody), c.start(node), end)


def _handler(c: Conversion, node: cst.ExceptHandler | cst.ExceptStarHandler) -> tuple[ast.ExceptHandler, int]:
    if isinstance(node.type, cst.Tuple) and not node.type.lpar:
        c.require((3, 14))
    kind = c.optional(node.type)
    body, end = c.block(node.body)
    name = node.name.name.value if node.name and isinstance(node.name.name, cst.Name) else None
    result = ast.ExceptHandler(type=kind, name=identifier(name) if name else None, body=body)
    c.locate(result, c.start(node), end)
    return result, end


def _match(c: Conversion, node: cst.Match) -> ast.stmt:
    subject = c.expression(node.subject)
    cases: list[ast.match_case] = []
    end = 0
    for case in node.cases:
        pattern, guard = c.pattern(case.pattern), c.optional(case.guard)
        body, end = c.block(case.body)
        cases.append(ast.match_case(pattern=pattern, guard=guard, body=body))
    return c.locate(ast.Match(subject=subject, cases=cases), c.start(node), end)


def _function(c: Conversion, node: cst.FunctionDef) -> ast.stmt:
    _check_type_parameters(c, node.type_parameters)
    decorators = [c.expression(each.decorator) for each in node.decorators]
    args = parameters(c, node.params)
    returns = c.optional(node.returns.annotation if node.returns else None)
    body, end = c.block(node.body)
    result = (ast.AsyncFunctionDef if node.asynchronous else ast.FunctionDef)(
        name=identifier(node.name.value),
        args=args,
        body=body,
        decorator_list=decorators,
        returns=returns,
        **_NO_TYPE_PARAMETERS,
    )
    return c.locate(result, c.start(node), end)


def _class(c: Conversion, node: cst.ClassDef) -> ast.stmt:
    _check_type_parameters(c, node.type_parameters)
    decorators = [c.expression(each.decorator) for each in node.decorators]
    bases, keywords = arguments(c, [*node.bases, *node.keywords])
    body, end = c.block(node.body)
    result = ast.ClassDef(
        name=identifier(node.name.value),
        bases=bases,
        keywords=keywords,
        body=body,
        decorator_list=decorators,
        **_NO_TYPE_PARAMETERS,
    )
    return c.locate(result, c.start(node), end)


def _check_type_parameters(c: Conversion, node: cst.TypeParameters | None) -> None:
    if node is not None:
        has_default = any(getattr(parameter, "default", None) is not None for parameter in node.params)
        c.require((3, 13) if has_default else (3, 12))


STATEMENTS: dict[type, Convert] = {
    cst.Expr: _expression,
    cst.Assign: _assign,
    cst.AnnAssign: _annotated,
    cst.AugAssign: _augmented,
    cst.Return: _return,
    cst.Raise: _raise,
    cst.Assert: _assert,
    cst.Del: _delete,
    cst.Pass: _pass,
    cst.Break: _break,
    cst.Continue: _continue,
    cst.Global: _global,
    cst.Nonlocal: _nonlocal,
    cst.TypeAlias: _type_alias,
    cst.Import: _import,
    cst.ImportFrom: _import_from,
    cst.If: _if,
    cst.While: _while,
    cst.For: _for,
    cst.With: _with,
    cst.Try: _try,
    cst.TryStar: _try,
    cst.Match: _match,
    cst.FunctionDef: _function,
    cst.ClassDef: _class,
}
