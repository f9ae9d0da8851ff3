"""Models with their whole data flow, as `initlint report` sees them."""

from __future__ import annotations

from pathlib import Path

from initlint.graph.model import ModelGraph
from initlint.linter.pipeline import survey
from initlint.project.settings import Settings

IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


def models_of(source: str) -> dict[str, ModelGraph]:
    """The models of `source`, which `IMPORTS` is put before, by name."""
    surveyed = survey([Path("net.py")], Settings(), {"net.py": (IMPORTS + source).encode()})
    assert not surveyed.result.failures
    return {model.name: model for model, _ in surveyed.models}
