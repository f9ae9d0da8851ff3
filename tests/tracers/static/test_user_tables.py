"""Init functions, activations and base classes that the settings name."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from initlint.graph.model import ModelGraph
from initlint.project.user_tables import UserTables, read_activations, read_base_classes, read_initializers
from initlint.tracers.static.project import Project


def traced(tmp_path: Path, additions: UserTables, files: dict[str, str]) -> ModelGraph:
    """The first model of the first of `files`."""
    paths = [tmp_path / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(dedent(text), encoding="utf-8")
    project = Project(additions=additions)
    return project.graph(project.load(paths[0])).models[0]


NET = """
    from torch import nn
    from {package} import fill_, act, Act

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(64, 64)
            self.fc2 = nn.Linear(64, 64)
            self.fc3 = nn.Linear(64, 64)
            self.act = Act()
            fill_({target}{arguments})

        def forward(self, x):
            return self.fc3(act(self.fc2(self.act(self.fc1(x)))))
"""
MINE = """
    import torch
    from torch import nn

    def fill_(w, scale=1):
        w.data.copy_(torch.load("w.pt"))

    def act(x):
        return x * torch.load("a.pt")

    class Act(nn.Module):
        def forward(self, x):
            return act(x)
"""
ACTIVATIONS = {"mine.act": "relu", "mine.Act": "gelu", "theirs.act": "relu", "theirs.Act": "gelu"}


@pytest.mark.parametrize("package", ["mine", "theirs"])
def test_activations_close_a_layer(tmp_path: Path, package: str) -> None:
    additions = UserTables(activations=read_activations(ACTIVATIONS))
    net = NET.format(package=package, target="self.fc1.weight", arguments="")
    model = traced(tmp_path, additions, {"net.py": net, "mine.py": MINE})
    followed = {path: [(f.op, f.certain) for f in model.by_path[path].followed_by] for path in ("fc1", "fc2")}
    assert followed == {"fc1": [("gelu", True)], "fc2": [("relu", True)]}


@pytest.mark.parametrize("package", ["mine", "theirs"])
@pytest.mark.parametrize(
    ("entry", "target", "arguments", "initializer", "given"),
    [
        ("xavier_normal_", "self.fc1.weight", "", "xavier_normal_", {}),
        ("torch.nn.init.xavier_normal_", "self.fc1.weight", ", 2.0", "xavier_normal_", {"gain": 2.0}),
        ({"initializer": "normal_", "arguments": {"std": 0.02}}, "self.fc1.weight", "", "normal_", {"std": 0.02}),
        (
            {"initializer": "normal_", "arguments": {"std": 0.02}},
            "self.fc1.weight",
            ", std=1.0",
            "normal_",
            {"std": 1.0},
        ),
        (
            {"initializer": "normal_", "parameters": ["w", "std", "name"]},
            "self.fc1.weight",
            ", 0.5, 'fc'",
            "normal_",
            {"std": 0.5},
        ),
        ({"initializer": "kaiming_normal_", "takes": "module"}, "self.fc1", "", "kaiming_normal_", {}),
        ({"initializer": "kaiming_normal_", "parameters": ["w"]}, "w=self.fc1.weight", "", "kaiming_normal_", {}),
    ],
)
def test_an_init_function_does_what_its_entry_says(
    tmp_path: Path, package: str, entry: object, target: str, arguments: str, initializer: str, given: dict[str, object]
) -> None:
    additions = UserTables(read_initializers({f"{package}.fill_": entry}))
    net = NET.format(package=package, target=target, arguments=arguments)
    model = traced(tmp_path, additions, {"net.py": net, "mine.py": MINE})
    write = model.by_path["fc1"].effective_write()
    assert write is not None
    assert (write.initializer, write.arguments) == (f"torch.nn.init.{initializer}", given)


def test_a_class_of_a_named_base_is_a_module(tmp_path: Path) -> None:
    net = """
        from torch import nn
        from theirs import Base

        class Net(Base):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(64, 64)

            def predict(self, x):
                return self.fc(x).relu()
    """
    additions = UserTables(base_classes=read_base_classes({"theirs.Base": []}))
    assert [layer.path for layer in traced(tmp_path, additions, {"net.py": net}).layers] == ["fc"]
