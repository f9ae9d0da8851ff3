"""What the messages say in numbers, measured with torch: the mean square through ten layers, before and after a fix."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.fixing import findings_of, fixed
from tests.support.paths import FIXTURES

torch = pytest.importorskip("torch")

WIDTH, LAYERS, SEEDS = 256, 10, range(4)
TOLERANCE = 1.6  # a factor; the geometric mean over the seeds scatters by about 1.25

TEN_LAYERS = """\
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(256, 256)
        self.fc2 = nn.Linear(256, 256)
        self.fc3 = nn.Linear(256, 256)
        self.fc4 = nn.Linear(256, 256)
        self.fc5 = nn.Linear(256, 256)
        self.fc6 = nn.Linear(256, 256)
        self.fc7 = nn.Linear(256, 256)
        self.fc8 = nn.Linear(256, 256)
        self.fc9 = nn.Linear(256, 256)
        self.fc10 = nn.Linear(256, 256)
        self.out = nn.Linear(256, 1)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.CALL
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = ACTIVATION(self.fc2(ACTIVATION(self.fc1(x))))
        x = ACTIVATION(self.fc4(ACTIVATION(self.fc3(x))))
        x = ACTIVATION(self.fc6(ACTIVATION(self.fc5(x))))
        x = ACTIVATION(self.fc8(ACTIVATION(self.fc7(x))))
        x = ACTIVATION(self.fc10(ACTIVATION(self.fc9(x))))
        return self.out(x)
"""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take longer than these small products."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def second_moment(source: str, build: Callable[[dict[str, Any]], Any]) -> float:
    """E[x^2] at the last layer for an input with E[x^2] = 1: the geometric mean over nets of several seeds."""
    names: dict[str, Any] = {"__name__": "net"}
    exec(compile(source, "net.py", "exec"), names)
    logarithms = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        net, seen = build(names).eval(), []
        *_, last = (m for m in net.modules() if isinstance(m, torch.nn.Linear))
        last.register_forward_pre_hook(lambda _, inputs, seen=seen: seen.append(inputs[0].pow(2).mean().item()))
        with torch.no_grad():
            net(torch.randn(64, WIDTH))
        logarithms.append(math.log(max(seen[0], 1e-30)))
    return math.exp(sum(logarithms) / len(logarithms))


def told(source: str) -> float:
    """The product over the layers in a row, as the one finding says."""
    (diagnostic,) = findings_of(source, ("INI301",))
    product = re.search(rf"each of these {LAYERS} layers .*; (\S+) of it is left after the last", diagnostic.message)
    assert product, diagnostic.message
    return float(product[1])


def distance(moment: float) -> float:
    return abs(math.log(moment))


@pytest.mark.parametrize(
    ("activation", "call", "settles"),
    [
        ("F.relu", "xavier_uniform_(m.weight)", True),
        ("F.relu", "xavier_normal_(m.weight)", True),
        ("F.leaky_relu", "xavier_uniform_(m.weight)", True),
        ("F.gelu", "xavier_uniform_(m.weight)", False),  # ReLU's gain is the documented one, and a little too small
        ("F.silu", "xavier_normal_(m.weight)", False),
        ("F.relu", "kaiming_normal_(m.weight, nonlinearity='linear')", True),
        ("F.relu", "kaiming_uniform_(m.weight, nonlinearity='tanh')", True),
        ("F.relu", "xavier_uniform_(m.weight, gain=nn.init.calculate_gain('tanh'))", True),
        ("F.selu", "kaiming_normal_(m.weight)", True),
        ("F.relu", "zeros_(m.weight)", True),
        ("F.relu", "constant_(m.weight, 0.01)", True),
    ],
)
def test_a_fix_brings_the_second_moment_nearer_to_one(activation: str, call: str, settles: bool) -> None:
    source = TEN_LAYERS.replace("ACTIVATION", activation).replace("CALL", call)
    mended = fixed({"net.py": source}, unsafe=True)["net.py"]
    before, after = (second_moment(text, lambda names: names["Net"]()) for text in (source, mended))
    assert distance(after) < distance(before) / 2 or (not settles and distance(after) < distance(before))
    assert not settles or distance(after) < math.log(TOLERANCE)


@pytest.mark.parametrize("activation", ["F.relu", "F.leaky_relu"])
def test_the_message_says_what_is_measured(activation: str) -> None:
    source = TEN_LAYERS.replace("ACTIVATION", activation).replace("CALL", "xavier_normal_(m.weight)")
    measured = second_moment(source, lambda names: names["Net"]())
    assert abs(math.log(measured / told(source))) < math.log(TOLERANCE)


def ten_layers_of_mlp(names: dict[str, Any]) -> Any:
    return names["DeepMLP"](in_dim=WIDTH, widths=(WIDTH,) * LAYERS)


def ten_layers_of_snn(names: dict[str, Any]) -> Any:
    return names["SNN"](in_dim=WIDTH, width=WIDTH, depth=LAYERS)


@pytest.mark.parametrize(
    ("fixture", "raises", "build"),
    [("mlp", ("INI101",), ten_layers_of_mlp), ("snn", (), ten_layers_of_snn)],
    ids=["mlp", "snn"],
)
def test_the_nets_of_the_fixtures(
    fixture: str, raises: tuple[str, ...], build: Callable[[dict[str, Any]], Any]
) -> None:
    source = (FIXTURES / fixture / "bad.py").read_text(encoding="utf-8")
    # What raises has to be mended first, or there is no net to measure.
    runs = fixed({"net.py": source}, select=raises)["net.py"] if raises else source
    mended = fixed({"net.py": source})["net.py"]
    before, after = (second_moment(text, build) for text in (runs, mended))
    assert distance(before) > math.log(5)
    assert distance(after) < math.log(TOLERANCE)
