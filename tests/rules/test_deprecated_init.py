from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from initlint.diagnostics import Applicability
from initlint.facts.initializer_formulas import DEPRECATED
from initlint.graph.mistakes import DeprecatedUse
from initlint.graph.model import FileGraph
from initlint.linter.pipeline import check
from initlint.project.reading import parse_source
from initlint.project.settings import Settings
from initlint.project.source import SourceLocation
from initlint.rules import all_rules
from initlint.rules._registry import Violation
from tests.support.fixing import fixed


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from nodes(child)


def run(text: str, kind: type[ast.AST], canonical: str) -> list[Violation]:
    """What is said of a file whose one reference is the first node of `kind`."""
    source = parse_source("net.py", text.encode())
    node = next(node for node in nodes(source.tree) if isinstance(node, kind))
    (rule,) = (rule for rule in all_rules() if rule.code == "INI901")
    return list(rule.check(FileGraph(source, (), (DeprecatedUse(canonical, "call", SourceLocation(source, node)),))))


@pytest.mark.parametrize("canonical", sorted(DEPRECATED))
def test_every_alias(canonical: str) -> None:
    name = canonical.rpartition(".")[2]
    (violation,) = run(f"import torch\ntorch.nn.init.{name}(w)\n", ast.Call, canonical)
    assert violation.message == f"`{name}` is deprecated since PyTorch 0.4; use `{name}_`"
    assert violation.fix is not None
    assert violation.fix.applicability is Applicability.SAFE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("from torch.nn.init import xavier_uniform\n", ast.alias),
        ("from torch.nn.init import xavier_uniform as xu\n", ast.alias),
        ("import torch as T\nf = T.nn.init.xavier_uniform\n", ast.Attribute),
        ("from torch.nn.init import *\nxavier_uniform(w)\n", ast.Call),
    ],
)
def test_every_form(text: str, kind: type[ast.AST]) -> None:
    assert len(run(text, kind, "torch.nn.init.xavier_uniform")) == 1


def test_a_call_through_an_alias_is_left_to_its_import() -> None:
    text = "from torch.nn.init import xavier_uniform as xu\nxu(w)\n"
    assert run(text, ast.Call, "torch.nn.init.xavier_uniform") == []


def test_current_names_are_silent() -> None:
    text = "import torch\ntorch.nn.init.xavier_uniform_(w)\n"
    assert run(text, ast.Call, "torch.nn.init.xavier_uniform_") == []


PARTS = "import torch.nn as nn\nfrom torch.nn import init\nfrom torch.nn.init import xavier_normal as old\n"


def findings_in_two_files(text: str) -> list[tuple[int, str]]:
    contents = {"net.py": text.encode(), "parts.py": PARTS.encode(), "inits.py": b"def uniform(w):\n    return w\n"}
    result = check([Path(name) for name in contents], Settings(select=("INI901",)), contents)
    return [(d.span.row, d.message.split("`")[1]) for d in result.diagnostics if d.span.file == "net.py"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from parts import *\nnn.init.xavier_normal(nn.Linear(2, 2).weight)\n", [(2, "xavier_normal")]),
        ("from parts import *\ninit.uniform(nn.Linear(2, 2).weight)\n", [(2, "uniform")]),
        ("from parts import nn\nstart = nn.init.constant\nstart(nn.Linear(2, 2).weight, 0)\n", [(2, "constant")]),
        (
            "from parts import init as start\nfrom torch import nn\nstart.normal(nn.Linear(2, 2).weight)\n",
            [(3, "normal")],
        ),
        ("from inits import uniform\nfrom torch import nn\nuniform(nn.Linear(2, 2).weight)\n", []),
        ("from parts import *\n\n\ndef f(nn):\n    nn.init.xavier_normal(nn.Linear(2, 2).weight)\n", []),
    ],
)
def test_names_from_other_files(text: str, found: list[tuple[int, str]]) -> None:
    assert findings_in_two_files(text) == found


def test_a_model_that_takes_too_many_steps_leaves_the_names_to_be_found() -> None:
    loop = "        for a in range(1000):\n            for b in range(1000):\n                self.a = a\n"
    net = f"class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n{loop}"
    text = f"from torch import nn\nfrom parts import init\n\n{net}\n    def draw(self):\n        init.uniform(self.w)\n"
    assert findings_in_two_files(text) == [(12, "uniform")]


def test_the_name_is_rewritten_where_it_is_used() -> None:
    text = "from parts import *\nnn.init.xavier_normal(nn.Linear(2, 2).weight)\n"
    files = fixed({"net.py": text, "parts.py": PARTS}, select=("INI901",))
    assert files["net.py"] == text.replace("xavier_normal", "xavier_normal_")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from torch import nn\nf = getattr(nn.init, 'normal')\n", "f = getattr(nn.init, 'normal_')"),
        ('import torch.nn.init as I\nf = getattr(I, "orthogonal")\n', 'f = getattr(I, "orthogonal_")'),
        (
            "import torch\nf = getattr(torch.nn.init, 'constant' if a else 'eye_')\n",
            "f = getattr(torch.nn.init, 'constant_' if a else 'eye_')",
        ),
        ("from torch import nn\nf = getattr(nn.init, 'normal', None)\n", None),
        ("from torch import nn\nf = getattr(nn.init, 'normal_')\n", None),
        (
            "from torch.nn import init\nf = getattr(init, 'normal_' if hasattr(init, 'normal_') else 'normal')\n",
            None,
        ),
        ("from torch import nn\nf = getattr(nn, 'normal')  # init\n", None),
        ("from flax import init\nf = getattr(init, 'normal')\n", None),
        ("from torch.nn import init\ninit = other\nf = getattr(init, 'normal')\n", None),
    ],
)
def test_a_name_in_a_string(text: str, expected: str | None) -> None:
    assert fixed({"a.py": text}, select=("INI901",))["a.py"].splitlines()[-1] == (expected or text.splitlines()[-1])
