"""The JSON schema of the settings, with which editors complete and check them.

`python -m tools.website.settings_schema` writes it to docs/initlint.schema.json. It describes initlint.toml, and what
stands below `[tool.initlint]` in pyproject.toml.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from initlint.diagnostics import Severity
from initlint.project.settings import OUTPUT_FORMATS
from initlint.rules import all_rules
from tools.website.configuration import entries

FILE = Path(__file__).parents[2] / "docs" / "initlint.schema.json"

_SEVERITY = {"enum": [severity.label for severity in Severity]}
_STRINGS = {"type": "array", "items": {"type": "string"}}
_RULES = {"type": "array", "items": {"$ref": "#/definitions/rule"}}
_BOOLEAN = {"type": "boolean"}
_TABLE = {"type": "object"}

_TYPES: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("select", "ignore", "extend-select", "fixable", "unfixable"), _RULES),
    **dict.fromkeys(("exclude", "extend-exclude", "src"), _STRINGS),
    **dict.fromkeys(("force-exclude", "respect-gitignore"), _BOOLEAN),
    "per-file-ignores": {"type": "object", "additionalProperties": _RULES},
    "fail-on": _SEVERITY,
    "output-format": {"enum": list(OUTPUT_FORMATS)},
    "severity": {"type": "object", "additionalProperties": _SEVERITY},
    "baseline": {"type": "string"},
    "initializers": {"type": "object", "additionalProperties": {"type": ["string", "object"]}},
    "activations": {"type": "object", "additionalProperties": {"type": "string"}},
    "base-classes": {"type": "object", "additionalProperties": _STRINGS},
    "trace": {"type": "array", "items": _TABLE},
}


def schema() -> dict[str, Any]:
    """The schema, in draft 7, which editors for TOML read."""
    properties = {key: {**_TYPES[key], "description": text} for key, _, text in entries()}
    properties["extend"] = {"type": "string", "description": "A configuration file whose settings these start from."}
    names = [name for rule in all_rules() for name in (rule.code, rule.name)]
    suggested = {"anyOf": [{"enum": ["ALL", *names]}, {"type": "string"}]}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://initlint.readthedocs.io/initlint.schema.json",
        "title": "Settings of initlint",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "definitions": {"rule": suggested},
    }


def text() -> str:
    """The file."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
