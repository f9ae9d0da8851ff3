"""A tracer and rules with predictable results, for the tests of the pipeline around them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from initlint.diagnostics import Applicability, Edit, Fix, Severity
from initlint.graph.model import FileGraph, Layer, ModelGraph, Write
from initlint.project.dependencies import FileContent
from initlint.project.reading import parse_source, read_source
from initlint.project.source import SourceFile, SourceLocation
from initlint.project.tracking import RecordedDependencies
from initlint.rules import rule_for
from initlint.rules._registry import Rule, Violation
from initlint.tracers.static.timer import Timer


class FakeProject:
    """Every class of a file is a model, whose layers are initialized by every call of `bad` in that file."""

    def __init__(self, paths: Iterable[Path], contents: Mapping[str, bytes], *surroundings: object) -> None:
        self.contents = contents
        self.sources: dict[Path, SourceFile] = {}
        self.stopwatch = Timer()

    def start_recording(self) -> None:
        """Nothing is recorded."""

    def recorded_dependencies(self) -> RecordedDependencies:
        """One that is never current: results of a fake are not cached."""
        return RecordedDependencies((FileContent("of a fake", "nothing"),))

    def record_dependency(self, path: Path) -> None:
        """Results of a fake are not cached, whatever they depend on."""

    def content(self, path: Path) -> bytes:
        return self.contents.get(str(path), b"")

    def load(self, path: Path) -> SourceFile:
        if path not in self.sources:
            data = self.contents.get(str(path))
            self.sources[path] = read_source(path) if data is None else parse_source(str(path), data)
        return self.sources[path]

    def is_script(self, source: SourceFile) -> bool:
        return False

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
    """Reports every write, but none in a `Quiet` model. An `Other` model offers another fix."""
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
    Rule(
        "INI301",
        "bad-start",
        _check_model,
        "A bad start\n\n## What it does\n",
        (Severity.ERROR, Severity.INFO),
        fixable=True,
    ),
    Rule("INI901", "odd-file", _check_file, "An odd file\n", (Severity.WARNING,), scope="file", default=False),
)
