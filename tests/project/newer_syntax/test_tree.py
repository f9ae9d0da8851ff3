"""The tree of a file in newer syntax is the one that `ast` gives: where `ast` can parse the file, they are compared."""

from __future__ import annotations

import ast
import itertools
import random
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from initlint.project.newer_syntax.tree import convert
from tests.support.paths import PACKAGE, ROOT

LAYOUTS = (ROOT / "tests" / "project" / "newer_syntax" / "layouts.txt").read_text(encoding="utf-8")
POSITION = ("lineno", "col_offset", "end_lineno", "end_col_offset")
FILES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("test_*.py"), *(ROOT / "fixtures").rglob("*.py")])


def fields(node: Any, path: str = "", in_string: str = "") -> Iterator[tuple[object, ...]]:
    """Every node and field of a tree with its position.

    Before Python 3.12 the positions in formatted strings are inexact; of their texts they still vary.
    """
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from fields(each, f"{path}[{number}]", in_string)
        return
    if not isinstance(node, ast.AST):
        yield path, type(node), repr(node)
        return
    is_piece = isinstance(node, ast.FormattedValue) or (
        in_string == "string" and isinstance(node, (ast.Constant, ast.JoinedStr))
    )
    has_position = not is_piece and (in_string != "value" or sys.version_info >= (3, 12))
    yield path, type(node), tuple(getattr(node, name, None) for name in POSITION) if has_position else ()
    if isinstance(node, ast.FormattedValue) and in_string != "value":
        in_string = "string"
    for name in node._fields:
        child = getattr(node, name, None)
        if name in ("type_comment", "type_params", "type_ignores") or (name == "kind" and in_string):
            continue
        if isinstance(node, ast.FormattedValue) and name == "value":
            yield from fields(child, f"{path}.{name}", "value")
        elif isinstance(node, ast.JoinedStr):
            yield from fields(child, f"{path}.{name}", in_string or "string")
        else:
            yield from fields(child, f"{path}.{name}", in_string)


def check_equal(code: str, reference: str | None = None) -> None:
    """The converted tree of `code` is `ast`'s tree of it, or of the older `reference` that has the same layout."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, (tree, _) = ast.parse(code if reference is None else reference), convert(code)
    for theirs, ours in itertools.zip_longest(fields(expected), fields(tree)):
        assert theirs == ours


@pytest.mark.parametrize(
    ("newline", "end"), [("\n", "\n"), ("\r\n", "\r\n"), ("\r", "\r"), ("\n", "")], ids=["lf", "crlf", "cr", "no end"]
)
def test_every_construct_in_odd_layouts(newline: str, end: str) -> None:
    check_equal(LAYOUTS.rstrip("\n").replace("\n", newline) + end)


@pytest.mark.parametrize("path", random.Random(21).sample(FILES, 12), ids=lambda path: path.stem)
def test_real_files(path: Path) -> None:
    check_equal(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("seed", range(5))
def test_statements_in_random_blocks(seed: int) -> None:
    """Simple statements between semicolons, in blocks of random depth, with comments and non-ASCII text."""
    choose = random.Random(seed)
    simple = [ast.unparse(node) for node in ast.parse(LAYOUTS).body if isinstance(node, (ast.Expr, ast.Assign))]
    heads = ["if a:", "while (b):", "class É(A):", "def f(a, *, b=1):", "with a as b:", "for é in b:"]
    lines: list[str] = []
    for _ in range(60):
        depth = choose.randrange(4)
        lines += [f"{' ' * level}{choose.choice(heads)}" for level in range(depth)]
        line = "; ".join(choose.choices(simple, k=choose.randrange(1, 4)))
        lines.append(" " * depth + line + choose.choice(["", ";", "  # é", " ;  # é"]))
    check_equal("\n".join(lines))


@pytest.mark.parametrize(
    "code",
    [
        "",
        "# comment",
        "class A:\n\x0c    x = 1\n\x0c\n\x0cdef f():\n  \x0c  pass\nx = '\x0c'\n",
        "if x:\n\ty = 1\n\tif z:\n\t    pass\n",
        "x = '''a\r\nb'''\r\n",
        "x = \\\n  1 + \\\n  'é'; y = 2",
    ],
)
def test_blanks(code: str) -> None:
    check_equal(code)


@pytest.mark.parametrize(
    ("code", "reference", "version"),
    [
        ("class A[T](B, m=1): é = x", "class A   (B, m=1): é = x", (3, 12)),
        ("class A[T: int, *Ts, **P]: pass", "class A                 : pass", (3, 12)),
        ("async def f[T](a: T = 1) -> T:\n    await a", "async def f   (a: T = 1) -> T:\n    await a", (3, 12)),
        ("def f[T = int](a): pass", "def f         (a): pass", (3, 13)),
        ("x = f'{'a'}' + y", "x = f'{\"a\"}' + y", (3, 12)),
        ("x = f'{\n a  # b\n}' + y", "x = f'{a}' + y", (3, 12)),
        ("try: pass\nexcept A, B: pass", "try: pass\nexcept (A, B): pass", (3, 14)),
        ("lazy import a", "import a", (3, 15)),
        ("lazy from a import b", "from a import b", (3, 15)),
    ],
)
def test_newer_syntax_becomes_older(code: str, reference: str, version: tuple[int, int]) -> None:
    tree, required = convert(code)
    assert required == version
    if len(code) == len(reference):
        check_equal(code, reference)
    else:
        assert ast.dump(tree) == ast.dump(convert(reference)[0])


def test_type_aliases_are_assignments() -> None:
    tree, version = convert("type Pair[T] = tuple[T, T]")
    assert version == (3, 12)
    assert ast.unparse(tree) == "Pair = tuple[T, T]"


def test_groups_of_exceptions_are_those_of_the_running_python() -> None:
    tree, version = convert("try: pass\nexcept* (A, B) as e: pass\nelse: pass\n")
    assert version == (3, 11)
    assert type(tree.body[0]) is getattr(ast, "TryStar", ast.Try)


def test_unpacked_type_variables() -> None:
    tree, version = convert("def f(*args: *Ts): pass\nx = a[*b, c]\ny = a[*b]")
    assert version == (3, 11)
    assert isinstance(tree.body[0], ast.FunctionDef)
    assert tree.body[0].args.vararg is not None
    assert isinstance(tree.body[0].args.vararg.annotation, ast.Starred)
    assert [type(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)] == [ast.Tuple, ast.Tuple]


def test_template_strings_keep_their_values() -> None:
    tree, version = convert("x = t'{a.b} {c!r:>{d}}' 'text'")
    assert version == (3, 14)
    assert ast.unparse(tree) == "x = ('t', a.b, c)"


def test_unpacking_in_comprehensions() -> None:
    tree, version = convert("x = [*a for a in b]")
    assert version == (3, 15)
    assert isinstance(tree.body[0], ast.Assign)
    assert isinstance(tree.body[0].value, ast.ListComp)
    assert len(tree.body[0].value.generators) == 2


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("f'{\"a\"}'", ["a"]),
        ("f'{'a'}b{{'", ["a", "b{"]),
        ("f'\\n{x:{'w'}.{p}}\\N{EN DASH}'", ["\n", "w", ".", "\u2013"]),
        ("rf'\\n{x}'", ["\\n"]),
        ("f'\\{x}'", ["\\"]),
        ("'a' f'b{x!r}' 'c' f'd'", ["ab", "cd"]),
    ],
)
def test_texts_of_formatted_strings(code: str, values: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree, _ = convert(code)
    assert sorted(node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)) == sorted(values)
