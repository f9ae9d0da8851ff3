"""The arithmetic of operators, tensor methods and functions, under all the names that they go by."""

from __future__ import annotations

ARITHMETIC = {
    **dict.fromkeys(("add", "iadd", "__add__", "__radd__", "__iadd__", "add_"), "add"),
    **dict.fromkeys(("sub", "isub", "subtract", "rsub", "__sub__", "__rsub__", "__isub__", "sub_", "subtract_"), "add"),
    **dict.fromkeys(("mul", "imul", "multiply", "__mul__", "__rmul__", "__imul__", "mul_", "multiply_"), "mul"),
    **dict.fromkeys(("div", "divide", "true_divide", "truediv", "itruediv", "div_", "divide_", "true_divide_"), "mul"),
    **dict.fromkeys(("__div__", "__rdiv__", "__truediv__", "__rtruediv__", "__itruediv__"), "mul"),
    **dict.fromkeys(("matmul", "imatmul", "__matmul__", "__rmatmul__", "mm", "bmm", "mv"), "matmul"),
    **dict.fromkeys(("neg", "__neg__", "negative"), "neg"),
    **dict.fromkeys(("pow", "ipow", "__pow__", "__rpow__", "__ipow__", "pow_"), "pow"),
    **dict.fromkeys(("mod", "imod", "remainder", "__mod__"), "remainder"),
    **dict.fromkeys(("floordiv", "ifloordiv", "floor_divide", "__floordiv__", "__rfloordiv__"), "floor_divide"),
}
"""From the name to one word for it."""

WITH_NUMBER = {"add": "shift", "mul": "scale"}
"""What it is if one side is no data."""
