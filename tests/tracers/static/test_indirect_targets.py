"""Parameters that are reached through the dictionaries of a module, by their order, or by functions of `operator`."""

from __future__ import annotations

import pytest

from initlint.graph.model import Layer
from tests.support.whole_models import models_of

SOURCE = """\
import functools, itertools, operator

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.second = nn.Linear(4, 4)
        self.first = nn.Linear(4, 4)
        {statement}

    def forward(self, x):
        return self.second(self.first(x).relu())
"""


def _layers(statement: str) -> dict[str, Layer]:
    return models_of(SOURCE.replace("{statement}", statement))["Net"].by_path


def _zeroed(statement: str) -> set[str]:
    """The parameters that are certainly set to zero; all others certainly keep torch's default."""
    found = set()
    for path, layer in _layers(statement).items():
        for name in ("weight", "bias"):
            assert layer.last_write_is_certain(name)
            if layer.effective_write(name) is not None:
                found.add(f"{path}.{name}")
    return found


@pytest.mark.parametrize(
    ("target", "parameter"),
    [
        ("self._modules['first'].weight", "first.weight"),
        ("self.__dict__['_modules']['first'].weight", "first.weight"),
        ("vars(self)['_modules'].get('first').weight", "first.weight"),
        ("list(self._modules.values())[-1].weight", "first.weight"),
        ("self.first._parameters['bias'].data", "first.bias"),
        ("nn.Module.__getattr__(self, 'first').weight", "first.weight"),
        ("sorted(self.named_parameters())[0][1]", "first.bias"),
        ("sorted(self.named_parameters(), key=lambda pair: pair[0], reverse=True)[0][1]", "second.weight"),
        ("min(self.named_children(), key=lambda pair: pair[0])[1].weight", "first.weight"),
        ("max(self.parameters(), key=torch.numel)", "second.weight"),
        ("functools.reduce(getattr, ['first', 'weight'], self)", "first.weight"),
        ("operator.attrgetter('first.weight')(self)", "first.weight"),
        ("operator.itemgetter('first')(self._modules).weight", "first.weight"),
        ("operator.getitem(self._modules, 'first').weight", "first.weight"),
    ],
)
def test_the_parameter_is_found(target: str, parameter: str) -> None:
    assert _zeroed(f"nn.init.zeros_({target})") == {parameter}


@pytest.mark.parametrize(
    "statement",
    [
        "operator.methodcaller('zero_')(self.first.weight.data)",
        "operator.setitem(self.first.weight.data, ..., 0)",
        "operator.call(nn.init.zeros_, self.first.weight)",
        "self.first.weight.data.__setitem__(..., 0)",
        "list(itertools.starmap(nn.init.constant_, [(self.first.weight, 0)]))",
        "sorted([self.first], key=lambda layer: id(nn.init.zeros_(layer.weight)))",
        "max([self.first], key=lambda layer: id(nn.init.zeros_(layer.weight)))",
        "self.first._parameters['weight'] = nn.Parameter(torch.zeros(4, 4))",
        "self.first._parameters.update(weight=nn.Parameter(torch.zeros(4, 4)))",
        "self.first.__setattr__('weight', nn.Parameter(torch.zeros(4, 4)))",
        "self.first.bias; nn.init.zeros_(list(self.first.parameters())[0])",
        "self.again = self.second; nn.init.zeros_(list(self.children())[-1].weight)",
    ],
)
def test_the_function_writes_to_it(statement: str) -> None:
    assert _zeroed(statement) == {"first.weight"}


@pytest.mark.parametrize(
    "target",
    [
        "sorted(self.parameters(), key=id)[0]",
        "max(self.parameters(), key=lambda p: p.data_ptr())",
        "min([self.first, self.second], key=hash).weight",
    ],
)
def test_by_an_unknown_order_it_may_be_any_of_them(target: str) -> None:
    layers = _layers(f"nn.init.zeros_({target})")
    assert not any(layer.last_write_is_certain() for layer in layers.values())


@pytest.mark.parametrize(
    "target",
    [
        "list(self.first.parameters())[0]",
        "next(self.first.parameters())",
        "next(iter(self.first.parameters()))",
        "[p for p in self.first.parameters()][0]",
        "[p for name, p in self.first.named_parameters() if name == 'weight'][-1]",
        "sorted(self.first.parameters(), key=torch.numel)[-1]",
    ],
)
def test_a_parameter_that_is_there_on_one_side_of_a_condition_is_written_on_that_side(target: str) -> None:
    tie = "if self.training: self.first.weight = self.second.weight\n"
    layers = _layers(f"{tie}        nn.init.zeros_({target})")
    assert not layers["second"].last_write_is_certain()
    assert layers["second"].last_write_is_certain("bias")


def test_a_parameter_that_is_added_to_a_layer_comes_last() -> None:
    added = "self.first.added = nn.Parameter(torch.ones(9, 9))"
    layers = _layers(f"{added}; nn.init.zeros_(next(self.first.parameters()))")
    write = layers["first"].effective_write()
    assert write is not None
    assert write.initializer == "torch.nn.init.zeros_"


def test_functions_of_sequences_take_each_alternative() -> None:
    parameters = "(self.first if self.training else self.second).parameters()"
    layers = _layers(f"nn.init.zeros_(list(reversed(list({parameters})))[0])")
    certain = {
        (path, name) for path in layers for name in ("weight", "bias") if layers[path].last_write_is_certain(name)
    }
    assert certain == {("first", "weight"), ("second", "weight")}
