"""Models with their whole data flow, as `initlint report` sees them."""

from __future__ import annotations

from pathlib import Path

from initlint.graph.model import ModelGraph
from initlint.linter.pipeline import check_models
from initlint.project.settings import Settings

IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


def models_of(source: str) -> dict[str, ModelGraph]:
    """The models of `source`, which `IMPORTS` is put before, by name."""
    result = check_models([Path("net.py")], Settings(), {"net.py": (IMPORTS + source).encode()}, whole_models=True)
    assert not result.failures
    return {model.name: model for model in result.models}
