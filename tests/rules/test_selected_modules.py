"""INI106 for loops over the modules that a comprehension or `filter` chooses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import net
from tests.support.reference_projects import findings_in_project

BUILD = "self.a = nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU())\nself.b = nn.Linear(8, 8)\n{}"
HEAD = "import torch\nimport torch.nn as nn\nfrom torch.nn import init\n\n"


def findings(folder: Path, code: str, arguments: str = "") -> list[str]:
    text = HEAD + net(BUILD.format(code), "self.b(self.a(x).mean((2, 3)))", arguments=arguments)
    return [message for _, _, message in findings_in_project(folder, "INI106", {"net.py": text})]


@pytest.mark.parametrize(
    "code",
    [
        "for m in [m for m in self.modules() if isinstance(m, nn.Conv1d)]:\n    init.orthogonal_(m.weight)",
        "convs = [m for m in self.modules() if type(m) == nn.Conv1d]\nfor m in convs:\n    init.orthogonal_(m.weight)",
        "for m in filter(lambda m: isinstance(m, nn.Conv1d), self.modules()):\n    init.orthogonal_(m.weight)",
        "for m in list(filter(lambda m: isinstance(m, nn.Conv1d), self.modules())):\n    init.zeros_(m.weight)",
        "for w in (m.weight for m in self.modules() if isinstance(m, nn.Conv1d)):\n    init.orthogonal_(w)",
        "for m in (m for _, m in self.named_modules() if isinstance(m, nn.Conv1d)):\n    init.zeros_(m.weight)",
    ],
)
def test_nothing_is_chosen(tmp_path: Path, code: str) -> None:
    (message,) = findings(tmp_path, code)
    assert message == "this init reaches none of the 2 layers (Conv2d x 1, Linear x 1): it tests for Conv1d"


def test_a_name_that_no_parameter_has(tmp_path: Path) -> None:
    code = "for p in [p for n, p in self.named_parameters() if 'lstm' in n]:\n    init.orthogonal_(p)"
    (message,) = findings(tmp_path, code)
    assert message.endswith("`'lstm' in n` decides against each of them")


def test_only_direct_submodules(tmp_path: Path) -> None:
    code = "for m in [m for m in self.children() if isinstance(m, nn.Conv2d)]:\n    init.orthogonal_(m.weight)"
    assert len(findings(tmp_path, code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "for m in [m for m in self.modules() if isinstance(m, nn.Conv2d)]:\n    init.orthogonal_(m.weight)",
        "for m in filter(lambda m: isinstance(m, nn.Linear), self.children()):\n    init.orthogonal_(m.weight)",
        "for m in [m for m in self.modules() if isinstance(m, getattr(nn, FLAG))]:\n    init.orthogonal_(m.weight)",
        "convs = [m for m in self.modules() if isinstance(m, nn.Conv1d)]\nconvs.append(self.b)\n"
        "for m in convs:\n    init.orthogonal_(m.weight)",
        "convs = [m for m in self.modules() if isinstance(m, nn.Conv1d)]\nfor m in convs:\n    print(m.weight)",
        "self.c = FLAG()\nfor m in [m for m in self.modules() if isinstance(m, nn.Conv1d)]:\n    init.zeros_(m.weight)",
        "for m in [m for m in []]:\n    init.orthogonal_(m.weight)",
    ],
)
def test_something_may_be_chosen(tmp_path: Path, code: str) -> None:
    assert findings(tmp_path, f"from other import FLAG\n{code}") == []


def test_a_type_that_an_argument_chooses(tmp_path: Path) -> None:
    code = "for m in [m for m in self.modules() if isinstance(m, kind)]:\n    init.orthogonal_(m.weight)"
    assert findings(tmp_path, code, arguments=", kind=nn.Conv1d") == []
