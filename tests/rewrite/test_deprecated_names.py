"""Deprecated names get their underscore, wherever they stand."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from initlint.project.source import SourceLocation
from initlint.rewrite.requests import RenameDeprecated
from tests.support.rewriting import apply_edits, compute, parse, walk

Pick = Callable[[ast.AST], bool]


def is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call)


def is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom)


def is_alias(node: ast.AST) -> bool:
    return isinstance(node, ast.alias) and node.name == "xavier_uniform"


def is_attribute(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "xavier_uniform"


def renamed(code: str, pick: Pick, path: str = "net.py") -> str | None:
    source = parse(code, path)
    node = next(n for n in walk(source.tree) if pick(n))
    return apply_edits(
        source, compute(SourceLocation(source, node), RenameDeprecated, "xavier_uniform", "xavier_uniform_")
    )


@pytest.mark.parametrize(
    ("before", "after", "pick"),
    [
        (
            "from torch import nn\nnn.init.xavier_uniform(w, gain=2)\n",
            "from torch import nn\nnn.init.xavier_uniform_(w, gain=2)\n",
            is_call,
        ),
        (
            "import torch as T\nf = T.nn.init.xavier_uniform\n",
            "import torch as T\nf = T.nn.init.xavier_uniform_\n",
            is_attribute,
        ),
        (
            "import torch.nn.init as I\nx = {'a': I.xavier_uniform}\n",
            "import torch.nn.init as I\nx = {'a': I.xavier_uniform_}\n",
            is_attribute,
        ),
        (
            "from torch.nn.init import xavier_uniform as xu\nxu(w)\n",
            "from torch.nn.init import xavier_uniform_ as xu\nxu(w)\n",
            is_alias,
        ),
        (
            "from torch.nn.init import xavier_uniform as xu\nxu(w)\n",
            "from torch.nn.init import xavier_uniform_ as xu\nxu(w)\n",
            is_call,
        ),
        (
            "from torch.nn.init import kaiming_normal as kn, xavier_uniform\nxavier_uniform(w)\nf(xavier_uniform)\n",
            "from torch.nn.init import kaiming_normal as kn, xavier_uniform_\nxavier_uniform_(w)\nf(xavier_uniform_)\n",
            is_call,
        ),
        (
            "from torch.nn.init import xavier_uniform, xavier_uniform_\nxavier_uniform(w)\nxavier_uniform_(w)\n",
            "from torch.nn.init import xavier_uniform_\nxavier_uniform_(w)\nxavier_uniform_(w)\n",
            is_import,
        ),
        (
            "from torch.nn.init import xavier_uniform\nxavier_uniform(w)\ndef f(xavier_uniform):\n    xavier_uniform(w)\n",
            "from torch.nn.init import xavier_uniform_\nxavier_uniform_(w)\ndef f(xavier_uniform):\n    xavier_uniform(w)\n",
            is_alias,
        ),
        (
            "def f(w):\n    from torch.nn.init import xavier_uniform\n    xavier_uniform(w)\nxavier_uniform(w)\n",
            "def f(w):\n    from torch.nn.init import xavier_uniform_\n    xavier_uniform_(w)\nxavier_uniform(w)\n",
            is_alias,
        ),
        (  # exported: the old name must stay
            "from torch.nn.init import xavier_uniform\n__all__ = ['xavier_uniform']\n",
            "from torch.nn.init import xavier_uniform_ as xavier_uniform\n__all__ = ['xavier_uniform']\n",
            is_import,
        ),
        (  # the new name is taken
            "from torch.nn.init import xavier_uniform\ndef xavier_uniform_(w):\n    xavier_uniform(w)\n",
            "from torch.nn.init import xavier_uniform_ as xavier_uniform\ndef xavier_uniform_(w):\n    xavier_uniform(w)\n",
            is_call,
        ),
        (
            "try:\n    from torch.nn.init import xavier_uniform\nexcept ImportError:\n    xavier_uniform = None\n",
            "try:\n    from torch.nn.init import xavier_uniform_ as xavier_uniform\nexcept ImportError:\n    xavier_uniform = None\n",
            is_import,
        ),
        (
            "from torch.nn.init import *\nxavier_uniform(w)\n",
            "from torch.nn.init import *\nxavier_uniform_(w)\n",
            is_call,
        ),
        ("from torch.nn.init import *\nfrom other import *\nxavier_uniform(w)\n", None, is_call),
        ("from torch.nn.init import *\ndef xavier_uniform_(w):\n    xavier_uniform(w)\n", None, is_call),
        ("from torch_geometric.nn.inits import xavier_uniform\nxavier_uniform(w)\n", None, is_alias),
        ("from .init import xavier_uniform\nxavier_uniform(w)\n", None, is_call),
        ("from compat import init\ninit.xavier_uniform(w)\n", None, is_call),
        ("xavier_uniform(w)\n", None, is_call),
        (
            "from torch import nn\nf = nn.init\nf.xavier_uniform(w)\n",
            "from torch import nn\nf = nn.init\nf.xavier_uniform_(w)\n",
            is_call,
        ),
    ],
)
def test_rename(before: str, after: str | None, pick: Pick) -> None:
    assert renamed(before, pick) == after


def test_an_init_file_goes_on_exporting_the_old_name() -> None:
    code = "from torch.nn.init import xavier_uniform\n"
    expected = "from torch.nn.init import xavier_uniform_ as xavier_uniform\n"
    assert renamed(code, is_import, "package/__init__.py") == expected


def test_all_references_to_an_import_agree_on_the_edits() -> None:
    source = parse("from torch.nn.init import xavier_uniform\nxavier_uniform(w)\nf(xavier_uniform)\n")
    sites = [SourceLocation(source, n) for n in walk(source.tree) if is_alias(n) or is_call(n)]
    edits = {compute(site, RenameDeprecated, "xavier_uniform", "xavier_uniform_") for site in sites[:2]}
    assert len(edits) == 1
    assert None not in edits
