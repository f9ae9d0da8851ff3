"""Regex pre-filters that decide whether a file may contain models; others are interpreted only when imported."""

from __future__ import annotations

import re

from initlint.facts.initializer_names import IN_PLACE, SCHEMES


class TextFilter:
    """Patterns that are searched one by one.

    Start each pattern with a literal and put the look-behind after it (`init(?<!\\winit)`): `re` then searches for
    the literal at the speed of `in`, while a word boundary or an alternation is tried at each character.
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
    r"register_parameter\(",
    r"\.apply\(",
    r"init(?<!\winit)(?:ialization)?(?:\.| import\b)",
    r"import init\b",
    r"getattr\((?:\w+\.)*init,",
    calls_of(*IN_PLACE),
    *(rf"{scheme}(?<!\w{scheme})\w*_\(" for scheme in SCHEMES),
)
_FORWARD = re.compile(r"\bdef forward\b")
_DERIVED = re.compile(r"^class \w+(?:\[.*?\])?\((?!(?:torch\.)?(?:nn\.)?Module\b)", re.MULTILINE)


def may_contain_models(code: str) -> bool:
    """Whether a file may compose or initialize layers, or override the `forward` of a base class.

    It must name a torch module other than `nn.Module` or a parameter, call a function that writes to a tensor, or
    define a `forward` in a class with another base. Any other file is interpreted only when such a file imports it.
    """
    return _MARKS.found_in(code) or (_FORWARD.search(code) is not None and _DERIVED.search(code) is not None)


_MAIN = re.compile(r"""^if __name__ == ['"]__main__""", re.MULTILINE)
_FROM_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([\w.]+)", re.MULTILINE)


def is_main_module(code: str) -> bool:
    """Whether a file says what it does when it is run."""
    return "__main__" in code and _MAIN.search(code) is not None


def imported_modules(code: str) -> list[str]:
    """The modules that a file imports, as written there, without relative ones."""
    return [name for name in dict.fromkeys(_FROM_IMPORT.findall(code)) if not name.startswith(".")]


_CALLS = TextFilter(
    r"init\.(?<!\winit\.)",
    r"init import",
    r"_init\b(?!\s*=\s*(?:[\"'\d-]|True\b|False\b|None\b))",
    r"init_(?<!\winit_)\w+\b(?!\s*=[^=])",
    calls_of(*IN_PLACE),
    *SCHEMES,
    r"calculate_gain",
    r"\.apply\(",
    r"\.weight = torch\.",
    r"\.bias = torch\.",
    r"\.weight\[",
)


def may_call_initializers(code: str) -> bool:
    """Whether a text may call an init function."""
    return _CALLS.found_in(code)
