"""The tracer ends on every file, soon, and says what it gave up."""

from __future__ import annotations

import time
from textwrap import dedent, indent

import pytest

import initlint
from initlint.graph.model import FileGraph, Forward, ModelGraph
from initlint.project.reading import parse_source
from initlint.project.settings import Settings
from initlint.tracers.static.machine.interpreter import MAX_STEPS
from initlint.tracers.static.project import Project
from tests.support.fixing import findings_of

HEADER = "import torch\nimport torch.nn as nn\n"
INIT = "def __init__(self):\n    super().__init__()\n    self.fc = nn.Linear(4, 4)"


def graph(code: str) -> FileGraph:
    return Project().graph(parse_source("net.py", (HEADER + dedent(code)).encode()))


def model(constructor: str, forward: str = "return self.fc(x)") -> ModelGraph:
    """The graph of a model with a layer `fc` and what `constructor` adds."""
    body = "self.fc = nn.Linear(4, 4)\n" + dedent(constructor).strip("\n")
    methods = f"def __init__(self):\n    super().__init__()\n{indent(body, '    ')}\n"
    methods += f"def forward(self, x):\n{indent(dedent(forward).strip(chr(10)), '    ')}\n"
    (made,) = graph("class Net(nn.Module):\n" + indent(methods, "    ")).models
    return made


def test_steps_are_limited() -> None:
    made = model("for a in range(1000):\n    for b in range(1000):\n        c = a + b")
    assert "too many steps" in made.incomplete
    assert "fc" in made.by_path


def test_a_forward_that_is_too_long_is_not_half_told() -> None:
    made = model(
        "pass", "x = self.fc(x)\nfor a in range(1000):\n    for b in range(1000):\n        x = x + a\nreturn x"
    )
    assert "too many steps in forward" in made.incomplete
    assert made.by_path["fc"].followed_by == ()


LONG = "x = self.fc(x)\nfor a in range(1000):\n    for b in range(1000):\n        x = x + a\nreturn x"


def test_what_stands_beside_a_forward_that_is_too_long_is_not_run_in_its_place() -> None:
    encode = "\ndef encode(self, x):\n    return self.fc(x).relu()"
    shared = f"class Net(nn.Module):\n{indent(INIT + encode, '    ')}\n"
    assert graph(shared).models[0].by_path["fc"].followed_by != ()
    (made,) = graph(shared + indent(f"def forward(self, x):\n{indent(LONG, '    ')}\n", "    ")).models
    assert "too many steps in forward" in made.incomplete
    assert made.by_path["fc"].followed_by == ()


def test_a_forward_that_is_too_long_is_not_run_as_far_for_each_model() -> None:
    body = INIT + f"\ndef forward(self, x):\n{indent(LONG, '    ')}\n"
    classes = "".join(f"class Net{n}(Base):\n    def __init__(self):\n        super().__init__()\n" for n in range(9))
    project = Project()
    code = HEADER + "class Base(nn.Module):\n" + indent(body, "    ") + classes
    found = project.graph(parse_source("net.py", code.encode()))
    assert [one.name for one in found.models] == ["Base", *(f"Net{n}" for n in range(9))]
    assert MAX_STEPS < project._interpreter.total_steps < 3 * MAX_STEPS


@pytest.mark.parametrize("parameter", ["x", "x: torch.Tensor", "x: dict[str, torch.Tensor]", "x=None", "x: Batch"])
def test_a_method_that_takes_data_stands_in_for_a_forward(parameter: str) -> None:
    (made,) = graph(f"class Net(nn.Module):\n{indent(INIT, '    ')}\n    def act(self, {parameter}): ...\n").models
    assert made.forward is Forward.UNKNOWN


@pytest.mark.parametrize(
    "parameter",
    ["on: bool", "size: int = 3", "dtype: torch.dtype = torch.float8_e4m3fn", "op: Callable[..., int] | None = None"],
)
def test_a_method_that_takes_settings_does_not(parameter: str) -> None:
    (made,) = graph(f"class Net(nn.Module):\n{indent(INIT, '    ')}\n    def act(self, {parameter}): ...\n").models
    assert made.forward is Forward.MISSING


def test_long_loops_are_not_unrolled() -> None:
    made = model("self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(5_000))")
    assert any(reason.startswith("a loop of more than") for reason in made.incomplete)
    assert len(made.layers) < 10


def test_thousands_of_parts_of_an_interrupted_constructor_make_few_graphs() -> None:
    loops = " ".join(["for _ in range(unknown)"] * 50)
    models = graph(f"""
        import copy
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                part = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
                self.parts = nn.ModuleList([copy.deepcopy(part) {loops}])
    """).models
    assert 2 < len(models) <= 200
    assert any(reason.startswith("more than 200 modules") for reason in models[0].incomplete)


def test_of_many_models_the_first_of_each_class_is_looked_at() -> None:
    models = graph("""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 4)
        probes = [nn.Linear(64, 2) for _ in range(250)]
        net = Net()
    """).models
    assert "fc" in {layer.path for model in models if model.name == "Net" for layer in model.layers}


def test_a_recursion_that_adds_to_one_list_under_conditions_ends() -> None:
    project = Project()
    code = HEADER + dedent("""
        import os
        def find(folder, names):
            for root, subfolders, files in sorted(os.walk(folder)):
                for name in files:
                    if name.endswith(".png"):
                        names.append(os.path.join(root, name))
                for subfolder in subfolders:
                    find(os.path.join(root, subfolder), names)
            return names
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, len(find("data", [])))
    """)
    project.graph(parse_source("net.py", code.encode()))
    assert project._interpreter.total_steps < 5 * MAX_STEPS


def test_recursion_with_a_known_end_is_followed() -> None:
    (made,) = graph("""
        def build(depth):
            return nn.Linear(depth, depth) if depth == 3 else build(depth + 1)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = build(1)
    """).models
    assert made.by_path["fc"].arguments["in_features"] == 3


def test_a_keyword_that_is_called_after_an_init_makes_no_variant_worth_a_run() -> None:
    variants = "".join(
        f"def net{n}(**options):\n    return Net(**dict(dict(width={n}, init_values=1e-5), **options))\n"
        for n in range(50)
    )
    made = graph(
        "class Net(nn.Module):\n"
        "    def __init__(self, width, init_values=None):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(width, width)\n"
        "        nn.init.zeros_(self.fc.weight)\n"
        "    def forward(self, x):\n"
        "        return self.fc(x)\n" + variants
    ).models
    assert 0 < len(made) < 5


HOSTILE = {
    "deep sum": "w = " + "+".join(["1"] * 900),
    "deep brackets": "w = " + "(" * 150 + "1" + ")" * 150,
    "deep unary": "w = " + "not " * 600 + "1",
    "deep attributes": "w = torch" + ".a" * 600,
    "deep target": "torch" + ".a" * 600 + " = 1",
    "deep calls": "w = torch" + ".a()" * 300,
    "deep import": "from torch import nn as n\nn.init.xavier_uniform(w" + ".a" * 600 + ")",
    "long chain of elif": "if a == 0:\n    b = 0\n" + "".join(f"elif a == {n}:\n    b = {n}\n" for n in range(800)),
    "while true": "while True:\n    w = 1",
    "while true inside": "while True:\n    while True:\n        while True:\n            w = 1",
    "mutual recursion": "def f(x):\n    return g(x) + g(x)\ndef g(x):\n    return f(x) + f(x)\nf(1)",
    "branching recursion": "def f(x):\n    if x.a:\n        return f(x.b)\n    return f(x.c)\nf(torch)",
    "class of itself": "class Net(Net):\n    pass\nNet()",
    "classes of each other": "class A(B):\n    pass\nclass B(A):\n    pass\nB()",
    "default that needs itself": "def f(x=f()):\n    return x\nf()",
    "property of itself": "class A:\n    @property\n    def b(self):\n        return self.b\nA().b",
    "list in itself": "x = []\nx.append(x)\nnn.Linear(x, x)\nprint(x, *x)",
    "object in itself": "class A:\n    def __init__(self):\n        self.me = self\nnn.init.zeros_(A())",
    "module in itself": "a = nn.Sequential()\na.append(a)\na.apply(print)\na(torch.ones(1))",
    "list extended by itself": "x = [1]\nx += x\nx.extend(x)",
    "loop that feeds itself": "x = [1]\nfor y in x:\n    x.append(y)",
    "power of powers": "w = 9 ** 9 ** 9",
    "squares": "w = 10\nfor _ in range(60):\n    w *= w",
    "doubled text": "s = 'a'\nfor _ in range(60):\n    s = s + s",
    "doubled formatted text": "s = 'a'\nfor _ in range(60):\n    s = f'{s}{s}'",
    "replaced text": "s = 'aa'\nfor _ in range(60):\n    s = s.replace('a', s)",
    "joined text": "s = 'aa'\nfor _ in range(60):\n    s = s.join([s] * 9)",
    "doubled list": "x = [1]\nfor _ in range(60):\n    x = x + x",
    "doubled tuple": "x = (1,)\nfor _ in range(60):\n    x = (*x, *x)",
    "nested twice": "x = 1\nfor _ in range(60):\n    x = (x, x)\nprint(x)\nd = {x: 1}\nnn.Linear(x, x)",
    "nested by append": "x = []\nfor _ in range(60):\n    y = []\n    y.append(x)\n    y.append(x)\n    x = y\nprint(x)",
    "nested in dictionaries": "x = {}\nfor _ in range(60):\n    x = {'a': x, 'b': x}\nprint(x)\nnn.Linear(x, x)",
    "wide text": "s = '{:>999999999}'.format(1)\nt = '%999999999d' % 1\nu = 'a'.zfill(10 ** 9)",
    "long range": "w = range(10 ** 30)\nlen(w)\nlist(range(10 ** 9))",
    "hopeless pattern": "import re\nre.sub('(a+)+$', '', 'a' * 60 + 'b')",
    "large root": "import math, torch\nw = math.sqrt(10 ** 400)\nv = torch.sqrt(10 ** 400)\nu = float(10 ** 400)",
    "large factor": "w = nn.Parameter(torch.randn(3) * 10 ** 400 / 0)",
    "large gain": "g = nn.init.calculate_gain('leaky_relu', 10 ** 400)",
    "step of zero": "x = [1, 2][::0]\ny = (1, 2)[::0]\nz = nn.Sequential()[::0]",
    "endless generator": "def g():\n    while True:\n        yield 1\nx = list(g())\na, *b = g()",
}


IN_FORWARD = {
    f"{name}, in forward": "class Net(nn.Module):\n    def forward(self, x):\n"
    + indent(code, "        ")
    + "\n        return x"
    for name, code in HOSTILE.items()
    if not name.startswith("deep")
}


@pytest.mark.parametrize("code", [*HOSTILE.values(), *IN_FORWARD.values()], ids=[*HOSTILE, *IN_FORWARD])
def test_hostile_code_ends_soon(code: str) -> None:
    source = parse_source("net.py", (HEADER + code).encode())
    started = time.process_time()
    found = Project().graph(source)
    assert found.source is source
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "body",
    [
        "def forward(self, x):\n        self.apply(self.apply)\n        return x",
        "def reset(self, m=None):\n        self.apply(self.reset)\n\n    def forward(self, x):\n"
        "        self.apply(lambda m: m.apply(self.reset))\n        return self.net(x)",
        "def forward(self, x):\n        self.net.apply(lambda m: self.net.apply(lambda n: self.forward(x)))\n        return x",
    ],
)
def test_apply_within_itself_ends(body: str) -> None:
    source = (
        "import torch.nn as nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.net = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(12)])\n\n    {body}\n"
    )
    result = initlint.check_source(source)
    assert not result.failures
    assert any("`apply` that calls itself" in line for line in result.not_followed)


@pytest.mark.parametrize(
    "repeated",
    [
        "self.n = len(list(self.modules()))",
        "self.n = [name for name, p in self.layers.named_parameters()][:1]",
        "for child in self.layers.children():\n        break",
        "initialize_all(self.layers)",
        "self.copy = copy.deepcopy(self.layers)",
        "self.layers.apply(lambda m: isinstance(m, nn.Linear) and nn.init.zeros_(m.weight))",
        "self.layers.apply(lambda m: m.children())",
    ],
)
def test_work_that_evaluates_no_code_costs_steps(repeated: str) -> None:
    """A loop of four thousand rounds over a thousand layers."""
    body = "self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(1000)])\nfor i in range({}):\n    {}"
    begin = time.process_time()
    model(body.format(4000, "for j in range(4000):\n        self.n = j"))
    ordinary = time.process_time() - begin
    begin = time.process_time()
    made = model(body.format(4000, repeated))
    assert time.process_time() - begin < 10 * ordinary
    assert "too many steps" in made.incomplete
    assert "layers.7" in made.by_path


@pytest.mark.parametrize(
    "part", ["[self, nn.ReLU()]", "[nn.ReLU(), self, nn.ReLU(), self]", "[nn.Sequential(self, nn.Tanh()), self]"]
)
def test_a_model_that_contains_itself_costs_as_much_as_a_loop(part: str) -> None:
    code = f"""
class Net(nn.Module):
    def __init__(self, p):
        super().__init__()
        parts = []
        for _ in range(8):
            parts += {part}
            if p > 0:
                parts.append(nn.Dropout(p))
        self.net = nn.Sequential(*parts)

    def forward(self, x):
        return self.net(x)

net = Net(float(input()))
net(torch.randn(8, 39))
"""
    begin = time.process_time()
    model("for i in range(4000):\n    for j in range(4000):\n        self.n = j")
    ordinary = time.process_time() - begin
    begin = time.process_time()
    graph(code)
    assert time.process_time() - begin < 10 * ordinary


def test_branches_around_repeated_layers_are_searched_once_for_a_file() -> None:
    part = """
class Net{number}(nn.Module):
    def __init__(self, c):
        super().__init__()
        if c:
            layer = nn.Linear(8, 8)
            self.layers = nn.Sequential(*[{item} for _ in range(4)])
        else:
            self.layers = nn.Identity()

    def forward(self, x):
        return self.layers(x)
"""
    taken = []
    for item in ("nn.Linear(8, 8)", "layer"):
        code = "".join(part.format(number=number, item=item) for number in range(300))
        begin = time.process_time()
        found = graph(code)
        taken.append(time.process_time() - begin)
    assert all(len(one.identical) == 1 for one in found.models)
    assert taken[1] < 3 * taken[0]


@pytest.mark.parametrize(
    "shared",
    [
        "self.fc.weight.data = self.layers[0].weight.data",
        "for a, b in zip(self.layers, self.layers[1:]):\n            a.weight.data = b.weight.data",
        "for layer in self.layers:\n            layer.weight.data = self.fc.weight.data",
    ],
)
def test_memory_that_is_shared_again_and_again_costs_as_much_as_a_loop(shared: str) -> None:
    """Two loops of a hundred rounds each over a hundred layers or fewer."""
    body = "self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(100)])\n"
    body += "for i in range(100):\n    for j in range(100):\n        {}"
    begin = time.process_time()
    model("for i in range(4000):\n    for j in range(4000):\n        self.n = j")
    ordinary = time.process_time() - begin
    begin = time.process_time()
    made = model(body.format(shared))
    assert time.process_time() - begin < 10 * ordinary
    assert not made.by_path["layers.0"].last_write_is_certain()


def test_sizes_and_factors_that_no_float_holds_are_unknown() -> None:
    large = "1" + "0" * 400
    code = f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, {large})
        self.b = nn.Linear({large}, 64)
        self.c = nn.Linear(64, 2)
        nn.init.orthogonal_(self.a.weight)
        nn.init.xavier_uniform_(self.b.weight)
        nn.init.normal_(self.b.bias, std={large})

    def forward(self, x):
        return self.c(torch.relu(self.b(torch.relu(self.a(x) * {large}))))
"""
    found = initlint.check_source(HEADER + code, settings=Settings(select=("ALL",))).diagnostics
    assert "INI301" in [one.code for one in found]


@pytest.mark.parametrize("call", ["path.replace('a', 'b')", "path.format(1)", "(3).format(1)", "path.join(['a'])"])
def test_methods_that_a_constant_does_not_have(call: str) -> None:
    source = f"""
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, path=None):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.name = {call}
        nn.init.eye_(self.fc.bias)

    def forward(self, x):
        return self.fc(x)
"""
    assert [found.code for found in findings_of(source, ("INI101",))] == ["INI101"]
