"""Rounds of fixing, with small linters made for the purpose."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from initlint.diagnostics import Applicability, Diagnostic, Edit, Fix, Severity, Span
from initlint.linter import fixer
from initlint.linter.results import CheckResult
from initlint.project.reading import parse_source
from initlint.project.source import SourceFile, SourceLocation
from initlint.rewrite.requests import ReplaceCall
from tests.support.rewriting import compute, walk

Lint = Callable[[SourceFile], list[Diagnostic]]


def finding(edits: Iterable[Edit], code: str = "INI301", safe: bool = True) -> Diagnostic:
    edits = tuple(edits)
    applicability = Applicability.SAFE if safe else Applicability.UNSAFE
    return Diagnostic(code, "name", "message", Severity.INFO, edits[0].span, fix=Fix("Do", edits, applicability))


def edit(row: int, column: int, end_column: int, text: str, file: str = "net.py") -> Edit:
    return Edit(Span(file, row, column, row, end_column), text)


def word_lint(words: Mapping[str, str], code: str = "INI301") -> Lint:
    """Finds each of `words` at most once a line, and replaces it by what it maps to."""

    def lint(source: SourceFile) -> list[Diagnostic]:
        return [
            finding([edit(row, found.start() + 1, found.end() + 1, new, source.path)], code)
            for row, line in enumerate(source.lines, 1)
            for old, new in words.items()
            if (found := re.search(rf"\b{old}\b", line))
        ]

    return lint


def rename_lint(source: SourceFile) -> list[Diagnostic]:
    """Makes Kaiming of each plain or dotted call of `xavier_uniform_`."""
    found = []
    for node in walk(source.tree):
        if isinstance(node, ast.Call) and "xavier_uniform_" in ast.unparse(node.func):
            edits = compute(SourceLocation(source, node), ReplaceCall, "kaiming_uniform_", {"nonlinearity": "relu"})
            if edits:
                found.append(finding(edits))
    return found


def check_with(lint: Lint) -> Callable[[fixer.Files], CheckResult]:
    """A run of `lint` on each file."""

    def check(files: fixer.Files) -> CheckResult:
        sources = [parse_source(path, data) for path, data in files.items()]
        return CheckResult(tuple(d for source in sources for d in lint(source)), tuple(map(Path, files)))

    return check


def fix_file(data: bytes, lint: Lint) -> CheckResult:
    return fixer.fix_paths(check_with(lint), {"net.py": data})


def fixed(data: bytes | str, lint: Lint) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    result = fix_file(data, lint)
    assert not result.errors
    assert not any(map(fixer.fix_is_allowed, result.diagnostics))
    return result.changed["net.py"][1] if result.changed else data


def test_edits_are_made_from_the_top() -> None:
    text, applied = fixer.apply("a b\nc d\n", [finding([edit(2, 1, 2, "C")]), finding([edit(1, 3, 4, "BBB")])])
    assert text == "a BBB\nC d\n"
    assert len(applied) == 2


def test_all_edits_of_a_fix_are_made_or_none() -> None:
    first = finding([edit(1, 1, 4, "x")], "INI101")
    second = finding([edit(1, 3, 5, "y"), edit(2, 1, 2, "z")], "INI102")
    text, applied = fixer.apply("abcdef\ng\n", [second, first])
    assert text == "xdef\ng\n"
    assert applied == [first]


@pytest.mark.parametrize(
    "other",
    [
        edit(1, 1, 1, "y"),
        edit(1, 4, 4, "y"),
        edit(1, 4, 5, "y"),
        edit(1, 2, 3, "y"),
        edit(1, 1, 4, "y"),
        edit(1, 2, 2, ""),
    ],
)
def test_edits_that_touch_wait(other: Edit) -> None:
    _, applied = fixer.apply("abcdef\n", [finding([edit(1, 1, 4, "x")]), finding([other])])
    assert len(applied) == 1


def test_an_edit_that_two_fixes_share_is_made_once() -> None:
    shared = edit(1, 1, 1, "import x\n")
    text, applied = fixer.apply(
        "a\nb\n", [finding([shared, edit(1, 1, 2, "A")]), finding([shared, edit(2, 1, 2, "B")])]
    )
    assert text == "import x\nA\nB\n"
    assert len(applied) == 2


def test_a_fix_that_overlaps_itself_is_not_made() -> None:
    text, applied = fixer.apply("abcdef\n", [finding([edit(1, 1, 4, "x"), edit(1, 2, 5, "y")])])
    assert (text, applied) == ("abcdef\n", [])


def test_rounds_go_on_until_nothing_changes() -> None:
    assert fixed("one = 1\n", word_lint({"one": "two", "two": "three"})) == b"three = 1\n"


def test_what_waits_is_fixed_in_the_next_round() -> None:
    result = fix_file(b"one.two\n", word_lint({"one": "a", "two": "b", r"one\.": "c."}))
    assert result.changed == {"net.py": (b"one.two\n", b"a.b\n")}
    assert result.fixed == {"net.py": {"INI301": 2}}
    assert result.fixed_count == 2


def test_of_two_fixes_that_begin_at_one_place_the_smaller_goes_first() -> None:
    """So that a name is corrected, and counted, before its call is replaced."""
    small = finding([edit(1, 1, 4, "x")], "INI901")
    large = finding([edit(1, 1, 4, "y"), edit(1, 6, 6, "z")], "INI301")
    assert fixer.apply("abc()\n", [large, small]) == ("x()\n", [small])


def test_a_rule_that_never_settles_is_a_defect() -> None:
    result = fix_file(b"one = 1\n", word_lint({"one": "two", "two": "one"}, "INI304"))
    assert result.errors == (
        "net.py: not fixed: the fixes for INI304 keep changing the file; this is a bug in initlint, please report it",
    )
    assert (result.changed, result.fixed) == ({}, {})


def test_an_unstable_file_stays_as_it_was_and_the_others_are_fixed() -> None:
    files = {"a.py": b"one = 1\n", "b.py": b"bad = 1\n"}
    result = fixer.fix_paths(check_with(word_lint({"one": "two", "two": "one", "bad": "good"})), files)
    assert result.changed == {"b.py": (b"bad = 1\n", b"good = 1\n")}
    assert [error.partition(":")[0] for error in result.errors] == ["a.py"]
    assert result.fixed == {"b.py": {"INI301": 1}}
    assert [d.span.file for d in result.diagnostics] == ["a.py"]


def test_a_round_that_gives_no_python_is_dropped_and_the_other_files_are_fixed() -> None:
    files = {"a.py": b"bad = 1\n", "b.py": b"one = 1\n"}
    result = fixer.fix_paths(check_with(word_lint({"bad": "(", "one": "two"})), files)
    assert result.changed == {"b.py": (b"one = 1\n", b"two = 1\n")}
    assert len(result.errors) == 1
    assert result.errors[0].startswith("a.py: not fixed")


def test_what_the_encoding_cannot_hold_is_dropped() -> None:
    data = b"# coding: latin-1\none = '\xe9'\n"
    result = fixer.fix_paths(check_with(word_lint({"one": "größe_ω"})), {"a.py": data})
    assert not result.changed
    assert len(result.errors) == 1


def test_files_that_were_not_given_are_not_touched() -> None:
    diagnostics = [finding([edit(1, 1, 2, "x", "other.py")]), finding([edit(1, 1, 2, "x"), edit(1, 1, 2, "x", "b.py")])]
    result = fixer.fix_paths(lambda files: CheckResult(tuple(diagnostics), ()), {"net.py": b"a\n", "b.py": b"a\n"})
    assert not result.changed


def test_unsafe_fixes_are_made_when_they_are_wanted() -> None:
    unsafe = finding([edit(1, 1, 2, "x")], safe=False)
    assert not fixer.fix_is_allowed(unsafe)
    assert fixer.fix_is_allowed(unsafe, unsafe=True)
    assert not fixer.fix_is_allowed(Diagnostic("INI301", "n", "m", Severity.INFO, unsafe.span), unsafe=True)


@pytest.mark.parametrize("comment", ["# noqa", "# noqa: INI301", "# noqa: F401, INI301"])
def test_lines_with_noqa_are_not_touched_even_where_the_finding_stands_elsewhere(comment: str) -> None:
    code = f"from torch.nn.init import xavier_uniform_  {comment}\nxavier_uniform_(w)\n"
    result = fix_file(code.encode(), rename_lint)
    assert not result.changed


def test_noqa_for_another_code_does_not_stand_in_the_way() -> None:
    assert fixed("from torch.nn import init  # noqa: F401\ninit.xavier_uniform_(w)  # noqa: INI201\n", rename_lint) == (
        b"from torch.nn import init  # noqa: F401\ninit.kaiming_uniform_(w, nonlinearity='relu')  # noqa: INI201\n"
    )


def test_many_calls_of_one_import_leave_no_unused_name() -> None:
    before = "from torch.nn.init import xavier_uniform_\n\nxavier_uniform_(a)\nxavier_uniform_(b)\nxavier_uniform_(c)\n"
    after = "from torch.nn.init import kaiming_uniform_\n\n" + "".join(
        f"kaiming_uniform_({name}, nonlinearity='relu')\n" for name in "abc"
    )
    assert fixed(before, rename_lint).decode() == after


def test_an_import_that_was_never_used_is_left_alone() -> None:
    before = "from torch.nn.init import zeros_\nfrom torch.nn import init\ninit.xavier_uniform_(a)\n"
    assert b"import zeros_" in fixed(before, rename_lint)


BODY = "import torch\n\nx = '{text}'\n\ttorch.nn.init.xavier_uniform_(w)\n".replace("\n\ttorch", "\nif x:\n\ttorch")


@pytest.mark.parametrize(
    ("encoding", "cookie", "text"),
    [
        ("utf-8", "", "größe \U0001f600 日本"),
        ("utf-8-sig", "", "größe \U0001f600"),
        ("latin-1", "# -*- coding: latin-1 -*-\n", "größe"),
        ("cp1251", "# vim: set fileencoding=cp1251 :\n", "размер"),
        ("utf-8-sig", "# coding: utf-8\n", "é"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("final", [True, False])
def test_all_bytes_outside_the_edits_stay(encoding: str, cookie: str, text: str, newline: str, final: bool) -> None:
    code = (cookie + BODY.format(text=text) + "\x0c\ny = '''a\rb''' # " + text + "\n").replace("\n", newline)
    code = code if final else code.rstrip()
    wanted = code.replace("xavier_uniform_(w)", "kaiming_uniform_(w, nonlinearity='relu')")
    assert fixed(code.encode(encoding), rename_lint) == wanted.encode(encoding)


def test_mixed_newlines_stay() -> None:
    data = b"import torch\r\nx = 1\n\r\ntorch.nn.init.xavier_uniform_(w)\ny = 2\r\n"
    assert fixed(data, rename_lint) == data.replace(b"xavier_uniform_(w)", b"kaiming_uniform_(w, nonlinearity='relu')")


def test_a_column_counts_characters_and_not_bytes() -> None:
    code = "import torch\nx = '\U0001f600日'; torch.nn.init.xavier_uniform_(größe)\n"
    assert fixed(code, rename_lint).decode() == code.replace(
        "xavier_uniform_(größe)", "kaiming_uniform_(größe, nonlinearity='relu')"
    )


def test_what_does_not_parse_is_not_fixed() -> None:
    result = fixer.fix_paths(lambda files: CheckResult((finding([edit(1, 1, 2, "x")]),), ()), {"net.py": b"(\n"})
    assert not result.changed
    assert len(result.errors) == 1


def test_a_second_run_changes_nothing() -> None:
    code = (
        "from torch.nn.init import xavier_uniform_, zeros_\nxavier_uniform_(w)\nzeros_(b)\nxavier_uniform_(v, gain=2)\n"
    )
    once = fixed(code, rename_lint)
    assert once != code.encode()
    assert fixed(once, rename_lint) == once


def codes(diagnostics: Sequence[Diagnostic]) -> list[str]:
    return [diagnostic.code for diagnostic in diagnostics]


def test_what_remains_is_told() -> None:
    unsafe = finding([edit(1, 1, 2, "x")], "INI401", safe=False)
    result = fix_file(b"one\n", lambda s: [*word_lint({"one": "two"})(s), unsafe])
    assert codes(result.diagnostics) == ["INI401"]
    assert result.fixed == {"net.py": {"INI301": 1}}
