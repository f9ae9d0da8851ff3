"""Expressions other than strings, arguments and parameters."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst

from initlint.project.newer_syntax.conversion import LOAD, STORE, Conversion, ConversionError, Convert, identifier
from initlint.project.newer_syntax.operators import BINARY, BOOLEAN, COMPARISON, UNARY

_CONSTANTS = {"None": None, "True": True, "False": False}


def _name(c: Conversion, node: cst.Name) -> ast.expr:
    if node.value in _CONSTANTS:
        return ast.Constant(value=_CONSTANTS[node.value])
    return ast.Name(id=identifier(node.value), ctx=LOAD)


def _number(c: Conversion, node: cst.BaseNumber) -> ast.expr:
    text: str = node.value  # type: ignore[attr-defined] # each kind of number has one
    return ast.Constant(value=ast.literal_eval(text))


def _ellipsis(c: Conversion, node: cst.Ellipsis) -> ast.expr:
    return ast.Constant(value=...)


def _attribute(c: Conversion, node: cst.Attribute) -> ast.expr:
    return ast.Attribute(value=c.expression(node.value), attr=identifier(node.attr.value), ctx=LOAD)


def _call(c: Conversion, node: cst.Call) -> ast.expr:
    function = c.expression(node.func)
    args, keywords = arguments(c, node.args)
    if len(node.args) == 1 and isinstance(args[0] if args else None, ast.GeneratorExp):
        value = node.args[0].value
        if isinstance(value, cst.GeneratorExp) and not value.lpar:  # it shares the parentheses of the call
            c.locate(args[0], c.find(b"(", c.outer_end(node.func)), c.end(node))
    return ast.Call(func=function, args=args, keywords=keywords)


def arguments(c: Conversion, nodes: Sequence[cst.Arg]) -> tuple[list[ast.expr], list[ast.keyword]]:
    """The positional and the keyword arguments of a call or a class definition."""
    args: list[ast.expr] = []
    keywords: list[ast.keyword] = []
    for node in nodes:
        value = c.expression(node.value)
        start, end = c.start(node), c.outer_end(node.value)
        if node.star == "*":
            args.append(c.locate(ast.Starred(value=value, ctx=LOAD), start, end))
        elif node.star == "**" or node.keyword is not None:
            name = identifier(node.keyword.value) if node.keyword else None
            keywords.append(c.locate(ast.keyword(arg=name, value=value), start, end))
        else:
            args.append(value)
    return args, keywords


def _subscript(c: Conversion, node: cst.Subscript) -> ast.expr:
    value = c.expression(node.value)
    first, last = node.slice[0], node.slice[-1]
    elements = [_subscript_element(c, element.slice) for element in node.slice]
    if len(elements) == 1 and not isinstance(first.comma, cst.Comma) and not isinstance(elements[0], ast.Starred):
        return ast.Subscript(value=value, slice=elements[0], ctx=LOAD)
    index = ast.Tuple(elts=elements, ctx=LOAD)
    start = c.find(b"", c.start(node.lbracket) + 1)
    c.locate(index, start, c.end_of_list(last, _end_of_element(c, last.slice, elements[-1])))
    return ast.Subscript(value=value, slice=index, ctx=LOAD)


def _end_of_element(c: Conversion, node: cst.BaseSlice, converted: ast.expr) -> int:
    if isinstance(node, cst.Index):
        return c.outer_end(node.value)
    return c.offset(converted.end_lineno, converted.end_col_offset)


def _subscript_element(c: Conversion, node: cst.BaseSlice) -> ast.expr:
    if isinstance(node, cst.Index):
        value = c.expression(node.value)
        if not node.star:
            return value
        c.require((3, 11))
        return c.locate(ast.Starred(value=value, ctx=LOAD), c.start(node), c.outer_end(node.value))
    if not isinstance(node, cst.Slice):
        raise ConversionError
    lower, upper, step = c.optional(node.lower), c.optional(node.upper), c.optional(node.step)
    colon = c.find(b":", c.outer_end(node.lower) if node.lower else c.start(node))
    start = c.outer_start(node.lower) if node.lower else colon
    end = c.outer_end(node.upper) if node.upper else colon + 1
    if isinstance(node.second_colon, cst.Colon):
        end = c.outer_end(node.step) if node.step else c.find(b":", end) + 1
    return c.locate(ast.Slice(lower=lower, upper=upper, step=step), start, end)


def _unary(c: Conversion, node: cst.UnaryOperation) -> ast.expr:
    return ast.UnaryOp(op=UNARY[type(node.operator)], operand=c.expression(node.expression))


def _binary(c: Conversion, node: cst.BinaryOperation) -> ast.expr:
    left = c.expression(node.left)
    return ast.BinOp(left=left, op=BINARY[type(node.operator)], right=c.expression(node.right))


def _boolean(c: Conversion, node: cst.BooleanOperation) -> ast.expr:
    """`a and b and c` is one operation, unlike in libcst's tree."""
    operator = type(node.operator)
    nodes: list[cst.BaseExpression] = [node.right]
    left = node.left
    while isinstance(left, cst.BooleanOperation) and type(left.operator) is operator and not left.lpar:
        nodes.append(left.right)
        left = left.left
    nodes.append(left)
    return ast.BoolOp(op=BOOLEAN[operator], values=[c.expression(value) for value in reversed(nodes)])


def _comparison(c: Conversion, node: cst.Comparison) -> ast.expr:
    left = c.expression(node.left)
    operators = [COMPARISON[type(part.operator)] for part in node.comparisons]
    comparators = [c.expression(part.comparator) for part in node.comparisons]
    return ast.Compare(left=left, ops=operators, comparators=comparators)


def _conditional(c: Conversion, node: cst.IfExp) -> ast.expr:
    return ast.IfExp(test=c.expression(node.test), body=c.expression(node.body), orelse=c.expression(node.orelse))


def _await(c: Conversion, node: cst.Await) -> ast.expr:
    return ast.Await(value=c.expression(node.expression))


def _yield(c: Conversion, node: cst.Yield) -> ast.expr:
    if isinstance(node.value, cst.From):
        return ast.YieldFrom(value=c.expression(node.value.item))
    return ast.Yield(value=c.optional(node.value))


def _named(c: Conversion, node: cst.NamedExpr) -> ast.expr:
    target = c.target(node.target)
    if not isinstance(target, ast.Name):
        raise ConversionError
    return ast.NamedExpr(target=target, value=c.expression(node.value))


def _lambda(c: Conversion, node: cst.Lambda) -> ast.expr:
    return ast.Lambda(args=parameters(c, node.params), body=c.expression(node.body))


# Displays and comprehensions -----------------------------------------------------------------------------------


def _element(c: Conversion, node: cst.BaseElement | cst.BaseDictElement) -> ast.expr:
    return c.expression(node if isinstance(node, cst.StarredElement) else node.value)


def _starred(c: Conversion, node: cst.StarredElement) -> ast.expr:
    starred = ast.Starred(value=c.expression(node.value), ctx=LOAD)
    return c.locate(starred, c.start(node), c.outer_end(node.value))


def _tuple(c: Conversion, node: cst.Tuple) -> ast.expr:
    """Its innermost parentheses belong to it."""
    result = ast.Tuple(elts=[_element(c, element) for element in node.elements], ctx=LOAD)
    if node.lpar:
        return c.locate(result, c.start(node.lpar[-1]), c.end(node.rpar[0]))
    first, last = node.elements[0], node.elements[-1]
    start = c.start(first) if isinstance(first, cst.StarredElement) else c.outer_start(first.value)
    return c.locate(result, start, c.end_of_list(last, c.outer_end(last.value)))


def _list(c: Conversion, node: cst.List) -> ast.expr:
    return ast.List(elts=[_element(c, element) for element in node.elements], ctx=LOAD)


def _set(c: Conversion, node: cst.Set) -> ast.expr:
    return ast.Set(elts=[_element(c, element) for element in node.elements])


def _dict(c: Conversion, node: cst.Dict) -> ast.expr:
    keys = [c.expression(element.key) if isinstance(element, cst.DictElement) else None for element in node.elements]
    return ast.Dict(keys=keys, values=[c.expression(element.value) for element in node.elements])


def _generators(c: Conversion, node: cst.CompFor | None) -> list[ast.comprehension]:
    generators: list[ast.comprehension] = []
    while node is not None:
        generators.append(
            ast.comprehension(
                target=c.target(node.target),
                iter=c.expression(node.iter),
                ifs=[c.expression(condition.test) for condition in node.ifs],
                is_async=int(node.asynchronous is not None),
            )
        )
        node = node.inner_for_in
    return generators


def _unpacked(c: Conversion, node: cst.BaseSimpleComp) -> tuple[ast.expr, list[ast.comprehension]]:
    """The element and the loops. `[*x for x in y]` (PEP 798) becomes `[item for x in y for item in x]`."""
    generators = _generators(c, node.for_in)
    if not isinstance(node.elt, cst.StarredElement):
        return c.expression(node.elt), generators
    c.require((3, 15))
    start, end = c.start(node.elt), c.outer_end(node.elt.value)
    target, item = (c.locate(ast.Name(id="*", ctx=context), start, end) for context in (STORE, LOAD))
    generators.append(ast.comprehension(target=target, iter=c.expression(node.elt.value), ifs=[], is_async=0))
    return item, generators


def _list_comprehension(c: Conversion, node: cst.ListComp) -> ast.expr:
    element, generators = _unpacked(c, node)
    return ast.ListComp(elt=element, generators=generators)


def _set_comprehension(c: Conversion, node: cst.SetComp) -> ast.expr:
    element, generators = _unpacked(c, node)
    return ast.SetComp(elt=element, generators=generators)


def _dict_comprehension(c: Conversion, node: cst.DictComp) -> ast.expr:
    key, value = c.expression(node.key), c.expression(node.value)
    return ast.DictComp(key=key, value=value, generators=_generators(c, node.for_in))


def _generator(c: Conversion, node: cst.GeneratorExp) -> ast.expr:
    """Its innermost parentheses belong to it."""
    element, generators = _unpacked(c, node)
    result = ast.GeneratorExp(elt=element, generators=generators)
    if node.lpar:
        return c.locate(result, c.start(node.lpar[-1]), c.end(node.rpar[0]))
    return c.locate(result, c.start(node), c.end(node))


# Parameters ----------------------------------------------------------------------------------------------------


def parameters(c: Conversion, node: cst.Parameters) -> ast.arguments:
    """The parameters of a function or of a lambda."""
    positional = [*node.posonly_params, *node.params]
    star = node.star_arg if isinstance(node.star_arg, cst.Param) else None
    return ast.arguments(
        posonlyargs=[_parameter(c, each) for each in node.posonly_params],
        args=[_parameter(c, each) for each in node.params],
        vararg=_parameter(c, star) if star else None,
        kwonlyargs=[_parameter(c, each) for each in node.kwonly_params],
        kw_defaults=[c.optional(each.default) for each in node.kwonly_params],
        kwarg=_parameter(c, node.star_kwarg) if node.star_kwarg else None,
        defaults=[c.expression(each.default) for each in positional if each.default is not None],
    )


def _parameter(c: Conversion, node: cst.Param) -> ast.arg:
    annotation = node.annotation.annotation if node.annotation else None
    if isinstance(annotation, cst.StarredElement):
        c.require((3, 11))
        end = c.outer_end(annotation.value)
    else:
        end = c.outer_end(annotation or node.name)
    result = ast.arg(arg=identifier(node.name.value), annotation=c.optional(annotation))
    return c.locate(result, c.start(node.name), end)


EXPRESSIONS: dict[type, Convert] = {
    cst.Name: _name,
    cst.Integer: _number,
    cst.Float: _number,
    cst.Imaginary: _number,
    cst.Ellipsis: _ellipsis,
    cst.Attribute: _attribute,
    cst.Call: _call,
    cst.Subscript: _subscript,
    cst.UnaryOperation: _unary,
    cst.BinaryOperation: _binary,
    cst.BooleanOperation: _boolean,
    cst.Comparison: _comparison,
    cst.IfExp: _conditional,
    cst.Await: _await,
    cst.Yield: _yield,
    cst.NamedExpr: _named,
    cst.Lambda: _lambda,
    cst.StarredElement: _starred,
    cst.Tuple: _tuple,
    cst.List: _list,
    cst.Set: _set,
    cst.Dict: _dict,
    cst.ListComp: _list_comprehension,
    cst.SetComp: _set_comprehension,
    cst.DictComp: _dict_comprehension,
    cst.GeneratorExp: _generator,
}
