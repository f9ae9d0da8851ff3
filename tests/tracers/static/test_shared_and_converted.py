"""Parameters that share memory, converted ones, texts that are evaluated, hooks, and weights that a condition ties."""

from __future__ import annotations

import pytest

from initlint.graph.model import Layer
from tests.support.whole_models import models_of

SOURCE = """\
import functools, os

def fill(layer):
    nn.init.zeros_(layer.weight)

def dropping(function):
    return lambda *args: None

@dropping
def dropped(layer):
    fill(layer)

def passing(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)
    return inner

@passing
def passed(layer):
    fill(layer)

@functools.singledispatch
def dispatched(layer):
    fill(layer)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        {statement}

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))
"""


def _layer(statement: str, path: str = "first") -> Layer:
    return models_of(SOURCE.replace("{statement}", statement))["Net"].by_path[path]


def _write(statement: str, path: str = "first") -> str:
    """The init function that the weight certainly has its values from; `default` or `unknown`."""
    layer = _layer(statement, path)
    if not layer.last_write_is_certain():
        return "unknown"
    write = layer.effective_write()
    return "default" if write is None else write.initializer.rpartition(".")[2]


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        ("nn.init.zeros_(nn.Parameter(self.first.weight.data))", "zeros_"),
        ("nn.init.zeros_(nn.Parameter(self.first.weight))", "zeros_"),
        ("nn.init.zeros_(nn.Parameter(self.first.weight.data.clone()))", "default"),
        ("nn.init.zeros_(self.first.weight.data.double())", "unknown"),
        ("fill(eval('self.first'))", "zeros_"),
        ("eval('fill')(self.first)", "zeros_"),
        ("exec('fill(self.first)')", "unknown"),
        ("dropped(self.first)", "default"),
        ("passed(self.first)", "zeros_"),
        ("dispatched(self.first)", "unknown"),
        (
            "try:\n            self.missing\n            fill(self.first)\n        except AttributeError: pass",
            "default",
        ),
        ("try: self.missing\n        except AttributeError: fill(self.first)", "zeros_"),
        (
            "try: int('x')\n        except TypeError: pass\n        except ValueError: fill(self.first)",
            "unknown",
        ),
        ("self.first.__dict__ = self.second.__dict__; fill(self.second)", "zeros_"),
        ("self.first.weight.data = self.second.weight.data; fill(self.second)", "unknown"),
        ("if os.environ.get('TIE'): self.first.weight = self.second.weight", "default"),
        ("fill(self.first)\n        if os.environ.get('TIE'): self.first.weight = self.second.weight", "unknown"),
        ("fill(self.second)\n        if os.environ.get('TIE'): self.first = self.second", "default"),
    ],
)
def test_what_the_first_layer_has_its_weight_from(statement: str, written: str) -> None:
    assert _write(statement) == written


def test_a_layer_that_a_condition_puts_elsewhere_keeps_its_place() -> None:
    statement = "fill(self.second)\n        if os.environ.get('TIE'): self.first = self.second"
    assert _write(statement, "second") == "zeros_"


def test_a_forward_hook_may_change_the_result() -> None:
    plain = _layer("self.first.register_forward_hook(lambda module, args, result: None)")
    changed = _layer("self.first.register_forward_hook(lambda module, args, result: torch.tanh(result))")
    assert [consumer.op for consumer in plain.followed_by] == ["relu"]
    assert [consumer.op for consumer in changed.followed_by] == ["tanh"]
