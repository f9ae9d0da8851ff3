"""Lints and fixes sources with the real pipeline, for the tests of fixing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from initlint.diagnostics import Diagnostic
from initlint.linter.fixer import fix_is_allowed, fix_paths
from initlint.linter.pipeline import check
from initlint.linter.results import CheckResult
from initlint.project.settings import Settings


def findings_of(text: str, select: tuple[str, ...] | None = None) -> tuple[Diagnostic, ...]:
    """The findings in a file of the source `text`. Fails on an internal error."""
    result = check([Path("net.py")], Settings(select=select), {"net.py": text.encode()})
    assert result.failures == ()
    return result.diagnostics


def run(files: Mapping[str, str], *, unsafe: bool = False, select: tuple[str, ...] | None = None) -> CheckResult:
    """Fix `files`, which need not be on disk. Fails on an internal error."""
    settings, paths = Settings(select=select), [Path(name) for name in files]
    contents = {name: text.encode() for name, text in files.items()}
    result = fix_paths(lambda now: check(paths, settings, now), contents, partial(fix_is_allowed, unsafe=unsafe))
    assert (result.failures, result.errors) == ((), ())
    return result


def fixed(files: Mapping[str, str], *, unsafe: bool = False, select: tuple[str, ...] | None = None) -> dict[str, str]:
    """The text of all `files` after fixing."""
    changed = run(files, unsafe=unsafe, select=select).changed
    return {name: changed[name][1].decode() if name in changed else text for name, text in files.items()}
