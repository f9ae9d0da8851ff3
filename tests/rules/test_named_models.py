"""Findings about statements and attributes of one class name the models that run or hold them, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixing import findings_of

LOSSES = """import torch
from torch import nn


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(10.0))

    def bounded(self):
        self.scale.clamp(1e-6)
        return self.scale


class First(Base):
    def forward(self, x):
        torch.clamp(self.scale, 0.1)
        return x * self.scale


class Second(Base):
    def forward(self, x):
        torch.clamp(self.scale, 0.2)
        return x * self.bounded()


class Third(Base):
    def forward(self, x):
        return x * self.bounded()


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = First()

    def forward(self, x):
        return self.first(x)


def shrink(weight):
    weight.mul(0.5)

"""

ROOTS = {"0.1": "`First`", "0.2": "`Second`", "1e-06": "`Second` and 1 more model"}


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "use",
    [
        "",
        "def build():\n    first, second, third = First(), Second(), Third()\n    return third",
        "first, second, third = First(), Second(), Third()",
        "def train(x=None):\n    for loss in (Second(), First(), Third()):\n        loss(torch.randn(3)).backward()",
    ],
)
def test_models_that_run_a_statement(use: str) -> None:
    text = LOSSES.replace("class Whole", "class _Unused").replace("self.first = First()", "self.first = nn.Tanh()")
    found = {d.message.partition(")` ")[0].rpartition("(")[2]: d.message for d in findings_of(text + use, ("INI105",))}
    named = {key.rpartition(", ")[2]: text.partition(": ")[0] for key, text in found.items() if "self" in text}
    assert named == {key: f"in {models}" for key, models in ROOTS.items()}


def test_a_model_runs_the_statements_of_its_parts() -> None:
    found = findings_of(f"{LOSSES}whole, other = Whole(), Third()\n", ("INI105",))
    (first,) = (d for d in found if "0.1" in d.message)
    assert first.message.startswith("in `Whole`: ")


def test_a_function_names_all_models_of_its_caller() -> None:
    found = findings_of(f"{LOSSES}whole, other = Whole(), Third()\nshrink(other.scale)\n", ("INI105",))
    (shrunk,) = (d for d in found if "0.5" in d.message)
    assert shrunk.message.endswith("`weight.mul(0.5)` changes no parameter: it returns a new object, which is dropped")


LISTS = """import torch
from torch import nn


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return torch.tanh(self.fc(x))


class Holder(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = [Small() for _ in range(3)]
{own}

    def forward(self, x):
        for part in self.parts:
            x = part(x)
        return x


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.holder = Holder()
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.holder(x))


class Fresh(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 4)

    def forward(self, x):
        x = self.head(x)
        fc = nn.Linear(4, 4)
        nn.init.normal_(fc.weight)
        return fc(x)

"""


@pytest.mark.parametrize("own", ["", "        self.head = nn.Linear(4, 4)"])
@pytest.mark.parametrize("use", ["", "holder, small = Holder(), Small()", "def build():\n    return Holder(), Small()"])
def test_the_class_that_holds_a_list(own: str, use: str) -> None:
    text = LISTS.replace("{own}", own).replace("class Outer(nn.Module)", "class Outer")
    found = [d for d in findings_of(text + use, ("INI111",)) if "parts" in d.message]
    assert [d.model for d in found] == ["Holder"]
    assert found[0].message.startswith("`parts` of `Holder` is a plain list")


def test_the_model_around_a_list() -> None:
    text = LISTS.replace("{own}", "") + "outer, small = Outer(), Small()\n"
    (found,) = (d for d in findings_of(text, ("INI111",)) if "parts" in d.message)
    assert found.message.startswith("in `Outer`: `parts` of `Holder` is a plain list")


def test_a_layer_that_forward_makes() -> None:
    text = LISTS.replace("{own}", "") + "fresh, small = Fresh(), Small()\n"
    (found,) = (d for d in findings_of(text, ("INI111",)) if "forward" in d.message)
    assert found.model == "Fresh"
