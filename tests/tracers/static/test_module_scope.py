"""Names of modules: what runs when somebody asks for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from initlint.graph.model import ModelGraph
from initlint.tracers.static.project import Project

Tables = Callable[..., tuple[ModelGraph, ...]]

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


SIZES = "wide = 8\n"
"""A module of the package `tables`, which has a submodule `wide` as well."""


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Writes a package with the modules `wide` and `sizes`, and gives the models of a file that imports `wide`."""

    def build(package: str, sizes: str = SIZES, wide: str = "NAMES = []\n") -> tuple[ModelGraph, ...]:
        folder = tmp_path / "tables"
        folder.mkdir()
        for name, text in (("__init__", package), ("sizes", sizes), ("wide", wide), ("other", "from .wide import *\n")):
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        net = tmp_path / "net.py"
        net.write_text(NET.format(imports="from tables import wide", width="wide"), encoding="utf-8")
        project = Project()
        return project.graph(project.load(net)).models

    return build


@pytest.mark.parametrize(
    "package",
    [
        "from .sizes import *\n",
        "from .wide import NAMES\nfrom .sizes import *\n",
        "import tables.wide\nfrom .sizes import *\n",
        "from .other import NAMES\nfrom .sizes import *\n",
        "from . import wide as names\nfrom .sizes import *\n",
        "try:\n    from .sizes import *\nexcept ImportError:\n    pass\n",
    ],
)
def test_a_star_import_replaces_a_submodule_that_is_imported_before(package: str, tables: Tables) -> None:
    assert width(tables(package)) == 8


def test_a_star_import_replaces_a_submodule_that_its_own_module_imports(tables: Tables) -> None:
    """At the second import, the submodule is not bound again."""
    package = "from .sizes import *\nfrom .wide import NAMES\n"
    assert width(tables(package, sizes="from .wide import wide\n", wide="wide = 8\nNAMES = []\n")) == 8


@pytest.mark.parametrize("bound", ["from .wide import NAMES\n", "from .narrow import wide\n", "wide = 16\n"])
def test_a_star_import_for_type_checkers_replaces_nothing(bound: str, tables: Tables) -> None:
    package = f"from typing import TYPE_CHECKING\n{bound}if TYPE_CHECKING:\n    from .sizes import *\n"
    assert width(tables(package)) != 8


@pytest.mark.parametrize("later", ["from .wide import NAMES", "import tables.wide", "from .other import NAMES"])
def test_a_submodule_that_is_imported_later_replaces_what_a_star_import_bound(later: str, tables: Tables) -> None:
    assert width(tables(f"from .sizes import *\n{later}\n")) != 8


@pytest.mark.parametrize(
    ("sizes", "is_exported"),
    [
        ("__all__ = ['wide']\n", True),
        ("__all__ = []\n__all__ += ['wide']\n", True),
        ("__all__ = []\n__all__.append('wide')\n", True),
        ("__all__ = names()\n", True),
        ("__all__ = ['other']\n", False),
        ("__all__ = ()\n", False),
    ],
)
def test_a_star_import_binds_what_all_declares(sizes: str, is_exported: bool, tables: Tables) -> None:
    assert (width(tables("from .sizes import *\n", sizes=SIZES + sizes)) == 8) is is_exported


def test_a_decorator_may_add_a_name_to_all(models: Models) -> None:
    other = (
        "from export import export\n__all__ = []\n@export\ndef width():\n    return 8\ndef hidden():\n    return 8\n"
    )
    imports = "from other import *"
    assert width(models(net=NET.format(imports=imports, width="width()"), other=other)) == 8
    assert width(models(net=NET.format(imports=imports, width="hidden()"), other=other)) != 8


def test_all_may_declare_private_names(models: Models) -> None:
    other = "__all__ = ['_WIDTH']\n_WIDTH = 8\n"
    assert width(models(net=NET.format(imports="from other import *", width="_WIDTH"), other=other)) == 8


def test_the_last_binding_of_a_name_counts_also_if_it_is_a_star_import(models: Models) -> None:
    other, another = "WIDTH = 8\n", "WIDTH = 16\n"
    for imports, expected in {
        "from other import *\nfrom another import *": 16,
        "from another import *\nfrom other import *": 8,
        "from other import WIDTH\nfrom another import *": 16,
        "from another import *\nfrom other import WIDTH": 8,
        "WIDTH = 24\nfrom other import *": 8,
        "from other import *\nWIDTH = 24": 24,
    }.items():
        assert width(models(net=NET.format(imports=imports, width="WIDTH"), other=other, another=another)) == expected
