"""The findings of a run, the reviewed findings, and their differences."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.ecosystem.packages import Package

BASELINE = Path(__file__).with_name("baseline.tsv")
VERDICTS = ("true", "false", "debatable")
_COLUMNS = ("package", "version", "file", "line", "code", "severity", "verdict", "why")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A finding in a package. `file` is relative to the unpacked package."""

    package: str
    file: str
    line: int
    code: str
    severity: str
    message: str

    @property
    def key(self) -> tuple[str, str, int, str]:
        """Equal for the same finding in another run."""
        return (self.package, self.file, self.line, self.code)


@dataclass(frozen=True, slots=True)
class ReviewedFinding:
    """A line of the baseline: a finding that a person read in the source."""

    package: str
    version: str
    file: str
    line: int
    code: str
    severity: str
    verdict: str
    why: str

    @property
    def key(self) -> tuple[str, str, int, str]:
        return (self.package, self.file, self.line, self.code)


def lint(package: Package, sources: Path, initlint: Path) -> tuple[Finding, ...]:
    """The findings in `sources` of the initlint in the folder `initlint`. Raises RuntimeError if it fails."""
    command = [sys.executable, "-m", "initlint", "check", "--isolated", "--exit-zero", "--output-format", "json"]
    # Of a package rules that are off by default are reviewed too; of an old repository no deprecated names.
    command += ["--ignore", "INI901"] if package.is_repository else ["--select", "ALL"]
    # Started in its own folder to import this initlint and no other.
    run = subprocess.run([*command, str(sources.resolve())], cwd=initlint, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"{package}: initlint ends with {run.returncode}: {run.stderr.strip()}")
    return tuple(sorted(_read(package, sources.resolve(), json.loads(run.stdout))))


def _read(package: Package, sources: Path, report: Mapping[str, list[dict[str, object]]]) -> Iterator[Finding]:
    for diagnostic in report["diagnostics"]:
        file = Path(str(diagnostic["file"])).relative_to(sources).as_posix()
        yield Finding(
            package.name,
            file,
            int(str(diagnostic["row"])),
            str(diagnostic["code"]),
            str(diagnostic["severity"]),
            str(diagnostic["message"]),
        )


def read_baseline(path: Path = BASELINE) -> tuple[ReviewedFinding, ...]:
    """The reviewed findings. Raises ValueError with the line of a malformed one."""
    reviewed = []
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        if tuple(rows.fieldnames or ()) != _COLUMNS:
            raise ValueError(f"{path}:1: the columns must be {', '.join(_COLUMNS)}")
        for row in rows:
            if row["verdict"] not in VERDICTS or not row["why"] or not row["line"].isdigit():
                raise ValueError(f"{path}:{rows.line_num}: needs a line, one of {', '.join(VERDICTS)}, and why")
            package, version, file, line, *rest = (row[column] for column in _COLUMNS)
            reviewed.append(ReviewedFinding(package, version, file, int(line), *rest))
    return tuple(reviewed)


def difference(before: Iterable[Finding], after: Iterable[Finding]) -> Iterator[str]:
    """One line for each finding that is gone (-), new (+) or changed (both)."""
    old, new = set(before), set(after)
    marked = [(finding, "-") for finding in old - new] + [(finding, "+") for finding in new - old]
    for finding, sign in sorted(marked, key=lambda item: (item[0].key, item[1] == "+")):
        where = f"{finding.package} {finding.file}:{finding.line}"
        yield f"{sign} {where}: {finding.code} {finding.severity}: {finding.message}"


def compare_with_baseline(findings: Iterable[Finding], reviewed: Iterable[ReviewedFinding]) -> Iterator[str]:
    """One line for each finding without a review, and for each reviewed one that is not reported any more."""
    verdicts = {line.key: line for line in reviewed}
    found_keys = set()
    for finding in findings:
        found_keys.add(finding.key)
        if finding.key not in verdicts:
            yield f"not judged: {finding.package} {finding.file}:{finding.line}: {finding.code} {finding.message}"
    for key, line in verdicts.items():
        if key not in found_keys:
            yield f"gone, judged {line.verdict}: {line.package} {line.file}:{line.line}: {line.code}"


def precision(reviewed: Iterable[ReviewedFinding]) -> Iterator[str]:
    """The share of true findings among those reviewed: of each rule, of each severity, of all."""
    groups: dict[str, Counter[str]] = {}
    for line in reviewed:
        for group in (line.code, line.severity, "all"):
            groups.setdefault(group, Counter())[line.verdict] += 1
    for group, counts in sorted(groups.items()):
        total = counts.total()
        numbers = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)
        yield f"{group}: {total} judged, {numbers}: {counts['true'] / total:.0%} true"
