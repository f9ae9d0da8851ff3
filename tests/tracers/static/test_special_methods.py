"""Special methods of the project's classes: what Python calls for operators, attributes, classes and built-in functions.

The expected values are those that torch shows for the same statements.
"""

from __future__ import annotations

import pytest

from tests.support.whole_models import models_of

OBJECT = """\
class Object:
    def __init__(self, layer):
        self.layer = layer

    def {method}:
        nn.init.zeros_(self.layer.weight)
        return {result}
"""
SOURCE = """\
import copy

{definitions}

class Net({base}):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        {statement}

    def forward(self, x):
        return self.second(self.first(x).relu())
"""


def _write(definitions: str, statement: str = "pass", base: str = "nn.Module", path: str = "first") -> str:
    """The init function that the weight certainly has its values from; `default` or `unknown`."""
    source = SOURCE.replace("{definitions}", definitions).replace("{statement}", statement).replace("{base}", base)
    layer = models_of(source)["Net"].by_path[path]
    if not layer.last_write_is_certain():
        return "unknown"
    write = layer.effective_write()
    return "default" if write is None else write.initializer.rpartition(".")[2]


@pytest.mark.parametrize(
    ("use", "method", "result"),
    [
        ("str(Object(self.first))", "__str__(self)", "''"),
        ("str(Object(self.first))", "__repr__(self)", "''"),
        ("f'{Object(self.first)}'", "__str__(self)", "''"),
        ("f'{Object(self.first):x}'", "__format__(self, how)", "''"),
        ("len(Object(self.first))", "__len__(self)", "0"),
        ("if Object(self.first): pass", "__bool__(self)", "True"),
        ("not Object(self.first)", "__len__(self)", "0"),
        ("-Object(self.first)", "__neg__(self)", "0"),
        ("Object(self.first) + 1", "__add__(self, other)", "0"),
        ("1 + Object(self.first)", "__radd__(self, other)", "0"),
        ("Object(self.first) // 1", "__floordiv__(self, other)", "0"),
        ("x = Object(self.first); x |= 1", "__ior__(self, other)", "0"),
        ("Object(self.first) == 1", "__eq__(self, other)", "True"),
        ("Object(self.first) != 1", "__eq__(self, other)", "True"),
        ("1 in Object(self.first)", "__contains__(self, other)", "True"),
        ("Object(self.first)[0] = 1", "__setitem__(self, index, value)", "None"),
        ("for _ in Object(self.first): pass", "__iter__(self)", "iter(())"),
        ("next(Object(self.first))", "__next__(self)", "0"),
        ("copy.copy(Object(self.first))", "__copy__(self)", "0"),
        ("copy.deepcopy(Object(self.first))", "__deepcopy__(self, memo)", "0"),
        ("Object(self.first).anything", "__getattr__(self, name)", "0"),
    ],
)
def test_python_calls_it(use: str, method: str, result: str) -> None:
    assert _write(OBJECT.replace("{method}", method).replace("{result}", result), use) == "zeros_"


@pytest.mark.parametrize(
    ("method", "test", "written"),
    [
        ("__bool__(self): return False", "if Decider()", "default"),
        ("__len__(self): return 0", "if not Decider()", "zeros_"),
        ("__eq__(self, other): return True", "if Decider() != 3", "default"),
        ("__contains__(self, item): return False", "if 3 in Decider()", "default"),
    ],
)
def test_its_result_decides_a_test(method: str, test: str, written: str) -> None:
    definitions = f"class Decider:\n    def {method}\n"
    assert _write(definitions, f"{test}: nn.init.zeros_(self.first.weight)") == written


PROXY = "class Proxy:\n    def __init__(self, net):\n        self.net = net\n    def __getattr__(self, name):\n"
FIRST = "class First:\n    def __get__(self, holder, owner):\n        return holder.net.first\n"


@pytest.mark.parametrize(
    ("definitions", "statement"),
    [
        (f"{PROXY}        return getattr(self.net, name)\n", "nn.init.zeros_(Proxy(self).first.weight)"),
        (
            f"{FIRST}class Holder:\n    part = First()\n    def __init__(self, net):\n        self.net = net\n",
            "nn.init.zeros_(Holder(self).part.weight)",
        ),
        (
            "class Holder:\n    @property\n    def part(self): return None\n"
            "    @part.setter\n    def part(self, layer): nn.init.zeros_(layer.weight)\n",
            "Holder().part = self.first",
        ),
        (
            "class Part:\n    def __set__(self, holder, layer): nn.init.zeros_(layer.weight)\n"
            "class Holder:\n    part = Part()\n",
            "Holder().part = self.first",
        ),
        (
            "class Holder:\n    def __setattr__(self, name, layer): nn.init.zeros_(layer.weight)\n",
            "Holder().part = self.first",
        ),
        ("class Make:\n    def __new__(cls, layer): return layer\n", "nn.init.zeros_(Make(self.first).weight)"),
        (
            "class Make:\n    def __new__(cls, layer): return super().__new__(cls)\n"
            "    def __init__(self, layer): nn.init.zeros_(layer.weight)\n",
            "Make(self.first)",
        ),
        (
            "class Meta(type):\n    def __call__(cls, layer): return layer\nclass Make(metaclass=Meta): pass\n",
            "nn.init.zeros_(Make(self.first).weight)",
        ),
        (
            "class Get:\n    def __class_getitem__(cls, layer): return layer\n",
            "nn.init.zeros_(Get[self.first].weight)",
        ),
        (
            "class Base:\n    layer = None\n    def __init_subclass__(cls): nn.init.zeros_(cls.layer.weight)\n",
            "Base.layer = self.first\n        class Derived(Base): pass",
        ),
    ],
)
def test_objects_and_classes_lead_to_the_layer(definitions: str, statement: str) -> None:
    assert _write(definitions, statement) == "zeros_"


@pytest.mark.parametrize(
    "base",
    [
        "class Meta(type):\n    def __call__(cls):\n        net = super().__call__()\n"
        "        nn.init.zeros_(net.first.weight)\n        return net\nclass Base(nn.Module, metaclass=Meta): pass\n",
        "class Base(nn.Module):\n    def __init_subclass__(cls):\n        before = cls.__init__\n"
        "        def after(self):\n            before(self)\n            nn.init.zeros_(self.first.weight)\n"
        "        cls.__init__ = after\n",
        "class Base(nn.Module):\n    def __setattr__(self, name, value):\n        super().__setattr__(name, value)\n"
        "        if isinstance(value, nn.Linear): nn.init.zeros_(value.weight)\n",
    ],
)
def test_the_base_class_of_a_module_writes(base: str) -> None:
    assert _write(base, base="Base") == "zeros_"


def test_a_class_decorator_replaces_the_constructor() -> None:
    decorator = (
        "def filled(cls):\n    before = cls.__init__\n    def after(self):\n        before(self)\n"
        "        nn.init.zeros_(self.first.weight)\n    cls.__init__ = after\n    return cls\n"
    )
    source = SOURCE.replace("{definitions}", decorator).replace("{statement}", "pass").replace("{base}", "nn.Module")
    layer = models_of(source.replace("class Net", "@filled\nclass Net"))["Net"].by_path["first"]
    assert layer.effective_write() is not None


INTERCEPTING = (
    "class Base(nn.Module):\n    def __getattribute__(self, name):\n"
    "        return super().__getattribute__('second' if name == 'first' else name)\n"
)
FILLING = (
    "class Base(nn.Module):\n    def __setattr__(self, name, value):\n        super().__setattr__(name, value)\n"
    "        if name == 'third': nn.init.ones_(value.weight)\n"
)


@pytest.mark.parametrize(
    ("statement", "path"),
    [
        ("nn.init.zeros_(self.first.weight)", "second"),
        ("nn.init.zeros_(self.get_submodule('first').weight)", "second"),
        ("nn.init.zeros_(nn.Module.__getattr__(self, 'first').weight)", "first"),
        ("nn.init.zeros_(super().__getattr__('first').weight)", "first"),
        ("self.training; nn.init.zeros_(self._modules['first'].weight)", "first"),
    ],
)
def test_what_reads_the_dictionaries_of_a_module_runs_no_hook(statement: str, path: str) -> None:
    written = {name: _write(INTERCEPTING, statement, base="Base", path=name) for name in ("first", "second")}
    assert written == {"first": "default", "second": "default", path: "zeros_"}


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        ("self.third = nn.Linear(4, 4)", "ones_"),
        ("setattr(self, 'third', nn.Linear(4, 4))", "ones_"),
        ("self._modules['third'] = nn.Linear(4, 4)", "default"),
        ("self._modules.update(third=nn.Linear(4, 4))", "default"),
        ("self.add_module('third', nn.Linear(4, 4))", "default"),
    ],
)
def test_what_sets_the_dictionaries_of_a_module_runs_no_hook(statement: str, written: str) -> None:
    assert _write(FILLING, statement, base="Base", path="third") == written


@pytest.mark.parametrize(
    "statement",
    [
        "hasattr(self, 'missing')\n        nn.init.zeros_(self.first.weight)",
        "if not hasattr(self, 'missing'): nn.init.zeros_(self.first.weight)",
        "nn.init.zeros_(getattr(self, 'missing', self.first).weight)",
        "nn.init.zeros_(getattr(self, 'first', self.second).weight)",
    ],
)
def test_an_attribute_that_the_hook_does_not_find_is_missing(statement: str) -> None:
    base = "class Base(nn.Module):\n    def __getattr__(self, name):\n        return super().__getattr__(name)\n"
    assert _write(base, statement, base="Base") == "zeros_"


@pytest.mark.parametrize(
    ("listing", "statement"),
    [
        ("named_children(self): yield 'one', self.second", "nn.init.zeros_(next(self.children()).weight)"),
        ("named_modules(self): return [('one', self.second)]", "for m in self.modules(): nn.init.zeros_(m.weight)"),
        ("named_parameters(self): yield 'one', self.second.weight", "nn.init.zeros_(list(self.parameters())[0])"),
    ],
)
def test_a_listing_without_names_gives_what_the_one_with_names_does(listing: str, statement: str) -> None:
    base = f"class Base(nn.Module):\n    def {listing}\n"
    assert _write(base, statement, base="Base") == "default"
    assert _write(base, statement, base="Base", path="second") == "zeros_"


def test_the_attribute_of_a_module_may_be_another_layer() -> None:
    base = (
        "class Base(nn.Module):\n    def __getattr__(self, name):\n        found = super().__getattr__(name)\n"
        "        return super().__getattr__('second') if name == 'first' else found\n"
    )
    assert _write(base, "nn.init.zeros_(self.first.weight)", base="Base") == "default"
    assert _write(base, "nn.init.zeros_(self.first.weight)", base="Base", path="second") == "zeros_"
    assert _write(base, "nn.init.zeros_(self.second.weight)", base="Base", path="second") == "zeros_"
