"""Init methods that nothing in their file calls: they are run on a model of the class, so that its layers are known."""

from __future__ import annotations

import pytest

import initlint
from initlint.project.settings import Settings

SOURCE = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(16, 32, 3)
        self.norm = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 32, 3)

    def {name}(self):
        nn.init.normal_(self.conv1.weight)
        nn.init.normal_(self.conv2.weight)

    def forward(self, x):
        return self.conv2(self.norm(self.conv1(x)).relu()).relu().sum()
"""


@pytest.mark.parametrize(
    "name",
    ["init_parameter", "_init_weights", "init_weight_2", "initialise_params", "weights_init", "parameter_init"],
)
def test_a_norm_behind_a_layer_is_known(name: str) -> None:
    found = initlint.check_source(SOURCE.format(name=name), settings=Settings(select=("INI401",)))
    assert [d.span.row for d in found.diagnostics] == [12]


@pytest.mark.parametrize("copied", ["copy.deepcopy(net)", "copy.copy(net)", "copy.deepcopy([net])[0]"])
def test_a_copy_of_a_layer_that_is_handed_in_is_no_model(copied: str) -> None:
    text = f"""\
import copy
from torch import nn

def convert(net):
    if isinstance(net, nn.Linear):
        twin = {copied}
        nn.init.uniform_(twin.weight, 1.0, 0.5)
        return twin
"""
    assert [d.code for d in initlint.check_source(text).diagnostics] == ["INI104"]
