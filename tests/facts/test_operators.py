from __future__ import annotations

import inspect
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import pytest

from initlint.facts import activations
from initlint.facts.canonical_names import canonical
from initlint.facts.fans import MODULES
from initlint.facts.operators import (
    MATRIX_TRANSPOSING_METHODS,
    METADATA_ATTRIBUTES,
    MODIFIER_FUNCTIONS,
    MODIFIER_METHODS,
    REVERSING_METHODS,
    SAME_SHAPE_METHODS,
    SHAPE_METHODS,
    SINK_FUNCTIONS,
    SINK_METHODS,
    TRANSPARENT_FUNCTIONS,
    TRANSPARENT_METHODS,
    TRANSPOSING_METHODS,
    VIEW_ATTRIBUTES,
    WEIGHTED_FUNCTIONS,
)

_FUNCTIONS: tuple[Iterable[str], ...] = (
    TRANSPARENT_FUNCTIONS,
    MODIFIER_FUNCTIONS,
    SINK_FUNCTIONS,
    WEIGHTED_FUNCTIONS,
    activations.FUNCTIONS,
)
_METHODS: tuple[Iterable[str], ...] = (
    TRANSPARENT_METHODS,
    MODIFIER_METHODS,
    SINK_METHODS,
    SHAPE_METHODS,
    activations.METHODS,
)


@pytest.mark.parametrize("tables", [_FUNCTIONS, _METHODS], ids=["functions", "methods"])
def test_a_name_stands_in_one_table_only(tables: tuple[Iterable[str], ...]) -> None:
    for one, other in combinations(tables, 2):
        assert set(one) & set(other) == set()


def test_function_names_are_canonical() -> None:
    for table in _FUNCTIONS:
        assert [name for name in table if canonical(name) != name] == []


def test_functions_of_torch_exist() -> None:
    torch = pytest.importorskip("torch")
    importable = {"torch.nn.attention.flex_attention.flex_attention"}  # Its module is not loaded with torch.
    names = {name for table in _FUNCTIONS for name in table if name.startswith("torch.")} - importable
    assert len(names) > 300
    assert [name for name in sorted(names) if _resolve(torch, name) is None] == []


def _resolve(root: Any, dotted: str) -> Any:
    for part in dotted.split(".")[1:]:
        root = getattr(root, part, None)
    return root


def test_methods_of_a_tensor_exist() -> None:
    torch = pytest.importorskip("torch")
    assert [name for table in _METHODS for name in table if not hasattr(torch.Tensor, name)] == []


def test_a_method_is_what_the_function_of_its_name_is() -> None:
    tables = ((MODIFIER_FUNCTIONS, MODIFIER_METHODS), (SINK_FUNCTIONS, SINK_METHODS))
    for functions, methods in tables:
        for method, word in methods.items():
            assert functions.get(f"torch.{method}", word) == word
    for method in TRANSPARENT_METHODS:
        assert f"torch.{method}" not in {**MODIFIER_FUNCTIONS, **SINK_FUNCTIONS}


def test_every_functional_operator_of_torch_stands_somewhere() -> None:
    functional = pytest.importorskip("torch.nn.functional")
    known = {name for table in _FUNCTIONS for name in table}
    without_signal = {"assert_int_or_pair", "boolean_dispatch", "handle_torch_function", "has_torch_function"}
    public = {
        name
        for name, value in vars(functional).items()
        if (inspect.isfunction(value) or inspect.isbuiltin(value))
        and not name.startswith(("_", "has_torch_function", "native_"))
        and not name.endswith("_with_indices")
    }
    rare = {"conv_tbc", "grad", "grouped_mm", "scaled_grouped_mm", "scaled_mm"}
    assert {f"torch.nn.functional.{n}" for n in public - without_signal - rare} - known == set()


@pytest.mark.parametrize("name", sorted(WEIGHTED_FUNCTIONS))
def test_weighted_functions_name_a_layer_and_its_weight(name: str) -> None:
    type, parameters = WEIGHTED_FUNCTIONS[name]
    assert MODULES[f"torch.nn.{type}"].role == "layer"
    assert parameters[0].startswith("input")
    assert "weight" in parameters


def test_words_for_norms_are_those_of_the_modules() -> None:
    words = {m.between for m in MODULES.values() if m.role == "norm"}
    assert words <= set(MODIFIER_FUNCTIONS.values())


def _result(tensor: Any, name: str) -> Any:
    """What the method or attribute `name` gives, without further arguments where it needs none."""
    value = getattr(tensor, name)
    arguments = {"to": (tensor.dtype,), "type": (tensor.dtype,), "type_as": (tensor,)}
    return value(*arguments.get(name, ())) if callable(value) else value


_NEEDS_A_DEVICE = {"cuda", "xpu"}


@pytest.mark.parametrize("name", sorted(SAME_SHAPE_METHODS - _NEEDS_A_DEVICE))
def test_methods_that_keep_shape_and_order(name: str) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.arange(24.0).reshape(2, 3, 4)
    assert torch.equal(_result(tensor, name).to(tensor.dtype), tensor)


@pytest.mark.parametrize("name", sorted(REVERSING_METHODS | MATRIX_TRANSPOSING_METHODS))
def test_methods_that_transpose_a_matrix(name: str) -> None:
    torch = pytest.importorskip("torch")
    matrix = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(_result(matrix, name), torch.transpose(matrix, 0, 1))
    assert name in TRANSPOSING_METHODS
    if name in MATRIX_TRANSPOSING_METHODS:
        assert _result(torch.empty(2, 3, 4), name).shape == (2, 4, 3)


@pytest.mark.parametrize("name", sorted(VIEW_ATTRIBUTES))
def test_attributes_that_share_memory(name: str) -> None:
    torch = pytest.importorskip("torch")
    matrix = torch.zeros(2, 3)
    assert getattr(matrix, name).data_ptr() == matrix.data_ptr()
    assert name in SAME_SHAPE_METHODS | TRANSPOSING_METHODS


@pytest.mark.parametrize("name", sorted(METADATA_ATTRIBUTES))
def test_metadata_is_no_tensor(name: str) -> None:
    torch = pytest.importorskip("torch")
    value = getattr(torch.zeros(2, 3), name)
    assert not callable(value)
    assert not torch.is_tensor(value)
