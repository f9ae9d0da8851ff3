"""The ecosystem check, and the reviewed findings that it compares with."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tools.ecosystem.findings import (
    Finding,
    ReviewedFinding,
    compare_with_baseline,
    difference,
    lint,
    precision,
    read_baseline,
)
from tools.ecosystem.packages import Package, fetch, read_list

SEEN = Finding("timm", "timm/net.py", 7, "INI301", "info", "Xavier before ReLU")
JUDGED = ReviewedFinding("timm", "1.0.31", "timm/net.py", 7, "INI301", "info", "true", "no norm between")
HEADER = "package\tversion\tfile\tline\tcode\tseverity\tverdict\twhy\n"


def test_the_difference_of_two_runs() -> None:
    gone, come = replace(SEEN, line=9), replace(SEEN, line=1)
    assert list(difference([SEEN, gone], [SEEN, come])) == [
        "+ timm timm/net.py:1: INI301 info: Xavier before ReLU",
        "- timm timm/net.py:9: INI301 info: Xavier before ReLU",
    ]


def test_a_finding_that_changed_is_shown_as_it_was_and_as_it_is() -> None:
    lines = list(difference([SEEN], [replace(SEEN, severity="warning")]))
    assert [line[0] + line.split()[4] for line in lines] == ["-info:", "+warning:"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([SEEN], []),
        ([], ["gone, judged true: timm timm/net.py:7: INI301"]),
        ([SEEN, replace(SEEN, code="INI401")], ["not judged: timm timm/net.py:7: INI401 Xavier before ReLU"]),
    ],
)
def test_against_what_was_judged(found: list[Finding], expected: list[str]) -> None:
    assert list(compare_with_baseline(found, [JUDGED])) == expected


def test_the_shares_of_true_findings() -> None:
    judged = [JUDGED, replace(JUDGED, severity="error", verdict="false"), replace(JUDGED, verdict="debatable")]
    assert list(precision(judged)) == [
        "INI301: 3 judged, 1 true, 1 false, 1 debatable: 33% true",
        "all: 3 judged, 1 true, 1 false, 1 debatable: 33% true",
        "error: 1 judged, 0 true, 1 false, 0 debatable: 0% true",
        "info: 2 judged, 1 true, 0 false, 1 debatable: 50% true",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("package\tfile\n", ":1: the columns must be package, version, file"),
        (
            HEADER + "a\t1\ta.py\t1\tINI301\tinfo\tright\twhy\n",
            ":2: needs a line, one of true, false, debatable, and why",
        ),
        (HEADER + "a\t1\ta.py\tx\tINI301\tinfo\ttrue\twhy\n", ":2: needs a line"),
        (HEADER + "a\t1\ta.py\t1\tINI301\tinfo\ttrue\t\n", ":2: needs a line"),
    ],
)
def test_a_baseline_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "baseline.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"^{path}{message}"):
        read_baseline(path)


@pytest.mark.parametrize("line", ["timm", "timm==", "timm>=1", "owner/nets@main", "owner/nets==1", "nets@" + 40 * "a"])
def test_a_package_that_is_not_pinned(tmp_path: Path, line: str) -> None:
    path = tmp_path / "packages.txt"
    path.write_text(f"# vision\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=f"packages.txt:2: `{line}` is no pinned package"):
        read_list(path)


def test_the_commit_of_a_repository(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=origin).stdout.strip()

    origin = tmp_path / "owner" / "nets"
    origin.mkdir(parents=True)
    git("init", "--quiet")
    (origin / "net.py").write_text("first\n", encoding="utf-8")
    git("add", ".")
    git("commit", "--quiet", "-m", "First")
    commit = git("rev-parse", "HEAD")
    (origin / "net.py").write_text("second\n", encoding="utf-8")
    git("commit", "--quiet", "-am", "Second")
    listed = tmp_path / "packages.txt"
    listed.write_text(f"owner/nets@{commit}  # small\n", encoding="utf-8")
    (package,) = read_list(listed)
    assert (package, str(package)) == (Package("owner/nets", commit), f"owner/nets@{commit}")
    sources = fetch(package, tmp_path, host=tmp_path.as_uri())
    assert sources.name == f"owner+nets-{commit}"
    assert (sources / "net.py").read_text(encoding="utf-8") == "first\n"
    assert fetch(package, tmp_path, host="file:///nowhere") == sources


def test_linting_a_package(tmp_path: Path) -> None:
    text = "from torch import nn\nnn.init.xavier_uniform_(nn.Linear(2, 2).bias)\n"
    (tmp_path / "net.py").write_text(text, encoding="utf-8")
    (found,) = lint(Package("mine", "1"), tmp_path, ROOT)
    assert found.key == ("mine", "net.py", 2, "INI101")
    with pytest.raises(RuntimeError, match=r"mine==1: initlint ends with 2: .*not-there"):
        lint(Package("mine", "1"), tmp_path / "not-there", ROOT)


def test_the_baseline_speaks_of_the_packages_on_the_list() -> None:
    pinned = {(package.name, package.version) for package in read_list()}
    judged = read_baseline()
    assert {(line.package, line.version) for line in judged} <= pinned
    assert [key for key, times in Counter(line.key for line in judged).items() if times > 1] == []


def test_the_judged_findings_are_true_enough_for_the_default_set() -> None:
    judged = read_baseline()
    by_code = {line.code: [other for other in judged if other.code == line.code] for line in judged}
    assert _true([line for line in judged if line.severity == "error"]) >= 0.95
    assert _true(judged) >= 0.9
    # A share of fewer says nothing.
    judged_often = {code: lines for code, lines in by_code.items() if len(lines) >= 10}
    assert {code: round(_true(lines), 2) for code, lines in judged_often.items() if _true(lines) < 0.8} == {}


def _true(lines: list[ReviewedFinding]) -> float:
    return sum(line.verdict == "true" for line in lines) / len(lines)
