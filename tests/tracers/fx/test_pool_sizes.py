"""The size of the map after a pool is that of torch in both tracers, or is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from initlint.facts.windows import output_size, windows_of
from initlint.graph.model import ModelGraph, Operation
from initlint.project.settings import Settings
from initlint.project.trace_targets import Input, TargetSpec
from initlint.tracers.fx import Limits, TraceContext, trace_models
from initlint.tracers.fx_run import display_path, project_file_loader
from initlint.tracers.static.project import Project
from tests.support.whole_models import IMPORTS, models_of

SIZE = (11, 9)
NET = """
class Net(nn.Module):
    def __init__(self, options=None):
        super().__init__()
        self.options = options
        self.start = nn.Linear(4, 2 * 11 * 9)
        self.pool = {module}
        self.after = nn.Conv2d(2, 2, 1)

    def forward(self, x):
        x = self.start(x).view(-1, 2, 11, 9)
        return self.after({expression})
"""
KNOWN = [
    "nn.MaxPool2d(3, 2, dilation=2)",
    "nn.MaxPool2d((3, 2), 1, 1, (2, 3))",
    "nn.MaxPool2d(2, ceil_mode=False)",
    "nn.AvgPool2d(3, 2, 1, False, False)",
    "F.max_pool2d(x, 2)",
    "F.max_pool2d(x, 3, 2, dilation=2)",
    "F.max_pool2d(x, 3, 2, 1, 2, False)",
    "F.max_pool2d(x, (2, 3), stride=(1, 2), dilation=(3, 2))",
    "F.max_pool2d(x, 3, 2, dilation=2, return_indices=True)[0]",
    "F.max_pool2d_with_indices(x, 3, 2, 1, 2)[0]",
    "torch.max_pool2d(x, 3, 2, 0, 2)",
    "F.avg_pool2d(x, 3, 2, 1, False, False)",
    "F.avg_pool2d(x, (3, 2), count_include_pad=False)",
]
NOT_KNOWN = [
    "nn.MaxPool2d(2, ceil_mode=True)",
    "nn.MaxPool2d(3, 2, 0, 2, False, True)",
    "nn.AvgPool2d(2, 2, 0, True)",
    "F.max_pool2d(x, 2, ceil_mode=True)",
    "F.max_pool2d(x, 3, 2, 0, 1, True)",
    "torch.max_pool2d(x, 2, 2, 0, 1, True)",
    "F.avg_pool2d(x, 2, ceil_mode=True)",
    "F.avg_pool2d(x, 2, 2, 0, True)",
]


def source_of(pool: str) -> str:
    is_module = pool.startswith("nn.")
    return NET.format(module=pool if is_module else "None", expression="self.pool(x)" if is_module else pool)


def size_in_torch(pool: str) -> tuple[int, ...]:
    result: Any = eval(pool, {"nn": nn, "F": F, "torch": torch, "x": (x := torch.ones(1, 2, *SIZE))})
    output = result(x) if isinstance(result, nn.Module) else result
    return tuple(output.shape[2:])


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelGraph]:
    """By the pool, the graph that `trace` records."""
    folder = tmp_path_factory.mktemp("nets")
    targets = []
    for number, pool in enumerate(KNOWN + NOT_KNOWN):
        file = folder / f"net{number}.py"
        file.write_text(IMPORTS + source_of(pool), encoding="utf-8")
        targets.append(TargetSpec(str(file), "Net", inputs=(Input((2, 4)),)))
    context = TraceContext(Limits(), [], Settings().additions, project_file_loader(Project().load), display_path)
    results = trace_models(targets, context)
    graphs = {pool: result.graph for pool, result in zip(KNOWN + NOT_KNOWN, results, strict=True) if result.graph}
    assert len(graphs) == len(targets), [result.problem for result in results]
    return graphs


def size_after_pool(operations: Sequence[Operation]) -> tuple[int, ...] | None:
    """The size that the arguments of the one pool say."""
    (pool,) = (operation.arguments for operation in operations if operation.op == "pool")
    assert pool["map_size"] == SIZE
    windows = windows_of("AvgPool2d", pool, SIZE)
    return None if windows is None else output_size(windows)


@pytest.mark.parametrize("pool", KNOWN)
def test_the_size_after_a_pool_is_that_of_torch(pool: str, recorded: dict[str, ModelGraph]) -> None:
    size, static, trace = size_in_torch(pool), models_of(source_of(pool))["Net"], recorded[pool]
    assert size_after_pool(static.operations) == size_after_pool(trace.operations) == size
    assert static.by_path["after"].map_size == trace.by_path["after"].map_size == size


@pytest.mark.parametrize("pool", NOT_KNOWN)
def test_windows_that_end_outside_of_the_map_are_not_known(pool: str, recorded: dict[str, ModelGraph]) -> None:
    """Only `trace`, which records what torch computes, knows the size of the map that results."""
    size, static, trace = size_in_torch(pool), models_of(source_of(pool))["Net"], recorded[pool]
    assert size_after_pool(static.operations) is None
    assert size_after_pool(trace.operations) is None
    assert (static.by_path["after"].map_size, trace.by_path["after"].map_size) == (None, size)


@pytest.mark.parametrize(
    "pool",
    [
        "F.max_pool2d(x, 2, **self.options)",
        "F.max_pool2d(x, 2, *self.options)",
        "F.max_pool2d(x, 2, ceil_mode=len(x) > 2)",
        "F.max_pool2d(x, 3, dilation=len(x))",
        "F.avg_pool2d(x, 2, 2, 0, len(x) > 2)",
        "nn.MaxPool2d(3, dilation=options)",
        "nn.MaxPool2d(2, **options)",
    ],
)
def test_with_an_unknown_argument_the_size_is_not_known(pool: str) -> None:
    static = models_of(source_of(pool).replace("options=None", "options"))["Net"]
    assert static.by_path["after"].map_size is None
