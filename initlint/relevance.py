"""Whether a file can matter at all: a look at its text. No other is traced, unless one that can matter imports it."""

from __future__ import annotations

import re

from initlint.marks import Marks, calls_of

_MARKS = Marks(
    r"nn\.(?<!\wnn\.)(?!Module\b)[A-Z]",
    r"from torch\.nn\b",
    r"nn as (?<!\wnn as )(?!nn\b)\w",
    r"import torch\.nn\.init",
    r"Parameter\(",
    r"\.apply\(",
    r"init(?<!\winit)(?:ialization)?(?:\.| import\b)",
    r"import init\b",
    calls_of("normal_", "uniform_", "fill_", "zero_", "constant_"),
    r"xavier(?<!\wxavier)\w*_\(",
    r"kaiming(?<!\wkaiming)\w*_\(",
)
_FORWARD = re.compile(r"\bdef forward\b")
_DERIVED = re.compile(r"^class \w+\((?!(?:torch\.)?(?:nn\.)?Module\b)", re.MULTILINE)


def can_matter(code: str) -> bool:
    """Whether a file may put layers together, initialise one, or give those of a base class another `forward`.

    It must name one of torch's modules beside `nn.Module` itself, or a parameter, call something that fills a
    tensor, or define a `forward` in a class that has further bases. Any other file is traced when one that can matter
    imports it.
    """
    return _MARKS.found_in(code) or (_FORWARD.search(code) is not None and _DERIVED.search(code) is not None)
