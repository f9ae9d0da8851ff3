"""Imports point down one list, no module prints or exits but the command line, and torch is never imported.

The tests mirror the package: a folder of tests has the name of the package that it tests.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import PACKAGE, ROOT

WORKER = PACKAGE / "tracers" / "fx" / "worker"

ORDER = (
    "_frames",
    "_lazy",
    "_records",
    "diagnostics",
    "facts",
    "project",
    "graph",
    "rewrite",
    "tracers",
    "analysis",
    "rules",
    "linter",
    "report",
    "api",
    "integrations",
    "cli",
    "__main__",
)
"""What is below `initlint/`, from the bottom to the top: each entry imports only from those before it."""

TRACERS = ("references", "static", "fx", "fx_run")
STATIC = ("values", "machine", "tensors", "syntax", "library")
"""The packages of the static tracer. Its other modules are above them."""

RANK = {name: rank for rank, name in enumerate(ORDER)}

MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, for_types: bool = True) -> Iterator[str]:
    """The absolute names of all modules, or of names in them, that the file imports; `for_types` also for these only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    skipped = set() if for_types else {node for guard in guarded for node in ast.walk(guard)}
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or WORKER in path.parents, f"{path}: a relative import"
            module = node.module if node.level == 0 else ".".join(filter(None, (name_of(path.parent), node.module)))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def parts_of_package(path: Path) -> set[str]:
    """The modules and packages right below initlint that the file imports."""
    below = (name.split(".") for name in imports(path) if name.startswith("initlint."))
    return {parts[1] for parts in below if parts[1] in RANK or not parts[1].startswith("__")}


def upward(path: Path, package: str, order: tuple[str, ...]) -> set[str]:
    """The imports of `path`, a file in one of the parts `order` of `package`, from parts after its own."""
    own, above = name_of(path).removeprefix(f"{package}.").split(".")[0], f"{package}."
    if own not in order:
        return set()
    later = {f"{package}.{part}" for part in order[order.index(own) + 1 :]}
    modules = {name for name in imports(path) if name.startswith(above)}
    if package.endswith("static"):  # its loose modules are above all packages
        later |= {name for name in modules if name.removeprefix(above).split(".")[0] not in order}
    return {name for name in modules if any(name == part or name.startswith(f"{part}.") for part in later)}


def test_every_module_has_its_place() -> None:
    tops = {name_of(path).split(".")[1] for path in MODULES if name_of(path) != "initlint"}
    assert tops == set(RANK)


@pytest.mark.parametrize("path", [path for path in MODULES if "tracers" in path.parts], ids=name_of)
def test_imports_point_down_within_the_tracers(path: Path) -> None:
    assert upward(path, "initlint.tracers", TRACERS) == set()
    assert upward(path, "initlint.tracers.static", STATIC) == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    _, *rest = name_of(path).split(".")
    own = rest[0] if rest else None
    rank = RANK[own] if own else len(ORDER)  # the package itself only offers names, and loads them when asked
    assert {part for part in parts_of_package(path) if part != own and RANK[part] >= rank} == set()


def test_there_are_no_cycles() -> None:
    names = {name_of(path) for path in MODULES}
    needed = {name_of(path): _modules(path, names) for path in MODULES}
    done: set[str] = set()
    while ready := {name for name in names - done if needed[name] - {name, "initlint", *packages_above(name)} <= done}:
        done |= ready
    assert names - done == set()


def test_a_chain_of_imports_is_short() -> None:
    """What a module rests on can be read: no import leads through more modules than this."""
    names = {name_of(path) for path in MODULES}
    needed = {name_of(path): _modules(path, names) - {name_of(path), "initlint"} for path in MODULES}
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            depths[name] = 1 + max((depth(other) for other in needed[name] - packages_above(name)), default=0)
        return depths[name]

    deepest = max(names, key=depth)
    assert depths[deepest] <= LONGEST_CHAIN, deepest


LONGEST_CHAIN = 22


def packages_above(name: str) -> set[str]:
    """The packages that `name` is in: they are loaded before it, and offer what is in them."""
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts))}


def _modules(path: Path, names: set[str]) -> set[str]:
    """The modules that the file imports, or names from, also for types only."""
    return {name if name in names else name.rpartition(".")[0] for name in imports(path)} & names


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_stand_at_the_top(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    hidden = {
        node.lineno
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert hidden == set()


@pytest.mark.parametrize("path", sorted(WORKER.glob("*.py")), ids=name_of)
def test_the_worker_imports_nothing_of_initlint(path: Path) -> None:
    """Its files know each other by relative imports only: initlint is not there where they run."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    absolute = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    absolute += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0]
    allowed = sys.stdlib_module_names | {"torch"}
    assert {name.partition(".")[0] for name in absolute} <= allowed
    assert all(node.level < 2 for node in nodes if isinstance(node, ast.ImportFrom))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_public_modules_of_libcst_are_imported(path: Path) -> None:
    private = {name for name in imports(path) if name.split(".")[0] == "libcst" and "._" in name}
    assert private == set()


_MAY_EXIT = [PACKAGE / "__main__.py", *(PACKAGE / "cli").glob("*.py"), *WORKER.glob("*.py")]


@pytest.mark.parametrize("path", [path for path in MODULES if path not in _MAY_EXIT], ids=name_of)
def test_only_the_command_line_prints_or_exits(path: Path) -> None:
    forbidden = {
        "print",
        "input",
        "exit",
        "quit",
        "sys.exit",
        "os._exit",
        "click.echo",
        "click.secho",
        "sys.stdout.write",
    }
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    raised = {ast.unparse(node.exc) for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc}
    assert called & forbidden == set()
    assert not any(name.startswith("SystemExit") for name in raised)


def test_torch_is_never_imported() -> None:
    code = "import sys, initlint.cli.commands; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=False).returncode == 0
    importing = {name_of(path) for path in MODULES if any(name.split(".")[0] == "torch" for name in imports(path))}
    allowed = ("initlint.tracers.fx.worker.", "initlint.integrations.inspection.")
    assert all(name.startswith(allowed) for name in importing)


@pytest.mark.parametrize("path", [path for path in MODULES if PACKAGE / "rules" not in path.parents], ids=name_of)
def test_only_rules_know_their_codes(path: Path) -> None:
    """What the rest must know of a rule is an argument of `@rule(...)`."""
    assert re.findall(r"INI\d+", path.read_text(encoding="utf-8")) == []


TESTS = ROOT / "tests"
WITHOUT_PACKAGE = ("end_to_end", "support")
TEST_FILES = sorted(path.relative_to(TESTS) for path in TESTS.rglob("test_*.py"))
TEST_FOLDERS = sorted({path.parent for path in TEST_FILES})


@pytest.mark.parametrize("folder", [f for f in TEST_FOLDERS if f.parts and f.parts[0] not in WITHOUT_PACKAGE], ids=str)
def test_a_folder_of_tests_has_a_package(folder: Path) -> None:
    assert (PACKAGE / folder / "__init__.py").is_file()


def test_each_package_has_a_folder_of_tests() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages - {folder.parts[0] for folder in TEST_FOLDERS if folder.parts} == set()


def test_other_modules_are_in_support() -> None:
    """Beside the tests there are only programs for them to read, and conftest.py."""
    modules = [path.relative_to(TESTS) for path in TESTS.rglob("*.py") if not path.name.startswith("test_")]
    elsewhere = {path for path in modules if path.parts[0] != "support" and "programs" not in path.parts}
    assert {str(path) for path in elsewhere} == {"conftest.py"}


@pytest.mark.parametrize("path", TEST_FILES, ids=str)
def test_helpers_of_several_tests_are_in_support(path: Path) -> None:
    text = (TESTS / path).read_text(encoding="utf-8")
    assert set(re.findall(r"^\s*(?:from|import) tests\.(\w+)", text, re.MULTILINE)) <= {"support"}
    assert not re.search(r"__file__\)\.parent", text), "tests/support/paths.py has the folders of the checkout"
