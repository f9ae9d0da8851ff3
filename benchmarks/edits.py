"""Random edits of Python code, as people make them while they type; shared by the benchmarks."""

from __future__ import annotations

import ast
import io
import itertools
import random
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_TRIES = 40
"""For one edit: not every text has something to change in each way, and not every change is Python."""
_SIMILAR = (
    ("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "zeros_", "orthogonal_"),
    ("ReLU", "Tanh", "GELU", "Sigmoid", "SELU", "LeakyReLU", "SiLU", "Identity"),
    ("relu", "tanh", "gelu", "sigmoid", "selu"),
    ("Linear", "LazyLinear", "Bilinear"),
    ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d"),
    ("BatchNorm2d", "InstanceNorm2d", "Identity"),
    ("fan_in", "fan_out"),
    ("weight", "bias"),
    ("True", "False"),
)
"""Names that are mistaken for each other, or tried in place of each other."""
_NUMBERS = ("0", "1", "2", "3", "7", "16", "64", "100", "0.5", "0.02", "1e-6", "10.0")
_LAYER = re.compile(
    r"^(?P<indent>[ \t]+)self\.(?P<name>\w+)[ \t]*(?::[^=\n]+)?=[ \t]*(?:\w+\.)*(?:Linear|Conv\dd|Embedding)\(", re.M
)
_INITS = (
    "nn.init.xavier_uniform_(self.{name}.weight)",
    "nn.init.normal_(self.{name}.weight, std=1.0)",
    "nn.init.zeros_(self.{name}.weight)",
    "nn.init.kaiming_normal_(self.{name}.weight, nonlinearity='tanh')",
    "nn.init.constant_(self.{name}.bias, 3)",
)


@dataclass(frozen=True)
class Edit:
    """The kind of an edit, and the text after it."""

    kind: str
    text: str


def random_edit(text: str, chosen: random.Random, kinds: Sequence[str] = ()) -> Edit | None:
    """A random edit of one of `kinds`, or of any kind; None if no such edit of `text` leaves Python."""
    for _ in range(_TRIES):
        kind = chosen.choice(tuple(kinds) or tuple(KINDS))
        edited = KINDS[kind](text, chosen)
        if edited is not None and edited != text and _is_python(edited):
            return Edit(kind, edited)
    return None


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _number(text: str, chosen: random.Random) -> str | None:
    return _replaced(text, chosen, tokenize.NUMBER, lambda _: chosen.choice(_NUMBERS))


def _name(text: str, chosen: random.Random) -> str | None:
    """One name is replaced by another of the file: usually a mistake."""
    names = [token.string for token in _tokens(text) if token.type == tokenize.NAME]
    return _replaced(text, chosen, tokenize.NAME, lambda _: chosen.choice(names)) if names else None


def _similar_name(text: str, chosen: random.Random) -> str | None:
    """One name, or a string that is one, is replaced by another of its kind."""
    group = chosen.choice([group for group in _SIMILAR if any(name in text for name in group)] or [_SIMILAR[0]])
    places = list(re.finditer(rf"(?<!\w)(?:{'|'.join(group)})(?!\w)", text))
    if not places:
        return None
    place = chosen.choice(places)
    return text[: place.start()] + chosen.choice(group) + text[place.end() :]


def _deleted_definition(text: str, chosen: random.Random) -> str | None:
    return _without(text, chosen, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def _deleted_statement(text: str, chosen: random.Random) -> str | None:
    return _without(text, chosen, (ast.Assign, ast.Expr, ast.Import, ast.ImportFrom))


def _without(text: str, chosen: random.Random, kinds: tuple[type[ast.stmt], ...]) -> str | None:
    """`text` without one statement of these kinds, for which `pass` remains in an otherwise empty block."""
    places = [(node, block) for block in _blocks(text) for node in block if isinstance(node, kinds)]
    if not places:
        return None
    node, block = chosen.choice(places)
    first, last = _rows(node)
    lines = text.splitlines(keepends=True)
    lines[first - 1 : last] = [f"{' ' * node.col_offset}pass\n"] if len(block) == 1 else []
    return "".join(lines)


def _swapped(text: str, chosen: random.Random) -> str | None:
    """Two definitions that follow each other change places."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    pairs = [
        pair
        for block in _blocks(text)
        for pair in itertools.pairwise(block)
        if all(isinstance(node, kinds) for node in pair)
    ]
    if not pairs:
        return None
    (first, end_of_first), (second, end) = map(_rows, chosen.choice(pairs))
    lines = text.splitlines(keepends=True)
    between = lines[end_of_first : second - 1]
    lines[first - 1 : end] = [*lines[second - 1 : end], *between, *lines[first - 1 : end_of_first]]
    return "".join(lines)


def _added_call(text: str, chosen: random.Random) -> str | None:
    """An init call after a layer that is assigned."""
    places = list(_LAYER.finditer(text))
    if not places:
        return None
    place = chosen.choice(places)
    row = text.count("\n", 0, place.start()) + 1
    ends = [_rows(node)[1] for block in _blocks(text) for node in block if node.lineno == row]
    lines = text.splitlines(keepends=True)
    lines.insert(max(ends, default=row), f"{place['indent']}{chosen.choice(_INITS).format(name=place['name'])}\n")
    return "".join(lines)


def _comment(text: str, chosen: random.Random) -> str | None:
    """A comment line before a statement, or behind one."""
    statements = [node for block in _blocks(text) for node in block]
    if not statements:
        return None
    lines = text.splitlines(keepends=True)
    node = chosen.choice(statements)
    at = node.lineno - 1
    lines.insert(at, f"{' ' * node.col_offset}# a comment\n" if chosen.random() < 0.7 else "\n")
    return "".join(lines)


KINDS: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "number": _number,
    "name": _name,
    "similar name": _similar_name,
    "deleted definition": _deleted_definition,
    "deleted statement": _deleted_statement,
    "swapped definitions": _swapped,
    "added call": _added_call,
    "comment": _comment,
}
"""The functions that edit a text, by kind. They return None if they find nothing to change."""


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    try:
        return list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return []


def _replaced(text: str, chosen: random.Random, kind: int, replacement: Callable[[str], str]) -> str | None:
    tokens = [token for token in _tokens(text) if token.type == kind]
    if not tokens:
        return None
    token = chosen.choice(tokens)
    (row, start), (_, end) = token.start, token.end
    lines = text.splitlines(keepends=True)
    if row > len(lines) or lines[row - 1][start:end] != token.string:
        return None
    lines[row - 1] = lines[row - 1][:start] + replacement(token.string) + lines[row - 1][end:]
    return "".join(lines)


def _blocks(text: str) -> Iterator[list[ast.stmt]]:
    """The lists of statements of a text, without those that share a line with the head of their block."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and getattr(node, "lineno", 0) < block[0].lineno:
                yield block


def _rows(node: ast.stmt) -> tuple[int, int]:
    """The first row of a statement, with its decorators, and the last."""
    decorators = getattr(node, "decorator_list", ())
    return min(part.lineno for part in (node, *decorators)), node.end_lineno or node.lineno
