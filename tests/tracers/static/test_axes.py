"""How raw parameters are multiplied with data: the axes that are summed, through views, indices and einsum."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.facts.equations import Equation
from initlint.facts.fans import AxisRoles
from initlint.facts.operators import METHODS
from initlint.graph.model import Layer
from initlint.project.reading import parse_source
from initlint.tracers.static.project import Project
from initlint.tracers.static.values.axes import NEW, einsum_roles, index_axes, view_axes

FILE = Path("/nowhere/net.py")  # in a project of its own: what surrounds this one is not asked about it
NET = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from einops import einsum
from torch_sparse import spmm
import operator


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.empty({shape}))
        self.b = nn.Parameter(torch.zeros(4))
        self.fc = nn.Linear(3, 4)

    def forward(self, x, i=0):
        return {result}
"""


def layer(shape: str, result: str, path: str = "W") -> Layer:
    source = parse_source(str(FILE), NET.format(shape=shape, result=result).encode())
    (model,) = Project([FILE]).graph(source).models
    return model.by_path[path]


@pytest.mark.parametrize(
    ("shape", "result", "summed", "kept"),
    [
        ("3, 4", "x @ self.W", (0,), (1,)),
        ("3, 4", "torch.mm(x, self.W)", (0,), (1,)),
        ("3, 4", "x.matmul(self.W)", (0,), (1,)),
        ("3, 4", "self.W @ x", (1,), (0,)),
        ("3, 4", "x @ self.W.t()", (1,), (0,)),
        ("3, 4", "x @ self.W.T", (1,), (0,)),
        ("3, 4", "x @ torch.transpose(self.W, 0, 1)", (1,), (0,)),
        ("3, 4", "x @ self.W.permute(1, 0).to(x.dtype)", (1,), (0,)),
        ("3, 4", "F.linear(x, self.W)", (1,), (0,)),
        ("3, 4", "torch.addmm(self.b, x, self.W)", (0,), (1,)),
        ("3", "x @ self.W", (0,), ()),
        ("8, 3, 4", "torch.bmm(x, self.W)", (1,), (2,)),
        ("8, 3, 4", "x @ self.W[i]", (1,), (2,)),
        ("8, 3, 4", "x @ self.W[:, :, 1:]", (1,), (2,)),
        ("8, 3, 4", "torch.einsum('bi,eio->beo', x, self.W)", (1,), (0, 2)),
        ("8, 3, 4", "torch.einsum('ebi,eio->ebo', x, self.W)", (1,), (2,)),
        ("8, 3, 4", "torch.einsum('b...i, hio -> bh...o', x, self.W)", (1,), (0, 2)),
        ("3, 4", "torch.einsum('bi,io', x, self.W)", (0,), (1,)),
        ("3, 4", "einsum(x, self.W, 'batch in, in out -> batch out')", (0,), (1,)),
        ("4, 3, 3, 3", "F.conv2d(x, self.W)", (1, 2, 3), (0,)),
        ("3, 4", "torch.spmm(x, self.W)", (0,), (1,)),
        ("3, 4", "torch.sparse.mm(self.W, x)", (1,), (0,)),
        ("3, 4", "torch.hspmm(x, self.W)", (0,), (1,)),
        ("3, 4", "x.smm(self.W)", (0,), (1,)),
        ("3, 4", "torch.sparse.addmm(self.b, x, self.W)", (0,), (1,)),
        ("3, 4", "torch.sspaddmm(self.b, mat1=x, mat2=self.W)", (0,), (1,)),
        ("3, 4", "spmm(i, x, 9, 9, self.W)", (0,), (1,)),
        ("3, 4", "operator.matmul(x, self.W)", (0,), (1,)),
        ("3, 4", "torch.chain_matmul(x, self.W, self.fc.weight)", (0,), (1,)),
        ("3, 4", "torch.linalg.multi_dot([self.fc.weight.t(), self.W.t(), x])", (0,), (1,)),
        ("3, 4", "torch.einsum('bi,io,bo->b', x, self.W, x)", (0,), (1,)),
        ("3, 4", "torch.einsum('bo,io,bi->b', x, self.W, x)", (1,), (0,)),
        ("3, 4", "torch.einsum('io,bi,oj->bj', self.W, x, self.fc.weight)", (0,), (1,)),
        ("3, 4", "einsum(x, self.fc.weight, self.W, 'b j, o j, i o -> b i')", (1,), (0,)),
        ("5, 3, 4", "torch.conv_tbc(x, self.W, self.b, 1)", (0, 1), (2,)),
        ("3, 4", "(x[:, None] * self.W).sum(-1)", (1,), (0,)),
        ("3, 4", "(self.W * x.unsqueeze(-2)).sum(dim=-1)", (1,), (0,)),
        ("3, 4", "torch.sum(x.unsqueeze(-1) * self.W, -2)", (0,), (1,)),
        ("8, 3, 4", "torch.mul(x[:, None], self.W).sum((-1, -2))", (2, 1), (0,)),
        ("3, 4", "(x * self.W[None]).sum(2)", (1,), ()),
        ("8, 3, 4", "x @ self.W[None, :, :, :]", (1,), (2,)),
        ("8, 3, 4", "x @ torch.index_select(self.W, 0, i)", (1,), (2,)),
        ("8, 3, 4", "x @ (self.W[1:] if x.any() else self.W)", (1,), (2,)),
        ("8, 3, 4", "x @ (torch.index_select(self.W, 0, i) if x.any() else self.W).transpose(1, 2)[None]", (2,), (1,)),
    ],
)
def test_product(shape: str, result: str, summed: tuple[int, ...], kept: tuple[int, ...]) -> None:
    assert layer(shape, result).product == AxisRoles(summed, kept)


@pytest.mark.parametrize(
    ("shape", "result"),
    [
        ("3, 4", "x @ (self.W * 0.5)"),
        ("3, 4", "x @ F.normalize(self.W)"),
        ("3, 4", "x @ self.W + x @ self.W.t()"),
        ("3, 4", "x @ self.W.view(4, 3)"),
        ("3, 4", "x * self.W"),
        ("3, 4", "x @ self.W[:, None]"),
        ("3, 4", "x @ (self.W if x.any() else self.W.t())"),
        ("3, 4", "F.embedding(x, self.W)"),
        ("3, 4", "torch.einsum('bi,...o->bo', x, self.W)"),
        ("3, 4", "torch.einsum('bi,jo->bo', x, self.W)"),
        ("3, 4, 3, 3", "F.conv_transpose2d(x, self.W)"),
        ("*self.sizes()", "x @ self.W"),
        ("3, 4", "(x * self.W).sum(-1)"),
        ("1, 3, 4", "(x * self.W).sum(-1)"),
        ("3, 4", "(x.unsqueeze(2) * self.W).sum(-1)"),
        ("3, 4", "(x.unsqueeze(1) * self.W).sum(1)"),
        ("3, 4", "(x.unsqueeze(-1) * self.W).sum(-1)"),
        ("3, 4", "(x[:, None] * self.W).mean(-1)"),
        ("3, 4", "torch.tensordot(x, self.W, 1)"),
        ("3", "torch.outer(x, self.W)"),
    ],
)
def test_no_product(shape: str, result: str) -> None:
    assert layer(shape, result).product is None


@pytest.mark.parametrize(
    ("result", "op"),
    [
        ("(self.fc(x) * x).sum(-1)", "matmul"),
        ("(self.fc(x) * x).sum(1)", "output"),
        ("torch.spmm(x, self.fc(x))", "matmul"),
        ("torch.view_as_complex(self.fc(x)).real", "output"),
        ("x.copy_(self.fc(x))", "output"),
        ("self.fc(x).clip(-65504, 65504)", "output"),
        ("self.fc(x).clamp(min=0)", "clamp"),
        ("torch.nested.nested_tensor([self.fc(x), x])", "output"),
        ("torch.max(self.fc(x), dim=-1)[1].relu()", None),
        ("torch.add(self.fc(x), 1).relu_()", "relu"),
        ("torch.Tensor.relu(self.fc(x))", "relu"),
    ],
)
def test_consumer_of_a_layer(result: str, op: str | None) -> None:
    assert [consumer.op for consumer in layer("3, 4", result, "fc").followed_by] == ([] if op is None else [op])


@pytest.mark.parametrize(
    ("result", "recomputed"),
    [
        ("F.linear(x, self.fc.weight)", False),
        ("F.linear(x, self.fc.weight.to(x.dtype))", False),
        ("F.linear(x, self.fc.weight * 0.5)", True),
        ("F.linear(x, F.normalize(self.fc.weight))", True),
    ],
)
def test_a_layer_whose_weight_is_computed_from_is_parametrized(result: str, recomputed: bool) -> None:
    assert layer("3, 4", result, "fc").parametrized is recomputed


@pytest.mark.parametrize(
    ("operator", "arguments", "axes"),
    [
        ("transpose", (-1, 0), (2, 1, 0)),
        ("transpose", (0, 9), None),
        ("permute", ((2, 0, 1),), (2, 0, 1)),
        ("permute", (0, 0, 1), None),
        ("mT", (), (0, 2, 1)),
        ("t", (), None),
        ("reshape", (3, 4), None),
        ("detach", (), (0, 1, 2)),
    ],
)
def test_views(operator: str, arguments: tuple[object, ...], axes: tuple[int, ...] | None) -> None:
    assert view_axes((0, 1, 2), METHODS[operator].axes, arguments) == axes


@pytest.mark.parametrize(
    ("index", "axes"),
    [
        (0, (1, 2)),
        (slice(2), (0, 1, 2)),
        ((0, slice(2), 1), (1,)),
        (None, (NEW, 0, 1, 2)),
        (True, None),
        ((0, 0, 0, 0), None),
    ],
)
def test_indices(index: object, axes: tuple[int, ...] | None) -> None:
    assert index_axes((0, 1, 2), index) == axes


def test_axes_of_an_unknown_view_stay_unknown() -> None:
    assert view_axes(None, "reverse") is index_axes(None, 0) is einsum_roles(Equation("bi,io->bo"), 1, None) is None
