"""The names of functions that initialize weights or write to them, from one list of words.

Source that cannot be followed is judged by its names. Each question has one function here; patterns for the search of
a text are made of the same words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from initlint._lazy import lazy_pattern

SCHEMES = ("xavier", "kaiming", "orthogonal")
"""The words of `torch.nn.init` that mean nothing else."""

IN_PLACE = ("normal_", "uniform_", "fill_", "zero_", "constant_", "zeros_", "ones_")
"""The functions and methods that fill a tensor, by names that say so only as a whole."""

INITIALIZER_WORDS = rf"(?<!f)init|reset|{'|'.join(SCHEMES)}|glorot|uniform|normal(?!ize)"
"""A pattern for the names of initializers. `isfinite` is none, nor is `normalize`."""

_INITIALIZER = re.compile(INITIALIZER_WORDS, re.IGNORECASE)
_LOADER = re.compile(r"load", re.IGNORECASE)
_WRITER = lazy_pattern(
    INITIALIZER_WORDS + r"|load|copy|set|fill|assign|register|zero|ones|constant|eye|dirac|tie|share|convert|pretrained"
    r"|materiali|broadcast|vector_to|_$",
    re.IGNORECASE,
)
_SETUP = re.compile(r"build|create|prepare|fuse", re.IGNORECASE)
_OTHER_STATE = re.compile(r"hidden|state|buffer|optim|cache|memory|data|log|env|device|grad|re_?init", re.IGNORECASE)
_WEIGHTS = "(?:weights?|parameters?|params?)"
_RESET = lazy_pattern(
    rf"_*(?:(?:re)?set_parameters|(?:re)?init(?:iali[sz]e)?_?{_WEIGHTS}?_?\d*$|{_WEIGHTS}_init(?:iali[sz]ation)?_?\d*$)"
)
_SCHEME = rf"{'|'.join(SCHEMES)}|glorot|lecun|uniform|normal"
_RESET_OF_PART = lazy_pattern(
    rf"_*reset_(?!{_WEIGHTS}|init|all|layer|net|model|module|self|(?:\w*_)?(?:{_WEIGHTS}|{_SCHEME})(?![a-z]))"
)
_ARGUMENT = re.compile(r"init\w*_(?:fn|func)|initializer")
_FILL = lazy_pattern(
    rf"(?:{'|'.join(SCHEMES)}|trunc_normal|lecun|sparse|dirac|eye|glorot|variance_scaling)\w*"
    r"|(?:normal|uniform|constant|zeros|ones)_?|(?:zero|fill|copy)_"
)

CALLS_FILL = re.compile(rf"(?<!\w)(?:{_FILL.pattern})(?!\w)")
"""A text without a match calls nothing for which `is_fill` is true."""


def is_initializer(name: str) -> bool:
    """Whether a function of that name may initialize the model, layer or tensor that it is called with or on."""
    return _INITIALIZER.search(name) is not None


def is_weight_initializer(name: str) -> bool:
    """Whether a function is defined to initialize weights: neither other state of a model nor an object as a whole."""
    return is_initializer(name) and _OTHER_STATE.search(name) is None and not name.startswith("__")


def resets_part(name: str) -> bool:
    """Whether a function is there to reset a part of a model at some later time, such as `reset_likelihood`."""
    return _RESET_OF_PART.match(name) is not None


def is_reset(name: str) -> bool:
    """Whether a method is there to be called from outside, to initialize a model that is built already."""
    return _RESET.match(name) is not None


def is_initializer_argument(name: str) -> bool:
    """Whether a keyword argument of that name takes an initializer."""
    return _ARGUMENT.search(name) is not None


def is_fill(name: str) -> bool:
    """Whether it is the name of a function or method that fills one tensor: `xavier_normal`, `zero_`, `copy_`."""
    return _FILL.fullmatch(name) is not None


def is_initializer_or_loader(name: str) -> bool:
    """Whether a function of that name may fill the model that it is called with."""
    return is_initializer(name) or _LOADER.search(name) is not None


def is_writer(name: str) -> bool:
    """Whether a function of that name may write to the parameters that it is called with."""
    return _WRITER.search(name) is not None


def is_setup(name: str) -> bool:
    """Whether a function of that name sets models up, so that it may write to parameters under other names."""
    return is_writer(name) or _SETUP.search(name) is not None


ABSENT_METHODS: Mapping[str, str] = {
    **{name: f"{name}_" for name in ("uniform", "normal", "fill", "zero", "random", "exponential", "copy")},
    **dict.fromkeys(("zeros", "zeros_"), "zero_"),
    **dict.fromkeys(("ones", "ones_"), "fill_(1)"),
    **dict.fromkeys(("constant", "constant_"), "fill_"),
    **{
        name: f"nn.init.{name.rstrip('_')}_"
        for scheme in ("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal")
        for name in (scheme, f"{scheme}_")
    },
}
"""Methods that no tensor has, but that people call on a weight, and what they mean."""
