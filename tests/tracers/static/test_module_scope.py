"""Names of modules: what runs when somebody asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.graph.model import ModelGraph
from initlint.tracers.static.project import Project

NET = """
import torch.nn as nn
{imports}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, {width})
"""


@pytest.fixture
def models(tmp_path: Path) -> Models:
    return Models(tmp_path)


class Models:
    """Writes files, and gives the models of the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, **files: str) -> tuple[ModelGraph, ...]:
        paths = [self.folder / f"{name}.py" for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.write_text(text, encoding="utf-8")
        project = Project()
        return project.graph(project.load(paths[0])).models


def width(models: tuple[ModelGraph, ...]) -> object:
    (model,) = models
    return model.by_path["fc"].arguments["out_features"]


def test_only_what_is_asked_for_runs(models: Models) -> None:
    other = "WIDTH = 8\nwhile True:\n    raise SystemExit\nOTHER = [None] * 10 ** 9\n"
    assert width(models(net=NET.format(imports="from other import WIDTH", width="WIDTH"), other=other)) == 8


def test_a_name_that_is_bound_twice_has_its_last_value(models: Models) -> None:
    assert width(models(net=NET.format(imports="WIDTH = 8\nWIDTH = WIDTH * 2", width="WIDTH"))) == 16


def test_star_imports_bring_public_names(models: Models) -> None:
    other = "WIDTH = 8\n_HIDDEN = 9\n"
    imports = "from other import *"
    assert width(models(net=NET.format(imports=imports, width="WIDTH"), other=other)) == 8
    assert width(models(net=NET.format(imports=imports, width="_HIDDEN"), other=other)) != 9


def test_modules_that_import_from_each_other(models: Models) -> None:
    net = NET.format(imports="from other import double\nBASE = 8", width="double()")
    other = "from net import BASE\ndef double():\n    return BASE * 2\n"
    assert width(models(net=net, other=other)) == 16


def test_modules_that_import_the_same_name_from_each_other(models: Models) -> None:
    net = NET.format(imports="from other import WIDTH", width="WIDTH")
    assert width(models(net=net, other="from net import WIDTH\n")) not in (None, 4)


def test_star_imports_in_a_circle(models: Models) -> None:
    net = NET.format(imports="from other import *", width="WIDTH")
    assert width(models(net=net, other="from net import *\nWIDTH = 8\n")) == 8


def test_a_registry_is_filled_before_it_is_read(models: Models) -> None:
    imports = "WIDTHS = {}\nWIDTHS.update(small=8)\nWIDTHS['large'] = 16"
    assert width(models(net=NET.format(imports=imports, width="WIDTHS['small'] + WIDTHS['large']"))) == 24


def test_the_top_level_uses_the_class_that_is_defined_by_then(models: Models) -> None:
    first = NET.format(imports="def width():\n    return 8\n", width="width()") + "\nnet = Net()\n"
    second = first.replace("return 8", "return 16")
    assert [model.by_path["fc"].arguments["out_features"] for model in models(net=first + second)] == [8, 16]


def test_a_class_that_is_defined_later_is_used_if_there_is_none_before(models: Models) -> None:
    text = "net = Net()\n" + NET.format(imports="", width=8) + NET.format(imports="", width=16)
    assert models(net=text)[0].by_path["fc"].arguments["out_features"] == 8


def test_an_import_gives_the_last_definition(models: Models) -> None:
    other = "def width():\n    return 8\n\nw = width()\n\ndef width():\n    return 16\n"
    assert width(models(net=NET.format(imports="from other import width", width="width()"), other=other)) == 16
