"""Real files with a few changes, as a person, a merge, a wrong tool or a broken disk makes them.

Many changes keep the file valid: a name for another, a class of another file, an expression in the place of another.
The others end in the parser, which must say so in one line.
"""

from __future__ import annotations

import ast
import codecs
import json
import random
import re
from collections.abc import Callable, Iterator

from tools.fuzzing.sources import Input, Sources, parse

_TOKEN = re.compile(r"\s+|\w+|\"{3}|'{3}|[-+*/<>=!]=|->|\*\*|//|.", re.DOTALL)
_NAME = re.compile(r"\b[^\W\d]\w*")
_NUMBER = re.compile(r"\b\d+(?:\.\d+)?(?:e-?\d+)?\b")
_OPERATORS = ("+", "-", "*", "@", "/", "//", "%", "**", "<<", "|", "&", "==", "!=", "<", "in", "is", "and", "or", ":=")
_NUMBERS = (
    "0",
    "1",
    "-1",
    "2",
    "1024",
    "10**9",
    "10**400",
    "1e400",
    "-0.0",
    "1e-320",
    "0x7fffffff",
    "3j",
    "True",
    "None",
)
_SNIPPETS = (
    *("(", ")", "[", "]", "{", "}", ":", ",", ";", "\\\n", "'''", '"""', "#", "@", "*", "**", "=", "\t", "\f", "\0"),
    *(
        "self",
        "super()",
        "lambda: ",
        "yield ",
        "await ",
        "async ",
        "return ",
        "global ",
        "nonlocal ",
        "del ",
        "del self.",
    ),
    *("match x:\n    case _: pass\n", "type X = int\n", "f'{", "f'{x!r:>{w}}'", "...", "*_", "__class__", "__dict__"),
    *(
        "self.apply(self.apply)",
        "# noqa: INI301",
        "# noqa",
        "# type: ignore",
        "\ufeff",
        "\u2028",
        "\x85",
        "é",
        "\U0001d431",
        "\u202e",
    ),
    *(
        "nn.ModuleList([self])",
        "self.add_module('', self)",
        "setattr(self, name, nn.Linear(1, 1))",
        "for self in self: ",
    ),
)
_COOKIES = (
    *(
        "utf-8",
        "utf8",
        "latin-1",
        "ascii",
        "cp1252",
        "utf-16",
        "utf-16-le",
        "utf-32",
        "utf-7",
        "utf-8-sig",
        "mbcs",
        "big5",
    ),
    *(
        "shift_jis",
        "euc_jp",
        "rot13",
        "base64",
        "hex",
        "zlib",
        "idna",
        "punycode",
        "undefined",
        "unicode_escape",
        "none",
        "-",
    ),
)
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE)
_LINE_ENDS = ("\r", "\r\n", "\n\r", "\f", "\v", "\x85", "\u2028", "\x1c", "", "\n\n", " \n", "\\\n")

Change = Callable[[str, random.Random, Sources], str]


def mutated(seed: int, sources: Sources) -> Input:
    """The input of a seed: one file with one to four changes, at times with a second file or as a notebook."""
    chance = random.Random(seed)
    path, text = sources.choose(chance)
    names = []
    for _ in range(chance.choice((1, 1, 2, 3, 4))):
        change = chance.choice(CHANGES)
        names.append(change.__name__.strip("_"))
        text = change(text, chance, sources)
    kind = chance.random()
    name = "net.py"
    if kind < 0.08:
        name, data = "net.ipynb", _notebook(text, chance)
    elif kind < 0.25:
        data = _encoded(text, chance)
    else:
        data = text.encode("utf-8", "surrogatepass")
    files = {name: data}
    if chance.random() < 0.15:
        files["other.py"] = sources.choose(chance)[1].encode("utf-8", "surrogatepass")
        line = chance.choice((b"from other import *\n", b"import other\n", b"from .other import Net\n"))
        if name == "net.py":
            files[name] = line + data
    return Input(files, f"{path}: {', '.join(names)} (seed {seed})")


def _tokens(text: str, chance: random.Random, sources: Sources) -> str:
    tokens = _TOKEN.findall(text) or [""]
    at, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
    action = chance.randrange(5)
    if action == 0:
        del tokens[at]
    elif action == 1:
        tokens.insert(at, tokens[other])
    elif action == 2:
        tokens[at], tokens[other] = tokens[other], tokens[at]
    elif action == 3:
        tokens[at] = chance.choice(_SNIPPETS)
    else:
        tokens[at : at + chance.randrange(30)] = []
    return "".join(tokens)


def _names(text: str, chance: random.Random, sources: Sources) -> str:
    """One name, at one place or everywhere, becomes another of the file."""
    found = _NAME.findall(text)
    if not found:
        return text
    old, new = str(chance.choice(found)), str(chance.choice(found))
    if chance.random() < 0.5:
        return re.sub(rf"\b{old}\b", new, text)
    place = chance.choice(list(re.finditer(rf"\b{old}\b", text)))
    return text[: place.start()] + new + text[place.end() :]


def _literals(text: str, chance: random.Random, sources: Sources) -> str:
    places = list(_NUMBER.finditer(text))
    if not places:
        return text
    place = chance.choice(places)
    return text[: place.start()] + chance.choice(_NUMBERS) + text[place.end() :]


def _operators(text: str, chance: random.Random, sources: Sources) -> str:
    places = list(re.finditer(r"(?<= )(?:[-+*/@%<>=!]{1,2}|in|is|and|or)(?= )", text))
    if not places:
        return text
    place = chance.choice(places)
    return text[: place.start()] + chance.choice(_OPERATORS) + text[place.end() :]


def _lines(text: str, chance: random.Random, sources: Sources) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    length = chance.choice((1, 1, 2, 5, 20))
    action = chance.randrange(6)
    if action == 0:
        del lines[at : at + length]
    elif action == 1:
        lines[at:at] = lines[other : other + length]
    elif action == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif action == 3:
        foreign = sources.choose(chance)[1].splitlines(keepends=True) or [""]
        start = chance.randrange(len(foreign))
        lines[at:at] = foreign[start : start + length]
    elif action == 4:
        lines[at : at + length] = [chance.choice(("    ", "\t", " ")) + line for line in lines[at : at + length]]
    else:
        lines[at : at + length] = [line.removeprefix("    ") for line in lines[at : at + length]]
    return "".join(lines)


def _classes(text: str, chance: random.Random, sources: Sources) -> str:
    """A class or a function of another file, as a neighbor, in place of one, or inside of one."""
    foreign = sources.choose(chance)[1]
    theirs, ours = list(_definitions(foreign)), list(_definitions(text))
    if not theirs or not ours:
        return text
    first, last = chance.choice(theirs)
    lines, new = text.splitlines(keepends=True), foreign.splitlines(keepends=True)[first:last]
    start, end = chance.choice(ours)
    action = chance.randrange(3)
    if action == 0:
        lines[start:start] = new
    elif action == 1:
        lines[start:end] = new
    else:
        lines[end:end] = [f"    {line}" for line in new]
    return "".join(lines)


def _methods(text: str, chance: random.Random, sources: Sources) -> str:
    """The body of one function becomes that of another."""
    foreign = text if chance.random() < 0.5 else sources.choose(chance)[1]
    ours, theirs = list(_bodies(text)), list(_bodies(foreign))
    if not ours or not theirs:
        return text
    (start, end, indent), (first, last, other_indent) = chance.choice(ours), chance.choice(theirs)
    new = [
        " " * indent + line[other_indent:] if line[:other_indent].isspace() else line
        for line in foreign.splitlines(keepends=True)[first:last]
    ]
    lines = text.splitlines(keepends=True)
    lines[start:end] = new
    return "".join(lines)


def _expressions(text: str, chance: random.Random, sources: Sources) -> str:
    """An expression takes the place of another one."""
    tree = parse(text) if text.isascii() else None
    if tree is None:
        return text
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    if not nodes:
        return text
    target, source = chance.choice(nodes), chance.choice(nodes)
    new = ast.get_source_segment(text, source) or ""
    lines = text.splitlines(keepends=True)
    end_row, end_column = target.end_lineno or target.lineno, target.end_col_offset or 0
    before = "".join(lines[: target.lineno - 1]) + lines[target.lineno - 1][: target.col_offset]
    after = lines[end_row - 1][end_column:] + "".join(lines[end_row:])
    return f"{before}({new}){after}" if chance.random() < 0.7 else f"{before}{new}{after}"


def _bases(text: str, chance: random.Random, sources: Sources) -> str:
    """A class derives from another one of the file, or from itself."""
    classes = re.findall(r"^class (\w+)", text, re.MULTILINE)
    places = list(re.finditer(r"^class \w+\(([^()]*)\):", text, re.MULTILINE))
    if not places:
        return text
    place = chance.choice(places)
    extra: str = chance.choice(
        [*classes, "object", "type", "metaclass=type", "*bases", "nn.Module, nn.Module", "Generic[T]"]
    )
    return text[: place.start(1)] + extra + text[place.end(1) :]


def _decorators(text: str, chance: random.Random, sources: Sources) -> str:
    places = list(re.finditer(r"^( *)(?:async )?def ", text, re.MULTILINE))
    if not places:
        return text
    place = chance.choice(places)
    names = (
        "property",
        "staticmethod",
        "classmethod",
        "torch.no_grad()",
        "functools.wraps(f)",
        "contextmanager",
        "self",
        "0",
    )
    return f"{text[: place.start()]}{place.group(1)}@{chance.choice(names)}\n{text[place.start() :]}"


def _line_ends(text: str, chance: random.Random, sources: Sources) -> str:
    new = chance.choice(_LINE_ENDS)
    share = chance.choice((0.01, 0.1, 1.0))
    return re.sub("\n", lambda match: new if chance.random() < share else match[0], text)


def _truncation(text: str, chance: random.Random, sources: Sources) -> str:
    return text[: chance.randrange(len(text) + 1)] if chance.random() < 0.7 else text[chance.randrange(len(text) + 1) :]


def _repetition(text: str, chance: random.Random, sources: Sources) -> str:
    """A short part, many times: deep brackets, long sums, long lines."""
    at = chance.randrange(len(text) + 1)
    part = text[at : at + chance.choice((1, 2, 5, 20))]
    return text[:at] + part * chance.choice((2, 50, 2_000)) + text[at:]


def _characters(text: str, chance: random.Random, sources: Sources) -> str:
    at = chance.randrange(len(text) + 1)
    new = chr(
        chance.choice((0, 9, 12, 27, 160, 0x7F, 0x200B, 0xD800, 0xFEFF, 0xFFFF, 0x1F600, chance.randrange(0x110000)))
    )
    return text[:at] + new + text[at + chance.randrange(2) :]


VALID: tuple[Change, ...] = (_names, _literals, _operators, _classes, _methods, _expressions, _bases, _decorators)
"""After these a file is often still valid."""
CHANGES = (*VALID, *VALID, _tokens, _lines, _line_ends, _truncation, _repetition, _characters)


def _definitions(text: str) -> Iterator[tuple[int, int]]:
    """The lines of the classes and functions at the top of a file, as a range."""
    tree = parse(text)
    for node in tree.body if tree else ():
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node.lineno - 1, node.end_lineno or node.lineno


def _bodies(text: str) -> Iterator[tuple[int, int, int]]:
    """The lines of the bodies of functions, as a range, and their indentation."""
    tree = parse(text)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.FunctionDef) and node.body[0].lineno > node.lineno:
            yield node.body[0].lineno - 1, node.end_lineno or node.lineno, node.body[0].col_offset


def _encoded(text: str, chance: random.Random) -> bytes:
    """The text in an encoding, with a cookie that may not be its own, or with damaged bytes."""
    encoding = chance.choice(_COOKIES)
    if chance.random() < 0.7:
        text = f"# coding: {encoding}{chance.choice(_LINE_ENDS)}{text}"
    try:
        data = text.encode(encoding if chance.random() < 0.5 else "utf-8")
    except (LookupError, UnicodeError, AttributeError):
        data = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.3:
        data = chance.choice(_BOMS) + data
    for _ in range(chance.choice((0, 0, 1, 8))):
        at = chance.randrange(len(data) + 1)
        data = data[:at] + bytes([chance.randrange(256)]) + data[at + chance.randrange(2) :]
    return data


def _notebook(text: str, chance: random.Random) -> bytes:
    """The text in the cells of a notebook, whose JSON may be damaged."""
    cells: list[object] = []
    lines = text.splitlines(keepends=True)
    while lines:
        length = chance.choice((1, 5, 40, 200))
        part, lines = lines[:length], lines[length:]
        magic = chance.choice(("", "", "", "%time ", "%%bash\n", "!ls\n", "x = !ls\n", "?\n"))
        source: object = [magic, *part] if chance.random() < 0.5 else magic + "".join(part)
        kind = chance.choice(("code", "code", "code", "markdown", "raw"))
        cells.append({"cell_type": kind, "metadata": {}, "outputs": [], "execution_count": None, "source": source})
    metadata = chance.choice(({}, {"kernelspec": {"language": "python"}}, {"language_info": {"name": "R"}}, None, 1))
    document = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": chance.choice((5, "5", None))}
    data = json.dumps(document, ensure_ascii=chance.random() < 0.5, indent=chance.choice((None, 1))).encode(
        "utf-8", "surrogatepass"
    )
    if chance.random() < 0.3:
        at = chance.randrange(len(data))
        data = data[:at] + chance.choice((b"", b"\0", b'"', b"{", b"]", b"null", b"\xff")) + data[at + 1 :]
    return data
