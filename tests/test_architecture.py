"""Imports point down one list, no module prints or exits but the command line, and torch is never imported."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "initlint"
WORKER = PACKAGE / "trace" / "worker"

ORDER = (
    "lazily listing marks recent stopwatch",
    "search",
    "diagnostics disk magics patterns",
    "notebook",
    "source",
    "facts targets layout",
    "settings suppress relevance fingerprint",
    "discover files diff decode",
    "outcome unused unreached",
    "graph rewrite",
    "flow reach",
    "followings operations",
    "stall",
    "interpret trace",
    "rule",
    "judge",
    "rules",
    "merge manual",
    "asked_again examine jobs cache tracing",
    "reported",
    "linter",
    "fixer",
    "add_noqa",
    "confirm",
    "report",
    "baseline",
    "api",
    "server",
    "runs flake8_plugin",
    "options",
    "trace_options",
    "cli",
    "__main__",
)
"""From the bottom to the top. A name stands for a module or a whole package; names on one line do not import
each other, but a package imports itself."""

RANK = {name: rank for rank, names in enumerate(ORDER) for name in names.split()}

MODULES = sorted(PACKAGE.rglob("*.py"))
CLI = PACKAGE / "cli.py"


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


def test_every_module_has_its_place() -> None:
    tops = {name_of(path).split(".")[1] for path in MODULES if name_of(path) != "initlint"}
    assert tops - set(RANK) == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    _, *rest = name_of(path).split(".")
    own = rest[0] if rest else None
    rank = RANK[own] if own else len(ORDER)  # the package itself only offers names, and loads them when asked
    upward = {part for part in parts_of_package(path) if part != own and RANK[part] >= rank}
    assert upward == set()


def test_there_are_no_cycles() -> None:
    names = {name_of(path) for path in MODULES}
    needed = {name_of(path): _modules(path, names) for path in MODULES}
    done: set[str] = set()
    while ready := {name for name in names - done if needed[name] - {name, "initlint"} <= done}:
        done |= ready
    assert names - done == set()


def _modules(path: Path, names: set[str]) -> set[str]:
    """The modules that the file imports, or names from, when it runs."""
    found = imports(path, for_types=False)
    return {name if name in names else name.rpartition(".")[0] for name in found} & names


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


_MAY_EXIT = [CLI, *WORKER.glob("*.py")]


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
    code = "import sys, initlint.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=False).returncode == 0
    importing = {name_of(path) for path in MODULES if any(name.split(".")[0] == "torch" for name in imports(path))}
    assert all(name.startswith("initlint.trace.worker.") for name in importing)
