"""What runs, how often and in which order: iterators, cached functions, context managers, patterns and copies.

The expected values are those that torch shows for the same statements.
"""

from __future__ import annotations

import pytest

from tests.support.whole_models import models_of

SOURCE = """\
import collections, contextlib, copy, functools, itertools

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
        "unused = [map(fill, [self.first])]",
        "unused = (map(fill, [self.first]), 1)",
        "unused = itertools.islice(map(fill, [self.first]), 1)",
        "unused = itertools.chain(map(fill, [self.first]), [0])",
        "unused = itertools.chain.from_iterable([map(fill, [self.first])])",
        "for layer in itertools.islice([self.second, self.first], 1): fill(layer)",
        "it = iter([self.first, self.second]); list(itertools.islice(it, 1)); [fill(layer) for layer in it]",
        "list(map(lambda layer, _: fill(layer), [self.second, self.first], [0]))",
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
        "list(itertools.islice(map(fill, [self.second, self.first]), 2))",
        "list(itertools.islice(map(fill, [self.second, self.first]), 1, None))",
        "for layer in itertools.islice([self.second, self.first], 1, 2): fill(layer)",
        "it = iter([self.second, self.first]); list(itertools.islice(it, 1)); [fill(layer) for layer in it]",
        "list(itertools.islice([self.first], 1))[0].weight = nn.init.zeros_(nn.Parameter(torch.ones(4, 4)))",
        "list(itertools.chain(map(fill, [self.first]), [0]))",
        "for layer in itertools.chain.from_iterable([[self.first]]): fill(layer)",
        "list(zip([0, 1], map(fill, [self.second, self.first])))",
        "list(zip('ab', (fill(layer) for layer in [self.second, self.first])))",
        "list(map(lambda layer, _: fill(layer), [self.first], [0]))",
        "collections.deque(map(fill, [self.first]), maxlen=0)",
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
        "next(itertools.chain(map(fill, [self.second, self.first])))",
        "list(itertools.islice(map(fill, [self.second, self.first]), 1))",
        "list(itertools.islice(fillings(self.second, self.first), 0, 1, 1))",
        "list(itertools.takewhile(lambda _: False, map(fill, [self.second, self.first])))",
        "list(zip([0], map(fill, [self.second, self.first])))",
        "list(zip([0], fillings(self.second, self.first)))",
        "dict(zip('a', map(fill, [self.second, self.first])))",
        "list(map(lambda *_: None, [0], map(fill, [self.second, self.first])))",
        "self.second in map(fill, [self.second, self.first])",
        "external([map(fill, [self.second, self.first])])",
        "self.first.weight.data.diagonal().fill_(0)",
    ],
)
def test_it_is_uncertain_which_part_runs(statement: str) -> None:
    assert _write(statement) == "unknown"
