"""One call that sets many layers is rewritten only if all of them ask for the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixing import fixed, run

MODELS = """\
import torch
from torch import nn
from torch.nn import functional as F


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 64, bias=False)
        self.fc2 = nn.Linear(64, 64, bias=False)
        self.out = nn.Linear(64, 64, bias=False)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.CALL
"""
FORWARD = """

class {name}(Base):
    def forward(self, x):
        return {output}(self.out({second}(self.fc2({first}(self.fc1(x))))))
"""
RELU, LEAKY, TANH = "torch.relu", "F.leaky_relu", "torch.tanh"


def source(call: str, *models: tuple[str, str], output: str = "") -> str:
    forwards = (
        FORWARD.format(name=f"Net{number}", first=first, second=second, output=output)
        for number, (first, second) in enumerate(models, 1)
    )
    return MODELS.replace("CALL", call) + "".join(forwards)


def message(text: str) -> str:
    result = run({"net.py": text}, unsafe=True)
    assert result.changed == {}
    (diagnostic,) = (found for found in result.diagnostics if found.code != "INI202")
    assert diagnostic.fix is None
    return diagnostic.message


KAIMING, TANH_GAIN = "kaiming_uniform_(..., nonlinearity='relu')", "gain=nn.init.calculate_gain('tanh'))"


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        ("xavier_uniform_(m.weight)", f"; use `{KAIMING}` for `fc1`; use `xavier_uniform_(..., {TANH_GAIN}` for `fc2`"),
        (
            "kaiming_normal_(m.weight)",
            f"; use `xavier_normal_(..., {TANH_GAIN}` for `fc2`",
        ),
        ("zeros_(m.weight)", f"; use `{KAIMING}` for `fc1`; use `xavier_uniform_(..., {TANH_GAIN}` for `fc2`"),
        ("ones_(m.weight)", f"; use `{KAIMING}` for `fc1`; use `xavier_uniform_(..., {TANH_GAIN}` for `fc2`"),
    ],
)
def test_layers_that_differ_are_listed_and_no_fix_is_offered(call: str, advice: str) -> None:
    assert message(source(call, (RELU, TANH))).endswith(advice)


def test_slopes_that_differ_are_different_calls() -> None:
    assert "`kaiming_uniform_(..., a=0.01, nonlinearity='leaky_relu')` for `fc2`" in message(
        source("xavier_uniform_(m.weight)", (RELU, LEAKY))
    )


@pytest.mark.parametrize("call", ["xavier_uniform_(m.weight)", "kaiming_normal_(m.weight)", "zeros_(m.weight)"])
def test_models_that_differ_are_named_and_no_fix_is_offered(call: str) -> None:
    told = message(source(call, (RELU, RELU), (TANH, TANH)))
    assert "; models differ: `kaiming_" in told
    assert " in `Net1`, `xavier_" in told
    assert told.endswith(" in `Net2`")


def test_models_that_agree_are_mended_together() -> None:
    before = source("xavier_uniform_(m.weight)", (RELU, RELU), (RELU, "F.gelu"))
    after = source("kaiming_uniform_(m.weight, nonlinearity='relu')", (RELU, RELU), (RELU, "F.gelu"))
    assert fixed({"net.py": before}) == {"net.py": after}


@pytest.mark.parametrize("output", ["torch.sigmoid", "torch.tanh", "torch.softmax"])
def test_an_output_layer_does_not_stand_in_the_way(output: str) -> None:
    before = source("xavier_uniform_(m.weight)", (RELU, RELU), output=output)
    after = source("kaiming_uniform_(m.weight, nonlinearity='relu')", (RELU, RELU), output=output)
    assert fixed({"net.py": before}) == {"net.py": after}


def test_models_in_different_files_that_differ(in_directory: Path) -> None:
    imports = "import torch\nfrom base import Base\n"
    files = {
        "base.py": source("xavier_uniform_(m.weight)"),
        "first.py": imports + FORWARD.format(name="First", first=RELU, second=RELU, output=""),
        "second.py": imports + FORWARD.format(name="Second", first=TANH, second=TANH, output=""),
    }
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")
    result = run(files, unsafe=True)
    assert result.changed == {}
    (diagnostic,) = result.diagnostics
    assert (diagnostic.span.file, diagnostic.fix) == ("base.py", None)
    assert "in `First`" in diagnostic.message
    assert "in `Second`" in diagnostic.message


HELPED = """\
from torch import nn


def init(x):
    nn.init.xavier_uniform_(x)


class First(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        init(self.fc{first})

    def forward(self, x):
        return self.fc(x)


class Second(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        init(self.fc{second})

    def forward(self, x):
        return self.fc(x)
"""


@pytest.mark.parametrize(
    ("first", "second", "call"),
    [
        (".bias", ".bias", "zeros_(x)"),
        (".bias", ".weight", "xavier_uniform_(x)"),
        (".weight", ".bias", "xavier_uniform_(x)"),
        ("", "", "xavier_uniform_(x.weight)"),
        ("", ".weight", "xavier_uniform_(x)"),
    ],
)
def test_a_helper_that_is_right_for_one_model_is_not_rewritten_for_another(first: str, second: str, call: str) -> None:
    text = HELPED.format(first=first, second=second)
    assert fixed({"net.py": text}, unsafe=True) == {"net.py": text.replace("xavier_uniform_(x)", call)}


ZEROED = HELPED.replace("xavier_uniform_", "zeros_").replace("self.fc(x)", "self.out(torch.relu(self.fc(x)))")
ZEROED = ZEROED.replace("nn.Linear(4, 4)", "nn.Linear(4, 4, bias={bias})\n        self.out = nn.Linear(4, 4)")


@pytest.mark.parametrize(("second", "fixes"), [(".weight", 1), (".bias", 0)])
def test_a_helper_that_also_gets_biases_is_not_made_kaiming(second: str, fixes: int) -> None:
    text = "import torch\n" + ZEROED.format(first=".weight", second=second, bias=second == ".bias")
    assert run({"net.py": text}, unsafe=True).fixed_count == fixes
