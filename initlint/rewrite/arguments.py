"""Reads the arguments of a call by parameter name, and plans those of the call that replaces it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from initlint.facts.initializer_formulas import DEPRECATED, INITIALIZERS
from initlint.facts.signatures import REQUIRED, Signature, signature
from initlint.project.source import SourceFile
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.imports import ImportSpelling
from initlint.rewrite.names import MODULE
from initlint.rewrite.requests import Expression, GainExpression, Value
from initlint.rewrite.scopes import FileScopes
from initlint.rewrite.text import SourceText

_KEPT = frozenset({"mode", "generator"})
_SIGN = re.compile(r"\s*=\s*")
_CALCULATE_GAIN = signature("nonlinearity", param=None)


def parameters(function: str) -> Signature:
    """The signature of a function of torch.nn.init, deprecated ones included."""
    if function == "calculate_gain":
        return _CALCULATE_GAIN
    dotted = f"{MODULE}.{function}"
    known = INITIALIZERS.get(DEPRECATED.get(dotted, dotted))
    if known is None:
        raise CannotRewrite
    return known.signature


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call as it is written. `name`: of the parameter it goes to. `sign`: ` = ` behind a keyword."""

    name: str
    range: tuple[int, int]
    value: str
    node: cst.BaseExpression
    sign: str | None = None


def read(source: SourceFile, arguments: Sequence[cst.Arg], accepted: Sequence[str]) -> list[Argument]:
    """The arguments of a call by name; `accepted` are the parameters in order."""
    text = SourceText.of(source)
    found: list[Argument] = []
    for position, argument in enumerate(arguments):
        if argument.star or (argument.keyword is None and position >= len(accepted)):
            raise CannotRewrite
        name = accepted[position] if argument.keyword is None else argument.keyword.value
        if name not in accepted or any(name == other.name for other in found):
            raise CannotRewrite
        start, end = text.range(argument)
        value = text.text[start:end]
        sign = None if argument.keyword is None else _SIGN.match(value, len(argument.keyword.value))
        if sign is not None:
            value = value[sign.end() :]
        found.append(Argument(name, (start, end), value, argument.value, sign[0] if sign else None))
    return found


def plan(
    old: Sequence[Argument], new: Signature, wanted: Mapping[str, str], keep: frozenset[str] = _KEPT
) -> tuple[list[str | None], list[str]]:
    """The text for each of the `old` arguments, None where it goes, and the texts to append.

    `wanted`: name to text of what the new call must be given. Of the rest, the first parameter stays, those in
    `keep` that the new function knows, and those that say no more than its default.
    """
    accepted = [name for name, _ in new]
    if not set(wanted) <= set(accepted):
        raise CannotRewrite
    missing = [name for name in wanted if all(argument.name != name for argument in old)]
    result: list[str | None] = []
    positional = True
    for argument in old:
        text = _kept_text(argument, new, wanted, keep)
        if text is None and not missing:
            result.append(None)
            positional = False
            continue
        in_place = positional and argument.sign is None and text is not None
        if in_place and accepted.index(argument.name) == len(result):
            result.append(text)
            continue
        positional = False
        name, text = (argument.name, text) if text is not None else (missing[0], wanted[missing.pop(0)])
        result.append(f"{name}{argument.sign or '='}{text}")
    return result, [f"{name}={wanted[name]}" for name in missing]


def _kept_text(argument: Argument, new: Signature, wanted: Mapping[str, str], keep: frozenset[str]) -> str | None:
    defaults = dict(new)
    if argument.name not in defaults:
        return None
    if argument.name in wanted:
        return argument.value if _same(argument.value, wanted[argument.name]) else wanted[argument.name]
    if argument.name == new[0][0] or argument.name in keep or defaults[argument.name] is REQUIRED:
        return argument.value
    return argument.value if _same(argument.value, repr(defaults[argument.name])) else None


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same, or literals of the same value."""
    try:
        return one == other or bool(ast.literal_eval(one) == ast.literal_eval(other))
    except (ValueError, SyntaxError):
        return False


def render(source: SourceFile, call: cst.Call, value: Value, speller: ImportSpelling) -> str:
    """The text of a value, in the quotes of the call or of the file."""
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, GainExpression):
        rest = "" if value.param is None else f", {value.param!r}"
        return f"{speller.spell('calculate_gain')}({render(source, call, value.nonlinearity, speller)}{rest})"
    if isinstance(value, str):
        quote = _quote(source, call)
        return f"{quote}{value}{quote}"
    return repr(value)


def _quote(source: SourceFile, call: cst.Call) -> str:
    own = [quote for quote in _quotes(call) if len(quote) == 1]
    if own:
        return own[0]
    written: list[str] = [string.quote for string in FileScopes.of(source).strings]
    # Docstrings have double quotes by convention: they say something only where nothing else does.
    quotes = [quote for quote in written if len(quote) == 1] or [quote[0] for quote in written]
    return '"' if quotes.count('"') > quotes.count("'") else "'"


def _quotes(node: cst.BaseExpression) -> Iterator[str]:
    """The quotes of the strings among the arguments of a call, and of calls in them."""
    if isinstance(node, cst.SimpleString):
        yield node.quote
    elif isinstance(node, cst.Call):
        for argument in node.args:
            yield from _quotes(argument.value)
