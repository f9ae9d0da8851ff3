"""Regex pre-filters: whether a file can contain a model at all. Others are traced only if such a file imports them."""

from __future__ import annotations

import re


class TextFilter:
    """Patterns that are searched for one by one.

    Each is to begin with plain characters, with what must not stand before these behind them (`init(?<!\\winit)`): they
    are found at the speed of `in`, where the edge of a word or a choice of words is tried at each character.
    """

    def __init__(self, *patterns: str) -> None:
        self._patterns = tuple(map(re.compile, patterns))

    def found_in(self, text: str) -> bool:
        return any(pattern.search(text) for pattern in self._patterns)


def calls_of(*methods: str) -> str:
    """The pattern of a call of one of `methods`, whose names end with an underscore."""
    return r"_\((?:" + "|".join(rf"(?<=\b{name}\()" for name in methods) + ")"


_MARKS = TextFilter(
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


def may_contain_models(code: str) -> bool:
    """Whether a file may put layers together, initialise one, or give those of a base class another `forward`.

    It must name one of torch's modules beside `nn.Module` itself, or a parameter, call something that fills a
    tensor, or define a `forward` in a class that has further bases. Any other file is traced when one that can matter
    imports it.
    """
    return _MARKS.found_in(code) or (_FORWARD.search(code) is not None and _DERIVED.search(code) is not None)
