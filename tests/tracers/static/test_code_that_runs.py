"""What runs, how often and in which order: iterators, cached functions, context managers, patterns and copies.

The expected values are those that torch shows for the same statements.
"""

from __future__ import annotations

import pytest

from tests.support.whole_models import models_of

SOURCE = """\
import contextlib, copy, functools

def fill(layer):
    nn.init.zeros_(layer.weight)
    return layer

def one(layer):
    nn.init.ones_(layer.weight)

@functools.lru_cache(maxsize=None)
def fill_once(layer):
    fill(layer)

def fillings(*layers):
    for layer in layers:
        yield fill(layer)

@contextlib.contextmanager
def filled_before(layer):
    fill(layer)
    yield layer

@contextlib.contextmanager
def filled_after(layer):
    yield layer
    fill(layer)

class Manager:
    def __init__(self, layer):
        self.layer = layer

    def __enter__(self):
        fill(self.layer)
        return self.layer

    def __exit__(self, *error):
        one(self.layer)
        return True

class Empty:
    def __len__(self):
        return 0

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        {statement}

    @functools.cached_property
    def filled(self):
        return fill(self.first)

    def forward(self, x):
        return self.second(self.first(x).relu())
"""


def _write(statement: str, path: str = "first") -> str:
    """The init function that the weight certainly has its values from; `default` or `unknown`."""
    layer = models_of(SOURCE.replace("{statement}", statement))["Net"].by_path[path]
    if not layer.last_write_is_certain():
        return "unknown"
    write = layer.effective_write()
    return "default" if write is None else write.initializer.rpartition(".")[2]


@pytest.mark.parametrize(
    "statement",
    [
        "unused = (fill(layer) for layer in [self.first])",
        "unused = map(fill, [self.first])",
        "unused = filter(fill, [self.first])",
        "unused = zip(map(fill, [self.first]), [0])",
        "unused = enumerate(map(fill, [self.first]))",
        "unused = fillings(self.first)",
        "fillings(self.first)",
        "if Empty(): fill(self.first)",
        "match (self.first, 0):\n            case (_, 1): fill(self.first)",
        "match {'a': self.first}:\n            case {'b': layer}: fill(layer)",
        "match [self.first]:\n            case [_, _, *_]: fill(self.first)",
    ],
)
def test_it_does_not_run(statement: str) -> None:
    assert _write(statement) == "default"


@pytest.mark.parametrize(
    "statement",
    [
        "list(fill(layer) for layer in [self.first])",
        "list(fill(layer) for layer in [locals()['self'].first])",
        "unused = (layer for layer in [fill(self.first)])",
        "list(map(fill, [self.first]))",
        "for _ in enumerate(map(fill, [self.first])): pass",
        "list(fillings(self.first))",
        "a, b = fillings(self.first, self.second)",
        "self.both = nn.Sequential(*fillings(self.first))",
        "assert fill(self.first) is not None",
        "def later(layer=fill(self.first)): pass",
        "self.filled",
        "with filled_before(self.first): pass",
        "with filled_after(self.first) as layer: one(layer)",
        "with filled_before(self.second), filled_after(self.first) as layer: one(layer)",
        "copy.copy(self.first).apply(fill)",
        "nn.init.zeros_(copy.copy(self.first.weight))",
        "match (self.first, 0):\n            case (nn.Linear() as layer, 0): fill(layer)",
        "match {'a': self.first}:\n            case {'a': layer, **others}: fill(layer)",
        "match [self.first, 1, 2]:\n            case [layer, *_]: fill(layer)",
    ],
)
def test_it_runs(statement: str) -> None:
    assert _write(statement) == "zeros_"


@pytest.mark.parametrize(
    "statement",
    [
        "with filled_before(self.first) as layer: one(layer)",
        "with Manager(self.first): pass",
        "with Manager(self.first) as layer:\n            raise ValueError\n            fill(layer)",
        "fill_once(self.first); one(self.first); fill_once(self.first)",
        "self.filled; one(self.first); self.filled",
    ],
)
def test_the_last_write_is_the_one_that_runs_last(statement: str) -> None:
    assert _write(statement) == "ones_"


@pytest.mark.parametrize(
    "statement",
    [
        "next(fillings(self.second, self.first))",
        "next(map(fill, [self.second, self.first]))",
        "any(fill(layer) for layer in (self.second, self.first))",
        "for _ in fillings(self.second, self.first): break",
        "self.first.weight.data.diagonal().fill_(0)",
    ],
)
def test_it_is_uncertain_which_part_runs(statement: str) -> None:
    assert _write(statement) == "unknown"
