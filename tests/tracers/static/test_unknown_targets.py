"""A write to a value that is not known: it may be to any parameter that this value was computed from, and to no other."""

from __future__ import annotations

import pytest

from tests.support.whole_models import models_of

SOURCE = """\
import collections, functools, itertools, operator, threading, weakref
import numpy
import library

class Holder:
    def __init__(self, layer):
        self.layer = layer

class Net(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        {statement}

    def forward(self, x):
        return self.second(self.first(x).relu())
"""


def _is_certain(statement: str, path: str) -> bool:
    models = models_of(SOURCE.replace("{statement}", statement))
    return models["Net"].by_path[path].last_write_is_certain()


@pytest.mark.parametrize(
    "statement",
    [
        "nn.init.zeros_(weakref.ref(self.first)().weight)",
        "nn.init.zeros_(library.unwrap(self.first).weight)",
        "nn.init.zeros_(library.parts([self.first])[0].weight)",
        "nn.init.zeros_(library.parts(layers={'a': self.first}).a.weight)",
        "nn.init.zeros_(library.parts(Holder(self.first)).weight)",
        "for part in library.parts(self.first): nn.init.zeros_(part.weight)",
        "for part in library.parts(self.first):\n            if isinstance(part, nn.Linear): nn.init.zeros_(part.weight)",
        "library.parts(self.first).weight.data = torch.zeros(4, 4)",
        "library.parts(self.first).weight.data[:] = 0",
        "library.view(self.first.weight).zero_()",
        "self.first.weight.detach().numpy()[...] = 0",
        "numpy.copyto(self.first.weight.detach().numpy(), 0)",
        "self.first.weight.data.untyped_storage().fill_(0)",
        "self.first.weight.data.apply_(lambda value: 0)",
        "torch.add(torch.ones(4, 4), 1, out=self.first.weight.data)",
        "torch._foreach_zero_([self.first.weight.data])",
        "torch.nn.utils.vector_to_parameters(torch.zeros(20), self.first.parameters())",
        "threading.Thread(target=lambda: nn.init.zeros_(self.first.weight)).start()",
        "threading.Thread(target=nn.init.zeros_, args=(self.first.weight,)).start()",
        "list(itertools.accumulate([self.first, None], lambda one, two: nn.init.zeros_(one.weight)))",
        "collections.defaultdict(lambda: nn.init.zeros_(self.first.weight))['a']",
        "self.first._apply(lambda values: torch.zeros_like(values))",
        "torch.zeros(4, 4, out=library.view(self.first.weight))",
        "torch.zeros(4, 4, out=self.first.weight.data if name else None)",
        "operator.setitem(self.first.weight.data if name else [1], 0, 0)",
        "library.parts(self.first).register_parameter('weight', nn.Parameter(torch.zeros(4, 4)))",
        "library.parts(self.first).tensors.update(weight=nn.Parameter(torch.zeros(4, 4)))",
        "list(map(library.view(self.first.weight).fill_, [0]))",
        "nn.init.zeros_(dict(library.parts(self.first).named_parameters())['weight'])",
        "nn.init.zeros_(library.parts(self.first).one().two().three().four().five().six().weight)",
        "threading.Thread(target=lambda one: library.run(lambda w: w.zero_(), one.weight), args=(self.first,)).start()",
    ],
)
def test_it_may_be_a_write_to_what_the_value_was_computed_from(statement: str) -> None:
    assert not _is_certain(statement, "first")
    assert _is_certain(statement, "second")


@pytest.mark.parametrize(
    "statement",
    [
        "getattr(self, name).weight.data.zero_()",
        "nn.init.zeros_(self.get_submodule(name).weight)",
        "nn.init.zeros_(self._modules[name].weight)",
        "nn.init.zeros_(library.parts(self).weight)",
    ],
)
def test_all_parameters_may_be_written_through_the_module(statement: str) -> None:
    assert not _is_certain(statement, "first")
    assert not _is_certain(statement, "second")


@pytest.mark.parametrize(
    "statement",
    [
        "library.parts(self.first)",
        "library.parts(self.first).eval()",
        "library.parts(self.first).config.size = 3",
        "library.parts(self.first).config.update(size=3)",
        "list(map(library.parts(self.first).sum, [0]))",
        "self.optimizer = library.Adam(self.parameters()); self.optimizer.step()",
        "nn.init.zeros_(name.weight)",
        "for part in library.parts(self.first):\n            if isinstance(part, nn.Conv2d): nn.init.zeros_(part.weight)",
        "threading.Thread(target=lambda: print(self.first.weight)).start()",
    ],
)
def test_a_value_that_is_only_read_leaves_them(statement: str) -> None:
    assert _is_certain(statement, "first")
    assert _is_certain(statement, "second")
