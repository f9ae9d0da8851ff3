"""A helper in one file, models in others: what is reported if some of them are linted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from initlint import CheckResult, Settings, check_paths
from initlint.linter.add_noqa import add_noqa
from initlint.linter.baseline import load, render, subtract
from initlint.project.decoding import line_reader

HELPER = "from torch import nn\n\n\ndef start(m):\n    if isinstance(m, nn.Linear):\n        nn.init.xavier_normal_(m.weight)\n"
NET = """from torch import nn
from helper import start


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.a = nn.Linear(width, 8)
        self.b = nn.Linear(8, 2)
        self.apply(start)

    def forward(self, x):
        return self.b(self.a(x).relu())
"""
USE = """from torch import nn
from helper import start
from plain import Plain


def main(width):
    net = Plain(width)
    net.apply(start)
    return net


main(8)
"""
PLAIN = NET.replace("from helper import start\n", "").replace("        self.apply(start)\n", "").replace("Net", "Plain")
WHOLE = [("helper.py", "INI301", 6)]


@pytest.fixture(autouse=True)
def project(in_directory: Path) -> None:
    for name, text in {"helper": HELPER, "net": NET, "use": USE, "plain": PLAIN}.items():
        Path(f"{name}.py").write_text(text, encoding="utf-8")


def lint(*paths: str, **settings: object) -> CheckResult:
    return check_paths(paths, Settings(**settings))  # type: ignore[arg-type]


def locations(result: CheckResult) -> list[tuple[str, str, int]]:
    return [(d.span.file, d.code, d.span.row) for d in result.diagnostics]


@pytest.mark.parametrize(
    ("linted", "expected"),
    [
        (["."], WHOLE),
        (["helper.py"], WHOLE),
        (["net.py", "helper.py"], WHOLE),
        (["net.py"], [("net.py", "INI301", 10)]),
        (["use.py"], [("use.py", "INI301", 8)]),
        (["use.py", "net.py"], [("net.py", "INI301", 10), ("use.py", "INI301", 8)]),
        (["plain.py"], []),
    ],
)
def test_the_harm_of_a_helper_is_reported_at_the_linted_call_that_leads_there(
    linted: Iterable[str], expected: list[tuple[str, str, int]]
) -> None:
    assert sorted(locations(lint(*linted))) == expected


LOOP = """def init_all(module, function):
    for child in module.children():
        init_all(child, function)
    function(module)


def init_by_apply(module, function):
    module.apply(function)
"""


@pytest.mark.parametrize(
    "call", ["init_all(self, start)", "init_all(module=self, function=start)", "init_by_apply(self, start)"]
)
@pytest.mark.parametrize(
    ("linted", "expected"),
    [
        (["loop.py"], []),
        (["net.py"], [("net.py", "INI301", 11)]),
        (["net.py", "loop.py"], [("net.py", "INI301", 11)]),
        (["helper.py", "loop.py"], WHOLE),
    ],
)
def test_a_loop_that_calls_what_it_is_given_is_not_where_harm_is_reported(
    linted: Iterable[str], expected: list[tuple[str, str, int]], call: str
) -> None:
    Path("loop.py").write_text(LOOP, encoding="utf-8")
    through = NET.replace("self.apply(start)", call).replace(
        "import start\n", "import start\nfrom loop import init_all, init_by_apply\n"
    )
    Path("net.py").write_text(through, encoding="utf-8")
    Path("use.py").unlink()
    assert sorted(locations(lint(*linted))) == expected


def test_the_init_call_is_a_related_location_and_only_linted_files_are_fixed() -> None:
    (diagnostic,) = lint("net.py").diagnostics
    assert (Path(diagnostic.related[0].span.file).name, diagnostic.related[0].span.row) == ("helper.py", 6)
    assert diagnostic.related[0].message == "the init call"
    assert diagnostic.fix is None
    assert lint("helper.py").diagnostics[0].fix is not None


def test_what_a_constructor_of_another_file_does_is_about_its_own_model() -> None:
    Path("wrap.py").write_text(
        "from torch import nn\nfrom net import Net\n\n\nclass Wrap(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.net = Net()\n\n    def forward(self, x):\n        return self.net(x)\n",
        encoding="utf-8",
    )
    assert locations(lint("wrap.py")) == []
    assert locations(lint("net.py")) == [("net.py", "INI301", 10)]


def test_a_base_class_in_another_file() -> None:
    Path("base.py").write_text(
        "from torch import nn\n\n\nclass Base(nn.Module):\n    def initialize(self):\n        for m in self.modules():\n"
        "            if isinstance(m, nn.Linear):\n                nn.init.xavier_normal_(m.weight)\n",
        encoding="utf-8",
    )
    text = NET.replace("helper import start", "base import Base").replace("nn.Module", "Base")
    Path("net.py").write_text(text.replace("self.apply(start)", "self.initialize()"), encoding="utf-8")
    assert locations(lint("base.py", "net.py")) == [("base.py", "INI301", 8)]
    assert locations(lint("base.py")) == [("base.py", "INI301", 8)]
    assert locations(lint("net.py")) == [("net.py", "INI301", 10)]


def test_a_suppression_in_the_helper_holds_for_its_callers() -> None:
    Path("helper.py").write_text(HELPER.replace("(m.weight)", "(m.weight)  # noqa: INI301"), encoding="utf-8")
    assert locations(lint("net.py")) == []
    assert locations(lint("helper.py")) == []
    assert locations(lint("net.py", per_file_ignores={"helper.py": ("INI3",)})) == []


def test_a_suppression_at_the_call() -> None:
    Path("net.py").write_text(NET.replace("apply(start)", "apply(start)  # noqa: INI301"), encoding="utf-8")
    assert locations(lint("net.py")) == []
    originals = {"use.py": Path("use.py").read_bytes()}
    result = add_noqa(lambda files: check_paths(["use.py"], Settings(), contents=files), originals)
    assert b"net.apply(start)  # noqa: INI301" in result.changed["use.py"][1]


def test_a_baseline_of_the_whole_holds_for_a_part() -> None:
    lines, file = line_reader({}), Path("baseline.json")
    file.write_text(render(file, lint(".").diagnostics, lines), encoding="utf-8")
    rest = subtract(lint("net.py"), load(file), lines, {"INI301"})
    assert (rest.diagnostics, rest.baseline_count) == ((), 1)


def test_excluded_files_do_not_count() -> None:
    assert locations(lint("helper.py", extend_exclude=("net.py", "use.py"))) == []


def test_a_model_is_linted_with_the_sizes_that_a_script_gives_it() -> None:
    helper = HELPER.replace("xavier_normal_(m.weight)", "uniform_(m.weight, -1 / m.out_features, 1 / m.out_features)")
    Path("helper.py").write_text(helper, encoding="utf-8")
    Path("net.py").write_text(NET.replace("width=8", "width"), encoding="utf-8")
    whole = locations(lint("."))
    Path("run.py").write_text("from net import Net\n\nnet = Net(512)\n", encoding="utf-8")
    assert [place for place in locations(lint(".")) if place not in locations(lint("helper.py"))] == []
    assert set(whole) <= set(locations(lint(".")))
