"""The arguments of an init call by parameter name, and those of the call that replaces it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from initlint._records import dataclass
from initlint.facts.initializer_formulas import DEPRECATED, INITIALIZERS
from initlint.facts.signatures import REQUIRED, Signature, signature
from initlint.project.source import SourceFile
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.imports import ImportSpelling
from initlint.rewrite.names import MODULE
from initlint.rewrite.requests import Expression, GainExpression, Value
from initlint.rewrite.scopes import FileScopes
from initlint.rewrite.source_text import SourceText

_ALWAYS_KEPT = frozenset({"mode", "generator"})
_EQUALS = re.compile(r"\s*=\s*")
_CALCULATE_GAIN = signature("nonlinearity", param=None)


def parameters(function: str) -> Signature:
    """The signature of a function of torch.nn.init, deprecated ones included."""
    if function == "calculate_gain":
        return _CALCULATE_GAIN
    dotted = f"{MODULE}.{function}"
    initializer = INITIALIZERS.get(DEPRECATED.get(dotted, dotted))
    if initializer is None:
        raise CannotRewrite
    return initializer.signature


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call as written. `name`: its parameter. `equals`: ` = ` with its spaces, after a keyword."""

    name: str
    range: tuple[int, int]
    value: str
    node: cst.BaseExpression
    equals: str | None = None


def read_arguments(source: SourceFile, arguments: Sequence[cst.Arg], parameter_names: Sequence[str]) -> list[Argument]:
    """The arguments of a call of a function with these parameters, in the order of the call."""
    text = SourceText.of(source)
    parsed: list[Argument] = []
    for position, argument in enumerate(arguments):
        if argument.star or (argument.keyword is None and position >= len(parameter_names)):
            raise CannotRewrite
        name = parameter_names[position] if argument.keyword is None else argument.keyword.value
        if name not in parameter_names or any(name == other.name for other in parsed):
            raise CannotRewrite
        start, end = text.range(argument)
        value = text.text[start:end]
        equals = None if argument.keyword is None else _EQUALS.match(value, len(argument.keyword.value))
        if equals is not None:
            value = value[equals.end() :]
        parsed.append(Argument(name, (start, end), value, argument.value, equals[0] if equals else None))
    return parsed


def plan_arguments(
    old: Sequence[Argument],
    new_signature: Signature,
    new_values: Mapping[str, str],
    keep: frozenset[str] = _ALWAYS_KEPT,
) -> tuple[list[str | None], list[str]]:
    """The text for each of the `old` arguments, None to remove it, and the texts to append.

    `new_values`: the texts of new arguments by name. Of the old arguments these are kept: the first one, those in
    `keep` if the new function has such a parameter, and those equal to its defaults.
    """
    parameter_names = [name for name, _ in new_signature]
    if not set(new_values) <= set(parameter_names):
        raise CannotRewrite
    missing = [name for name in new_values if all(argument.name != name for argument in old)]
    texts: list[str | None] = []
    positional = True
    for argument in old:
        text = _kept_text(argument, new_signature, new_values, keep)
        if text is None and not missing:
            texts.append(None)
            positional = False
            continue
        in_place = positional and argument.equals is None and text is not None
        if in_place and parameter_names.index(argument.name) == len(texts):
            texts.append(text)
            continue
        positional = False
        name, text = (argument.name, text) if text is not None else (missing[0], new_values[missing.pop(0)])
        texts.append(f"{name}{argument.equals or '='}{text}")
    return texts, [f"{name}={new_values[name]}" for name in missing]


def _kept_text(
    argument: Argument, new_signature: Signature, new_values: Mapping[str, str], keep: frozenset[str]
) -> str | None:
    defaults = dict(new_signature)
    if argument.name not in defaults:
        return None
    if argument.name in new_values:
        return argument.value if _same(argument.value, new_values[argument.name]) else new_values[argument.name]
    if argument.name == new_signature[0][0] or argument.name in keep or defaults[argument.name] is REQUIRED:
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
        parameter = "" if value.param is None else f", {value.param!r}"
        return f"{speller.spell('calculate_gain')}({render(source, call, value.nonlinearity, speller)}{parameter})"
    if isinstance(value, str):
        quote = _quote(source, call)
        return f"{quote}{value}{quote}"
    return repr(value)


def _quote(source: SourceFile, call: cst.Call) -> str:
    own_quotes = [quote for quote in _quotes(call) if len(quote) == 1]
    if own_quotes:
        return own_quotes[0]
    all_quotes: list[str] = [string.quote for string in FileScopes.of(source).strings]
    # Docstrings have double quotes by convention: they count only in a file without other strings.
    quotes = [quote for quote in all_quotes if len(quote) == 1] or [quote[0] for quote in all_quotes]
    return '"' if quotes.count('"') > quotes.count("'") else "'"


def _quotes(node: cst.BaseExpression) -> Iterator[str]:
    """The quotes of the string arguments of a call, also of nested calls."""
    if isinstance(node, cst.SimpleString):
        yield node.quote
    elif isinstance(node, cst.Call):
        for argument in node.args:
            yield from _quotes(argument.value)
