"""Compare the findings of random subsets of a package's files with those of the whole.

    python benchmarks/subsets.py PACKAGE... [--subsets N] [--cold N] [--seed N]

For each folder: what is found about a file in a subset, in any order, must be what the whole run finds about it. A run
with a warm cache, in memory, or in an editor must find the same as a cold run on disk. Exits with 1 if one differs.
A folder in a package is not compared in memory, where it would lack what it imports from the rest of the package.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from initlint import CheckResult, Diagnostic, Settings, check_files
from initlint.integrations.lsp.documents import Document, OpenFile
from initlint.integrations.lsp.file_diagnostics import FileDiagnostics
from initlint.linter import pipeline
from initlint.linter.lint_file import FileLinter
from initlint.linter.pipeline import RunOptions
from initlint.linter.results import Finding

Key = tuple[object, ...]


def key(diagnostic: Diagnostic) -> Key:
    """All that a user sees of a finding, except the edits of its fix."""
    fix = diagnostic.fix and (diagnostic.fix.message, diagnostic.fix.applicability)
    return diagnostic.code, diagnostic.span, diagnostic.message, diagnostic.severity, fix, diagnostic.related


@dataclass
class Differences:
    """Of one kind of comparison: how many were made, and what differed."""

    tried: int = 0
    different: list[str] = field(default_factory=list)

    def compare(self, name: str, one: Iterable[object], other: Iterable[object]) -> None:
        self.tried += 1
        missing, new = {*one} - {*other}, {*other} - {*one}
        if missing or new:
            self.different.append(f"{name}: missing {sorted(map(str, missing))[:3]}, new {sorted(map(str, new))[:3]}")


@dataclass
class Package:
    """A folder with the findings of the whole."""

    folder: Path
    settings: Settings
    cache: Path
    files: Sequence[Path] = ()
    whole: CheckResult | None = None
    findings: Sequence[Finding] = ()

    def check(self, paths: Iterable[Path], *, cached: bool) -> CheckResult:
        return pipeline.check(paths, self.settings, options=RunOptions(cache=self.cache if cached else None))

    def load(self) -> None:
        self.whole = self.check([self.folder], cached=True)
        self.files = self.whole.files
        files = {os.path.realpath(file): file for file in self.files}
        linter = FileLinter.start(files, self.settings, {}, sorted(pipeline.enabled_codes(self.settings)))
        self.findings = [finding for file in self.files for finding in linter.lint(file).findings]

    def expected(self, subset: Collection[str]) -> list[Key]:
        """What a run over `subset` reports at its own code."""
        assert self.whole is not None
        return [key(diagnostic) for diagnostic in self.whole.diagnostics if diagnostic.span.file in subset]

    def expected_at_calls(self, subset: Collection[str]) -> list[Key]:
        """What it reports at the calls that lead to the code of other files."""
        assert self.whole is not None
        shown = {(diagnostic.code, diagnostic.span) for diagnostic in self.whole.diagnostics}
        return [
            (finding.diagnostic.code, finding.diagnostic.span)
            for finding in self.findings
            if finding.diagnostic.span.file not in subset
            and (finding.diagnostic.code, finding.diagnostic.span) in shown
            and any(call.file in subset for chain in finding.calls for call in chain)
        ]


def compare(package: Package, subsets: int, cold: int, chosen: random.Random) -> dict[str, Differences]:
    found = {name: Differences() for name in ("subsets", "at calls", "warm = cold", "in memory", "editor")}
    for number in range(subsets):
        size = min(len(package.files), chosen.choice((1, 1, 2, 3, 5, len(package.files) // 4, len(package.files) // 2)))
        subset = chosen.sample(package.files, max(size, 1))
        names = {str(file) for file in subset}
        result = package.check(subset, cached=True)
        name = f"{package.folder.name} {number}: {[str(file.relative_to(package.folder)) for file in subset[:4]]}"
        own = [key(d) for d in result.diagnostics if d.origin is None]
        at_calls = [(d.code, d.origin) for d in result.diagnostics if d.origin is not None]
        found["subsets"].compare(name, package.expected(names), own)
        found["at calls"].compare(name, package.expected_at_calls(names), at_calls)
        if number < cold:
            again = package.check(subset, cached=False)
            found["warm = cold"].compare(name, map(key, result.diagnostics), map(key, again.diagnostics))
            one = subset[0]
            alone = package.check([one], cached=False)
            document = Document(one.as_uri(), 1, one.read_text(encoding="utf-8"))
            if one.suffix == ".py":
                open_file = OpenFile.of_file(one, document)
                editor = FileDiagnostics.of(open_file, {}).diagnostics
                on = pipeline.enabled_codes(Settings())
                shown = [key(d)[:-2] for d in alone.diagnostics if d.code in on]
                found["editor"].compare(name, shown, [key(d)[:-2] for d in editor])
    if (package.folder.parent / "__init__.py").exists():
        return found
    everything = {str(path): path.read_bytes() for path in package.folder.rglob("*") if path.is_file()}
    small = {path: data for path, data in everything.items() if len(data) < 2_000_000}
    assert package.whole is not None
    in_memory = check_files(small, package.settings, edits=False)
    found["in memory"].compare(
        package.folder.name, map(key, package.whole.diagnostics), map(key, in_memory.diagnostics)
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="+", type=Path)
    parser.add_argument("--subsets", type=int, default=40)
    parser.add_argument("--cold", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    differ = False
    for folder in options.packages:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as cache:
            package = Package(folder.resolve(), Settings(select=("ALL",), ignore=("INI001",)), Path(cache))
            package.load()
            found = compare(package, options.subsets, options.cold, random.Random(options.seed))
        counts = ", ".join(f"{name} {len(of.different)} of {of.tried} differ" for name, of in found.items())
        print(f"{folder.name}: {len(package.files)} files, {counts}; {time.monotonic() - started:.0f} s", flush=True)
        for line in (line for of in found.values() for line in of.different[:5]):
            print(f"  {line}")
        differ = differ or any(of.different for of in found.values())
    sys.exit(int(differ))


if __name__ == "__main__":
    main()
