"""Generates the page of all settings from `initlint.project.settings`: keys, defaults and descriptions."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType

from initlint.project.settings import Settings
from initlint.project.settings_file import KEYS

_HEAD = """# Configuration

initlint reads its settings from `[tool.initlint]` in `pyproject.toml`, or from `initlint.toml`, without that prefix.
Each file is linted under the nearest of these from its folder upward; a `pyproject.toml` without `[tool.initlint]` is
skipped, and nothing is inherited from the files above. What concerns the whole run (`output-format`, `fail-on`,
`baseline`) comes from the nearest file to the folder that all linted paths are in. An unknown key or a value of the
wrong type ends the run with exit status 2 and a line that names it.

`extend = "../initlint.toml"` starts from the settings of another file: the file's own replace them, `extend-` lists are
joined, tables are merged by key. Patterns and paths are then relative to the file that extends.

The command line overrides all of these. `--config FILE` reads one file for everything, `--config 'KEY = VALUE'` sets
one key, `--isolated` reads no file. Editors complete the keys with
[the JSON schema](https://initlint.readthedocs.io/initlint.schema.json): begin initlint.toml with
`#:schema https://initlint.readthedocs.io/initlint.schema.json`.

Patterns are those of `.gitignore`, relative to the folder of the configuration file; those of the command line are
relative to the current folder. Rules are chosen by code
(`INI301`), name (`xavier-before-relu`) or prefix (`INI3`), all by `ALL`; the longest selector wins, and between equals
`ignore` does.
"""

EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "select": 'select = ["INI1", "INI2"]',
        "ignore": 'ignore = ["INI302"]',
        "extend-select": 'extend-select = ["INI303"]',
        "per-file-ignores": '[tool.initlint.per-file-ignores]\n"experiments/*" = ["INI3"]',
        "exclude": 'exclude = ["third_party/"]',
        "extend-exclude": 'extend-exclude = ["third_party/", "*_pb2.py"]',
        "fail-on": 'fail-on = "warning"',
        "output-format": 'output-format = "concise"',
        "severity": '[tool.initlint.severity]\n"INI301" = "error"',
        "fixable": 'fixable = ["INI9"]',
        "unfixable": 'unfixable = ["INI201"]',
        "baseline": 'baseline = "initlint-baseline.json"',
        "src": 'src = ["lib"]',
        "initializers": '[tool.initlint.initializers]\n"mylib.init.small_" = "normal_"',
        "activations": '[tool.initlint.activations]\n"mylib.nn.FastGELU" = "gelu"',
        "trace": '[[tool.initlint.trace]]\ntarget = "mylib.models:Net"\ninputs = [[1, 3, 224, 224]]',
        "base-classes": '[tool.initlint.base-classes]\n"mylib.base.Model" = ["init_weights"]',
    }
)
"""An example for each key."""


def page() -> str:
    """The page, in Markdown: one section for each key, in the order of `Settings`."""
    return _HEAD + "".join(_section(key, default, text) for key, default, text in entries())


def _section(key: str, default: str, text: str) -> str:
    example = EXAMPLES.get(key)
    shown = f"\n```toml\n{with_header(example)}\n```\n" if example else ""
    return f"\n## `{key}`\n\n{text}\n\nDefault: {default}\n{shown}"


def with_header(example: str) -> str:
    """An example in the form of pyproject.toml."""
    return example if example.startswith("[") else f"[tool.initlint]\n{example}"


def entries() -> Iterator[tuple[str, str, str]]:
    """Key, default and description of each setting that a file can hold."""
    described = descriptions(Settings)
    for field in dataclasses.fields(Settings):
        key = field.name.replace("_", "-")
        if key in KEYS:
            default = field.default_factory() if field.default is dataclasses.MISSING else field.default  # type: ignore[misc]
            yield key, _toml(default), described[field.name]


def descriptions(cls: type) -> Mapping[str, str]:
    """The string literal after each field of a class, by field."""
    (definition,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(definition, ast.ClassDef)
    by_field: dict[str, str] = {}
    for before, node in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            by_field[ast.unparse(before.target)] = inspect.cleandoc(str(node.value.value))
    return by_field


def _toml(value: object) -> str:
    """A value in the syntax of the file."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Enum):
        return f'`"{value.name.lower()}"`'
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, Mapping):
        return "an empty table" if not value else f"`{dict(value)}`"
    assert isinstance(value, tuple), value
    return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
