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


CONDITIONAL = """\
class Net(nn.Module):
    def __init__(self, option):
        super().__init__()
        self.first = nn.Linear(4, 4)
        if option:
            self.extra = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        layers = list(self.children())
        names = [name for name, _ in self.named_children()]
        table = dict(self.named_children())
        if option:
            table["added"] = self.first
        {statement}

    def forward(self, x):
        return self.second(self.first(x).relu())
"""


def _writes_under_an_option(statement: str) -> dict[str, str]:
    """The init functions of the weights that are always there: `default`, or `unknown` if that is not certain."""
    layers = models_of(CONDITIONAL.replace("{statement}", statement))["Net"].by_path
    found = {}
    for path in ("first", "second"):
        write = layers[path].effective_write()
        name = "default" if write is None else write.initializer.rpartition(".")[2]
        found[path] = name if layers[path].last_write_is_certain() else "unknown"
    return found


@pytest.mark.parametrize(
    "test",
    [
        "'extra' in names",
        "'extra' not in names",
        "'added' in table",
        "self.extra in layers",
        "('extra', 1) in [(name, 1) for name in names]",
        "names.count('extra')",
        "names.index('second') == 2",
        "names == ['first', 'second']",
        "len(names) == 3",
        "len(layers) < 3",
        "len(table) == 3",
        "layers.__len__() == 3",
        "names[1:2] == ['extra']",
        "names[1:-1]",
        "names[::2] == ['first', 'second']",
        "any(name == 'extra' for name in names)",
        "all(name != 'extra' for name in names)",
    ],
)
def test_a_list_with_a_conditional_item_does_not_decide(test: str) -> None:
    statement = f"if {test}: nn.init.zeros_(self.first.weight)"
    assert _writes_under_an_option(statement) == {"first": "unknown", "second": "default"}


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ("'first' in names", True),
        ("'other' in names", False),
        ("'other' not in names", True),
        ("'first' in table", True),
        ("names.index('first') == 0", True),
        ("names[-1] == 'second'", True),
        ("names[:1] == ['first']", True),
        ("names[-1:] == ['second']", True),
        ("names", True),
        ("any(name == 'second' for name in names)", True),
        ("all(name != 'other' for name in names)", True),
    ],
)
def test_what_does_not_depend_on_the_conditional_item_decides(test: str, holds: bool) -> None:
    statement = f"if {test}: nn.init.zeros_(self.first.weight)"
    assert _writes_under_an_option(statement) == {"first": "zeros_" if holds else "default", "second": "default"}


@pytest.mark.parametrize(
    ("statement", "first", "second"),
    [
        ("layers.pop(); nn.init.zeros_(layers[-1].weight)", "unknown", "default"),
        ("layers.pop(1); nn.init.zeros_(layers[1].weight)", "unknown", "unknown"),
        ("layers.pop(0); nn.init.zeros_(layers[-1].weight)", "default", "zeros_"),
        ("nn.init.zeros_(layers.pop().weight)", "default", "zeros_"),
        ("a, *b = layers; nn.init.zeros_(a.weight)", "zeros_", "default"),
        ("*a, b, c = layers; nn.init.zeros_(c.weight)", "unknown", "unknown"),
        ("(lambda a, b, c=None: nn.init.zeros_(a.weight))(*layers)", "zeros_", "default"),
        ("(lambda a, b, c=None: nn.init.zeros_(b.weight))(*layers)", "default", "unknown"),
        ("for layer in layers: nn.init.zeros_(layer.weight)", "zeros_", "zeros_"),
        ("for layer in layers[1:]: nn.init.zeros_(layer.weight)", "default", "zeros_"),
        ("for layer in layers[:2]: nn.init.zeros_(layer.weight)", "unknown", "unknown"),
        ("for layer in layers[::-1]: nn.init.zeros_(layer.weight)", "zeros_", "zeros_"),
        ("for i in range(len(layers)): nn.init.zeros_(layers[i].weight)", "unknown", "unknown"),
    ],
)
def test_positions_behind_a_conditional_item_are_not_known(statement: str, first: str, second: str) -> None:
    assert _writes_under_an_option(statement) == {"first": first, "second": second}
