"""Helpers of the tests of fixing: files in, files out, through the real linter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from initlint.diagnostics import Diagnostic
from initlint.linter.fixer import fix_is_allowed, fix_paths
from initlint.linter.pipeline import check
from initlint.linter.results import CheckResult
from initlint.project.settings import Settings


def found(text: str, select: tuple[str, ...] | None = None) -> tuple[Diagnostic, ...]:
    """What is reported of a file."""
    return check([Path("net.py")], Settings(select=select), {"net.py": text.encode()}).diagnostics


def run(files: Mapping[str, str], *, unsafe: bool = False, select: tuple[str, ...] | None = None) -> CheckResult:
    """Fix `files`, which need not be on disk; none of it is an internal error."""
    settings, paths = Settings(select=select), [Path(name) for name in files]
    contents = {name: text.encode() for name, text in files.items()}
    result = fix_paths(lambda now: check(paths, settings, now), contents, partial(fix_is_allowed, unsafe=unsafe))
    assert (result.failures, result.errors) == ((), ())
    return result


def fixed(files: Mapping[str, str], *, unsafe: bool = False, select: tuple[str, ...] | None = None) -> dict[str, str]:
    """All of `files` as they are after fixing."""
    changed = run(files, unsafe=unsafe, select=select).changed
    return {name: changed[name][1].decode() if name in changed else text for name, text in files.items()}
