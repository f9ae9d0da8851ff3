"""INI106: an init function that nothing calls beside another one that took its place, and what its call would do."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from tests.support.reference_projects import findings_in_project

HELPER = """
    import torch.nn as nn
    from torch.nn import init
    {imported}

    def small_weights(m):
        if isinstance(m, nn.Linear):
            init.normal_(m.weight, 0.0, 0.1)

    {more}
"""
LAYER = """
class Gate(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)
        {built}

    def _init_gate(self):
        init.orthogonal_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)
"""


def messages(folder: Path, files: dict[str, str]) -> list[str]:
    return [message for _, _, message in findings_in_project(folder, "INI106", files)]


def helper(more: str = "", imported: str = "") -> str:
    return HELPER.format(more=indent(dedent(more), "    ").lstrip(), imported=imported)


def layer(built: str) -> str:
    return LAYER.format(built=built)


@pytest.mark.parametrize(
    ("built", "after", "reported"),
    [
        ("self._init_gate()", "", ["small_weights"]),
        ("self._init_gate()", "# small_weights took its place", ["small_weights"]),
        ("pass", "", ["_init_gate", "small_weights"]),
        ("self._init_gate", "", ["_init_gate", "small_weights"]),
        ("pass", "Gate(8)._init_gate()", ["small_weights"]),
        ("pass", "Gate(8).apply(small_weights)", ["_init_gate"]),
    ],
)
def test_an_init_of_the_same_file(tmp_path: Path, built: str, after: str, reported: list[str]) -> None:
    """Where one of the two is used, the other one is left over."""
    found = " ".join(messages(tmp_path, {"net.py": helper(f"{layer(built)}\n\n{after}")}))
    leftover = [] if "_init_gate()" in built + after or "apply" in after else reported
    assert [name for name in ("_init_gate", "small_weights") if f"`{name}`" in found] == leftover


TWO = """
    import torch.nn as nn

    def small_weights(m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, 0.0, 0.1)

    class Actor(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def init_weights(self):
            nn.init.orthogonal_(self.fc.weight)

        def forward(self, x):
            return self.fc(x)

    class Critic(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 1)
            {critic}

        def forward(self, x):
            return self.fc(x)

    def build():
        net = {built}()
        {applied}
        return net
"""


@pytest.mark.parametrize(
    ("critic", "built", "applied", "other", "reported"),
    [
        ("pass", "Critic", "net.apply(small_weights)", "", True),
        ("pass", "Actor", "net.apply(small_weights)", "", False),
        ("self.apply(small_weights)", "Actor", "pass", "", True),
        ("pass", "Actor", "pass", "from net import Actor, small_weights\nActor().apply(small_weights)\n", False),
        ("pass", "Actor", "pass", "from net import Critic, small_weights\nCritic().apply(small_weights)\n", True),
    ],
)
def test_a_function_that_is_used_for_another_class(
    tmp_path: Path, critic: str, built: str, applied: str, other: str, reported: bool
) -> None:
    text = TWO.format(critic=critic, built=built, applied=applied)
    found = messages(tmp_path, {"net.py": text, "other.py": other})
    assert any("`init_weights`" in message for message in found) is reported


SCRIPT = """
    import torch.nn as nn
    {imported}

    def start_values(model):
        for p in model.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)

    if __name__ == "__main__":
        net = {built}
        net.train()
"""
PARTS = f"""
import torch.nn as nn
from torch.nn import init

{layer("self._init_gate()")}

class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
"""
MODELS = """
import torch.nn as nn
from parts import Gate, Plain

class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Gate(4) for _ in range(3)])

class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Plain() for _ in range(3)])

class Heir(Deep):
    pass
"""


@pytest.mark.parametrize(
    ("imported", "built", "reported"),
    [
        ("from models import Deep", "Deep()", False),
        ("import models", "models.Deep().cuda()", False),
        ("from models import Heir", "Heir()", False),
        ("from models import Flat", "Flat()", True),
        ("from models import Deep, Flat", "nn.Sequential(Deep(), Flat())", True),
        ("from theirs import Deep", "Deep()", True),
    ],
)
def test_a_script_whose_models_initialize_themselves(tmp_path: Path, imported: str, built: str, reported: bool) -> None:
    files = {"run.py": SCRIPT.format(imported=imported, built=built), "models.py": MODELS, "parts.py": PARTS}
    assert bool(messages(tmp_path, files)) is reported


@pytest.mark.parametrize(
    ("other", "reported"),
    [
        ("Gate(8).apply(small_weights)", False),
        ("small_weights", True),
        ("", True),
    ],
)
def test_a_copy_of_a_function_that_another_file_uses(tmp_path: Path, other: str, reported: bool) -> None:
    files = {"tools.py": helper(), "model.py": dedent(helper(f"{layer('pass')}\n\n{other}"))}
    assert bool(messages(tmp_path, files)) is reported


MAKER = """
    import torch
    import torch.nn as nn

    def {name}(shape, std=1.0):
        return {made}

    def small_weights(m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, 0.0, 0.1)
"""


@pytest.mark.parametrize(
    ("name", "made", "use", "reported"),
    [
        ("init_values", "torch.randn(shape) * std", "init_values((3, 4))", False),
        ("init_values", "torch.randn(shape) * std", "", True),
        ("init_seeds", "torch.manual_seed(shape)", "init_seeds(3)", True),
        ("noise", "torch.randn(shape) * std", "noise((3, 4))", True),
    ],
)
def test_a_function_of_the_file_that_makes_initial_values(
    tmp_path: Path, name: str, made: str, use: str, reported: bool
) -> None:
    net = f"import torch.nn as nn\nfrom tools import {name}\n\nclass Net(nn.Module): ...\n\n{use}\n"
    assert bool(messages(tmp_path, {"tools.py": MAKER.format(name=name, made=made), "net.py": net})) is reported


METHOD = """
    import torch.nn as nn
    from heads import Head, Plain

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)
            self.head = {head}

        def init_weights(self):
            {body}

        def forward(self, x):
            return self.head(self.fc(x))
"""
HEADS = """
import torch.nn as nn

class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(8, 2)
        nn.init.normal_(self.out.weight, std=0.01)

class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(8, 2)
"""
WALK = "for m in self.modules():\n                if isinstance(m, nn.Linear): nn.init.kaiming_normal_(m.weight)"
UNUSED = "`init_weights` initializes weights, but nothing in the project calls it or passes it on"
WRITE = "write `self.init_weights()` at the end of `__init__`"


@pytest.mark.parametrize(
    ("head", "body", "advice"),
    [
        ("Head()", WALK, "; a call would also overwrite the init that `Head` has"),
        ("Plain()", WALK, f"; {WRITE}"),
        ("Head()", "nn.init.kaiming_normal_(self.fc.weight)", f"; {WRITE}"),
        (
            "Plain()",
            "self.fc.weight.data.normal_(0, 0.1); self.fc.bias.data.zero()",
            f", and a call would raise: a tensor has no `zero` (AttributeError), but `zero_`; correct that, then {WRITE}",
        ),
        (
            "Plain()",
            "nn.init.orthogonal_(self.fc.weight); self.head.out.weight.xavier_uniform_()",
            f", and a call would raise: a tensor has no `xavier_uniform_` (AttributeError), but "
            f"`nn.init.xavier_uniform_`; correct that, then {WRITE}",
        ),
        (
            "Plain()",
            "nn.init.orthogonal_(self.fc.weight)\n            nn.init.xavier_uniform_(self.fc.bias)",
            f", and a call would raise: see line 12; correct that, then {WRITE}",
        ),
        (
            "nn.Linear(8, 2, bias=False)",
            "nn.init.orthogonal_(self.fc.weight)\n            self.head.bias.data.fill_(0.0)",
            f", and a call would raise: see line 12; correct that, then {WRITE}",
        ),
        (
            "Plain()",
            "if self.fc.bias: nn.init.zeros_(self.fc.bias)",
            f", and a call would raise: see line 11; correct that, then {WRITE}",
        ),
        ("Plain()", "if self.fc.bias is not None: nn.init.zeros_(self.fc.bias)", f"; {WRITE}"),
        ("Plain()", "nn.init.orthogonal_(self.fc.weight); self.dist.uniform(0, 1)", f"; {WRITE}"),
        (
            "Plain()",
            "nn.init.orthogonal_(self.fc.weight)\n            try: self.fc.bias.data.zero()\n"
            "            except AttributeError: pass",
            f"; {WRITE}",
        ),
    ],
)
def test_what_the_missing_call_would_do(tmp_path: Path, head: str, body: str, advice: str) -> None:
    files = {"net.py": METHOD.format(head=head, body=body), "heads.py": HEADS}
    assert messages(tmp_path, files) == [f"{UNUSED}{advice}"]


def test_a_function_for_models_with_an_init_of_their_own(tmp_path: Path) -> None:
    plain = HEADS[: HEADS.index("class Head")] + HEADS[HEADS.index("class Plain") :]
    (message,) = messages(tmp_path / "plain", {"tools.py": helper(), "heads.py": plain})
    assert message.endswith("; write `model.apply(small_weights)` where the model is built")
    (message,) = messages(tmp_path / "own", {"tools.py": helper(), "heads.py": HEADS})
    assert message.endswith("; a call would also overwrite the init that `Head` has")
