"""In-place methods become functions, and the small insertions."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from initlint.diagnostics import Edit
from initlint.project.source import SourceLocation
from initlint.rewrite.requests import AppendAttribute, CompareWithNone, GuardAgainstNone, ReplaceMethodCall
from tests.support.rewriting import apply_edits, check, compute, parse, relu, walk


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("self.fc.weight.normal_()", "nn.init.normal_(self.fc.weight)"),
        ("self.fc.weight.data.normal_(0, 0.02)", "nn.init.normal_(self.fc.weight, 0, 0.02)"),
        ("self.fc.weight.data.normal_(mean=0, std=0.02)", "nn.init.normal_(self.fc.weight, mean=0, std=0.02)"),
        ("self.w.normal_(std=s, generator=g)", "nn.init.normal_(self.w, std=s, generator=g)"),
        ("self.w.uniform_(-a, b)", "nn.init.uniform_(self.w, -a, b)"),
        ("self.w.uniform_(-1, to=1)", "nn.init.uniform_(self.w, -1, b=1)"),
        ("self.w.zero_()", "nn.init.zeros_(self.w)"),
        ("m.bias.data.fill_(0.01)", "nn.init.constant_(m.bias, 0.01)"),
        ("m.bias.data.fill_(value = 0.01)", "nn.init.constant_(m.bias, val = 0.01)"),
        ("getattr(m, name)[0].data.zero_()", "nn.init.zeros_(getattr(m, name)[0])"),
        ("(m.bias).zero_()", "nn.init.zeros_((m.bias))"),
        (
            "w.data.normal_(\n    mean=0,\n    std=1,  # one\n)",
            "nn.init.normal_(\n    w,\n    mean=0,\n    std=1,  # one\n)",
        ),
        ("w.data.normal_(  # so\n    0)", "nn.init.normal_(w,  # so\n    0)"),
        ("x = w.data.zero_()", "x = nn.init.zeros_(w.data)"),
        ("w.data.zero_().add_(1)", "nn.init.zeros_(w.data).add_(1)"),
        ("if a: w.data.zero_()", "if a: nn.init.zeros_(w)"),
        ("w.data.zero_(); b = 1", "nn.init.zeros_(w); b = 1"),
        ("x = w.zero_()", None),
        ("w.zero_().add_(1)", None),
        ("w.zero_(  # all\n)", None),
        ("w.normal_(*args)", None),
        ("w.exponential_()", None),
        ("nn.init.uniform_(w, -a, a)", None),
        ("(w.zero_)()", None),
    ],
)
def test_methods(before: str, after: str | None) -> None:
    head = "from torch import nn\n"
    source = parse(f"{head}{before}\n")
    calls = [n for n in walk(source.tree) if isinstance(n, ast.Call)]
    call = next(c for c in calls if not isinstance(c.func, ast.Attribute) or c.func.attr != "add_")
    result = apply_edits(source, compute(SourceLocation(source, call), ReplaceMethodCall))
    assert result == (None if after is None else f"{head}{after}\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import torch\n", "torch.nn.init"),
        ("import torch.nn\n", "torch.nn.init"),
        ("import torch.nn as nn\nimport torch\n", "nn.init"),
        ("from torch import nn\nfrom torch.nn import init\n", "init"),
        ("from torch.nn import init as I\n", "I"),
    ],
)
def test_the_shortest_name_of_the_file_is_used(before: str, after: str) -> None:
    check(
        f"{before}w.data.zero_()\n", f"{before}{after}.zeros_(w)\n", "w.", lambda site: compute(site, ReplaceMethodCall)
    )


def test_a_plain_name_is_used_where_it_is_imported() -> None:
    head = "from torch.nn.init import zeros_\nfrom torch import nn\n"
    check(
        f"{head}w.zero_()\nw.normal_()\n",
        f"{head}zeros_(w)\nw.normal_()\n",
        "w.zero_",
        lambda site: compute(site, ReplaceMethodCall),
    )


def test_an_import_is_added_behind_the_last_of_torch() -> None:
    check(
        "import os\nfrom torch.nn import Linear\nfrom other import x\n\nfc = Linear(1, 1)\nfc.weight.zero_()\n",
        "import os\nfrom torch.nn import Linear\nfrom torch import nn\nfrom other import x\n\n"
        "fc = Linear(1, 1)\nnn.init.zeros_(fc.weight)\n",
        "fc.weight.zero_",
        lambda site: compute(site, ReplaceMethodCall),
    )


@pytest.mark.parametrize("head", ["", "from torch.nn import Linear\nnn = 1\n", "def f():\n    import torch\n"])
def test_no_import_is_added_where_that_is_not_safe(head: str) -> None:
    check(f"{head}w.zero_()\n", None, "w.zero_", lambda site: compute(site, ReplaceMethodCall))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("w.data.zero_()", "nn.init.kaiming_uniform_(w, nonlinearity='relu')"),
        ("w.data.fill_(0)", "nn.init.kaiming_uniform_(w, nonlinearity='relu')"),
        ("w.data.normal_(0, 1)", "nn.init.kaiming_uniform_(w, nonlinearity='relu')"),
        ("w.data.normal_(generator=g)", "nn.init.kaiming_uniform_(w, generator=g, nonlinearity='relu')"),
    ],
)
def test_a_method_becomes_another_function(before: str, after: str) -> None:
    head = "from torch import nn\n"
    check(f"{head}{before}\n", f"{head}{after}\n", "w.", relu)


def first(kind: type[ast.AST], code: str, how: Callable[[SourceLocation], tuple[Edit, ...] | None]) -> str | None:
    source = parse(code)
    node = next(n for n in walk(source.tree) if isinstance(n, kind))
    return apply_edits(source, how(SourceLocation(source, node)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nn.init.zeros_(self.fc)", "nn.init.zeros_(self.fc.weight)"),
        ("nn.init.zeros_(tensor=m)", "nn.init.zeros_(tensor=m.weight)"),
        ("nn.init.normal_(layers[0], std=1)", "nn.init.normal_(layers[0].weight, std=1)"),
        ("nn.init.normal_((m))", "nn.init.normal_((m.weight))"),
        ("nn.init.zeros_(a or b)", None),
        ("nn.init.zeros_(*a)", None),
    ],
)
def test_append_attribute(before: str, after: str | None) -> None:
    head = "from torch import nn\n"
    result = first(ast.Call, f"{head}{before}\n", lambda site: compute(site, AppendAttribute, ".weight"))
    assert result == (None if after is None else f"{head}{after}\n")


def test_append_attribute_to_an_expression() -> None:
    assert first(ast.Attribute, "f(a.b)\n", lambda site: compute(site, AppendAttribute, ".weight")) == "f(a.b.weight)\n"


def test_compare_with_none() -> None:
    assert (
        first(ast.Attribute, "if m.bias:\n    f()\n", lambda site: compute(site, CompareWithNone))
        == "if m.bias is not None:\n    f()\n"
    )
    assert first(ast.BoolOp, "if a or b:\n    f()\n", lambda site: compute(site, CompareWithNone)) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "def f(m):\n  nn.init.zeros_(m.bias)  # bias\n",
            "def f(m):\n  if m.bias is not None:\n    nn.init.zeros_(m.bias)  # bias\n",
        ),
        ("def f(m): nn.init.zeros_(m.bias)\n", None),
        ("x = nn.init.zeros_(m.bias)\n", None),
        ("nn.init.zeros_(m.bias); f()\n", None),
        ("nn.init.zeros_(\n    m.bias)\n", None),
        ("nn.init.zeros_(f(m))\n", None),
    ],
)
def test_guard_against_none(before: str, after: str | None) -> None:
    head = "from torch import nn\n"
    result = first(ast.Call, head + before, lambda site: compute(site, GuardAgainstNone))
    assert result == (None if after is None else head + after)
