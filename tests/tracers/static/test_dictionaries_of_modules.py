"""What a module has in its `__dict__` only, and dictionaries of parameters that two modules have in common.

The expected values are those that torch shows for the same statements.
"""

from __future__ import annotations

import pytest

from tests.support.whole_models import models_of

SOURCE = """\
def fill(layer):
    nn.init.zeros_(layer.weight)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        {statement}

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))
"""
HIDDEN = "object.__setattr__(self.first, 'spare', nn.Parameter(torch.ones(4, 4))); "
STORED = "self.__dict__['spare'] = "
OF_SECOND = "self.second.__dict__['_parameters']"
SHARED_VALUES = "self.first.weight = nn.Parameter(self.second.weight.data); "


def _write(statement: str, parameter: str = "weight") -> str:
    """The init function that a parameter certainly has its values from; `default` or `unknown`."""
    layer = models_of(SOURCE.replace("{statement}", statement))["Net"].by_path["first"]
    if not layer.last_write_is_certain(parameter):
        return "unknown"
    write = layer.effective_write(parameter)
    return "default" if write is None else write.initializer.rpartition(".")[2]


@pytest.mark.parametrize(
    ("statement", "weight", "bias"),
    [
        (f"{HIDDEN}nn.init.zeros_(list(self.first.parameters())[-1])", "default", "zeros_"),
        (f"{HIDDEN}self.first.spare = nn.init.zeros_(self.first.spare)", "default", "default"),
        (f"{HIDDEN}[nn.init.ones_(p) for p in self.first.parameters() if p.dim() > 1]", "ones_", "default"),
    ],
)
def test_a_hidden_parameter_is_not_registered(statement: str, weight: str, bias: str) -> None:
    assert (_write(statement), _write(statement, "bias")) == (weight, bias)


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        (f"{STORED}self.first; fill(self.spare)", "zeros_"),
        (f"{STORED}self.first; fill(self.__dict__['spare'])", "zeros_"),
        (f"{STORED}self.first; fill(list(self.children())[-1])", "default"),
        (f"{STORED}nn.Linear(4, 4); [fill(layer) for layer in self.children()]", "zeros_"),
        (f"{STORED}self.second; self._modules['third'] = self.first; fill(list(self._modules.values())[-1])", "zeros_"),
        (f"{STORED}self.second; self.spare = self.first; fill(list(self.children())[-1])", "default"),
        (f"{STORED}self.first; del self.first; self.first = self.spare; fill(list(self.children())[-1])", "zeros_"),
        ("object.__setattr__(self, 'spare', nn.Linear(4, 4)); fill(list(self.children())[0])", "zeros_"),
        ("object.__setattr__(self, 'spare', self.first); fill(list(self.children())[-1])", "default"),
    ],
)
def test_a_stored_module_is_not_registered(statement: str, written: str) -> None:
    assert _write(statement) == written


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        ("vars(self.first).update(vars(self.second)); fill(self.second)", "zeros_"),
        (
            "self.third = nn.Linear(4, 4); vars(self.first).update(vars(self.second))\n"
            f"        {OF_SECOND} = self.third._parameters; fill(self.second)",
            "default",
        ),
        (f"self.first.__dict__['_parameters'] = {OF_SECOND}; fill(self.second)", "zeros_"),
        (
            f"self.first.__dict__['_parameters'] = {OF_SECOND}; fill(self.first)\n"
            "        self.second.weight = nn.Parameter(torch.ones(4, 4))",
            "ones_",
        ),
    ],
)
def test_a_module_keeps_the_dictionary_that_it_took_from_another(statement: str, written: str) -> None:
    assert _write(statement) == written


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        (f"{SHARED_VALUES}fill(self.second)", "zeros_"),
        (
            f"{SHARED_VALUES}nn.utils.vector_to_parameters(torch.ones(20), self.first.parameters()); fill(self.second)",
            "unknown",
        ),
        (
            f"{SHARED_VALUES}nn.utils.vector_to_parameters(torch.ones(20), self.second.parameters())\n"
            "        fill(self.second)",
            "unknown",
        ),
    ],
)
def test_code_that_is_not_followed_may_give_a_parameter_memory_of_its_own(statement: str, written: str) -> None:
    assert _write(statement) == written
