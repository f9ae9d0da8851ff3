"""The Python API, which the command line uses as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from initlint.graph.model import ModelGraph
from initlint.linter import baseline, pipeline
from initlint.linter.fix_edits import compute_fixes
from initlint.linter.fixer import fix_is_allowed, fix_paths
from initlint.linter.pipeline import DEFAULT_OPTIONS, Contents, RunOptions
from initlint.linter.results import CheckResult
from initlint.project.decoding import decode_python, encode, line_reader
from initlint.project.discovery import SUFFIXES
from initlint.project.settings import Settings
from initlint.project.settings_file import common_folder, settings_for


def check_paths(
    paths: Iterable[str | Path],
    settings: Settings | None = None,
    *,
    contents: Mapping[str, str | bytes] = MappingProxyType({}),
    options: RunOptions = DEFAULT_OPTIONS,
    edits: bool = True,
) -> CheckResult:
    """Lint files and directories.

    `settings`: by default those of the configuration file nearest to each file. `contents`: texts by path that replace
    those on disk. A file that exists there only is linted if it is in `paths` or below one of them, and is imported by
    others as any file. `options`: by default one process and no cache. `edits`: compute the edits of fixes, which takes
    about as long as the rest. Without them a fix states only what its rule requests.

    Raises `DiscoveryError` for a path that does not exist and `ConfigurationError` for settings that cannot be used.
    A file that cannot be read or parsed is a finding of the rule `unreadable-file`, and an internal error is one of
    `CheckResult.failures`: neither stops the run. Nothing is printed or written, and no linted code is imported.
    """
    path_list, encoded = _paths(paths), _encoded(contents)
    if settings is None:
        settings = settings_for(common_folder(path_list))
    result = without_baseline(pipeline.check(path_list, settings, encoded, options), settings, encoded)
    if not edits:
        return result
    return replace(result, diagnostics=compute_fixes(result.diagnostics, encoded, cache_folder=options.cache))


def _paths(paths: Iterable[str | Path]) -> tuple[Path, ...]:
    if isinstance(paths, (str, bytes, Path)):  # the characters of a string are strings
        raise TypeError(f"paths must be a list of paths, not one path: [{paths!r}]")
    return tuple(map(Path, paths))


def _encoded(contents: Mapping[str, str | bytes]) -> dict[str, bytes]:
    return {path: encode(text) if isinstance(text, str) else text for path, text in contents.items()}


def fix_source(
    text: str, filename: str | Path = "<string>", settings: Settings | None = None, *, unsafe: bool = False
) -> str:
    """`text` with the safe fixes of its findings applied; with `unsafe` all of them.

    `filename` and `settings`: as in `check_source`. A text that does not parse is returned as it is. Raises
    `ConfigurationError`, and `ImportError` if libcst is not installed.
    """
    path = str(Path(filename))

    def check(files: Mapping[str, bytes]) -> CheckResult:
        return check_source(decode_python(path, files[path]), filename, settings, edits=False)

    result = fix_paths(check, {path: encode(text)}, partial(fix_is_allowed, unsafe=unsafe))
    return decode_python(path, result.changed[path][1]) if path in result.changed else text


def models(paths: Iterable[str | Path], settings: Settings | None = None) -> tuple[ModelGraph, ...]:
    """The models that the files define, as the rules see them: layers, writes to their parameters, and consumers.

    `settings`: as in `check_paths`. Raises `DiscoveryError` and `ConfigurationError`.
    """
    path_list = _paths(paths)
    own = settings or settings_for(common_folder(path_list))
    return pipeline.check_models(path_list, own, rules=False).models


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
    contents = {str(Path(path)): data for path, data in _encoded(files).items()}
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
