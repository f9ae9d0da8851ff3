from __future__ import annotations

from dataclasses import replace

import pytest

from initlint.graph.model import Layer
from initlint.graph.words import UNDETERMINED
from tests.support.rule_models import OUTPUT, at, layer, message, model, run, write

PADDED = {"num_embeddings": 9, "embedding_dim": 4, "padding_idx": 0}
NORMAL = write("normal_", std=0.02)


def embedding(*writes: object, **more: object) -> Layer:
    return layer("embed", OUTPUT, writes=writes, **{"type": "Embedding", "arguments": PADDED, **more})  # type: ignore[arg-type]


def test_message() -> None:
    assert message("INI407", model(embedding(NORMAL))) == (
        "`normal_` overwrites the padding row of `embed`, which was zero and never gets a gradient"
    )


@pytest.mark.parametrize("index", [0, 1, -1])
def test_any_row(index: int) -> None:
    (violation,) = run("INI407", model(embedding(NORMAL, arguments={**PADDED, "padding_idx": index})))
    assert violation.location == at(10)


def test_a_row_that_was_zeroed_before_is_filled_again() -> None:
    early = replace(write("zeros_", 9), covers_tensor=False)
    assert run("INI407", model(embedding(early, NORMAL)))


@pytest.mark.parametrize(
    "silent",
    [
        embedding(),
        embedding(write("zeros_")),
        embedding(replace(NORMAL, initializer="torch.Tensor.copy_")),
        embedding(NORMAL, replace(write("zeros_", 11), covers_tensor=False)),
        embedding(NORMAL, replace(write("constant_", 11, val=0.0), covers_tensor=False, certain=False)),
        embedding(replace(NORMAL, certain=False)),
        embedding(NORMAL, arguments={**PADDED, "padding_idx": None}),
        embedding(NORMAL, arguments={**PADDED, "padding_idx": UNDETERMINED}),
        embedding(NORMAL, arguments={"num_embeddings": 9, "embedding_dim": 4}),
        embedding(NORMAL, type="Linear"),
    ],
    ids=str,
)
def test_silent(silent: Layer) -> None:
    assert run("INI407", model(silent)) == []
