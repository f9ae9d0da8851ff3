"""The Python API, which the command line uses as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from initlint.linter import baseline, pipeline
from initlint.linter.fix_edits import compute_fixes
from initlint.linter.pipeline import DEFAULT_OPTIONS, Contents, RunOptions
from initlint.linter.results import CheckResult
from initlint.project.decoding import encode, line_reader
from initlint.project.discovery import SUFFIXES
from initlint.project.settings import Settings
from initlint.project.settings_file import NearestSettings, common_folder, find, load


def check_paths(
    paths: Iterable[str | Path],
    settings: Settings | None = None,
    *,
    contents: Contents = MappingProxyType({}),
    options: RunOptions = DEFAULT_OPTIONS,
    edits: bool = True,
) -> CheckResult:
    """Lint files and directories.

    `settings`: by default those of the configuration file nearest to each file. `contents`: bytes by
    path that replace those on disk. A file that exists there only is linted if it is in `paths` or below one of them,
    and is imported by others as any file. `options`: by default one process and no cache. `edits`: compute the edits of
    fixes, which takes about as long as the rest. Without them a fix states only what its rule requests.

    Raises `DiscoveryError` for a path that does not exist and `ConfigurationError` for settings that cannot be used.
    A file that cannot be read or parsed is a finding of the rule `unreadable-file`, and an internal error is one of
    `CheckResult.failures`: neither stops the run. Nothing is printed or written, and no linted code is imported.
    """
    path_list = tuple(map(Path, paths))
    if settings is None:
        settings = settings_for(common_folder(path_list))
    result = without_baseline(pipeline.check(path_list, settings, contents, options), settings, contents)
    if not edits:
        return result
    return replace(result, diagnostics=compute_fixes(result.diagnostics, contents, cache_folder=options.cache))


def without_baseline(result: CheckResult, settings: Settings, contents: Contents) -> CheckResult:
    """`result` without the findings of the baseline in `settings`. Raises `ConfigurationError`."""
    if settings.baseline is None:
        return result
    existing = baseline.load(settings.root / settings.baseline)
    enabled = pipeline.enabled_codes(settings)
    return baseline.subtract(result, existing, line_reader(contents), enabled)


def check_files(
    files: Mapping[str, str | bytes], settings: Settings | None = None, *, edits: bool = True
) -> CheckResult:
    """Lint a project in memory: texts by path, which see each other and nothing else.

    Neither the disk nor the current folder matters: other modules are unknown, and `settings` are by default those of
    a project without a configuration file. Files that are no Python, such as a YAML file, may name functions. `edits`:
    as in `check_paths`. Raises `ConfigurationError`.
    """
    contents = {str(Path(path)): encode(text) if isinstance(text, str) else text for path, text in files.items()}
    own = replace(settings or Settings(), respect_gitignore=False)
    return _in_memory([Path(path) for path in contents if path.endswith(SUFFIXES)], own, contents, edits)


def _in_memory(paths: Iterable[Path], settings: Settings, contents: Contents, edits: bool) -> CheckResult:
    result = pipeline.check(paths, settings, contents, has_disk=False)
    result = without_baseline(result, settings, contents)
    return replace(result, diagnostics=compute_fixes(result.diagnostics, contents)) if edits else result


def check_source(
    text: str, filename: str | Path = "<string>", settings: Settings | None = None, *, edits: bool = True
) -> CheckResult:
    """Lint one text, which need not be on disk.

    The findings have `filename`, from which imports and, by default, settings are resolved. Nothing is imported for a
    name in angle brackets, as `<string>`. `edits`: as in `check_paths`. Raises `ConfigurationError`.
    """
    if str(filename).startswith("<"):
        path = Path(filename)
        own = settings or settings_for(path)
        return _in_memory([path], own, {str(path): encode(text)}, edits)
    return check_paths([filename], settings, contents={str(Path(filename)): encode(text)}, edits=edits)


def settings_for(path: str | Path) -> Settings:
    """The settings of the nearest configuration file from `path` upward, or the defaults.

    Each file below is linted under those of the configuration file nearest to it. Raises `ConfigurationError`.
    """
    file = find(Path(path))
    settings = load(file) if file else Settings()
    return replace(settings, nearest=NearestSettings(settings, _unchanged))


def _unchanged(settings: Settings) -> Settings:
    return settings
