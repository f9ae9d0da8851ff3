"""The tests mirror the package: a folder of tests has the name of the package that it tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.paths import PACKAGE, ROOT

TESTS = ROOT / "tests"
OF_NO_PACKAGE = ("end_to_end", "support")
FILES = sorted(path.relative_to(TESTS) for path in TESTS.rglob("test_*.py"))
FOLDERS = sorted({path.parent for path in FILES})


@pytest.mark.parametrize("folder", [f for f in FOLDERS if f.parts and f.parts[0] not in OF_NO_PACKAGE], ids=str)
def test_a_folder_of_tests_has_a_package(folder: Path) -> None:
    assert (PACKAGE / folder / "__init__.py").is_file()


def test_each_package_has_a_folder_of_tests() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages - {folder.parts[0] for folder in FOLDERS if folder.parts} == set()


def test_other_modules_are_in_support() -> None:
    """Beside the tests there are only programs for them to read, and conftest.py."""
    modules = [path.relative_to(TESTS) for path in TESTS.rglob("*.py") if not path.name.startswith("test_")]
    elsewhere = {path for path in modules if path.parts[0] != "support" and "programs" not in path.parts}
    assert {str(path) for path in elsewhere} == {"conftest.py"}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_helpers_of_several_tests_are_in_support(path: Path) -> None:
    text = (TESTS / path).read_text(encoding="utf-8")
    assert set(re.findall(r"^\s*(?:from|import) tests\.(\w+)", text, re.MULTILINE)) <= {"support"}
    assert not re.search(r"__file__\)\.parent", text), "tests/support/paths.py has the folders of the checkout"
