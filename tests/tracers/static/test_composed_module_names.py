"""`add_module` with a name that is composed of an unknown number, as `setattr` with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of

FIELD = """
class Field(nn.Module):
    def __init__(self, sizes, init_=init.{init}):
        super().__init__()
        self.depth = len(sizes) - 1
        for k, (i, o) in enumerate(zip(sizes, sizes[1:])):
            layer = nn.Linear(i, o)
            init_(layer.weight)
            {add}
        self.out = nn.Linear(3, 3)

    def forward(self, x):
        for k in range(self.depth):
            x = torch.relu(getattr(self, f"fc_{{k}}")(x))
        return self.out(x)
"""


@pytest.mark.parametrize(
    "add",
    [
        'self.add_module(f"fc_{k}", layer)',
        'self.register_module("fc_" + str(k), layer)',
        'self.add_module("fc_%d" % k, layer)',
        'setattr(self, f"fc_{k}", layer)',
    ],
)
@pytest.mark.parametrize("init", ["xavier_normal_", "kaiming_normal_"])
def test_the_layers_are_found_by_the_same_name(tmp_path: Path, add: str, init: str) -> None:
    expected = {"INI301"} if init == "xavier_normal_" else set()
    assert codes_of(tmp_path, FIELD.format(add=add, init=init)) == expected
