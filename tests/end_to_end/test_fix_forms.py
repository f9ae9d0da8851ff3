"""Every rule with a fix, through each way to import `torch.nn.init` and each way to apply an init function.

In the snippets `@` stands for what the file writes before a function of `torch.nn.init`, and `W` for the tensor.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.fixing import fixed


class Case(NamedTuple):
    code: str
    activation: str
    before: str
    after: str
    attribute: str = ".weight"


CASES = [
    Case("INI101", "nn.Tanh", "@xavier_uniform_(W)", "@zeros_(W)", ".bias"),
    Case("INI102", "nn.GELU", "@kaiming_normal_(W, nonlinearity='gelu')", "@kaiming_normal_(W, nonlinearity='relu')"),
    Case("INI103", "nn.Tanh", "@xavier_normal_(W)", "@xavier_normal_(W.weight)", ""),
    Case("INI109", "nn.Tanh", "W.normal_(0, 0.1)", "@normal_(W, 0, 0.1)"),
    Case("INI201", "nn.ReLU", "@zeros_(W)", "@kaiming_uniform_(W, nonlinearity='relu')"),
    Case("INI203", "nn.ReLU", "@constant_(W, 0.1)", "@kaiming_uniform_(W, nonlinearity='relu')"),
    Case("INI301", "nn.ReLU", "@xavier_uniform_(W)", "@kaiming_uniform_(W, nonlinearity='relu')"),
    Case("INI301", "nn.PReLU", "@xavier_normal_(W)", "@kaiming_normal_(W, a=0.25, nonlinearity='leaky_relu')"),
    Case("INI302", "nn.Tanh", "@kaiming_normal_(W)", "@xavier_normal_(W, gain=@calculate_gain('tanh'))"),
    Case("INI304", "nn.ReLU", "@kaiming_normal_(W, nonlinearity='tanh')", "@kaiming_normal_(W, nonlinearity='relu')"),
    Case(
        "INI304",
        "nn.ReLU",
        "@xavier_normal_(W, gain=@calculate_gain('tanh'))",
        "@xavier_normal_(W, gain=@calculate_gain('relu'))",
    ),
    Case("INI305", "nn.SELU", "@kaiming_uniform_(W)", "@kaiming_uniform_(W, nonlinearity='linear')"),
    Case("INI901", "nn.Tanh", "@xavier_normal(W)", "@xavier_normal_(W)"),
]
IDS = [f"{case.code}-{case.activation.removeprefix('nn.')}-{number}" for number, case in enumerate(CASES)]

NET = """\
class Net(BASE):
    def __init__(self):
        super().__init__()
        self.act = ACTIVATION()
        self.fc1 = MAKE(nn.Linear(64, 64, BIAS))
        self.fc2 = MAKE(nn.Linear(64, 64, BIAS))
        self.out = nn.Linear(64, 64, BIAS)
        APPLY

    def forward(self, x):
        return self.out(self.act(self.fc2(self.act(self.fc1(x)))))
"""
FUNCTION = "def init_weights(m):\n    if isinstance(m, nn.Linear):\n        INIT(m)\n\n\n"
MAKER = "def make(m):\n    INIT(m)\n    return m\n\n\n"
BASE = (
    "class Base(nn.Module):\n    def init_weights(self):\n        for m in self.modules():\n"
    "            if isinstance(m, nn.Linear):\n                INIT(m)\n\n\n"
)


def net(apply: str = "pass", base: str = "nn.Module", make: str = "") -> str:
    text = NET.replace("BASE", base).replace("APPLY", apply)
    return text.replace("MAKE", make) if make else re.sub(r"MAKE\((.*)\)\n", r"\1\n", text)


LOOP = "for m in self.modules():\n            if isinstance(m, nn.Linear):\n                INIT(m)"
APPLICATIONS = {
    "direct": {"net.py": net("INIT(self.fc1)\n        INIT(self.fc2)")},
    "tuple": {"net.py": net("for m in (self.fc1, self.fc2):\n            INIT(m)")},
    "loop": {"net.py": net(LOOP)},
    "apply": {"net.py": FUNCTION + net("self.apply(init_weights)")},
    "apply outside": {"net.py": FUNCTION + net() + "\n\nmodel = Net()\nmodel.apply(init_weights)\n"},
    "helper": {"net.py": MAKER + net(make="make")},
    "base class": {"net.py": BASE + net("self.init_weights()", base="Base")},
    "function in another file": {
        "inits.py": FUNCTION,
        "net.py": "from inits import init_weights\n\n\n" + net("self.apply(init_weights)"),
    },
    "base class in another file": {
        "base.py": BASE,
        "net.py": "import base\n\n\n" + net("self.init_weights()", base="base.Base"),
    },
}
IMPORTS = {
    "import torch.nn as nn": "nn.init.",
    "from torch import nn": "nn.init.",
    "from torch import nn\nfrom torch.nn import init": "init.",
    "from torch import nn\nimport torch.nn.init as init": "init.",
    "import torch.nn.init as I\nfrom torch import nn": "I.",
    "import torch\nfrom torch import nn": "torch.nn.init.",
    "import torch as T\nimport torch.nn as nn": "T.nn.init.",
    "from torch import nn\nimport torch.nn": "torch.nn.init.",
}


def written(text: str, call: str, case: Case, imports: str, prefix: str) -> str:
    text = re.sub(r"INIT\((.*?)\)", lambda found: call.replace("W", found[1] + case.attribute), text)
    text = text.replace("ACTIVATION", case.activation).replace(
        ", BIAS", "" if case.code == "INI101" else ", bias=False"
    )
    return f"{imports}\n\n\n{text.replace('@', prefix)}"


def fix(files: dict[str, str], case: Case) -> dict[str, str]:
    # A constant before a layer that is none is a warning, and its fix unsafe.
    return fixed(files, unsafe=case.code == "INI203")


@pytest.mark.parametrize("application", APPLICATIONS)
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_each_way_to_apply_an_init(case: Case, application: str, in_directory: Path) -> None:
    before, after = (
        {
            name: written(text, call, case, "from torch import nn", "nn.init.")
            for name, text in APPLICATIONS[application].items()
        }
        for call in (case.before, case.after)
    )
    for name, text in before.items():  # one file is looked for from the other one
        Path(name).write_text(text, encoding="utf-8")
    assert fix(before, case) == after
    assert fix(after, case) == after


@pytest.mark.parametrize("imports", IMPORTS)
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_each_way_to_import_a_module(case: Case, imports: str) -> None:
    prefix = IMPORTS[imports]
    if case.code == "INI109" and prefix.endswith("nn.init."):
        prefix = "nn.init."  # a method does not say how its file writes the function: the shortest way it is
    before, after = (
        {"net.py": written(APPLICATIONS["apply"]["net.py"], call, case, imports, prefix)}
        for call in (case.before, case.after)
    )
    assert fix(before, case) == after


def names_in(call: str) -> str:
    return ", ".join(sorted(set(re.findall(r"@(\w+)", call))))


@pytest.mark.parametrize("case", [case for case in CASES if "@" in case.before], ids=lambda case: case.code)
def test_plain_names_change_with_their_import(case: Case) -> None:
    before, after = (
        {
            "net.py": written(
                APPLICATIONS["apply"]["net.py"],
                call,
                case,
                f"from torch import nn\nfrom torch.nn.init import {names_in(call)}",
                "",
            )
        }
        for call in (case.before, case.after)
    )
    assert fix(before, case) == after
    assert fix(after, case) == after


@pytest.mark.parametrize("case", [case for case in CASES if "@" in case.before], ids=lambda case: case.code)
def test_a_star_import_has_all_names(case: Case) -> None:
    before, after = (
        {"net.py": written(net("INIT(self.fc1)"), call, case, "from torch import nn\nfrom torch.nn.init import *", "")}
        for call in (case.before, case.after)
    )
    assert fix(before, case) == after


ALIASED = {
    # An alias of the function that stays is kept; one of a function that nothing needs any more goes.
    "INI101": ("xavier_uniform_ as f", "f(W)", "zeros_", "zeros_(W)"),
    "INI102": (
        "kaiming_normal_ as f",
        "f(W, nonlinearity='gelu')",
        "kaiming_normal_ as f",
        "f(W, nonlinearity='relu')",
    ),
    "INI103": ("xavier_normal_ as f", "f(W)", "xavier_normal_ as f", "f(W.weight)"),
    "INI201": ("zeros_ as f", "f(W)", "kaiming_uniform_", "kaiming_uniform_(W, nonlinearity='relu')"),
    "INI203": ("constant_ as f", "f(W, 0.1)", "kaiming_uniform_", "kaiming_uniform_(W, nonlinearity='relu')"),
    "INI301": ("xavier_uniform_ as f", "f(W)", "kaiming_uniform_", "kaiming_uniform_(W, nonlinearity='relu')"),
    "INI302": (
        "kaiming_normal_ as f",
        "f(W)",
        "calculate_gain, xavier_normal_",
        "xavier_normal_(W, gain=calculate_gain('tanh'))",
    ),
    "INI304": (
        "kaiming_normal_ as f",
        "f(W, nonlinearity='tanh')",
        "kaiming_normal_ as f",
        "f(W, nonlinearity='relu')",
    ),
    "INI305": ("kaiming_uniform_ as f", "f(W)", "kaiming_uniform_ as f", "f(W, nonlinearity='linear')"),
    "INI901": ("xavier_normal as f", "f(W)", "xavier_normal_ as f", "f(W)"),
}


@pytest.mark.parametrize("code", ALIASED)
def test_aliases(code: str) -> None:
    case = next(case for case in CASES if case.code == code)
    old_import, old_call, new_import, new_call = ALIASED[code]
    before, after = (
        {
            "net.py": written(
                APPLICATIONS["loop"]["net.py"],
                call,
                case,
                f"from torch import nn\nfrom torch.nn.init import {names}",
                "",
            )
        }
        for names, call in ((old_import, old_call), (new_import, new_call))
    )
    assert fix(before, case) == after


@pytest.mark.parametrize("arguments", ["*args", "W, **options"])
@pytest.mark.parametrize("function", ["xavier_uniform_", "kaiming_normal_", "zeros_"])
def test_a_call_with_stars_is_left_alone(function: str, arguments: str) -> None:
    case = Case("", "nn.ReLU", f"@{function}({arguments})", "")
    text = written(
        net("args, options = (self.fc1.weight,), {}\n        INIT(self.fc1)"),
        case.before,
        case,
        "from torch import nn",
        "nn.init.",
    )
    assert fixed({"net.py": text}, unsafe=True) == {"net.py": text}
