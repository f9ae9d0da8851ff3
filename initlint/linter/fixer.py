"""Applies fixes and lints again, in memory, until nothing changes. `initlint.project.file_io` writes the files.

Each round applies the fixes that do not overlap. The others are computed again from the changed text in the next round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace

from initlint import rewrite
from initlint._records import dataclass
from initlint.diagnostics import Applicability, Diagnostic
from initlint.linter.fix_edits import with_edits
from initlint.linter.results import CheckResult
from initlint.project import noqa
from initlint.project.reading import parse_source
from initlint.project.source import SourceError, SourceFile
from initlint.rewrite.edits import apply, changed, edits_of

ROUNDS = 10
_BUG = "this is a bug in initlint, please report it"


Files = Mapping[str, bytes]
"""Contents by path, the path as in `SourceFile.path`."""


def fix_is_allowed(diagnostic: Diagnostic, *, unsafe: bool = False) -> bool:
    """Whether `diagnostic` has a fix that may be applied. Unsafe fixes are only allowed with `unsafe`."""
    return diagnostic.fix is not None and (unsafe or diagnostic.fix.applicability is Applicability.SAFE)


def fix_paths(
    check: Callable[[Files], CheckResult], originals: Files, wanted: Callable[[Diagnostic], bool] = fix_is_allowed
) -> CheckResult:
    """Apply the `wanted` fixes to the files in `originals`, and to no other, until `check` finds none.

    `check` lints the contents that it is passed in place of those on disk. The result is its last one, with the
    changes. Files whose fixes never end stay as they were. Raises `MissingLibcst`.
    """
    if not rewrite.can_rewrite():
        raise rewrite.MissingLibcst
    run = _FixRun(originals)
    for _ in range(ROUNDS):
        result = check(run.files)
        fixed_codes = run.round(diagnostic for diagnostic in result.diagnostics if wanted(diagnostic))
        if not fixed_codes:
            return run.result(result)
    for path, codes in sorted(fixed_codes.items()):
        run.revert(path, codes)
    return run.result(check(run.files))


@dataclass
class _FixRun:
    """The state of `fix_paths` between rounds. `errors` are by path: such a file is not fixed any further."""

    originals: Files
    files: dict[str, bytes] = field(init=False)
    fixed: dict[str, Counter[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.files = dict(self.originals)

    def round(self, diagnostics: Iterable[Diagnostic]) -> dict[str, list[str]]:
        """Fix each file once. Returns the fixed codes by path."""
        by_file: dict[str, list[Diagnostic]] = {}
        for diagnostic in diagnostics:
            files = {span.file for span in diagnostic.fix.spans} if diagnostic.fix else set()
            if len(files) == 1:
                by_file.setdefault(files.pop(), []).append(diagnostic)
        fixed_codes: dict[str, list[str]] = {}
        for path, fixable in by_file.items():
            if path in self.files and path not in self.errors:
                try:
                    data, applied = _fixed(path, self.originals[path], self.files[path], fixable)
                except _Dropped as error:
                    self.errors[path] = str(error)
                    continue
                if data != self.files[path]:
                    self.files[path] = data
                    fixed_codes[path] = [diagnostic.code for diagnostic in applied]
                    self.fixed.setdefault(path, Counter()).update(fixed_codes[path])
        return fixed_codes

    def revert(self, path: str, codes: Iterable[str]) -> None:
        """Undo all fixes of a file in which fixes of `codes` are still made in the last round."""
        self.files[path] = self.originals[path]
        del self.fixed[path]
        listed = ", ".join(sorted(set(codes)))
        self.errors[path] = f"{path}: not fixed: the fixes for {listed} keep changing the file; {_BUG}"

    def result(self, result: CheckResult) -> CheckResult:
        """`result` with the changes of all rounds."""
        changed = {path: (old, self.files[path]) for path, old in self.originals.items() if old != self.files[path]}
        return replace(result, changed=changed, fixed=self.fixed, errors=tuple(self.errors.values()))


class _Dropped(Exception):
    """The fixes of one round cannot be applied to a file; the message says why."""


def _fixed(
    path: str, original: bytes, data: bytes, diagnostics: Iterable[Diagnostic]
) -> tuple[bytes, list[Diagnostic]]:
    """The bytes with the fixes applied, and the diagnostics whose fixes were applied. Raises `_Dropped`."""
    try:
        source = parse_source(path, data)
        if not _is_writable(source):
            raise _Dropped(f"{path}: not fixed: decoding as {source.encoding} and encoding again changes its bytes")
        suppressions = noqa.parse(source.code)
        fixable = [with_edits(diagnostic, source) for diagnostic in diagnostics]
        text, applied = apply(source.text, (d for d in fixable if not _touches_suppressed(d, suppressions)))
        try:
            new = parse_source(path, source.with_text(text))
        except (SourceError, ValueError):
            codes = ", ".join(sorted({diagnostic.code for diagnostic in applied}))
            raise _Dropped(f"{path}: not fixed: the fixes for {codes} produced invalid Python; {_BUG}") from None
        before = source if data == original else parse_source(path, original)
        unused = list(rewrite.unused_since(before, new)) if applied else []
        return parse_source(path, new.with_text(changed(text, unused))).data if unused else new.data, applied
    except SourceError as error:
        raise _Dropped(f"{path}: not fixed: {error.message}") from None


def _is_writable(source: SourceFile) -> bool:
    try:
        return source.with_text(source.text) == source.data
    except ValueError:
        return False


def _touches_suppressed(diagnostic: Diagnostic, suppressions: noqa.Suppressions) -> bool:
    """Whether the fix would edit a line with `noqa` for its code. The line may be an import that the fix changes."""
    spans = (edit.span for edit in edits_of(diagnostic))
    return any(suppressions.covers(diagnostic.code, span.row, span.end_row) for span in spans)
