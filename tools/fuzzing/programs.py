"""Programs of odd syntax beside and in a model, drawn by hypothesmith from the grammar and from the nodes of libcst."""

from __future__ import annotations

import random
import textwrap
from functools import cache, lru_cache

import hypothesmith
from hypothesis import HealthCheck, Phase, given, seed, settings

from tools.fuzzing.sources import Input, Sources, parse

_BATCH = 200
"""hypothesis draws the programs of one run from each other, and a run costs time to begin."""

_MODEL = """\
import torch
from torch import nn

{before}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 8)
{within}
        nn.init.xavier_uniform(self.fc1.weight)

    def forward(self, x):
{forward}
        return self.fc2(torch.relu(self.fc1(x)))

"""


def program(number: int, sources: Sources) -> Input:
    """The program of this number, before a model, in its constructor or in its `forward`."""
    text = _drawn(number // _BATCH)[number % _BATCH]
    places = {"before": text, "within": "", "forward": ""}
    place = random.Random(number).choice(list(places))
    if place != "before":
        places = {**dict.fromkeys(places, ""), place: textwrap.indent(text, " " * 8)}
        if parse(_MODEL.format(**places)) is None:
            places = {**dict.fromkeys(places, ""), "before": text}
    return Input({"net.py": _MODEL.format(**places).encode("utf-8", "surrogatepass")}, f"program {number}")


_nodes, _grammar = cache(hypothesmith.from_node), cache(hypothesmith.from_grammar)


@lru_cache(maxsize=2)
def _drawn(batch: int) -> list[str]:
    """`_BATCH` programs, always the same ones for a batch."""
    programs: list[str] = []

    @seed(batch)
    @settings(
        max_examples=_BATCH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_nodes() if batch % 2 else _grammar())
    def draw(text: str) -> None:
        programs.append(text)

    draw()
    return (programs * _BATCH)[:_BATCH]
