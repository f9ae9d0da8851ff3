"""Init functions that nothing applies, and inits behind tests that never hold."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest
from click.testing import CliRunner

from initlint.cli.commands import cli
from initlint.tracers.references.project_index import ProjectIndex
from tests.support.reference_projects import findings_in_project

NET = """
    import torch
    import torch.nn as nn
    from theirs import Base

    {decorator}
    class Net({base}):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)
            {more}

        def {name}(self, m=None):
            nn.init.normal_(self.fc.weight)

        def forward(self, x):
            return self.fc(x)
"""


def net(more: str = "pass", name: str = "init_weights", base: str = "nn.Module", decorator: str = "") -> str:
    return NET.format(more=more, name=name, base=base, decorator=decorator)


def rows(folder: Path, files: dict[str, str], **settings: object) -> list[int]:
    return [row for _, row, _ in findings_in_project(folder, "INI106", files, **settings)]


@pytest.mark.parametrize("name", ["init_weights", "_init_weights", "reset_parameters", "initialize"])
def test_a_method_that_nothing_calls(tmp_path: Path, name: str) -> None:
    ((level, row, message),) = findings_in_project(tmp_path, "INI106", {"net.py": net(name=name)})
    assert (level, row) == ("warning", 12)
    assert message == (
        f"`{name}` initializes weights, but nothing in the project calls it or passes it on; "
        f"write `self.{name}()` at the end of `__init__`"
    )


@pytest.mark.parametrize("name", ["_reset_weights", "reset_all_layers", "reset_conv_weights", "reset_kaiming"])
def test_a_reset_of_the_whole_model_that_nothing_calls(tmp_path: Path, name: str) -> None:
    assert rows(tmp_path, {"net.py": net(name=name)}) == [12]


@pytest.mark.parametrize("name", ["_reset_likelihood", "reset_head", "reset_normalization"])
def test_a_reset_of_a_part_is_for_some_later_time(tmp_path: Path, name: str) -> None:
    assert rows(tmp_path, {"net.py": net(name=name)}) == []


@pytest.mark.parametrize(
    ("function", "call"),
    [
        ("def start(m):\n    nn.init.zeros_(m.weight)\n", "; write `model.apply(start)` where the model is built"),
        (
            "def start(net):\n    for m in net.modules():\n        nn.init.zeros_(m.weight)\n",
            "; write `start(model)` where",
        ),
        (
            "def start(net):\n    for p in model.parameters():\n        nn.init.normal_(p)\n",
            "; write `start(model)` where the model is built",
        ),
        ("def start(m, std=0.1):\n    nn.init.normal_(m.weight, std=std)\n", "; write `model.apply(start)` where"),
        (
            "def start(net):\n    for m in net:\n        if isinstance(m, nn.Linear):\n            nn.init.normal_(m.weight)\n",
            "; write `start(model)` where",
        ),
        (
            "def start(net):\n    for i, m in enumerate(net):\n        if isinstance(m, nn.Linear):\n            nn.init.normal_(m.weight)\n",
            "; write `start(model)` where",
        ),
        (
            "def start(net):\n    for m in net._modules.values():\n        if isinstance(m, nn.Linear):\n            nn.init.normal_(m.weight)\n",
            "; write `start(model)` where",
        ),
        (
            "def start(net):\n    for m in net.children():\n        if isinstance(m, nn.Linear):\n            nn.init.normal_(m.weight)\n",
            "; write `start(model)` where",
        ),
        (
            "def start(net):\n    for i in range(len(net)):\n        nn.init.normal_(net[i].weight)\n",
            "; write `start(model)` where",
        ),
        (
            "def start(nets):\n    if not isinstance(nets, (list, tuple)):\n        nets = [nets]\n    for net in nets:\n        for m in net.modules():\n            nn.init.normal_(m.weight)\n",
            "; write `start(model)` where",
        ),
        (
            "def start(m):\n    if isinstance(m, nn.Sequential):\n        for layer in m:\n            nn.init.normal_(layer.weight)\n",
            "; write `model.apply(start)` where",
        ),
        (
            "def start(m):\n    for p in [m.weight, m.bias]:\n        nn.init.normal_(p)\n",
            "; write `model.apply(start)` where",
        ),
        (
            "def start(m):\n    for i in range(m.num_layers):\n        nn.init.normal_(m.weights[i])\n",
            "; write `model.apply(start)` where",
        ),
        ("def start(m, std):\n    nn.init.normal_(m.weight, std=std)\n", "passes it on"),
        (
            "class Part(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(4, 4)\n"
            "    def start(self, m):\n        nn.init.zeros_(m.weight)\n    def forward(self, x):\n        return self.fc(x)\n",
            "; write `self.apply(self.start)` at the end of `__init__`",
        ),
    ],
)
def test_the_message_says_what_to_write(tmp_path: Path, function: str, call: str) -> None:
    text = f"import torch.nn as nn\n\nclass Net(nn.Module): ...\n\n{function}".replace("start", "init_other_weights")
    ((_, _, message),) = findings_in_project(tmp_path, "INI106", {"net.py": text})
    assert call.replace("start", "init_other_weights") in message
    assert ("; write" in message) == ("; write" in call)


@pytest.mark.parametrize(
    ("more", "row"),
    [("self.init_weights", 10), ("# the init_weights\n            pass", 13), ("print('no init_weights here')", 12)],
)
def test_what_is_no_call(tmp_path: Path, more: str, row: int) -> None:
    assert rows(tmp_path, {"net.py": net(more)}) == [row]


@pytest.mark.parametrize(
    "more",
    [
        "self.init_weights()",
        "self.apply(self.init_weights)",
        "getattr(self, 'init_weights')()",
        "getattr(self, f'init_{kind}')()",
        "nn.init.zeros_(self.fc.weight)",
        "self.init_other()\n\n        def init_other(self):\n            nn.init.zeros_(self.fc.weight)",
    ],
)
def test_what_the_class_does(tmp_path: Path, more: str) -> None:
    assert rows(tmp_path, {"net.py": net(more)}) == []


@pytest.mark.parametrize(
    ("other", "reported"),
    [
        ("from net import Net\nNet().init_weights()\n", False),
        ("class Trainer:\n    def run(self, model):\n        model.init_weights()\n", False),
        ("from net import Net\nclass Two(Net):\n    def run(self):\n        self.init_weights()\n", False),
        ("HOOK = 'init_weights'\n", False),
        ("def init_weights(m):\n    pass\ninit_weights(None)\n", True),
        (
            "class Two:\n    def init_weights(self):\n        pass\n    def run(self):\n        self.init_weights()\n",
            True,
        ),
        ("def f():\n    '''Calls init_weights on nothing.'''\n", True),
    ],
)
def test_a_file_beside_it(tmp_path: Path, other: str, reported: bool) -> None:
    assert bool(rows(tmp_path, {"net.py": net(), "other.py": other})) is reported


@pytest.mark.parametrize(
    ("base", "name", "reported"),
    [
        ("Base", "init_weights", False),
        ("nn.Module, Base", "init_weights", False),
        ("nn.Linear", "reset_parameters", False),
        ("nn.Linear", "init_weights", True),
    ],
)
def test_base_classes(tmp_path: Path, base: str, name: str, reported: bool) -> None:
    text = net(base=base, name=name).replace("super().__init__()", "super().__init__(4, 4)")
    assert bool(rows(tmp_path, {"net.py": text})) is reported


@pytest.mark.parametrize(
    ("framework", "cls", "name", "reported"),
    [
        ("transformers", "PreTrainedModel", "_init_weights", False),
        ("transformers", "PreTrainedModel", "my_init", True),
        ("diffusers", "ModelMixin", "_init_weights", True),
        ("lightning", "LightningModule", "init_weights", True),
        ("mmengine.model", "BaseModule", "init_weights", False),
    ],
)
def test_frameworks(tmp_path: Path, framework: str, cls: str, name: str, reported: bool) -> None:
    text = net(base=cls, name=name).replace("from theirs import Base", f"from {framework} import {cls}")
    assert bool(rows(tmp_path, {"net.py": text})) is reported


@pytest.mark.parametrize(("calls", "reported"), [(["init_weights"], False), ([], True)])
def test_a_base_class_that_the_settings_name(tmp_path: Path, calls: list[str], reported: bool) -> None:
    settings = {"base_classes": {"theirs.Base": frozenset(calls)}}
    assert bool(rows(tmp_path, {"net.py": net(base="Base")}, **settings)) is reported


def test_a_class_that_is_registered_is_somebody_elses(tmp_path: Path) -> None:
    assert rows(tmp_path, {"net.py": net(decorator="@MODELS.register_module()")}) == []


def test_the_public_methods_of_a_library_are_for_others(tmp_path: Path) -> None:
    files = {"pkg/net.py": net(), "pkg/__init__.py": "", "pyproject.toml": "[project]\nname = 'pkg'\n"}
    assert rows(tmp_path, files) == []
    assert rows(tmp_path, {**files, "pkg/net.py": net(name="_init_weights")}) == [12]


@pytest.mark.parametrize(
    ("name", "text", "is_library"),
    [
        ("pyproject.toml", "[tool.poetry]\nname = 'pkg'\n", True),
        ("pyproject.toml", "# nothing else\n[ build-system ]\nrequires = ['setuptools']\n", True),
        ("pyproject.toml", "[tool.ruff]\nline-length = 100\n", False),
        ("pyproject.toml", "[tool.ruff]\n# no [project]\n", False),
        ("setup.py", "from setuptools import setup\nsetup()\n", True),
        ("setup.cfg", "[metadata]\nname = pkg\n", True),
        ("setup.cfg", "[flake8]\nmax-line-length = 100\n", False),
        (".git/HEAD", "ref: refs/heads/main\n", False),
        ("pkg-1.0.dist-info/METADATA", "Name: pkg\n", True),
    ],
)
def test_what_makes_a_library(tmp_path: Path, name: str, text: str, is_library: bool) -> None:
    assert bool(rows(tmp_path, {"pkg/net.py": net(), "pkg/__init__.py": "", name: text})) is not is_library


FUNCTION = """
    import torch.nn as nn
    {cls}
    def weights_init(m):
        if isinstance(m, nn.Linear):
            nn.init.xavier_uniform_(m.weight)
    {more}
"""


@pytest.mark.parametrize(
    ("cls", "more", "reported"),
    [
        ("class Net(nn.Module): pass", "", True),
        ("class Net(nn.Module): pass", "Net().apply(weights_init)", False),
        ("class Net(nn.Module): pass", "INITS = [weights_init]", False),
        ("", "", False),
    ],
)
def test_functions(tmp_path: Path, cls: str, more: str, reported: bool) -> None:
    assert bool(rows(tmp_path, {"net.py": FUNCTION.format(cls=cls, more=more)})) is reported


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("conf/model.yaml", "init: net.weights_init\n"),
        ("pyproject.toml", "[tool.train]\ninit = 'net:weights_init'\n"),
        ("setup.cfg", "[train]\ninit = weights_init\n"),
        ("conf/model.json", '{"init": "weights_init"}'),
        ("train.gin", "Net.init = @weights_init\n"),
        ("train.sh", "python train.py --init weights_init\n"),
        ("README.md", "Start with `net.apply(weights_init)`.\n"),
        ("docs/use.rst", "``net.apply(weights_init)``\n"),
    ],
)
def test_a_text_beside_the_code_that_names_it(tmp_path: Path, file: str, text: str) -> None:
    net = FUNCTION.format(cls="class Net(nn.Module): pass", more="")
    assert rows(tmp_path, {"net.py": net, file: text}) == []
    assert rows(tmp_path, {"net.py": net, file: text.replace("weights_init", "my_weights_init")}) == [3]


@pytest.mark.parametrize(
    "output_format",
    ["json", "json-lines", "concise", "full", "grouped", "markdown", "gitlab", "sarif", "rdjson", "github", "pylint"],
)
def test_reports_are_no_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output_format: str) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"net.py": FUNCTION.format(cls="class Net(nn.Module): pass", more="")}
    reported = rows(tmp_path, files)
    for name in ("out.json", "out.md", "out"):
        initlint("check", "net.py", "--select=INI106", "--isolated", f"--output-format={output_format}", "-o", name)
        assert "weights_init" in Path(name).read_text(encoding="utf-8")
        assert rows(tmp_path, files) == reported != []
    Path("out.md").write_text("Then call `net.apply(weights_init)`.\n", encoding="utf-8")
    assert rows(tmp_path, files) == []


def test_baselines_and_graphs_are_no_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"net.py": FUNCTION.format(cls="class Net(nn.Module): pass", more="")}
    reported = rows(tmp_path, files)
    initlint("check", "net.py", "--select=INI106", "--isolated", "--write-baseline", "known.json")
    assert "weights_init" in Path("known.json").read_text(encoding="utf-8")
    graph = initlint("graph", "net.py", "--output-format=json")
    Path("graph.json").write_text(graph, encoding="utf-8")
    assert "weights_init" in graph
    assert rows(tmp_path, files) == reported != []


def initlint(*arguments: str) -> str:
    return CliRunner().invoke(cli, arguments).stdout


def test_a_helper_in_a_file_of_its_own(tmp_path: Path) -> None:
    """It is reported in a project with models that could use it."""
    helper = FUNCTION.format(cls="", more="")
    assert rows(tmp_path, {"helper.py": helper}) == []
    assert (
        len(rows(tmp_path, {"helper.py": helper, "net.py": "import torch.nn as nn\n\nclass Net(nn.Module): ...\n"}))
        == 1
    )


@pytest.mark.parametrize(
    ("use", "reported"),
    [
        ("import helper\nhelper.weights_init(Net())\n", False),
        ("import helper as h\nh.weights_init(Net().net[0])\n", False),
        ("from parts import helper\nfor m in Net().modules():\n    helper.weights_init(m)\n", False),
        ("import helper\nhelper.weights_init(Net(), 0.02)\n", True),
    ],
)
def test_a_helper_that_is_called_through_its_module(tmp_path: Path, use: str, reported: bool) -> None:
    """Its module is no object that the call passes on."""
    net = "import torch.nn as nn\n\nclass Net(nn.Module): ...\n"
    files = {"helper.py": FUNCTION.format(cls="", more=""), "net.py": f"{net}{use}"}
    assert bool(rows(tmp_path, files)) is reported


@pytest.mark.parametrize(
    ("statement", "reported"),
    [("nn.init.orthogonal_(self.a.weight)", False), ("self.a.weight.data.normal_(0, 0.1)", False), ("pass", True)],
)
def test_a_leftover_beside_constructors_that_draw_weights(tmp_path: Path, statement: str, reported: bool) -> None:
    cls = f"""class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(8, 8)
            {statement}
"""
    assert bool(rows(tmp_path, {"net.py": FUNCTION.format(cls=cls, more="")})) is reported


def test_what_is_too_large_for_a_configuration_is_data(tmp_path: Path) -> None:
    net = FUNCTION.format(cls="class Net(nn.Module): pass", more="")
    words = '["weights_init"' + ', "another word"' * 30_000 + "]"
    assert rows(tmp_path, {"net.py": net, "words.json": words}) == [3]


@pytest.mark.parametrize(
    ("other", "reported"),
    [
        ("import net\ninit = getattr(net, args.init)\n", False),
        ("import net as n\ninit = getattr(n, args.init)\n", False),
        ("import net\ninit = vars(net)[args.init]\n", False),
        ("import net\ninit = net.__dict__[args.init]\n", False),
        ("from net import *\ninit = globals()[args.init]\n", False),
        ("from net import *\ninit = eval(args.init)\n", False),
        ("import importlib\ninit = getattr(importlib.import_module(args.module), args.init)\n", False),
        ("import fire\nfrom net import *\nfire.Fire()\n", False),
        ("import net\nnet = getattr(net, 'Net')()\n", True),
        ("import net\nnet = getattr(net, args.prefix + '_net')()\n", True),
        ("import torch\nact = getattr(torch.nn, args.act)\n", True),
        ("import net\nnet.Net().eval()\n", True),
        ("import importlib\ndata = importlib.import_module('datasets.' + args.data)\n", True),
        ("import importlib\nfor name in names:\n    importlib.import_module(name)\n", True),
        ("from net import weights_init\n", True),
        ("from net import weights_init as start\nimport torch\n", True),
        ("from net import weights_init as start\nmodel.apply(start)\n", False),
        ("from net import *\nmodel.apply(weights_init)\n", False),
    ],
)
def test_names_that_code_takes_from_values(tmp_path: Path, other: str, reported: bool) -> None:
    files = {"net.py": FUNCTION.format(cls="class Net(nn.Module): pass", more=""), "other.py": other}
    assert bool(rows(tmp_path, files)) is reported


@pytest.mark.parametrize(
    ("more", "other", "reported"),
    [
        ("getattr(self, kind)()", "", False),
        ("all(getattr(self, name)() for name in dir(self))", "", False),
        ("pass", "def start(model, name):\n    getattr(model, name)()\n", False),
        ("pass", "import models\nnet = getattr(models, name)()\n", True),
        ("pass", "def start(model, name):\n    return getattr(model, name)(3)\n", True),
    ],
)
def test_methods_that_code_takes_by_values(tmp_path: Path, more: str, other: str, reported: bool) -> None:
    assert bool(rows(tmp_path, {"net.py": net(more), "other.py": other})) is reported


@pytest.mark.parametrize("name", ["reinit_head", "re_init_weights", "reinitialize"])
def test_what_starts_anew_is_there_for_later(tmp_path: Path, name: str) -> None:
    assert rows(tmp_path, {"net.py": net(name=name)}) == []


def test_what_a_class_inside_a_function_does_is_not_the_functions(tmp_path: Path) -> None:
    text = net("nn.init.zeros_(self.fc.weight)", name="other").replace("nn.init.normal_(self.fc.weight)", "pass")
    trainer = "\ndef train_init(loader):\n" + indent(dedent(text), "    ") + "\n    return Net()\n"
    assert rows(tmp_path, {"net.py": dedent(text) + trainer}) == []


def test_a_local_function(tmp_path: Path) -> None:
    local = "def init(m):\n                nn.init.zeros_(m.weight)"
    text = net("self.apply(init)", name="other").replace("self.apply(init)", f"{local}\n            print(self)")
    assert rows(tmp_path, {"net.py": text}) == [10]
    assert rows(tmp_path, {"net.py": text.replace("print(self)", "self.apply(init)")}) == []


LOOP = """
    import torch
    import torch.nn as nn
    from torch.nn import Linear, Parameter

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.apply(self.start)
            for {target} in self.{method}():
                if {test}:
                    nn.init.normal_({filled})

        def start(self, m):
            if {start}:
                nn.init.normal_(m.weight)

        def forward(self, x):
            return self.fc(x)
"""


def loop(
    target: str = "m",
    method: str = "modules",
    test: str = "isinstance(m, nn.Linear)",
    start: str = "isinstance(m, nn.Linear)",
    filled: str = "m.weight",
) -> str:
    return LOOP.format(target=target, method=method, test=test, start=start, filled=filled)


@pytest.mark.parametrize(
    ("target", "method", "test", "reported"),
    [
        ("m", "parameters", "isinstance(m, nn.Linear)", True),
        ("m", "parameters", "isinstance(m, (nn.Linear, torch.nn.Conv2d))", True),
        ("m", "parameters", "type(m) == Linear", True),
        ("m", "parameters", "type(m) in [nn.Linear, nn.Conv2d]", True),
        ("m", "parameters", "isinstance(m, nn.Linear) and m.bias is not None", True),
        ("m", "parameters", "isinstance(m, nn.Linear) or m.dim() > 1", False),
        ("m", "parameters", "isinstance(m, nn.Parameter)", False),
        ("m", "parameters", "hasattr(m, 'weight')", True),
        ("m", "parameters", "not isinstance(m, nn.Linear)", False),
        ("_, m", "named_parameters", "isinstance(m, nn.Linear)", True),
        ("m", "named_parameters", "isinstance(m, nn.Linear)", True),
        ("m", "named_modules", "isinstance(m, nn.Linear)", True),
        ("_, m", "named_modules", "isinstance(m, nn.Linear)", False),
        ("m", "modules", "isinstance(m, nn.Linear)", False),
        ("m", "modules", "isinstance(m, (nn.Parameter, torch.Tensor))", True),
        ("m", "modules", "isinstance(m, (Parameter, nn.Linear))", False),
        ("m", "modules", "m is nn.Linear", True),
        ("m", "modules", "m == Linear", True),
        ("m", "modules", "hasattr(m, 'weight')", False),
        ("m", "parameters", "isinstance(m, Unknown)", False),
    ],
)
def test_a_test_in_a_loop(tmp_path: Path, target: str, method: str, test: str, reported: bool) -> None:
    text = loop(target=target, method=method, test=test)
    assert rows(tmp_path, {"net.py": text}) == ([11] if reported else [])


@pytest.mark.parametrize(
    ("start", "reported"),
    [
        ("isinstance(m, nn.Linear)", False),
        ("isinstance(self, nn.Linear)", True),
        ("isinstance(self, nn.Parameter)", True),
        ("isinstance(self, nn.Module)", False),
        ("isinstance(self, Net)", False),
        ("isinstance(m, nn.Parameter)", True),
        ("type(m) is nn.Linear", False),
    ],
)
def test_a_test_in_a_callback(tmp_path: Path, start: str, reported: bool) -> None:
    assert rows(tmp_path, {"net.py": loop(start=start)}) == ([15] if reported else [])


def test_a_class_that_is_mixed_into_a_layer_may_be_one(tmp_path: Path) -> None:
    text = loop(start="isinstance(self, nn.Linear)")
    assert rows(tmp_path, {"net.py": text + "\n    class Own(Net):\n        pass\n"}) == [15]
    assert rows(tmp_path, {"net.py": text + "\n    class Mixed(Net, nn.Linear):\n        pass\n"}) == []


def test_a_method_of_the_file_hands_out_what_it_likes(tmp_path: Path) -> None:
    text = loop(method="parameters")
    assert rows(tmp_path, {"net.py": text}) == [11]
    own = "\n        def parameters(self):\n            return [self.fc]\n"
    assert rows(tmp_path, {"net.py": text + own}) == []


def test_branches_with_one_cause_are_one_finding(tmp_path: Path) -> None:
    more = "isinstance(self, nn.Linear):\n                nn.init.zeros_(self.weight)\n            elif isinstance(self, nn.Conv2d)"
    assert rows(tmp_path, {"net.py": loop(start=more)}) == [15]


def test_what_the_messages_say(tmp_path: Path) -> None:
    text = loop(method="parameters", start="isinstance(self, nn.Linear)")
    assert [message for _, _, message in findings_in_project(tmp_path, "INI106", {"net.py": text})] == [
        "this test is never true, so its init never runs: `parameters()` yields parameters, not modules; loop over "
        "`modules()`",
        "this test of `self` is never true in `Net`, so its init never runs: test the argument, which is the module "
        "that `apply` passes",
    ]


@pytest.mark.parametrize(("select", "asks"), [("INI106", True), ("INI108", False), ("INI301", True)])
def test_only_the_rules_that_are_selected_search_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, select: str, asks: bool
) -> None:
    searched: list[str] = []
    monkeypatch.setattr(ProjectIndex, "files_with_word", lambda _, file, name: searched.append(name))
    findings_in_project(tmp_path, select, {"net.py": net()})
    assert bool(searched) is asks


CHAIN = """
    import torch.nn as nn

    def init_small(m):
        nn.init.normal_(m.weight, 0.0, 0.02)

    {decorator}
    def prepare(net):
        net.apply(init_small)
        return net

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)
    {more}
"""


@pytest.mark.parametrize(
    ("more", "decorator", "others", "reported"),
    [
        ("", "", {}, True),
        ("prepare(Net())", "", {}, False),
        ("Net().apply(init_small)", "", {}, False),
        ("", "@register", {}, False),
        ("", "", {"train.py": "from net import Net, prepare\nprepare(Net())\n"}, False),
        ("", "", {"train.py": "from net import init_small\nbuild().apply(init_small)\n"}, False),
        ("", "", {"run": "#!/usr/bin/env python3\nfrom net import *\nprepare(Net())\n"}, False),
        ("", "", {"conf.yaml": "setup: net.prepare\n"}, False),
    ],
)
def test_a_function_that_only_an_uncalled_one_uses(
    tmp_path: Path, more: str, decorator: str, others: dict[str, str], reported: bool
) -> None:
    text = CHAIN.format(more=more, decorator=decorator)
    message = "`init_small` initializes weights, but only `prepare` uses it, which nothing calls"
    found = findings_in_project(tmp_path, "INI106", {"net.py": text, **others})
    assert found == ([("warning", 3, message)] if reported else [])


@pytest.mark.parametrize(
    ("more", "reported"),
    [
        ("def rebuild(net): return prepare(net)", "only `prepare` and `rebuild` use it"),
        ("def rebuild(net): return prepare(net)\ndef again(): return rebuild(Net())", "and `again` use it"),
        ("def rebuild(net): return prepare(net)\nrebuild(Net())", ""),
        ("def rebuild(net): return prepare(net)\nif __name__ == '__main__':\n    rebuild(Net())", ""),
        ("def main(): return prepare(Net())", ""),
        ("class Trainer:\n    def fit(self, net): return prepare(net)", ""),
        ("def rebuild(net): return again(prepare(net))\ndef again(net): return rebuild(net)", ""),
    ],
)
def test_a_function_that_only_a_chain_of_uncalled_ones_uses(tmp_path: Path, more: str, reported: str) -> None:
    text = CHAIN.format(more=more.replace("\n", "\n    "), decorator="")
    messages = [message for _, _, message in findings_in_project(tmp_path, "INI106", {"net.py": text})]
    assert len(messages) == bool(reported)
    assert all(reported in message and message.endswith("which nothing calls") for message in messages)


def test_a_loader_that_an_uncalled_function_uses_fills_its_own_tensors(tmp_path: Path) -> None:
    text = """
    import torch
    import torch.nn as nn

    def init_table(table):
        nn.init.uniform_(table, -0.25, 0.25)

    def read(words):
        vectors = torch.FloatTensor(len(words), 50)
        init_table(vectors)
        return vectors

    def read_all(paths):
        return [read(path) for path in paths]

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)
    """
    assert rows(tmp_path, {"net.py": text}) == []


@pytest.mark.parametrize(("start", "reported"), [("net = net.eval()", False), ("net = Net()", True)])
def test_an_init_inside_of_an_uncalled_function(tmp_path: Path, start: str, reported: bool) -> None:
    text = f"""
    import torch.nn as nn

    def receptive_field(net):
        def init_ones(m):
            nn.init.ones_(m.weight)
        {start}
        net.apply(init_ones)
        return net(1)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)
    """
    assert bool(rows(tmp_path, {"net.py": text})) is reported


def test_a_script_without_a_suffix(tmp_path: Path) -> None:
    script = "#!/usr/bin/env python3\nfrom net import Net\nNet().init_weights()\n"
    assert rows(tmp_path / "alone", {"net.py": net()}) == [12]
    assert rows(tmp_path / "script", {"net.py": net(), "train": script}) == []


@pytest.mark.parametrize(
    ("filled", "reported"),
    [
        ("self.centres.copy_(m)", False),
        ("self.centres.data[0].zero_()", False),
        ("self.centres.copy_(m); nn.init.normal_(self.fc.weight)", True),
    ],
)
def test_a_method_that_fills_plain_tensors(tmp_path: Path, filled: str, reported: bool) -> None:
    text = net("self.centres = torch.zeros(4)").replace("nn.init.normal_(self.fc.weight)", filled)
    assert bool(rows(tmp_path, {"net.py": text})) is reported


@pytest.mark.parametrize(
    ("filled", "reported"),
    [
        ("self.centres.copy_(m)", False),
        ("self.centres.data[0].zero_()", False),
        ("self.centres.copy_(m); nn.init.normal_(self.fc.weight)", True),
    ],
)
def test_a_method_that_fills_buffers(tmp_path: Path, filled: str, reported: bool) -> None:
    text = net("self.register_buffer('centres', torch.zeros(4))").replace("nn.init.normal_(self.fc.weight)", filled)
    assert bool(rows(tmp_path, {"net.py": text})) is reported


@pytest.mark.parametrize(
    ("parameter", "reported"),
    [
        ("self.scale = nn.Parameter(self.scale)", True),
        ("self.scale: nn.Parameter = nn.Parameter(torch.ones(4))", True),
        ("self.register_parameter('scale', nn.Parameter(torch.ones(4)))", True),
        ("self.register_parameter('scale', None)", False),
        ("self.other = nn.Parameter(self.scale)", False),
        ("self.register_parameter('other', nn.Parameter(torch.ones(4)))", False),
    ],
)
@pytest.mark.parametrize("tensor", ["self.scale = torch.empty(4)", "self.register_buffer('scale', torch.empty(4))"])
def test_a_method_that_fills_a_parameter_made_of_a_plain_tensor(
    tmp_path: Path, tensor: str, parameter: str, reported: bool
) -> None:
    text = net(f"{tensor}\n            {parameter}").replace(
        "nn.init.normal_(self.fc.weight)", "self.scale.data.normal_()"
    )
    assert bool(rows(tmp_path, {"net.py": text})) is reported


@pytest.mark.parametrize("use", ["special_init(self)", "self.apply(special_init)"])
@pytest.mark.parametrize("source", ["def special_init(m):\n    pass\n", "from theirs import special_init\n"])
def test_a_leftover_of_a_class_that_uses_another_init(tmp_path: Path, use: str, source: str) -> None:
    text = dedent(net(use)).replace("import torch\n", f"import torch\n{source}")
    assert rows(tmp_path, {"net.py": text}) == []
    assert rows(tmp_path, {"net.py": text.replace(use, "print(self)")}) != []


FLAG = """
    import torch.nn as nn

    class Net(nn.Module):
        def __init__(self, start=None):
            super().__init__()
            self.fc = nn.Linear(4, 4)
            {before}
            if start:
                nn.init.normal_(self.fc.weight)
            {after}
"""


@pytest.mark.parametrize(
    ("before", "after", "reported"),
    [
        ("start = False", "", True),
        ("start = False", "print(start)", True),
        ("", "start = False", False),
        ("start = True", "", False),
        ("if start is None: start = False", "", False),
        ("start = False; start = bool(self)", "", False),
        ("for start in (True,): pass", "", False),
    ],
)
def test_a_flag_that_is_always_false(tmp_path: Path, before: str, after: str, reported: bool) -> None:
    text = FLAG.format(before=before, after=after)
    messages = [message for _, _, message in findings_in_project(tmp_path, "INI106", {"net.py": text})]
    assert messages == (["`start` is always False here, so this init never runs"] if reported else [])


RECURSION = """
    import torch.nn as nn
    from theirs import *

    class Net(Module):
        def __init__(self):
            self.a = nn.Linear(4, 4)
            self.b = {second}
            self.start(self)

        def start(self, m):
            if isinstance(self, nn.Linear):
                nn.init.normal_(self.weight)
            for child in {looped}:
                self.start(child)

        def forward(self, x):
            return self.b(self.a(x))
"""


@pytest.mark.parametrize(
    ("second", "looped", "reported"),
    [
        ("nn.Linear(4, 4)", "m.children()", True),
        ("None", "m.children()", False),
        ("nn.Linear(4, 4)", "m.others()", False),
    ],
)
def test_self_for_the_argument_below_an_unknown_base(tmp_path: Path, second: str, looped: str, reported: bool) -> None:
    found = rows(tmp_path, {"net.py": RECURSION.format(second=second, looped=looped)})
    assert found == ([11] if reported else [])


CALLBACK = """
import torch.nn as nn


def {name}({parameters}):
    if {test}:
        nn.init.normal_(m.weight, 0.0, 0.02)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)

    def forward(self, x):
        return self.a(x)


{use}
"""


@pytest.mark.parametrize(
    ("name", "parameters", "test", "use", "reported"),
    [
        ("gaussian", "m", "isinstance(m, nn.Linear)", "", True),
        ("conv_start", "m", "m.__class__.__name__.find('Linear') >= 0", "", True),
        ("w_norm", "m", "type(m) is nn.Linear", "", True),
        ("gaussian", "m", "isinstance(m, nn.Linear)", "Net().apply(gaussian)", False),
        ("gaussian", "m", "m.weight.dim() > 1", "", False),
        ("gaussian", "m, std", "isinstance(m, nn.Linear)", "", False),
        ("test_gaussian", "m", "isinstance(m, nn.Linear)", "", False),
        ("reset_state", "m", "isinstance(m, nn.Linear)", "Net().apply(reset_state)", False),
    ],
)
def test_a_callback_of_any_name(
    tmp_path: Path, name: str, parameters: str, test: str, use: str, reported: bool
) -> None:
    text = CALLBACK.format(name=name, parameters=parameters, test=test, use=use)
    assert bool(findings_in_project(tmp_path, "INI106", {"net.py": text})) is reported


WALKER = """
    from torch import nn
    from parts import backbone

    class Net(nn.Module):
        def __init__(self, pretrained=True, path=None):
            super().__init__()
            self.body = {body}
            {more}
            self.head = nn.Linear(4, 4)

        def init_weights(self):
            for m in {walked}.modules():
                if isinstance(m, nn.Linear):
                    nn.init.normal_(m.weight)

        def forward(self, x):
            return self.head(self.body(x))
"""


@pytest.mark.parametrize(
    ("body", "more", "walked", "number"),
    [
        ("backbone(pretrained=pretrained)", "pass", "self", 0),
        ("backbone(weights='DEFAULT')", "pass", "self", 0),
        ("backbone(3, pretrained)", "pass", "self", 0),
        ("backbone()", "self.body.load_state_dict(theirs)", "self", 0),
        ("backbone.from_pretrained(path)", "pass", "self", 0),
        ("backbone(pretrained=False)", "pass", "self", 1),
        ("backbone(weights=None)", "pass", "self", 1),
        ("backbone()", "pass", "self", 1),
        ("backbone(pretrained=pretrained)", "pass", "self.head", 1),
        ("nn.Sequential(*list(backbone(pretrained=True).children()))", "pass", "self", 0),
        ("backbone()", "net = backbone(weights=path); self.more = net.layers", "self", 0),
        ("backbone()", "net = backbone(); net.load_state_dict(path); self.more = net", "self", 0),
        ("backbone()", "self.add_module('more', backbone(pretrained=True))", "self", 0),
        ("backbone()", "self.more = FeatureExtractor(pretrained=True)", "self", 0),
        ("backbone()", "self.more = torch.hub.load('some/models', 'net', pretrained=True)", "self", 0),
        ("backbone()", "self.parts[0].load_state_dict(path)", "self", 0),
        ("backbone()", "load_state_dict(self.body, path)", "self", 0),
        ("backbone()", "self.tokenizer = AutoTokenizer.from_pretrained(path)", "self", 1),
        ("backbone()", "self.size = AutoConfig.from_pretrained(path).hidden_size", "self", 1),
        ("backbone()", "self.processor = transformers.AutoProcessor.from_pretrained(path)", "self", 1),
        ("backbone()", "self.loss = nn.CrossEntropyLoss(weights)", "self", 1),
        ("backbone()", "self.loss = FocalLoss(weights)", "self", 1),
        ("backbone()", "self.loss = Loss(weights=[1, 2])", "self", 1),
        ("backbone()", "self.features = AutoFeatureExtractor.from_pretrained(path)", "self", 1),
        ("backbone()", "self.mixer = Mixer(weights=[1, 2])", "self", 1),
        ("backbone()", "self.loaded = bool(pretrained)", "self", 1),
        ("backbone()", "report(pretrained=pretrained)", "self", 1),
        ("backbone()", "self.optimizer.load_state_dict(path)", "self", 1),
        ("backbone()", "other = backbone(); other.load_state_dict(path)", "self", 1),
    ],
)
def test_a_method_that_would_undo_a_load(tmp_path: Path, body: str, more: str, walked: str, number: int) -> None:
    files = {"net.py": WALKER.format(body=body, more=more, walked=walked), "parts.py": "def backbone(): ..."}
    assert len(rows(tmp_path, files)) == number


LOADER = """
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x):
            return self.fc(x)

    def init_vectors(vectors):
        nn.init.uniform_(vectors, -0.1, 0.1)

    def load_vectors(path):
        vectors = {made}
        init_vectors(vectors)
        return vectors
"""


@pytest.mark.parametrize(
    ("made", "number"),
    [("torch.FloatTensor(9, 4)", 0), ("torch.empty(9, 4)", 0), ("Net().fc.weight", 1), ("torch.nn.Linear(9, 4)", 1)],
)
def test_a_loader_of_vectors_that_nothing_calls(tmp_path: Path, made: str, number: int) -> None:
    assert len(rows(tmp_path, {"net.py": LOADER.format(made=made)})) == number


DELEGATING = """
    import torch.nn as nn
    {top}
    def weights_init(m):
        if isinstance(m, nn.Linear):
            nn.init.xavier_uniform_(m.weight)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)
            {call}

        def _init_layer(self, layer):
            nn.init.zeros_(layer.bias)

        def init_weights(self):
            {body}

        def forward(self, x):
            return self.fc(x)
"""


@pytest.mark.parametrize(
    ("body", "call", "more", "reported"),
    [
        ("self.apply(weights_init)", "pass", "", True),
        ("self._init_layer(self.fc)", "pass", "", True),
        ("nn.init.ones_(self.fc.weight); self._init_layer(self.fc)", "pass", "", True),
        ("self.fc.apply(self._init_layer)", "pass", "", True),
        ("for m in self.modules(): weights_init(m)", "pass", "", True),
        ("self.apply(weights_init)", "self.init_weights()", "", False),
        ("self.apply(weights_init)", "self.apply(weights_init)", "", False),
        ("self.apply(weights_init)", "self._init_layer(self.fc)", "", False),
        ("self.apply(weights_init)", "pass", "net = Net(); net.apply(weights_init)", False),
        ("self.apply(weights_init)", "pass", "net = Net(); net.init_weights()", False),
        ("self._init_layer(self.fc)", "pass", "net = Net(); net._init_layer(net.fc)", False),
        ("self.apply(print)", "pass", "net = Net(); net.apply(weights_init)", False),
    ],
)
def test_a_method_that_only_uses_an_init_function(
    tmp_path: Path, body: str, call: str, more: str, reported: bool
) -> None:
    text = DELEGATING.format(top="", body=body, call=call) + f"    {more}\n"
    if "weights_init" not in body + call + more:
        start, end = text.index("    def weights_init"), text.index("    class Net")
        text = text[:start] + text[end:]
    if "_init_layer" not in body + call + more:
        start, end = text.index("        def _init_layer"), text.index("        def init_weights")
        text = text[:start] + text[end:]
    found = findings_in_project(tmp_path, "INI106", {"net.py": text})
    assert [message.split()[0] for _, _, message in found] == (["`init_weights`"] if reported else [])


def test_a_method_that_applies_an_imported_init_function(tmp_path: Path) -> None:
    text = net().replace("nn.init.normal_(self.fc.weight)", "self.apply(weights_init)")
    text = "    from inits import weights_init" + text
    assert len(rows(tmp_path, {"net.py": text, "inits.py": FUNCTION.format(cls="", more="")})) == 1
