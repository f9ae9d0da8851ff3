"""Before and after of `initlint.rewrite`: in each snippet the marked call is rewritten."""

from __future__ import annotations

import ast
import itertools

import pytest

from initlint import rewrite
from initlint.diagnostics import Edit
from initlint.project.source import SourceLocation
from initlint.rewrite.requests import (
    Expression,
    GainExpression,
    MoveArgument,
    ReplaceArgument,
    ReplaceCall,
    ReplaceMethodCall,
)
from tests.support.fixing import fixed
from tests.support.paths import PACKAGE
from tests.support.rewriting import Rewrite, check, compute, parse, relu, walk


def leaky(site: SourceLocation) -> tuple[Edit, ...] | None:
    return compute(site, ReplaceCall, "kaiming_uniform_", {"a": 0.2, "nonlinearity": "leaky_relu"})


def tanh(site: SourceLocation) -> tuple[Edit, ...] | None:
    return compute(site, ReplaceCall, "xavier_normal_", {"gain": GainExpression("tanh")})


@pytest.mark.parametrize(
    ("imports", "callee", "new"),
    [
        ("import torch.nn as nn", "nn.init.xavier_uniform_", "nn.init.kaiming_uniform_"),
        ("from torch import nn", "nn.init.xavier_uniform_", "nn.init.kaiming_uniform_"),
        ("import torch", "torch.nn.init.xavier_uniform_", "torch.nn.init.kaiming_uniform_"),
        ("import torch.nn", "torch.nn.init.xavier_uniform_", "torch.nn.init.kaiming_uniform_"),
        ("import torch as T", "T.nn.init.xavier_uniform_", "T.nn.init.kaiming_uniform_"),
        ("from torch.nn import init", "init.xavier_uniform_", "init.kaiming_uniform_"),
        ("import torch.nn.init as I", "I.xavier_uniform_", "I.kaiming_uniform_"),
        ("from torch import nn\ninit = nn.init", "init.xavier_uniform_", "init.kaiming_uniform_"),
        ("from torch.nn.init import *", "xavier_uniform_", "kaiming_uniform_"),
        ("from torch.nn import *", "init.xavier_uniform_", "init.kaiming_uniform_"),
        ("from torch import nn", "nn.init.xavier_uniform", "nn.init.kaiming_uniform_"),
        (
            "try:\n    from torch.nn import init\nexcept ImportError:\n    import torch.nn.init as init",
            "init.xavier_uniform_",
            "init.kaiming_uniform_",
        ),
    ],
)
def test_the_file_keeps_its_own_naming(imports: str, callee: str, new: str) -> None:
    check(f"{imports}\n{callee}(w)\n", f"{imports}\n{new}(w, nonlinearity='relu')\n", callee, relu)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(w)", "(w, nonlinearity='relu')"),
        ("(w,)", "(w, nonlinearity='relu',)"),
        ("(tensor=w)", "(tensor=w, nonlinearity='relu')"),
        ("(w, 1.0)", "(w, nonlinearity='relu')"),
        ("(w, gain=1.0)", "(w, nonlinearity='relu')"),
        ("(w, gain = 1.0)", "(w, nonlinearity = 'relu')"),
        ("(w, gain=nn.init.calculate_gain('tanh'))", "(w, nonlinearity='relu')"),
        ("(w, generator=g)", "(w, generator=g, nonlinearity='relu')"),
        ("(w, 1, g)", "(w, nonlinearity='relu', generator=g)"),
        ("(gain=2, tensor=m.weight[0])", "(nonlinearity='relu', tensor=m.weight[0])"),
        ("( m.weight )", "( m.weight, nonlinearity='relu' )"),
        ("(*args)", None),
        ("(w, **options)", None),
        ("(w, slope=1)", None),
        ("(w, 1, gain=1)", None),
        ("(w, 1, g, 4)", None),
    ],
)
def test_xavier_becomes_kaiming(before: str, after: str | None) -> None:
    head = "from torch import nn\n"
    expected = None if after is None else f"{head}nn.init.kaiming_uniform_{after}\n"
    check(f"{head}nn.init.xavier_uniform_{before}\n", expected, "nn.init.xavier_uniform_", relu)


@pytest.mark.parametrize(
    ("before", "after", "how"),
    [
        ("kaiming_uniform_(w, nonlinearity='tanh')", "kaiming_uniform_(w, nonlinearity='relu')", relu),
        ('kaiming_uniform_(w, nonlinearity="tanh")', 'kaiming_uniform_(w, nonlinearity="relu")', relu),
        ('xavier_uniform_(w, gain=f("tanh"))', 'kaiming_uniform_(w, nonlinearity="relu")', relu),
        ("kaiming_uniform_(w, 0, 'fan_out', 'tanh')", "kaiming_uniform_(w, 0, 'fan_out', 'relu')", relu),
        ("kaiming_uniform_(w, 1, 'fan_out', 'tanh')", "kaiming_uniform_(w, mode='fan_out', nonlinearity='relu')", relu),
        ("kaiming_uniform_(w, a=0.3, mode=m)", "kaiming_uniform_(w, nonlinearity='relu', mode=m)", relu),
        ("kaiming_uniform_(w, a=0.2)", "kaiming_uniform_(w, a=0.2, nonlinearity='leaky_relu')", leaky),
        ("kaiming_uniform_(w, 1)", "kaiming_uniform_(w, 0.2, nonlinearity='leaky_relu')", leaky),
        ("xavier_uniform_(w, gain=2.)", "kaiming_uniform_(w, a=0.2, nonlinearity='leaky_relu')", leaky),
        ("normal_(w, 0, 0.02)", "kaiming_uniform_(w, nonlinearity='relu')", relu),
        ("constant_(w, val=0.)", "kaiming_uniform_(w, nonlinearity='relu')", relu),
        ("kaiming_normal_(w)", "xavier_normal_(w, gain=nn.init.calculate_gain('tanh'))", tanh),
        (
            "kaiming_normal_(w, mode='fan_in', nonlinearity='relu')",
            "xavier_normal_(w, gain=nn.init.calculate_gain('tanh'))",
            tanh,
        ),
        (
            'kaiming_normal_(w, mode="fan_in", generator=g)',
            'xavier_normal_(w, gain=nn.init.calculate_gain("tanh"), generator=g)',
            tanh,
        ),
        ("xavier_normal_(w, gain=5)", "xavier_normal_(w, gain=nn.init.calculate_gain('tanh'))", tanh),
        ("xavier_normal_(b, gain=5)", "zeros_(b)", lambda site: compute(site, ReplaceCall, "zeros_")),
        ("xavier_normal_(b)", "zeros_(b)", lambda site: compute(site, ReplaceCall, "zeros_")),
        (
            "xavier_normal_(w)",
            None,
            lambda site: compute(site, ReplaceCall, "xavier_normal_", {"nonlinearity": "relu"}),
        ),
        (
            "normal_(w, 0.02)",
            "normal_(w, std=0.02)",
            lambda site: compute(site, ReplaceCall, "normal_", {"std": Expression("0.02")}),
        ),
        ("trunc_normal_(w, .02)", "trunc_normal_(w, std=.02)", lambda site: compute(site, MoveArgument, "mean", "std")),
        (
            "kaiming_normal_(w, 'fan_out', nonlinearity='relu')",
            "kaiming_normal_(w, mode='fan_out', nonlinearity='relu')",
            lambda site: compute(site, MoveArgument, "a", "mode"),
        ),
        (
            "trunc_normal_(w, .02, 1., -1)",
            None,
            lambda site: compute(site, MoveArgument, "mean", "std"),
        ),
        (
            "kaiming_normal_(w, nonlinearity='gelu', a=1)",
            "kaiming_normal_(w, nonlinearity='relu', a=1)",
            lambda site: compute(site, ReplaceArgument, "nonlinearity", "relu"),
        ),
        (
            "calculate_gain('gelu')",
            "calculate_gain('relu')",
            lambda site: compute(site, ReplaceArgument, "nonlinearity", "relu"),
        ),
        (
            "calculate_gain(nonlinearity='leaky', param=.1)",
            "calculate_gain(nonlinearity='leaky_relu', param=.1)",
            lambda site: compute(site, ReplaceArgument, "nonlinearity", "leaky_relu"),
        ),
    ],
)
def test_arguments(before: str, after: str | None, how: Rewrite) -> None:
    head = "from torch import nn\nx = nn.init."
    check(f"{head}{before}\n", None if after is None else f"{head}{after}\n", "nn.init.", how)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            """\
            from torch import nn
            nn.init.xavier_uniform_(
                self.fc.weight,  # the weight
                gain=1.4,  # the gain
            )  # the call
            """,
            """\
            from torch import nn
            nn.init.kaiming_uniform_(
                self.fc.weight,  # the weight
                nonlinearity='relu',  # the gain
            )  # the call
            """,
        ),
        (
            """\
            from torch import nn
            nn.init.xavier_uniform_(
                self.fc.weight,
            )
            """,
            """\
            from torch import nn
            nn.init.kaiming_uniform_(
                self.fc.weight,
                nonlinearity='relu',
            )
            """,
        ),
        (
            """\
            from torch import nn
            nn.init.xavier_uniform_(
                self.fc.weight  # no comma
            )
            """,
            """\
            from torch import nn
            nn.init.kaiming_uniform_(
                self.fc.weight, nonlinearity='relu'  # no comma
            )
            """,
        ),
        (
            """\
            from torch import nn
            nn.init.xavier_uniform_(
                self.fc.weight,
                generator=g  # seeded
            )
            """,
            """\
            from torch import nn
            nn.init.kaiming_uniform_(
                self.fc.weight,
                generator=g,  # seeded
                nonlinearity='relu'
            )
            """,
        ),
        (
            """\
            from torch import nn
            nn.init.xavier_uniform_(
                self.fc.weight,
                generator=g,  # seeded
            )
            """,
            """\
            from torch import nn
            nn.init.kaiming_uniform_(
                self.fc.weight,
                generator=g,  # seeded
                nonlinearity='relu',
            )
            """,
        ),
        (
            """\
            from torch import nn
            nn.init.normal_(
                self.fc.weight,  # the weight
                mean=0.1,  # the mean
                std=1.0,  # the deviation
            )
            """,
            """\
            from torch import nn
            nn.init.kaiming_uniform_(
                self.fc.weight,  # the weight
                nonlinearity='relu',  # the mean
                # the deviation
            )
            """,
        ),
        (
            """\
            from torch import nn
            nn.init.normal_(
                self.fc.weight,
                mean=0.1,  # the mean
                std=1.0,
            )
            """,
            """\
            from torch import nn
            nn.init.kaiming_uniform_(
                self.fc.weight,
                nonlinearity='relu',  # the mean
            )
            """,
        ),
        (
            """\
            from torch import nn
            nn . init . xavier_uniform_ (layer \\
                .weight)
            """,
            """\
            from torch import nn
            nn . init . kaiming_uniform_ (layer \\
                .weight, nonlinearity='relu')
            """,
        ),
    ],
)
def test_comments_and_shape_survive(before: str, after: str) -> None:
    check(before, after, "nn", relu)


@pytest.mark.parametrize(
    ("before", "after", "at"),
    [
        (
            "from torch.nn.init import xavier_uniform_\nxavier_uniform_(w)\n",
            "from torch.nn.init import kaiming_uniform_\nkaiming_uniform_(w, nonlinearity='relu')\n",
            "xavier_uniform_",
        ),
        (  # another call still needs the old name
            "from torch.nn.init import xavier_uniform_\nxavier_uniform_(w)\nxavier_uniform_(v)\n",
            "from torch.nn.init import kaiming_uniform_, xavier_uniform_\n"
            "kaiming_uniform_(w, nonlinearity='relu')\nxavier_uniform_(v)\n",
            "xavier_uniform_(w",
        ),
        (  # the new name is there already
            "from torch.nn.init import kaiming_uniform_, xavier_uniform_\nxavier_uniform_(w)\n",
            "from torch.nn.init import kaiming_uniform_\nkaiming_uniform_(w, nonlinearity='relu')\n",
            "xavier_uniform_",
        ),
        (  # under an alias
            "from torch.nn.init import kaiming_uniform_ as ku, xavier_uniform_ as xu, zeros_\nxu(w)\nzeros_(b)\n",
            "from torch.nn.init import kaiming_uniform_ as ku, zeros_\nku(w, nonlinearity='relu')\nzeros_(b)\n",
            "xu",
        ),
        (  # an import that is not in order is left as it is
            "from torch.nn.init import zeros_, xavier_uniform_\nxavier_uniform_(w)\nzeros_(b)\n",
            "from torch.nn.init import zeros_, kaiming_uniform_\nkaiming_uniform_(w, nonlinearity='relu')\nzeros_(b)\n",
            "xavier_uniform_",
        ),
        (
            "from torch.nn.init import normal_, xavier_uniform_\nxavier_uniform_(w)\n",
            "from torch.nn.init import kaiming_uniform_, normal_\nkaiming_uniform_(w, nonlinearity='relu')\n",
            "xavier_uniform_",
        ),
        (
            "from torch.nn.init import (\n    xavier_uniform_,  # used below\n    zeros_,\n)\nxavier_uniform_(w)\n",
            "from torch.nn.init import (\n    kaiming_uniform_,  # used below\n    zeros_,\n)\n"
            "kaiming_uniform_(w, nonlinearity='relu')\n",
            "xavier_uniform_",
        ),
        (  # exported
            "from torch.nn.init import xavier_uniform_\n__all__ = ['xavier_uniform_']\nxavier_uniform_(w)\n",
            "from torch.nn.init import kaiming_uniform_, xavier_uniform_\n__all__ = ['xavier_uniform_']\n"
            "kaiming_uniform_(w, nonlinearity='relu')\n",
            "xavier_uniform_",
        ),
        (  # in a function
            "def f(w):\n    from torch.nn.init import xavier_uniform_\n    xavier_uniform_(w)\n",
            "def f(w):\n    from torch.nn.init import kaiming_uniform_\n    kaiming_uniform_(w, nonlinearity='relu')\n",
            "xavier_uniform_",
        ),
        (  # two statements: the one that nothing needs goes
            "from torch.nn.init import kaiming_uniform_\nfrom torch.nn.init import xavier_uniform_\nxavier_uniform_(w)\n",
            "from torch.nn.init import kaiming_uniform_\nkaiming_uniform_(w, nonlinearity='relu')\n",
            "xavier_uniform_",
        ),
    ],
)
def test_a_plain_name_takes_its_import_along(before: str, after: str, at: str) -> None:
    check(before, after, at, relu)


def test_calculate_gain_is_imported_beside_a_plain_name() -> None:
    check(
        "from torch.nn.init import kaiming_normal_\nkaiming_normal_(w, nonlinearity='relu')\n",
        "from torch.nn.init import calculate_gain, xavier_normal_\nxavier_normal_(w, gain=calculate_gain('tanh'))\n",
        "kaiming_normal_",
        tanh,
    )


@pytest.mark.parametrize(
    "before",
    [
        "from flax.nn import init\ninit.xavier_uniform_(w)\n",
        "from .nn import init\ninit.xavier_uniform_(w)\n",
        "init.xavier_uniform_(w)\n",
        "from torch.nn import init\nfrom other import init\ninit.xavier_uniform_(w)\n",
        "from torch.nn import init\ndef f(init):\n    init.xavier_uniform_(w)\n",
        "from torch.nn import init\ndef f():\n    for init in x:\n        pass\n    init.xavier_uniform_(w)\n",
        "from torch.nn import init\n[init.xavier_uniform_(w) for init in x]\n",
        "from torch.nn import init\n[y := 1 for init in x if (init := 2)]\ninit.xavier_uniform_(w)\n",
        "from torch.nn import init\ndef f():\n    global init\n    init = 1\ninit.xavier_uniform_(w)\n",
        "from torch.nn import init\nmatch x:\n    case [init]:\n        init.xavier_uniform_(w)\n",
        "from torch.nn import init\nwith x as init:\n    init.xavier_uniform_(w)\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from torch.nn import init\ninit.xavier_uniform_(w)\n",
        "from torch.nn.init import xavier_uniform_\nkaiming_uniform_ = 1\nxavier_uniform_(w)\n",
        "from torch.nn.init import xavier_uniform_\ndef f(kaiming_uniform_):\n    xavier_uniform_(w)\n",
        "from torch.nn.init import *\nfrom other import *\nxavier_uniform_(w)\n",
        "import torch\nf = torch.nn.init.xavier_uniform_\nf(w)\n",
        "import torch\nfs = [torch.nn.init.xavier_uniform_]\nfs[0](w)\n",
        "try:\n    from torch.nn.init import xavier_uniform_\n"
        "except ImportError:\n    from torch.nn.init import xavier_uniform as xavier_uniform_\nxavier_uniform_(w)\n",
    ],
)
def test_silent_when_a_name_is_in_doubt(before: str) -> None:
    source = parse(before)
    calls = [node for node in walk(source.tree) if isinstance(node, ast.Call)]
    assert relu(SourceLocation(source, calls[-1])) is None


def test_a_class_does_not_shadow_for_its_methods() -> None:
    check(
        "from torch.nn import init\nclass A:\n    init = 1\n    def f(self):\n        init.xavier_uniform_(w)\n",
        "from torch.nn import init\nclass A:\n    init = 1\n    def f(self):\n"
        "        init.kaiming_uniform_(w, nonlinearity='relu')\n",
        "init.xavier",
        relu,
    )


def test_a_site_that_is_no_call_has_no_edits() -> None:
    source = parse("import torch\nx = torch.nn.init.xavier_uniform_\n")
    site = SourceLocation(source, source.tree.body[1])
    assert relu(site) is None
    assert compute(site, ReplaceMethodCall) is None


def test_the_quotes_of_the_file_are_used() -> None:
    check(
        'from torch import nn\nx = ["a", "b"]\nnn.init.xavier_uniform_(w)\n',
        'from torch import nn\nx = ["a", "b"]\nnn.init.kaiming_uniform_(w, nonlinearity="relu")\n',
        "nn",
        relu,
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_that_are_added_end_as_the_others(newline: str) -> None:
    before = "from torch import nn\nnn.init.xavier_uniform_(\n    w,\n)\n".replace("\n", newline)
    after = "from torch import nn\nnn.init.kaiming_uniform_(\n    w,\n    nonlinearity='relu',\n)\n"
    check(before, after.replace("\n", newline), "nn", relu)


def test_columns_count_characters() -> None:
    check(
        "from torch import nn\nx = '\U0001f600é'; nn.init.xavier_uniform_(größe)\n",
        "from torch import nn\nx = '\U0001f600é'; nn.init.kaiming_uniform_(größe, nonlinearity='relu')\n",
        "nn",
        relu,
    )


def test_a_line_with_a_form_feed_is_left_alone() -> None:
    head = "from torch import nn\n\x0c\nx = 'a\\\rb'\n"
    check(
        f"{head}nn.init.xavier_uniform_(w)\n", f"{head}nn.init.kaiming_uniform_(w, nonlinearity='relu')\n", "nn", relu
    )
    check(f"{head}\x0cnn.init.xavier_uniform_(w)\n", None, "nn", relu)


def test_no_function_is_hidden_by_the_module_that_it_comes_from() -> None:
    modules = {path.stem for path in (PACKAGE / "rewrite").glob("*.py")}
    assert modules.isdisjoint(rewrite.__all__)
    assert all(callable(getattr(rewrite, name)) for name in rewrite.__all__)


INSERTED_LOOP = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(256, 256), nn.GELU(), nn.Linear(256, 512), nn.GELU(),
            nn.Linear(512, 512), nn.GELU(), nn.Linear(512, 256), nn.GELU(), nn.Linear(256, 1))  # layers

    def forward(self, x):
        return self.net(x)
"""


@pytest.mark.parametrize("ends", list(itertools.permutations(["\n", "\r\n", "\r"], 2)), ids=str)
def test_an_inserted_line_ends_as_the_line_before_it(ends: tuple[str, str]) -> None:
    """Also in a file that begins with lines of another kind."""
    first, second = ends
    text = f"import torch{first}from torch import nn{first}" + INSERTED_LOOP.replace("\n", second)
    result = fixed({"net.py": text}, unsafe=True, select=("INI306",))["net.py"]
    added = [line for line in result.splitlines(keepends=True) if line not in text.splitlines(keepends=True)]
    assert len(added) == 3
    assert all(line.endswith(second) for line in added)
    assert result.replace("".join(added), "") == text
