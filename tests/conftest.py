"""A pipeline with a tracer and rules that a reader can predict, for the tests of what stands around them."""

from __future__ import annotations

import ast
import signal
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from initlint.diagnostics import Applicability, Edit, Fix, Severity
from initlint.graph.model import FileGraph, Layer, ModelGraph, Write
from initlint.project.source import SourceFile, SourceLocation
from initlint.rules import rule_for
from initlint.rules._registry import Rule, Violation
from initlint.tracers.static.timer import Timer


class FakeProject:
    """Every class of a file is a model, whose layers are initialised by every call of `bad` in that file."""

    def __init__(self, paths: Iterable[Path], contents: Mapping[str, bytes], *surroundings: object) -> None:
        self.contents = contents
        self.sources: dict[Path, SourceFile] = {}
        self.asked: set[tuple[str, ...]] = set()
        self.stopwatch = Timer()

    def start_recording(self) -> None:
        """Asks what never has the same answer again: nothing that is faked is recalled."""
        self.asked = {("read", "of a fake", "nothing")}

    def record_dependency(self, path: Path) -> None:
        """Nothing that is faked is recalled, whatever it rests on."""

    def content(self, path: Path) -> bytes:
        return self.contents.get(str(path), b"")

    def load(self, path: Path) -> SourceFile:
        if path not in self.sources:
            data = self.contents.get(str(path))
            self.sources[path] = SourceFile.read(path) if data is None else SourceFile.parse(str(path), data)
        return self.sources[path]

    def graph(self, source: SourceFile) -> FileGraph:
        if b"BREAK_THE_TRACER" in source.data:
            raise RuntimeError("broken tracer")
        calls = [node for node in _walk(source.tree) if isinstance(node, ast.Call) and _is_bad(node)]
        layers = tuple(_layer(SourceLocation(source, call), number) for number, call in enumerate(calls))
        classes = [node for node in _walk(source.tree) if isinstance(node, ast.ClassDef)]
        models = (
            ModelGraph(c.name, SourceLocation(source, c), "static", layers, incomplete=("a reason",)) for c in classes
        )
        return FileGraph(source, tuple(models), ())


def _is_bad(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "bad"


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def _layer(site: SourceLocation, number: int) -> Layer:
    write = Write("weight", "torch.nn.init.zeros_", {}, site)
    return Layer(f"fc{number}", "Linear", {"in_features": 4}, "Net", f"fc{number}", site, writes=(write,))


def _check_model(model: ModelGraph) -> Iterator[Violation]:
    """Complains of every write, of fewer layers in a `Quiet` model; an `Other` model offers another fix."""
    if "BREAK_THE_RULE" in model.name:
        raise LookupError("broken rule")
    for layer in () if model.name.startswith("Quiet") else model.layers:
        place = layer.writes[0].location
        replacement = "other" if model.name.startswith("Other") else "good"
        applicability = Applicability.UNSAFE if model.name.startswith("Unsafe") else Applicability.SAFE
        fix = Fix(f"Use `{replacement}`", (Edit(place.span, f"{replacement}()"),), applicability)
        severity = Severity.ERROR if model.name.startswith("Worse") else Severity.INFO
        yield Violation(f"bad start of {model.name}", place, severity, ((model.location, "this model"),), fix)


def _check_file(graph: FileGraph) -> Iterator[Violation]:
    for model in graph.models:
        yield Violation(f"a file with {model.name}", model.location, Severity.WARNING)


FAKE_RULES = (
    replace(rule_for("unreadable file"), documentation="A file that cannot be read\n"),
    Rule("INI301", "bad-start", _check_model, "A bad start\n\n## What it does\n", fixable=True),
    Rule("INI901", "odd-file", _check_file, "An odd file\n", scope="file", default=False),
)


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """What is started by the tests can be interrupted, though they run in the background of a shell or under nohup."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test keeps results where those of the user are."""
    monkeypatch.setenv("INITLINT_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "kept"))


@pytest.fixture
def fake_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the tracer and the rules; INI901 is off by default."""
    monkeypatch.setattr("initlint.linter.lint_file.Project", FakeProject)
    monkeypatch.setattr("initlint.linter.lint_file.may_contain_models", lambda code: "torch" in code)
    for module in ("initlint.linter.lint_file", "initlint.linter.pipeline", "initlint.cli.commands"):
        monkeypatch.setattr(f"{module}.all_rules", lambda: FAKE_RULES)


@pytest.fixture
def in_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that the test runs in."""
    monkeypatch.chdir(tmp_path)
    for variable in ("NO_COLOR", "FORCE_COLOR", "INITLINT_DEBUG"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path
