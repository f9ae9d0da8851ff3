"""A baseline: the findings of one day, kept in a file, so that from then on only new ones are reported.

They are known again by content, not by line: the file, the code, and the text of the lines that a finding stands on.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from initlint.diagnostics import Diagnostic
from initlint.linter.fingerprint import FindingIdentity, content
from initlint.linter.results import CheckResult
from initlint.project.decoding import Lines
from initlint.project.file_io import read_file
from initlint.project.settings import ConfigurationError
from initlint.rules import rules_by_code


@dataclass(frozen=True, slots=True)
class Baseline:
    """The known findings, and how often each was there. Files are named from the directory of `path`, with `/`."""

    path: Path
    counts: Mapping[FindingIdentity, int]


def load(path: Path) -> Baseline:
    """Raises `ConfigurationError` for a file that cannot be read or that is no baseline."""
    try:
        document = json.loads(read_file(path).decode("utf-8"))
    except OSError as error:
        hint = "; --write-baseline makes one" if isinstance(error, FileNotFoundError) else ""
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror or error}{hint}") from None
    except ValueError as error:  # no UTF-8 or no JSON
        raise ConfigurationError(f"{path}: is no baseline: {error}") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: is no baseline: nested too deeply") from None
    try:
        return Baseline(path, _counts(document))
    except (KeyError, TypeError, ValueError):
        raise ConfigurationError(f"{path}: is no baseline of version 1; --write-baseline makes one") from None


def _counts(document: Any) -> dict[FindingIdentity, int]:
    """Raises KeyError, TypeError or ValueError for any other shape."""
    if document["version"] != 1:
        raise ValueError
    counts: dict[FindingIdentity, int] = {}
    for known in document["findings"]:
        item, count = FindingIdentity(known["file"], known["code"], known["text"]), known["count"]
        if not all(isinstance(part, str) for part in (item.file, item.code, item.text)) or not isinstance(count, int):
            raise TypeError
        counts[item] = count
    return counts


def render(path: Path, diagnostics: Iterable[Diagnostic], lines: Lines) -> str:
    """The baseline that holds `diagnostics`, for the file `path`; an unreadable file is never known."""
    counts = Counter(_content(diagnostic, path, lines) for diagnostic in diagnostics if _may_enter(diagnostic))
    findings = [
        {"file": item.file, "code": item.code, "text": item.text, "count": count}
        for item, count in sorted(counts.items())
    ]
    return json.dumps({"version": 1, "findings": findings}, indent=2) + "\n"


def _may_enter(diagnostic: Diagnostic) -> bool:
    return not rules_by_code()[diagnostic.code].always_on


def subtract(result: CheckResult, known: Baseline, lines: Lines, enabled: Collection[str]) -> CheckResult:
    """`result` without what is `known`; `known` of the new one counts that, and `gone` says what is there no more.

    Only files that were linted or that exist no longer are missed, and only findings of the rules in `enabled`.
    """
    left = Counter(known.counts)
    new: list[Diagnostic] = []
    for diagnostic in result.diagnostics:
        item = _content(diagnostic, known.path, lines)
        if left[item] > 0:
            left[item] -= 1
        else:
            new.append(diagnostic)
    linted = {_name(str(file), known.path) for file in result.files}
    gone = () if result.failures else tuple(_gone(left, known.path.parent, linted, enabled))
    return replace(
        result, diagnostics=tuple(new), baseline_count=len(result.diagnostics) - len(new), baseline_removed=gone
    )


def _gone(
    left: Mapping[FindingIdentity, int], directory: Path, linted: Collection[str], enabled: Collection[str]
) -> Iterator[str]:
    for item, count in sorted(left.items()):
        if item.code in enabled and (item.file in linted or not (directory / item.file).exists()):
            yield from [f"{item.file}: {item.code}: {item.text}"] * count


def _content(diagnostic: Diagnostic, path: Path, lines: Lines) -> FindingIdentity:
    file = diagnostic.span.file
    return content(diagnostic, _name(file, path), lines(file))


def _name(file: str, path: Path) -> str:
    try:
        return Path(os.path.relpath(file, path.parent)).as_posix()
    except ValueError:  # another drive
        return Path(os.path.abspath(file)).as_posix()
