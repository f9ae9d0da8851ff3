"""Classes behind `nn.Module` in the method resolution order, attributes that a decorator sets, and `hasattr` of a dict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of

CHAIN = """
        self.one = nn.Linear(64, 64)
        self.two = nn.Linear(64, 64)
        self.three = nn.Linear(64, 4)
        for layer in (self.one, self.two):
            init.xavier_normal_(layer.weight)

    def forward(self, x):
        return self.three(self.two(self.one(x).relu()).relu())
"""

READ_ONLY = """
class Named:
    def __getattr__(self, name):
        raise AttributeError(name)

    def __init__(self):
        raise NotImplementedError

    def apply(self, function):
        raise NotImplementedError

    def restart(self):
        init.zeros_(self.one.weight)
"""


@pytest.mark.parametrize("bases", ["nn.Module, Named", "Root, Named", "Named, nn.Module"])
def test_module_hides_the_methods_of_classes_behind_it(tmp_path: Path, bases: str) -> None:
    program = f"{READ_ONLY}\nclass Root(nn.Module):\n    pass\n\n\nclass Net({bases}):\n    def __init__(self):\n"
    found = codes_of(tmp_path, f"{program}        super().__init__()\n{CHAIN}")
    assert ("INI301" in found) is bases.startswith(("nn.Module", "Root"))


def test_module_does_not_hide_what_it_lacks(tmp_path: Path) -> None:
    program = f"{READ_ONLY}\nclass Net(nn.Module, Named):\n    def __init__(self):\n        super().__init__()\n{CHAIN}"
    restarted = program.replace("    def forward", "        self.restart()\n\n    def forward")
    assert codes_of(tmp_path, restarted) != {"INI301"}


@pytest.mark.parametrize("chains", [False, True])
def test_a_constructor_behind_module_runs_only_where_the_class_asks_for_it(tmp_path: Path, chains: bool) -> None:
    program = f"""
class Zeroed:
    def __init__(self):
        super().__init__()
        self.start = init.zeros_


class Net(nn.Module, Zeroed):
    call_super_init = {chains}

    def __init__(self):
        super().__init__()
        self.one = nn.Linear(64, 64)
        self.two = nn.Linear(64, 4)
        init.zeros_(self.one.bias)
        getattr(self, "start", init.kaiming_normal_)(self.one.weight)

    def forward(self, x):
        return self.two(self.one(x).relu())
"""
    if not chains:
        program = program.replace("    call_super_init = False\n\n", "")
    assert codes_of(tmp_path, program) == ({"INI201"} if chains else set())


SETTINGS = """
import functools


def keeps_settings(constructor):
    @functools.wraps(constructor)
    def inner(self, *args, **kwargs):
        given = {name: value for name, value in kwargs.items() if not name.startswith("_")}
        self.__dict__["settings"] = given
        constructor(self, *args, **kwargs)
        return None

    return inner


class Base(nn.Module):
    def __getattr__(self, name):
        if name in self.__dict__:
            return self.__dict__[name]
        return super().__getattr__(name)


class Net(Base):
    @keeps_settings
    def __init__(self, width=64):
        super().__init__()
        self.one = nn.Linear(width, 64)
        self.two = nn.Linear(64, 4)
        self.scale = self.settings.get("scale", 1)
        init.xavier_normal_(self.one.weight)

    def forward(self, x):
        return self.two(self.one(x).relu())
"""


def test_a_decorator_of_the_constructor_may_set_attributes(tmp_path: Path) -> None:
    assert codes_of(tmp_path, SETTINGS) == {"INI301"}


@pytest.mark.parametrize(
    ("test", "runs"),
    [
        ('hasattr(self.table, "one")', False),
        ('hasattr(self.names, "one")', False),
        ('hasattr(self.table, "items")', True),
        ('hasattr(self.names, "append")', True),
        ('hasattr(self.table, "append")', False),
    ],
)
def test_hasattr_of_a_container(tmp_path: Path, test: str, runs: bool) -> None:
    program = f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.names = dict(one=1), ["one"]
        self.one = nn.Linear(64, 64)
        self.two = nn.Linear(64, 4)
        init.xavier_normal_(self.one.weight)
        if {test}:
            init.kaiming_normal_(self.one.weight)

    def forward(self, x):
        return self.two(self.one(x).relu())
"""
    assert ("INI301" in codes_of(tmp_path, program)) is not runs


def test_hasattr_of_a_private_name_is_not_that_of_the_attribute(tmp_path: Path) -> None:
    program = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.__ready = True
        self.one = nn.Linear(64, 64)
        self.two = nn.Linear(64, 4)
        init.kaiming_normal_(self.one.weight)
        if hasattr(self, "__ready"):
            init.xavier_normal_(self.one.weight)

    def forward(self, x):
        return self.two(self.one(x).relu())
"""
    assert codes_of(tmp_path, program) == set()


@pytest.mark.parametrize(
    ("test", "runs"),
    [
        ('hasattr(self.one.weight, "is_ready")', None),
        ('getattr(self.one.weight, "is_ready", False)', None),
        ('not getattr(self.one.weight, "is_ready", False)', None),
        ('getattr(self.one.weight, "data", None) is not None', True),
        ('hasattr(self.one.weight, "normal_")', True),
        ('hasattr(self.one.weight, "requires_grad")', True),
        ('getattr(dict(two=1), "one", None)', False),
        ('not getattr(["one"], "one", None)', True),
    ],
)
def test_an_attribute_of_a_tensor_or_container(tmp_path: Path, test: str, runs: bool | None) -> None:
    program = f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(64, 64)
        self.two = nn.Linear(64, 4)
        init.{{first}}(self.one.weight)
        if {test}:
            init.{{second}}(self.one.weight)

    def forward(self, x):
        return self.two(self.one(x).relu())
"""
    for first, second in (("xavier_normal_", "kaiming_normal_"), ("kaiming_normal_", "xavier_normal_")):
        folder = tmp_path / first
        folder.mkdir()
        found = codes_of(folder, program.format(first=first, second=second))
        assert ("INI301" in found) is (runs is not None and (second if runs else first) == "xavier_normal_")
