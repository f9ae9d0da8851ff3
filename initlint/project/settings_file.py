"""Configuration files: `[tool.initlint]` in pyproject.toml, or initlint.toml, and single keys of the command line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from initlint._lazy import LazyModule
from initlint._records import dataclass
from initlint.diagnostics import Severity
from initlint.project.file_io import LARGEST_LIST, read_file
from initlint.project.settings import OUTPUT_FORMATS, ConfigurationError, Settings
from initlint.project.trace_targets import read_targets
from initlint.project.user_tables import (
    EntryError,
    read_activations,
    read_base_classes,
    read_initializers,
    suggestion,
)

if not TYPE_CHECKING:
    tomllib = LazyModule("tomllib" if sys.version_info >= (3, 11) else "tomli")
elif sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LONGEST_CHAIN = 32
"""How many files may extend each other. Each is read again for those that it extends."""
_DEEP_KEY = re.compile(r"""(?<![\w."'-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){100}""")
"""A dotted key of a hundred parts: the time that Python's parser takes grows with the square of their number."""


def find(start: Path) -> Path | None:
    """The configuration file for `start`: in its directory or the nearest above; initlint.toml goes first.

    A pyproject.toml without `[tool.initlint]` is passed over. Raises `ConfigurationError` if one is no TOML.
    """
    start = start.absolute()
    return next(filter(None, map(find_in, (start, *start.parents))), None)


def find_in(directory: Path) -> Path | None:
    """The configuration file in `directory` itself."""
    own = directory / "initlint.toml"
    if own.is_file():
        return own
    shared = directory / "pyproject.toml"
    return shared if shared.is_file() and _table(shared) is not None else None


def common_folder(paths: Sequence[Path]) -> Path:
    """What all `paths` are in: the settings of a run do not depend on their order."""
    absolute = [path.absolute() for path in paths]
    try:
        return Path(os.path.commonpath(absolute)) if absolute else Path()
    except ValueError:  # on different drives
        return absolute[0]


@dataclass
class NearestSettings:
    """The settings by file: those of the nearest configuration file above it, or `base` if there is none.

    `change` is applied to each: the options of the command line.
    """

    base: Settings
    change: Callable[[Settings], Settings]
    by_folder: dict[Path, Settings] = field(default_factory=dict)

    def __call__(self, file: Path) -> Settings:
        """The settings of `file`. Raises `ConfigurationError`."""
        return self.of_folder(file.absolute().parent)

    def of_folder(self, folder: Path) -> Settings:
        """The settings of the files in `folder`, an absolute path. Raises `ConfigurationError`."""
        if folder not in self.by_folder:
            file = find_in(folder)
            if file is not None:
                is_base = self.base.file is not None and self.base.file.absolute() == file
                self.by_folder[folder] = self.base if is_base else self.change(load(file))
            elif folder.parent == folder:
                self.by_folder[folder] = self.base if self.base.file is None else self.change(Settings())
            else:
                self.by_folder[folder] = self.of_folder(folder.parent)
        return self.by_folder[folder]


def load(file: Path) -> Settings:
    """The settings in `file`. Raises `ConfigurationError`: no TOML, an unknown key, a value of the wrong type."""
    return Settings(**_values_of(file, ()), root=file.absolute().parent, file=file)


def settings_for(path: str | Path) -> Settings:
    """The settings of the nearest configuration file from `path` upward, or the defaults.

    Each file below is linted under those of the configuration file nearest to it. Raises `ConfigurationError`.
    """
    file = find(Path(path))
    settings = load(file) if file else Settings()
    return replace(settings, nearest=NearestSettings(settings, _unchanged))


def _unchanged(settings: Settings) -> Settings:
    return settings


def override(settings: Settings, assignment: str) -> Settings:
    """`settings` with one key set by a line of TOML, as `fail-on = "warning"`. Raises `ConfigurationError`."""
    try:
        table = tomllib.loads(assignment)
    except ValueError as error:
        raise ConfigurationError(f"`{assignment}` is neither a file nor a setting in TOML: {error}") from None
    return replace(settings, **read_table(table, f"`{assignment}`"))


def with_extended(file: Path) -> Iterator[Path]:
    """`file` and the files that it extends. What cannot be read ends the chain."""
    seen: set[Path] = set()
    while file.resolve() not in seen:
        yield file
        seen.add(file.resolve())
        try:
            extended = (_table(file) or {}).get("extend")
            if not isinstance(extended, str) or len(seen) > _LONGEST_CHAIN:
                return
            file = _extended(file, extended)
        except ConfigurationError:
            return


def _extended(file: Path, name: str) -> Path:
    """The file that `file` extends. Raises `ConfigurationError` if there can be none of that name."""
    try:
        extended = file.absolute().parent / Path(name).expanduser()
        extended.resolve()
    except (OSError, RuntimeError, ValueError):  # too long, of no known user, in a circle of links, with a NUL
        raise ConfigurationError(f"{file}: `extend` names {name}, which does not exist") from None
    return extended


def _values_of(file: Path, extending: tuple[Path, ...]) -> dict[str, Any]:
    """The values by field. Those of a file that it extends come first; lists that extend others are joined."""
    table = _table(file)
    if table is None:
        raise ConfigurationError(f"{file}: has no table `[tool.initlint]`")
    extended = table.get("extend")
    if extended is None:
        return read_table(table, str(file))
    if not isinstance(extended, str):
        raise ConfigurationError(f"{file}: `extend` must be a string")
    if len(extending) >= _LONGEST_CHAIN:
        raise ConfigurationError(f"{file}: `extend` leads through more than {_LONGEST_CHAIN} files")
    parent = _extended(file, extended)
    if parent.resolve() in {path.resolve() for path in (file, *extending)}:
        raise ConfigurationError(f"{file}: `extend` leads back to {extended}")
    if not os.path.isfile(parent):
        raise ConfigurationError(f"{file}: `extend` names {extended}, which does not exist")
    own = read_table({key: value for key, value in table.items() if key != "extend"}, str(file))
    inherited = _values_of(parent, (*extending, file))
    return {**inherited, **{name: _joined(name, inherited.get(name), value) for name, value in own.items()}}


def _joined(name: str, inherited: Any, own: Any) -> Any:
    if isinstance(own, dict) and name != "per_file_ignores":
        return {**(inherited or {}), **own}
    return (*(inherited or ()), *own) if name.startswith("extend_") else own


def read_table(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The values of `table` by the field of `Settings`. `where` begins the messages of errors.

    Raises `ConfigurationError`: an unknown key, a value of the wrong type.
    """
    values: dict[str, Any] = {}
    for key, value in table.items():
        reader = _READERS.get(key)
        if reader is None:
            raise ConfigurationError(f"{where}: unknown key `{key}`{suggestion(key, _READERS)}")
        try:
            values[key.replace("-", "_")] = reader(value)
        except EntryError as error:
            raise ConfigurationError(f"{where}: in `{key}`: {error}") from None
        except ValueError as error:
            raise ConfigurationError(f"{where}: `{key}` must be {error}") from None
    return values


def _table(file: Path) -> Mapping[str, Any] | None:
    try:
        text = read_file(file, LARGEST_LIST).decode("utf-8-sig").replace("\r\n", "\n")
        if _DEEP_KEY.search(text):
            raise RecursionError
        document: dict[str, Any] = tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # both TOMLDecodeError and UnicodeDecodeError
        raise ConfigurationError(f"{file}: is not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigurationError(f"{file}: is not valid TOML: nested too deeply") from None
    if file.name != "pyproject.toml":
        return document
    tool = document.get("tool")
    table = tool.get("initlint") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigurationError(f"{file}: `tool.initlint` must be a table")
    return table


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("a list of strings")
    return tuple(value)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a string")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _severity(value: object) -> Severity:
    labels = {severity.label: severity for severity in Severity}
    if not isinstance(value, str) or value not in labels:
        raise ValueError(f"one of {', '.join(labels)}")
    return labels[value]


def _severities(value: object) -> dict[str, Severity]:
    if not isinstance(value, dict):
        raise ValueError("a table from rules to severities")
    return {selector: _severity(severity) for selector, severity in value.items()}


def _output_format(value: object) -> str:
    if not isinstance(value, str) or value not in OUTPUT_FORMATS:
        raise ValueError(f"one of {', '.join(OUTPUT_FORMATS)}")
    return value


def _code_table(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise ValueError("a table from patterns to lists of codes")
    return {pattern: _strings(codes) for pattern, codes in value.items()}


def _table_of(read: Callable[[Mapping[str, object]], object]) -> Callable[[object], object]:
    def reader(value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError("a table")
        return read(value)

    return reader


_READERS: Mapping[str, Callable[[object], object]] = {
    "select": _strings,
    "ignore": _strings,
    "extend-select": _strings,
    "per-file-ignores": _code_table,
    "exclude": _strings,
    "extend-exclude": _strings,
    "force-exclude": _boolean,
    "respect-gitignore": _boolean,
    "fail-on": _severity,
    "output-format": _output_format,
    "severity": _severities,
    "fixable": _strings,
    "unfixable": _strings,
    "baseline": _string,
    "src": _strings,
    "initializers": _table_of(read_initializers),
    "activations": _table_of(read_activations),
    "base-classes": _table_of(read_base_classes),
    "trace": read_targets,
}

KEYS = tuple(_READERS)
"""What a configuration file may hold, beside `extend`, the file whose settings it starts from."""
