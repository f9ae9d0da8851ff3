"""Parameters that share memory, converted ones, texts that are evaluated, hooks, and weights that a condition ties."""

from __future__ import annotations

import pytest

from initlint.graph.model import Layer
from tests.support.whole_models import models_of

SOURCE = """\
import copy, functools, os

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
        ("dispatched(somewhere.chosen([self.first, self.second]))", "unknown"),
        ("fill(somewhere.chosen([self.first, self.second]))", "unknown"),
        (
            "try:\n            self.missing\n            fill(self.first)\n        except AttributeError: pass",
            "default",
        ),
        ("try: self.missing\n        except AttributeError: fill(self.first)", "zeros_"),
        (
            "try: int('x')\n        except TypeError: pass\n        except ValueError: fill(self.first)",
            "unknown",
        ),
        (
            "self.__dict__['_modules'].get('first'); self._modules.pop('second')\n"
            "        try:\n            self.missing\n            fill(self.first)\n        except AttributeError: pass",
            "default",
        ),
        (
            "setattr(self, os.environ['NAME'], 1)\n"
            "        try:\n            self.missing\n            fill(self.first)\n        except AttributeError: pass",
            "zeros_",
        ),
        ("self.first.__dict__ = self.second.__dict__; fill(self.second)", "zeros_"),
        (
            "self.third = nn.Linear(4, 4); self.first.__dict__ = self.second.__dict__\n"
            "        self.second.__dict__['_parameters'] = self.third.__dict__['_parameters']; fill(self.third)",
            "zeros_",
        ),
        (
            "self.first.__dict__['_parameters'] = self.second.__dict__['_parameters']; fill(self.second)\n"
            "        if os.environ.get('NEVER'): vars(self.second)['_parameters']['weight'] = nn.Parameter(torch.ones(4, 4))",
            "unknown",
        ),
        ("vars(self.first).update(vars(self.second)); fill(self.first); self.second.__init__(4, 4)", "unknown"),
        ("vars(self.first).update(vars(self.second)); self.second.__init__(4, 4); fill(self.first)", "zeros_"),
        (
            "self.first.__dict__['_parameters'] = self.second.__dict__['_parameters']\n"
            "        self.third = nn.Linear(4, 4); self.first.__dict__ = self.third.__dict__; fill(self.second)",
            "default",
        ),
        (
            "fill(self.first)\n        any(layer.reset_parameters() is None for layer in [self.second, self.first])",
            "unknown",
        ),
        ("fill(self.first)\n        next(layer.reset_parameters() for layer in [self.second, self.first])", "unknown"),
        ("copy.copy(self.first).register_parameter('weight', nn.Parameter(torch.zeros(4, 4)))", "zeros_"),
        ("other = copy.copy(self.first); self.first.weight = nn.Parameter(torch.zeros(4, 4))", "zeros_"),
        (
            "self.third = copy.deepcopy(self.first)\n"
            "        self.third.register_parameter('weight', nn.Parameter(torch.zeros(4, 4)))",
            "default",
        ),
        ("nn.Parameter(self.first.weight).data = torch.zeros(4, 4)", "unknown"),
        ("copy.copy(self.first.weight).data = torch.zeros(4, 4)", "unknown"),
        ("self.first.weight.data.data = torch.zeros(4, 4)", "default"),
        ("self.second.weight = nn.Parameter(self.first.weight.data); fill(self.second)", "zeros_"),
        (
            "self.second.weight = nn.Parameter(self.first.weight.data)\n"
            "        self.second.weight.data = torch.ones(4, 4); fill(self.second)",
            "unknown",
        ),
        ("self.first.load_state_dict({'weight': torch.zeros(4, 4), 'bias': torch.ones(4)})", "zeros_"),
        ("self.first.load_state_dict({'weight': torch.load('weight'), 'bias': torch.ones(4)})", "unknown"),
        ("self.first.load_state_dict(self.second.state_dict())", "unknown"),
        ("fill(self.first); self.first.__init__(4, 4)", "default"),
        ("fill(self.first); nn.Linear.__init__(self.first, 4, 4)", "default"),
        ("self.first.__init__(4, 4); fill(self.first)", "zeros_"),
        ("fill(self.first)\n        if os.environ.get('AGAIN'): self.first.__init__(4, 4)", "unknown"),
        ("self.first.weight.data = self.second.weight.data; fill(self.first)", "zeros_"),
        (
            "self.first.weight.data = self.second.weight.data\n"
            "        fill(self.first); self.second.reset_parameters()",
            "unknown",
        ),
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


def test_a_bias_that_only_one_side_of_a_condition_replaces_is_torchs_own_on_the_other() -> None:
    statement = (
        "if os.environ.get('REPLACE'):\n            del self.first.bias\n"
        "            self.first.bias = nn.Parameter(torch.zeros(4))"
    )
    writes = [write for write in _layer(statement).writes if write.parameter == "bias"]
    assert [(write.initializer.rpartition(".")[2], write.certain) for write in writes] == [("zeros_", False)]


def test_a_forward_hook_may_change_the_result() -> None:
    plain = _layer("self.first.register_forward_hook(lambda module, args, result: None)")
    changed = _layer("self.first.register_forward_hook(lambda module, args, result: torch.tanh(result))")
    assert [consumer.op for consumer in plain.followed_by] == ["relu"]
    assert [consumer.op for consumer in changed.followed_by] == ["tanh"]


MAY_SHARE = "if os.environ.get('A'): self.second.weight = self.first.weight\n        "


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        (f"{MAY_SHARE}fill(self.first); self.second.reset_parameters()", "unknown"),
        (f"{MAY_SHARE}fill(self.first); self.first.reset_parameters()", "default"),
        (f"{MAY_SHARE}nn.init.ones_(self.first.weight); self.first = copy.deepcopy(self.second)", "unknown"),
        (f"{MAY_SHARE}self.first = copy.deepcopy(self.second); fill(self.second)", "default"),
        (f"{MAY_SHARE}self.first = copy.deepcopy(self.second); fill(self.first)", "zeros_"),
    ],
)
def test_a_reset_and_a_copy_of_weights_that_may_be_shared(statement: str, written: str) -> None:
    assert _write(statement) == written


def test_a_constructor_that_may_run_again_may_reset() -> None:
    again = "map(lambda layer: nn.Linear.__init__(layer, 4, 4), [self.second, self.first])"
    assert _write(f"fill(self.first); next({again})") == "unknown"
    assert _write(f"fill(self.first); list({again})") == "default"
