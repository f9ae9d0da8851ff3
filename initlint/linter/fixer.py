"""Applies fixes and lints again, in memory, until nothing changes. Writing is left to `initlint.project.atomic_write`.

A round takes all fixes that do not get in each other's way; those that do wait for the next one, where they are found
anew in the changed text. A linter that is given a file twice says the same, so the rounds end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from initlint import rewrite
from initlint.diagnostics import Applicability, Diagnostic
from initlint.linter import noqa
from initlint.project.source import SourceError, SourceFile
from initlint.rewrite.edits import apply, changed, edits_of

ROUNDS = 10


class Unstable(Exception):
    """Fixing did not come to an end: a defect of initlint. `codes` are those that were fixed in the last round."""

    def __init__(self, path: str, codes: Iterable[str]) -> None:
        self.path = path
        self.codes = tuple(sorted(set(codes)))
        super().__init__(f"{path}: fixing {', '.join(self.codes)} does not settle; this is a defect of initlint")


class HasDiagnostics(Protocol):
    @property
    def diagnostics(self) -> Sequence[Diagnostic]: ...


R = TypeVar("R", bound=HasDiagnostics)
Files = Mapping[str, bytes]
"""Contents by path, the path as in `SourceFile.path`."""


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a lint that gives nothing but diagnostics."""

    diagnostics: Sequence[Diagnostic]


@dataclass(frozen=True, slots=True)
class FixResult(Generic[R]):
    """`changed`: path to old and new bytes. `fixed`: how many of each code, by path. `result`: the last lint, of the
    new bytes.

    `errors`: one line for each file whose fixes, or those of a round, had to be dropped. `unstable`: files that
    did not settle; they are left as they were.
    """

    changed: Mapping[str, tuple[bytes, bytes]]
    fixed: Mapping[str, Mapping[str, int]]
    result: R
    errors: tuple[str, ...] = ()
    unstable: tuple[Unstable, ...] = ()

    @property
    def count(self) -> int:
        """How many findings were fixed."""
        return sum(number for codes in self.fixed.values() for number in codes.values())

    def without(self, paths: Collection[str], result: R) -> FixResult[R]:
        """The same, but for `paths`, which could not be written; `result` is a lint of what is there now."""
        changed = {path: versions for path, versions in self.changed.items() if path not in paths}
        fixed = {path: codes for path, codes in self.fixed.items() if path not in paths}
        return replace(self, changed=changed, fixed=fixed, result=result)


def fix_is_allowed(diagnostic: Diagnostic, *, unsafe: bool = False) -> bool:
    """Whether `diagnostic` has a fix that may be applied; `unsafe` allows those that are not safe."""
    return diagnostic.fix is not None and (unsafe or diagnostic.fix.applicability is Applicability.SAFE)


def fix_source(
    source: SourceFile,
    lint: Callable[[SourceFile], Sequence[Diagnostic]],
    wanted: Callable[[Diagnostic], bool] = fix_is_allowed,
) -> FixResult[Found]:
    """Fix one file. Raises `Unstable`."""

    def check(files: Files) -> Found:
        return Found(lint(SourceFile.parse(source.path, files[source.path])))

    result = fix_paths(check, {source.path: source.data}, wanted)
    if result.unstable:
        raise result.unstable[0]
    return result


def fix_paths(
    check: Callable[[Files], R], originals: Files, wanted: Callable[[Diagnostic], bool] = fix_is_allowed
) -> FixResult[R]:
    """Fix the files in `originals`, and no other, as long as `check` finds something that is `wanted` and can be fixed.

    `check` lints with the contents that it is given in place of those on disk.
    """
    run = _FixRun(originals)
    for _ in range(ROUNDS):
        result = check(run.files)
        moved = run.round(diagnostic for diagnostic in result.diagnostics if wanted(diagnostic))
        if not moved:
            return run.result(result, ())
    unstable = tuple(Unstable(path, codes) for path, codes in sorted(moved.items()))
    for path in moved:
        run.revert(path)
    return run.result(check(run.files), unstable)


@dataclass
class _FixRun:
    """The files as far as they have been fixed."""

    originals: Files
    files: dict[str, bytes] = field(init=False)
    fixed: dict[str, Counter[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.files = dict(self.originals)

    def round(self, diagnostics: Iterable[Diagnostic]) -> dict[str, list[str]]:
        """Fix each file once; the codes that were fixed, by file."""
        by_file: dict[str, list[Diagnostic]] = {}
        for diagnostic in diagnostics:
            files = {edit.span.file for edit in edits_of(diagnostic)}
            if len(files) == 1:
                by_file.setdefault(files.pop(), []).append(diagnostic)
        moved: dict[str, list[str]] = {}
        for path, found in by_file.items():
            if path in self.files and path not in self.errors:
                try:
                    data, applied = _fixed(path, self.originals[path], self.files[path], found)
                except _Dropped as error:
                    self.errors[path] = str(error)
                    continue
                if data != self.files[path]:
                    self.files[path] = data
                    moved[path] = [diagnostic.code for diagnostic in applied]
                    self.fixed.setdefault(path, Counter()).update(moved[path])
        return moved

    def revert(self, path: str) -> None:
        self.files[path] = self.originals[path]
        del self.fixed[path]

    def result(self, result: R, unstable: tuple[Unstable, ...]) -> FixResult[R]:
        changed = {path: (old, self.files[path]) for path, old in self.originals.items() if old != self.files[path]}
        return FixResult(changed, self.fixed, result, tuple(self.errors.values()), unstable)


class _Dropped(Exception):
    """A round of one file that came to nothing."""


def _fixed(
    path: str, original: bytes, data: bytes, diagnostics: Iterable[Diagnostic]
) -> tuple[bytes, list[Diagnostic]]:
    """The bytes with the fixes made, and those that were. Raises `_Dropped`."""
    try:
        source = SourceFile.parse(path, data)
        if not _is_writable(source):
            encoding = source.encoding
            raise _Dropped(f"{path}: not fixed: its text cannot be written again byte for byte (read as {encoding})")
        suppressions = noqa.parse(source.code)
        text, applied = apply(source.text, (d for d in diagnostics if not _touches_suppressed(d, suppressions)))
        try:
            new = SourceFile.parse(path, source.with_text(text))
        except (SourceError, ValueError):
            codes = ", ".join(sorted({diagnostic.code for diagnostic in applied}))
            reason = f"the fixes of {codes} gave no Python; this is a defect of initlint"
            raise _Dropped(f"{path}: not fixed: {reason}") from None
        before = source if data == original else SourceFile.parse(path, original)
        unused = list(rewrite.unused_since(before, new)) if applied else []
        return SourceFile.parse(path, new.with_text(changed(text, unused))).data if unused else new.data, applied
    except SourceError as error:
        raise _Dropped(f"{path}: not fixed: {error.message}") from None


def _is_writable(source: SourceFile) -> bool:
    try:
        return source.with_text(source.text) == source.data
    except ValueError:
        return False


def _touches_suppressed(diagnostic: Diagnostic, suppressions: noqa.Suppressions) -> bool:
    """Whether the fix would edit a line that is closed to its code, be it that of an import that goes with it."""
    spans = (edit.span for edit in edits_of(diagnostic))
    return any(suppressions.covers(diagnostic.code, span.row, span.end_row) for span in spans)
