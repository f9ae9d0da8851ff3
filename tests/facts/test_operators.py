from __future__ import annotations

import inspect
from typing import Any

import pytest

from initlint.facts.activations import ACTIVATIONS
from initlint.facts.canonical_names import canonical
from initlint.facts.fans import MODULES
from initlint.facts.initializer_formulas import RANDOM_METHODS
from initlint.facts.operator_kinds import ALL, FUNCTIONAL, VIEW_ATTRIBUTES, Operator
from initlint.facts.operator_rows import operator_rows
from initlint.facts.operators import (
    FUNCTIONS,
    IN_PLACE_METHODS,
    METHODS,
    RELATIVE_METHODS,
    is_in_place,
    makes_new_tensor,
    python_operator,
    spellings,
)

_ROWS = list(operator_rows())


def _methods(**fields: object) -> list[str]:
    """The methods and attributes whose operators have these fields, without in-place forms."""
    return sorted(
        name
        for name, operator in METHODS.items()
        if not name.endswith("_") and all(getattr(operator, field) == value for field, value in fields.items())
    )


def test_attributes_that_are_tensors() -> None:
    assert _methods(attribute=True, kind="identity") == sorted(VIEW_ATTRIBUTES)


def test_operators_that_never_return_their_argument() -> None:
    torch = pytest.importorskip("torch")
    parameters = [
        torch.nn.Parameter(torch.rand(4, 4) + 0.1),
        torch.nn.Parameter(torch.rand(4)),
        torch.nn.Parameter(torch.tensor(1.0)),
        torch.nn.Parameter(torch.ones(4, 4, dtype=torch.long), requires_grad=False),
    ]
    for name, operator in METHODS.items():
        if operator.attribute or is_in_place(name) or not makes_new_tensor(operator):
            continue
        for parameter in parameters:
            for arguments in ((), (0,), (1,), (parameter,), (parameter.shape,), (0, 0), (0, 1), (0, 4), (1, 0, 4)):
                try:
                    result = getattr(parameter, name)(*arguments)
                except (RuntimeError, TypeError, AttributeError, IndexError, ValueError, NotImplementedError):
                    continue
                several = result if isinstance(result, (tuple, list)) else (result,)
                assert not any(one is parameter for one in several), name


def test_a_name_that_two_rows_derive_is_an_error() -> None:
    relu = Operator("relu", "activation", "relu")
    functions, methods = spellings([relu])
    assert functions["torch.relu_"] is methods["relu_"] is relu
    with pytest.raises(ValueError, match=r"two operators are spelled torch\.Tensor\.relu$"):
        spellings([relu, Operator("relu", "sink", "clamp", homes=("torch.Tensor.",))])
    with pytest.raises(ValueError, match=r"two operators are spelled torch\.relu_"):
        spellings([relu, Operator("torch.relu_", "identity", "identity", homes=("",), in_place=False)])


@pytest.mark.parametrize("name", ["torch.relu", "torch.relu_", f"{FUNCTIONAL}relu", f"{FUNCTIONAL}relu_"])
def test_functions_derive_from_the_row(name: str) -> None:
    assert FUNCTIONS[name] is METHODS["relu"] is METHODS["relu_"]


def test_function_names_are_canonical() -> None:
    assert [name for name in FUNCTIONS if canonical(name) != name] == []


def _resolve(root: Any, dotted: str) -> Any:
    for part in dotted.split(".")[1:]:
        root = getattr(root, part, None)
    return root


_IMPORTABLE = {"torch.nn.attention.flex_attention.flex_attention", "astype"}
"""The module of the one is not loaded with torch; the other is a method of numpy's arrays."""


def test_each_row_has_a_spelling_in_torch() -> None:
    torch = pytest.importorskip("torch")
    for row in _ROWS:
        names = [f"{home}{row.name}" for home in row.homes]
        if row.name not in _IMPORTABLE and any(name.startswith("torch.") for name in names):
            assert any(_resolve(torch, name) is not None for name in names), row.name


def test_every_functional_operator_of_torch_has_a_row() -> None:
    functional = pytest.importorskip("torch.nn.functional")
    without_signal = {"assert_int_or_pair", "boolean_dispatch", "handle_torch_function", "has_torch_function"}
    public = {
        name
        for name, value in vars(functional).items()
        if (inspect.isfunction(value) or inspect.isbuiltin(value))
        and not name.startswith(("_", "has_torch_function", "native_"))
    }
    rare = {"grad", "grouped_mm", "scaled_grouped_mm", "scaled_mm"}
    assert {name for name in public - without_signal - rare if FUNCTIONAL + name not in FUNCTIONS} == set()


def test_activations_are_those_of_the_table_of_activations() -> None:
    operators = {row.op for row in _ROWS if row.kind == "activation"}
    assert operators == set(ACTIVATIONS) - {"quick_gelu"}


def test_data_arguments_are_parameters() -> None:
    for row in _ROWS:
        names = [name for name, _ in row.parameters]
        assert set(row.data) <= set(names) or row.data == ("input",), row.name


@pytest.mark.parametrize("row", [row for row in _ROWS if row.kind == "weighted"], ids=lambda row: row.name)
def test_weighted_functions_name_a_layer_and_its_weight(row: Operator) -> None:
    assert row.op == "Parameter" or MODULES[f"torch.nn.{row.op}"].role == "layer"
    assert "weight" in dict(row.parameters)
    assert row.data


def test_words_for_norms_are_those_of_the_modules() -> None:
    words = {m.between for m in MODULES.values() if m.role == "norm"}
    assert words <= {row.op for row in _ROWS if row.kind == "modifier"}


@pytest.mark.parametrize(
    ("name", "op", "is_reversed"),
    [
        ("add", "add", False),
        ("iadd", "add", False),
        ("__radd__", "add", True),
        ("__rsub__", "sub", True),
        ("__itruediv__", "div", False),
        ("matmul", "matmul", False),
        ("__rpow__", "pow", True),
    ],
)
def test_python_operators(name: str, op: str, is_reversed: bool) -> None:
    known = python_operator(name)
    assert known is not None
    assert (known[0].op, known[1]) == (op, is_reversed)


@pytest.mark.parametrize("name", ["lt", "__getitem__", "invert", "index", "__iter__"])
def test_what_is_no_arithmetic_has_no_operator(name: str) -> None:
    assert python_operator(name) is None


@pytest.mark.parametrize(
    ("name", "in_place"), [("relu_", True), ("__iadd__", True), ("__add__", False), ("add", False)]
)
def test_in_place_spellings(name: str, in_place: bool) -> None:
    assert is_in_place(name) is in_place


def _result(tensor: Any, name: str) -> Any:
    """What the method or attribute `name` gives, without further arguments where it needs none."""
    value = getattr(tensor, name)
    arguments = {"to": (tensor.dtype,), "type": (tensor.dtype,), "type_as": (tensor,), "index_select": (0,)}
    return value(*arguments.get(name, ())) if callable(value) else value


_NOT_CALLED = {"cuda", "xpu", "index_select", "astype", "as_tensor", "asarray"}
"""Those that need a device or an index, and those that no tensor has."""


@pytest.mark.parametrize("name", sorted({*_methods(axes="same")} - _NOT_CALLED))
def test_methods_that_keep_shape_and_order(name: str) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.arange(24.0).reshape(2, 3, 4)
    assert torch.equal(_result(tensor, name).to(tensor.dtype), tensor)


@pytest.mark.parametrize("name", [n for n in (*_methods(axes="reverse"), *_methods(axes="matrix")) if "_" not in n])
def test_methods_that_transpose_a_matrix(name: str) -> None:
    torch = pytest.importorskip("torch")
    matrix = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(_result(matrix, name), torch.transpose(matrix, 0, 1))
    if METHODS[name].axes == "matrix":
        assert _result(torch.empty(2, 3, 4), name).shape == (2, 4, 3)


@pytest.mark.parametrize("name", _methods(kind="identity", attribute=True))
def test_attributes_that_share_memory(name: str) -> None:
    torch = pytest.importorskip("torch")
    matrix = torch.zeros(2, 3)
    assert getattr(matrix, name).data_ptr() == matrix.data_ptr()


_ARGUMENTS: dict[str, tuple[object, ...]] = {
    "as_strided": ((3, 2), (2, 1)),
    "expand": (2, 3),
    "flatten": (0,),
    "moveaxis": (0, 1),
    "movedim": (0, 1),
    "permute": (1, 0),
    "reshape": (3, 2),
    "swapaxes": (0, 1),
    "swapdims": (0, 1),
    "transpose": (0, 1),
    "unflatten": (0, (1, 2)),
    "unsqueeze": (0,),
    "view": (3, 2),
}


@pytest.mark.parametrize("name", _methods(memory="view"))
def test_views_share_memory_and_are_recorded(name: str) -> None:
    torch = pytest.importorskip("torch")
    matrix = torch.ones(2, 3, requires_grad=True)
    if name in ("view_as_complex", "view_as_real"):
        matrix = torch.ones(3, 2, dtype=torch.float if name == "view_as_complex" else torch.cfloat, requires_grad=True)
        view = getattr(torch, name)(matrix)
    else:
        value = getattr(matrix, name)
        other = (torch.ones(3, 2),) if name == "view_as" else (matrix,) if name == "expand_as" else ()
        view = value(*_ARGUMENTS.get(name, other)) if callable(value) else value
    assert view.data_ptr() == matrix.data_ptr()
    if view is not matrix:
        with pytest.raises(RuntimeError, match="leaf Variable"):
            view.mul_(2)


@pytest.mark.parametrize("name", _methods(memory="copy"))
def test_copies_have_memory_of_their_own(name: str) -> None:
    torch = pytest.importorskip("torch")
    matrix = torch.ones(2, 3)
    arguments = {"flip": (0,), "repeat": (2, 1), "repeat_interleave": (2,), "roll": (1,), "tile": (2, 1)}
    assert getattr(matrix, name)(*arguments.get(name, ())).data_ptr() != matrix.data_ptr()


@pytest.mark.parametrize("name", ["relu_", "sigmoid_", "add_", "exp_", "clamp_", "erf_", "log1p_", "trunc_", "t_"])
def test_in_place_methods_raise_for_a_leaf(name: str) -> None:
    torch = pytest.importorskip("torch")
    leaf = torch.ones(2, 2, requires_grad=True)
    assert name in IN_PLACE_METHODS
    with pytest.raises(RuntimeError, match="leaf Variable"):
        getattr(leaf, name)(*({"add_": (1,), "clamp_": (0,)}.get(name, ())))


def test_random_methods_are_in_place() -> None:
    assert RANDOM_METHODS <= IN_PLACE_METHODS
    assert not {"detach_", "requires_grad_"} & IN_PLACE_METHODS
    assert not RELATIVE_METHODS & {*RANDOM_METHODS, "copy_", "t_", "squeeze_", "unsqueeze_", "transpose_"}
    assert {"mul_", "masked_fill_", "relu_", "erf_", "index_add_", "lerp_", "tril_"} <= RELATIVE_METHODS


@pytest.mark.parametrize("name", _methods(kind="constant", op="metadata"))
def test_metadata_is_no_tensor(name: str) -> None:
    torch = pytest.importorskip("torch")
    value = getattr(torch.zeros(2, 3), name)
    assert not callable(value)
    assert not torch.is_tensor(value)


def test_homes_are_modules_of_torch() -> None:
    torch = pytest.importorskip("torch")
    assert all(_resolve(torch, home.rstrip(".")) is not None for home in ALL)
