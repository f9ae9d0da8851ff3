"""Whether a file can matter at all: a look at its text. No other is traced, unless one that can matter imports it."""

from __future__ import annotations

import re

_MARKS = re.compile(
    r"\bnn\.(?!Module\b)[A-Z]|from torch\.nn\b|\bnn as (?!nn\b)\w|import torch\.nn\.init|Parameter\(|\.apply\("
    r"|\binit(?:ialization)?(?:\.| import\b)|import init\b"
    r"|\b(?:normal|uniform|fill|zero|constant|xavier\w*|kaiming\w*)_\("
)
_FORWARD = re.compile(r"\bdef forward\b")
_DERIVED = re.compile(r"^class \w+\((?!(?:torch\.)?(?:nn\.)?Module\b)", re.MULTILINE)


def can_matter(code: str) -> bool:
    """Whether a file may put layers together, initialise one, or give those of a base class another `forward`.

    It must name one of torch's modules beside `nn.Module` itself, or a parameter, call something that fills a
    tensor, or define a `forward` in a class that has further bases. Any other file is traced when one that can matter
    imports it.
    """
    return _MARKS.search(code) is not None or (_FORWARD.search(code) is not None and _DERIVED.search(code) is not None)
