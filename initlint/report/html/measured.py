"""What `initlint trace --measure` has measured, read back from its JSON report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from initlint.project.file_io import CannotRead

Measured: TypeAlias = Mapping[str, Mapping[str, float]]
"""By the model's name, then by the layer's path: E[x^2] of the layer's output."""


def read(file: Path) -> Measured:
    """The signal at each layer of each model in `file`.

    Raises `CannotRead`, also for what is no report of `initlint trace --measure --output-format json`.
    """
    try:
        return {model["name"]: _signals(model) for model in json.loads(file.read_text(encoding="utf-8"))["models"]}
    except OSError as error:
        raise CannotRead(f"{file} cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError):
        raise CannotRead(f"{file} is no report of `initlint trace --measure --output-format json`") from None


def _signals(model: Mapping[str, Any]) -> dict[str, float]:
    measured = {layer["path"]: layer["measured"]["signal"] for layer in model["layers"]}
    return {path: float(signal) for path, signal in measured.items() if signal is not None}
