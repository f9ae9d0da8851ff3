"""Which files belong to the project around a file that no marker tells the root of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from initlint.project import project_search
from tests.support.reference_projects import findings_in_project

NET = """
    import torch
    import torch.nn as nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.scale = nn.Parameter(torch.empty(4, 4))

        def init_weights(self):
            nn.init.normal_(self.fc.weight)

        def forward(self, x):
            return self.fc(x) @ self.scale
"""
TRAIN = """
    from net import Net
    model = Net()
    model.init_weights()
    nn.init.normal_(model.scale)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is nobody's project."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("net", "others", "seen"),
    [
        ("work/net.py", ["work/train.py"], True),
        ("work/models/net.py", ["work/train.py"], True),
        ("work/models/net.py", ["work/train.ipynb"], True),
        ("work/models/net.py", ["work/scripts/train.py", "work/README.md"], True),
        ("work/models/net.py", ["work/scripts/train.py"], False),
        ("work/code/models/net.py", ["work/train.py"], True),
        ("work/code/models/net.py", ["work/train.py", "work/code/requirements.txt"], False),
        ("work/net.py", ["work/LICENSE", "train.py"], False),
        ("work/net.py", ["train.py"], False),
        ("work/pack/net.py", ["work/pack/__init__.py", "work/train.py"], True),
        ("work/one/two/three/net.py", ["work/train.py"], False),
        ("work/one/two/three/net.py", ["work/train.py", "work/setup.py"], True),
    ],
)
def test_a_script_beside_the_folder(home: Path, net: str, others: list[str], seen: bool) -> None:
    texts = {name: TRAIN if "train" in name else "" for name in others}
    for code in ("INI106", "INI108"):
        assert (findings_in_project(home, code, {net: NET, **texts}) == []) is seen


def test_a_tree_of_too_many_folders_is_not_searched(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_search, "_MAX_FOLDERS", 3)
    assert findings_in_project(home, "INI106", {"work/net.py": NET}) != []
    for number in range(4):
        (home / f"work/data/{number}").mkdir(parents=True)
    assert findings_in_project(home, "INI106", {"work/net.py": NET}) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fc", True),
        ("self.fc(x)", True),
        ("fc1 = subfc = fc_ = _fc", False),
        ("fcfc", False),
        ("subfc, fc", True),
        ("(fc)", True),
    ],
)
def test_a_whole_word(text: str, expected: bool) -> None:
    assert bool(re.search(project_search.whole_word("fc"), text)) is expected
