from __future__ import annotations

from dataclasses import replace

import pytest

from initlint.graph.model import Layer, ModelGraph
from initlint.graph.words import UNDETERMINED
from tests.support.fixing import findings_of
from tests.support.rule_models import OUTPUT, at, following, layer, message, model, run, to_layer, write

SIZES = {"num_embeddings": 1000, "embedding_dim": 256}
EMBED = layer("embed", to_layer("norm"), type="Embedding", arguments=SIZES)
NORM = layer("norm", to_layer("head"), type="LayerNorm", arguments={"normalized_shape": 256})
HEAD = layer("head", OUTPUT, arguments={"in_features": 256, "out_features": 1000, "bias": False}, tied="embed")


def network(embed: Layer = EMBED, norm: Layer = NORM, head: Layer = HEAD) -> ModelGraph:
    return model(embed, norm, head)


def test_a_tied_head() -> None:
    (violation,) = run("INI408", network())
    assert violation.location == EMBED.location
    assert message("INI408", network()) == (
        "`head` is tied to `embed`, whose weight keeps PyTorch's N(0, 1): after a norm, the logits start with a standard "
        "deviation of 16; draw the weight with a standard deviation of 0.062 (1 / sqrt(256)) or less"
    )


def test_a_head_with_a_large_init() -> None:
    (violation,) = run("INI408", network(head=replace(HEAD, tied=None, writes=(write("normal_", std=2.0),))))
    assert violation.location == at(10)
    assert violation.message.startswith(
        "the weight of `head` is drawn by `normal_` with std 2: after a norm, the logits start with a standard "
        "deviation of 32"
    )


def test_an_unknown_width() -> None:
    head = replace(HEAD, arguments={"in_features": UNDETERMINED, "out_features": UNDETERMINED})
    assert message("INI408", network(head=head)).endswith(
        "a standard deviation of sqrt(dim); draw the weight with a standard deviation of 1 / sqrt(dim) or less"
    )


def changed_embedding(*writes: object, **more: object) -> ModelGraph:
    return network(embed=replace(EMBED, writes=writes, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "silent",
    [
        changed_embedding(write("normal_", std=0.02)),
        changed_embedding(write("uniform_", a=-0.1, b=0.1)),
        changed_embedding(write("normal_", std=UNDETERMINED)),
        changed_embedding(replace(write("normal_", std=0.02), certain=False)),
        changed_embedding(replace(write("zeros_"), initializer="torch.Tensor.copy_")),
        changed_embedding(write("zeros_")),
        changed_embedding(frozen=True),
        changed_embedding(parametrized=True),
        changed_embedding(arguments={**SIZES, "max_norm": 1.0}),
        changed_embedding(arguments={**SIZES, "_weight": UNDETERMINED}),
        network(norm=replace(NORM, writes=(write("constant_", val=0.05),))),
        network(norm=replace(NORM, followed_by=(to_layer("head", "scale"),))),
        network(norm=replace(NORM, followed_by=(to_layer("head"), to_layer("head", "scale", certain=False)))),
        network(norm=replace(NORM, followed_by=(to_layer("head", certain=False),))),
        network(norm=replace(NORM, type="Linear")),
        network(embed=replace(EMBED, followed_by=(to_layer("norm"), to_layer("head")))),
        network(head=replace(HEAD, followed_by=(replace(OUTPUT, between=("scale",)),))),
        network(head=replace(HEAD, followed_by=(OUTPUT, replace(OUTPUT, between=("scale",), certain=False)))),
        network(head=replace(HEAD, followed_by=(following("tanh"),))),
        network(head=replace(HEAD, followed_by=())),
        network(head=replace(HEAD, tied=None)),
        network(head=replace(HEAD, tied=None, writes=(write("normal_", std=0.02),))),
        network(head=replace(HEAD, tied=None, writes=(write("xavier_normal_"),))),
        network(head=replace(HEAD, arguments={"in_features": 8, "out_features": 1000})),
        network(head=replace(HEAD, arguments={"in_features": 256, "out_features": 1})),
    ],
    ids=lambda graph: " ".join(map(str, (graph.layers[0].writes, graph.layers[1].followed_by))),
)
def test_silent(silent: ModelGraph) -> None:
    assert run("INI408", silent) == []


@pytest.mark.parametrize(
    ("embedding", "expected"),
    [("nn.Embedding(1000, 256)", 1), ("nn.Embedding.from_pretrained(vectors, freeze=False)", 0)],
)
def test_the_tracer_sees_that_weights_are_tied(embedding: str, expected: int) -> None:
    source = (
        "import torch.nn as nn\n\n\nclass Net(nn.Module):\n    def __init__(self, vectors):\n        super().__init__()\n"
        f"        self.embed = {embedding}\n        self.norm = nn.LayerNorm(256)\n"
        "        self.head = nn.Linear(256, 1000, bias=False)\n        self.head.weight = self.embed.weight\n\n"
        "    def forward(self, ids):\n        return self.head(self.norm(self.embed(ids)))\n"
    )
    assert len(findings_of(source, ("INI408",))) == expected


@pytest.mark.parametrize(("load", "expected"), [("self.load(path)", 0), ("if path: self.load(path)", 1)])
def test_a_checkpoint_counts_only_if_it_is_certainly_loaded(load: str, expected: int) -> None:
    load = load.replace("self.load(path)", "self.load_state_dict(torch.load(path))")
    source = (
        "import torch\nimport torch.nn as nn\n\n\nclass Net(nn.Module):\n    def __init__(self, path=None):\n"
        "        super().__init__()\n        self.embed = nn.Embedding(1000, 256)\n        self.norm = nn.LayerNorm(256)\n"
        "        self.head = nn.Linear(256, 1000, bias=False)\n        self.head.weight = self.embed.weight\n"
        f"        {load}\n\n    def forward(self, ids):\n        return self.head(self.norm(self.embed(ids)))\n"
    )
    assert len(findings_of(source, ("INI408",))) == expected
