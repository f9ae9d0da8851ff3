"""A baseline: a file of existing findings, which are not reported, unlike new ones.

Findings are recognized by content, not by line number: the file, the code, and the text of the lines of the finding.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from initlint._records import dataclass
from initlint.diagnostics import Diagnostic
from initlint.linter.fingerprint import FindingIdentity, content
from initlint.linter.results import CheckResult
from initlint.project.decoding import Lines
from initlint.project.file_io import read_file
from initlint.project.settings import ConfigurationError
from initlint.rules import rules_by_code

_MOST_FINDINGS = 1_000_000
"""The findings of a baseline that are gone are listed one by one."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The number of each finding in the file `path`. Names of files are relative to its directory, with `/`."""

    path: Path
    counts: Mapping[FindingIdentity, int]


def load(path: Path) -> Baseline:
    """Read a baseline. Raises `ConfigurationError` if the file cannot be read or is not a baseline."""
    try:
        document = json.loads(read_file(path).decode("utf-8"))
    except OSError as error:
        hint = "; create it with --write-baseline" if isinstance(error, FileNotFoundError) else ""
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror or error}{hint}") from None
    except ValueError as error:  # no UTF-8 or no JSON
        raise ConfigurationError(f"{path}: is not a baseline: {error}") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: is not a baseline: nested too deeply") from None
    try:
        return Baseline(path, _counts(document))
    except (KeyError, TypeError, ValueError):
        raise ConfigurationError(f"{path} is not a version 1 baseline; create one with --write-baseline") from None


def _counts(document: Any) -> dict[FindingIdentity, int]:
    """Raises KeyError, TypeError or ValueError for any other shape."""
    if document["version"] != 1:
        raise ValueError
    counts: dict[FindingIdentity, int] = {}
    for entry in document["findings"]:
        item, count = FindingIdentity(entry["file"], entry["code"], entry["text"]), entry["count"]
        if not all(isinstance(part, str) for part in (item.file, item.code, item.text)) or not isinstance(count, int):
            raise TypeError
        counts[item] = count
    if min(counts.values(), default=0) < 0 or sum(counts.values()) > _MOST_FINDINGS:
        raise ValueError
    return counts


def render(path: Path, diagnostics: Iterable[Diagnostic], lines: Lines) -> str:
    """The text of a baseline of `diagnostics`, to be written to `path`. Unreadable files are never part of it."""
    counts = Counter(_content(diagnostic, path, lines) for diagnostic in diagnostics if _may_enter(diagnostic))
    findings = [
        {"file": item.file, "code": item.code, "text": item.text, "count": count}
        for item, count in sorted(counts.items())
    ]
    return json.dumps({"version": 1, "findings": findings}, indent=2) + "\n"


def _may_enter(diagnostic: Diagnostic) -> bool:
    return not rules_by_code()[diagnostic.code].always_on


def subtract(result: CheckResult, baseline: Baseline, lines: Lines, enabled: Collection[str]) -> CheckResult:
    """`result` without the findings of the baseline; `baseline_count` is their number.

    `baseline_removed` lists the findings of the baseline that are no longer found. These are findings of `enabled`
    rules, in files that were linted or no longer exist.
    """
    unmatched = Counter(baseline.counts)
    new: list[Diagnostic] = []
    for diagnostic in result.diagnostics:
        item = next((item for item in _contents(diagnostic, baseline.path, lines) if unmatched[item] > 0), None)
        if item is None:
            new.append(diagnostic)
        else:
            unmatched[item] -= 1
    linted = {_name(str(file), baseline.path) for file in result.files}
    removed = () if result.failures else tuple(_removed(unmatched, baseline.path.parent, linted, enabled))
    return replace(
        result, diagnostics=tuple(new), baseline_count=len(result.diagnostics) - len(new), baseline_removed=removed
    )


def _removed(
    unmatched: Mapping[FindingIdentity, int], directory: Path, linted: Collection[str], enabled: Collection[str]
) -> Iterator[str]:
    for item, count in sorted(unmatched.items()):
        if item.code in enabled and (item.file in linted or not os.path.exists(directory / item.file)):
            yield from [f"{item.file}: {item.code}: {item.text}"] * count


def _contents(diagnostic: Diagnostic, path: Path, lines: Lines) -> Iterator[FindingIdentity]:
    """The finding where it is reported, and where it is if the file of the init call is linted as well."""
    yield _content(diagnostic, path, lines)
    if diagnostic.origin is not None:
        yield _content(replace(diagnostic, span=diagnostic.origin), path, lines)


def _content(diagnostic: Diagnostic, path: Path, lines: Lines) -> FindingIdentity:
    file = diagnostic.span.file
    return content(diagnostic, _name(file, path), lines(file))


def _name(file: str, path: Path) -> str:
    try:
        return Path(os.path.relpath(file, path.parent)).as_posix()
    except ValueError:  # another drive
        return Path(os.path.abspath(file)).as_posix()
