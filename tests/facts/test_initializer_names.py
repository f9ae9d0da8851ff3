from __future__ import annotations

import pytest

from initlint.facts.initializer_names import (
    CALLS_FILL,
    IN_PLACE,
    is_fill,
    is_initializer,
    is_initializer_argument,
    is_initializer_or_loader,
    is_reset,
    is_setup,
    is_weight_initializer,
    is_writer,
    resets_part,
)
from initlint.facts.initializers import DEPRECATED, INITIALIZERS
from initlint.facts.tensor_constructors import METHODS


@pytest.mark.parametrize(
    ("name", "initializes", "loads", "writes", "sets_up"),
    [
        ("init_weights", True, True, True, True),
        ("KaimingInit", True, True, True, True),
        ("reset_parameters", True, True, True, True),
        ("uniform", True, True, True, True),
        ("load_checkpoint", False, True, True, True),
        ("tie_weights", False, False, True, True),
        ("step_", False, False, True, True),
        ("build_model", False, False, False, True),
        ("isfinite", False, False, False, False),
        ("normalize", False, False, False, False),
        ("forward", False, False, False, False),
    ],
)
def test_what_a_name_says(name: str, initializes: bool, loads: bool, writes: bool, sets_up: bool) -> None:
    answers = (is_initializer(name), is_initializer_or_loader(name), is_writer(name), is_setup(name))
    assert answers == (initializes, loads, writes, sets_up)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("init_weights", True),
        ("weights_init", True),
        ("init_hidden", False),
        ("reinit_optimizer", False),
        ("__init__", False),
        ("forward", False),
    ],
)
def test_a_function_that_initializes_weights(name: str, expected: bool) -> None:
    assert is_weight_initializer(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("init_weights", True),
        ("_initialise_parameters", True),
        ("reset_parameters", True),
        ("weights_init_2", True),
        ("init", True),
        ("init_backbone", False),
        ("reset", False),
    ],
)
def test_a_method_that_initializes_a_built_model(name: str, expected: bool) -> None:
    assert is_reset(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reset_classifier", True),
        ("_reset_normals", True),
        ("reset_hyperparams", True),
        ("reset_decoder_weights", False),
        ("_reset_head_params", False),
        ("reset_gate_parameters_2", False),
        ("reset_glorot", False),
        ("reset_conv_kaiming_normal", False),
        ("init_head", False),
    ],
)
def test_a_reset_of_a_part(name: str, expected: bool) -> None:
    assert resets_part(name) is expected


def test_an_argument_that_takes_an_initializer() -> None:
    assert all(map(is_initializer_argument, ("init_fn", "init_weight_func", "kernel_initializer")))
    assert not any(map(is_initializer_argument, ("init_cfg", "initial", "fn")))


@pytest.mark.parametrize("name", [*INITIALIZERS, *DEPRECATED, *METHODS, *IN_PLACE])
def test_every_initializer_is_named_like_one_that_fills(name: str) -> None:
    last = name.rpartition(".")[2]
    assert is_fill(last)
    assert CALLS_FILL.search(f"init.{last}(w)") is not None


def test_a_part_of_a_word_fills_nothing() -> None:
    assert not is_fill("normalize")
    assert CALLS_FILL.search("batch_normalize(w), is_zero(w)") is None
