"""The Python API. The command line is made of the same functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from initlint.linter import baseline, pipeline
from initlint.linter.fix_edits import compute_fixes
from initlint.linter.pipeline import DEFAULT_OPTIONS, Contents, RunOptions
from initlint.linter.results import CheckResult
from initlint.project.decoding import encode, line_reader
from initlint.project.settings import Settings, find, load


def check_paths(
    paths: Iterable[str | Path],
    settings: Settings | None = None,
    *,
    contents: Contents = MappingProxyType({}),
    options: RunOptions = DEFAULT_OPTIONS,
    edits: bool = True,
) -> CheckResult:
    """Lint files and directories.

    `settings`: without them they are read from the configuration file that is nearest to the first path, upward.
    `contents`: bytes by path, as it stands in `paths` or below one of them, that are linted in place of what the disk
    holds there. `resources`: by default one process, and nothing is kept. `edits`: compute the edits of fixes, which
    takes about as long as the rest; without them a fix states only what its rule requests.

    Raises `DiscoveryError` for a path that does not exist and `ConfigurationError` for settings that cannot be used.
    A file that cannot be read or parsed is a finding of the rule `unreadable-file`, and a defect of initlint itself is
    one of `CheckResult.failures`: neither stops the run. Nothing is written, printed, or imported from what is linted.
    """
    named = tuple(map(Path, paths))
    if settings is None:
        settings = settings_for(named[0] if named else Path())
    result = without_baseline(pipeline.check(named, settings, contents, options), settings, contents)
    return replace(result, diagnostics=compute_fixes(result.diagnostics, contents)) if edits else result


def without_baseline(result: CheckResult, settings: Settings, contents: Contents) -> CheckResult:
    """`result` without what the baseline of the settings knows. Raises `ConfigurationError`."""
    if settings.baseline is None:
        return result
    known = baseline.load(settings.root / settings.baseline)
    enabled = pipeline.enabled_codes(settings)
    return baseline.subtract(result, known, line_reader(contents), enabled)


def check_source(
    text: str, filename: str | Path = "<string>", settings: Settings | None = None, *, edits: bool = True
) -> CheckResult:
    """Lint one text that need not be on disk.

    `filename` is the name in the findings; what the text imports from its own project is looked for from there, and
    so are the settings, if none are given. `edits`: as in `check_paths`. Raises `ConfigurationError`.
    """
    return check_paths([filename], settings, contents={str(Path(filename)): encode(text)}, edits=edits)


def settings_for(path: str | Path) -> Settings:
    """The settings in the configuration file that is nearest to `path`, upward, or the defaults.

    Raises `ConfigurationError`.
    """
    file = find(Path(path))
    return load(file) if file else Settings()
