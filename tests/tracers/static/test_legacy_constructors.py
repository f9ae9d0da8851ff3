"""`torch.FloatTensor` and its like take sizes, or one argument with the values, of which they copy the shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of, net

TWO = "torch.zeros(size=(6, 8))"


def codes(folder: Path, made: str, then: str = "init.xavier_uniform_(self.w)") -> set[str]:
    return codes_of(
        folder, net(f"import numpy as np\nsizes = (6, 8)\nself.w = nn.Parameter({made})\n{then}\n", "x @ self.w")
    )


@pytest.mark.parametrize("name", ["FloatTensor", "DoubleTensor", "Tensor", "cuda.FloatTensor", "BFloat16Tensor"])
@pytest.mark.parametrize(
    ("argument", "is_vector"),
    [
        (TWO, False),
        ("torch.zeros(8)", True),
        ("[[0.0, 1.0], [2.0, 3.0]]", False),
        ("((0.0, 1.0), (2.0, 3.0))", False),
        ("[0.0, 1.0]", True),
        ("[6, 8]", True),
        ("(6, 8)", True),
        ("[0.5] * 8", True),
        ("6, 8", False),
        ("8", True),
        (f"{TWO}.size()", False),
        (f"{TWO}.shape", False),
        ("torch.zeros(8).shape", True),
        ("torch.Size([6, 8])", False),
        ("sizes", False),
        ("np.zeros((6, 8))", False),
        ("np.zeros(8)", False),
        ("[torch.zeros(8)]", False),
    ],
)
def test_the_shape(tmp_path: Path, name: str, argument: str, is_vector: bool) -> None:
    assert ("INI101" in codes(tmp_path, f"torch.{name}({argument})")) is is_vector


@pytest.mark.parametrize(
    ("argument", "is_uninitialized"),
    [
        ("6, 8", True),
        ("8", True),
        (f"{TWO}.size()", True),
        ("[6, 8]", False),
        ("(0.5, 1.0)", False),
        ("sizes", False),
        (TWO, False),
    ],
)
def test_what_it_copies_is_initialized(tmp_path: Path, argument: str, is_uninitialized: bool) -> None:
    assert ("INI108" in codes(tmp_path, f"torch.Tensor({argument})", "")) is is_uninitialized


SPREAD = """
def fitted(size, fan=None):
    fan = fan or size[{axis}]
    limit = fan ** -0.5
    return torch.Tensor({made}).uniform_(-limit, limit)
"""


@pytest.mark.parametrize("made", ["size", "size[:2]", "size[:]", "torch.Size(size)"])
@pytest.mark.parametrize("read", ["self.wide.weight.data.size()", "self.wide.weight.shape"])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_size_stays_one_where_it_is_handed_on(tmp_path: Path, made: str, read: str, axis: int) -> None:
    build = f"self.wide = nn.Linear(6, 300)\nself.wide.weight.data = fitted({read})\nself.out = nn.Linear(300, 2)"
    program = SPREAD.format(axis=axis, made=made) + net(build, "self.out(self.wide(x).relu())")
    assert codes_of(tmp_path, program) == ({"INI403"} if axis == 0 else set())


@pytest.mark.parametrize("made", ["tuple(size)", "list(size)", "self.shape"])
def test_a_tuple_of_sizes_is_two_values(tmp_path: Path, made: str) -> None:
    build = f"self.shape = (6, 8)\nsize = torch.zeros(6, 8).shape\nself.w = nn.Parameter(torch.Tensor({made}))"
    assert "INI108" not in codes_of(tmp_path, net(build, "x * self.w"))
