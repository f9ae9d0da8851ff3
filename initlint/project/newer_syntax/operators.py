"""The operators of libcst and their counterparts in `ast`."""

from __future__ import annotations

import ast

import libcst as cst

UNARY: dict[type, ast.unaryop] = {
    cst.Plus: ast.UAdd(),
    cst.Minus: ast.USub(),
    cst.BitInvert: ast.Invert(),
    cst.Not: ast.Not(),
}
BOOLEAN: dict[type, ast.boolop] = {cst.And: ast.And(), cst.Or: ast.Or()}
_ARITHMETIC: tuple[tuple[type, type, ast.operator], ...] = (
    (cst.Add, cst.AddAssign, ast.Add()),
    (cst.Subtract, cst.SubtractAssign, ast.Sub()),
    (cst.Multiply, cst.MultiplyAssign, ast.Mult()),
    (cst.Divide, cst.DivideAssign, ast.Div()),
    (cst.FloorDivide, cst.FloorDivideAssign, ast.FloorDiv()),
    (cst.Modulo, cst.ModuloAssign, ast.Mod()),
    (cst.Power, cst.PowerAssign, ast.Pow()),
    (cst.LeftShift, cst.LeftShiftAssign, ast.LShift()),
    (cst.RightShift, cst.RightShiftAssign, ast.RShift()),
    (cst.BitOr, cst.BitOrAssign, ast.BitOr()),
    (cst.BitAnd, cst.BitAndAssign, ast.BitAnd()),
    (cst.BitXor, cst.BitXorAssign, ast.BitXor()),
    (cst.MatrixMultiply, cst.MatrixMultiplyAssign, ast.MatMult()),
)
BINARY: dict[type, ast.operator] = {binary: operator for binary, _, operator in _ARITHMETIC}
AUGMENTED: dict[type, ast.operator] = {augmented: operator for _, augmented, operator in _ARITHMETIC}
COMPARISON: dict[type, ast.cmpop] = {
    cst.LessThan: ast.Lt(),
    cst.LessThanEqual: ast.LtE(),
    cst.GreaterThan: ast.Gt(),
    cst.GreaterThanEqual: ast.GtE(),
    cst.Equal: ast.Eq(),
    cst.NotEqual: ast.NotEq(),
    cst.In: ast.In(),
    cst.NotIn: ast.NotIn(),
    cst.Is: ast.Is(),
    cst.IsNot: ast.IsNot(),
}
