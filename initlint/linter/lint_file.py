"""One file after another through tracer and rules, each to an `Outcome` of its own."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from initlint.analysis.fix_offers import asked
from initlint.diagnostics import Diagnostic
from initlint.graph.model import FileGraph, Location, ModelGraph, Target
from initlint.linter.results import CallUsage, Failure, FileResult, Finding, LocationKey, Timings
from initlint.linter.unused_noqa import names_our_codes
from initlint.project.settings import Settings
from initlint.project.source import SourceError, SourceFile, UnreadableFile
from initlint.rules import all_rules, rule_for
from initlint.rules._registry import Rule
from initlint.tracers.static.prefilter import may_contain_models
from initlint.tracers.static.project import Project


def start_linting(
    files: Mapping[str, Path],
    settings: Settings,
    contents: Mapping[str, bytes],
    codes: Collection[str],
    records: bool,
) -> Callable[[Path], FileResult]:
    """What lints one of `files` with the rules `codes`; the arguments can be handed to another process."""
    return FileLinter.start(files, settings, contents, codes, records=records).lint


Refine: TypeAlias = Callable[[FileGraph, Project], FileGraph]


@dataclass
class FileLinter:
    """Lints files by themselves. What breaks on one of them is noted, and the rest goes on."""

    settings: Settings
    project: Project
    rules: Collection[Rule] = ()
    refine: Refine | None = None

    @classmethod
    def start(
        cls,
        files: Mapping[str, Path],
        settings: Settings,
        contents: Mapping[str, bytes],
        codes: Collection[str] = (),
        operations: bool = False,
        refine: Refine | None = None,
        records: bool = False,
    ) -> FileLinter:
        """`files` by real path; `codes` are those of the rules to apply. `records`: record dependencies.

        `operations`: the models keep their whole data flow. `refine` has the last word on the graph of a file.
        """
        rules = [rule for rule in all_rules() if rule.code in codes and rule.checks_models]
        searches = {rule.searches for rule in rules if rule.searches is not None}
        project = Project(files, contents, settings.import_roots, settings.additions, operations, searches, records)
        return cls(settings, project, rules, refine)

    def lint(self, file: Path) -> FileResult:
        self.project.start_recording()
        with self.project.stopwatch.on("rest"):
            outcome, _ = self.lint_with_graph(file)
            for path in outcome.mentioned_files:
                self.project.record_dependency(Path(path))
        timings = Timings(**self.project.stopwatch.seconds)
        return replace(outcome, dependencies=self.project.recorded_dependencies(), timings=timings)

    def lint_with_graph(self, file: Path) -> tuple[FileResult, FileGraph | None]:
        """The graph is None for a file that cannot be read, and for one that cannot matter."""
        try:
            source = self.project.load(file)
        except SourceError as error:
            return FileResult(
                unreadable=_unreadable(file, error), has_noqa=names_our_codes(self.project.content(file))
            ), None
        outcome, graph = self._lint_source(source) if may_contain_models(source.code) else (FileResult(), None)
        return replace(outcome, has_noqa=names_our_codes(source.data)), graph

    def _lint_source(self, source: SourceFile) -> tuple[FileResult, FileGraph | None]:
        noted = _FailureLog()
        graph = self._graph(source, noted)
        if graph is None:
            return FileResult(failures=tuple(noted.failures)), None
        models = tuple(enumerate(graph.models))
        uses: dict[str, dict[LocationKey, CallUsage]] = {}
        for number, model in models:
            _add_usages(uses, model, number)
        found = tuple(self._apply_rules(graph, noted))
        return FileResult(
            findings=found,
            uses=uses,
            roots=tuple(model.root for model in graph.models),
            part_classes=_part_classes(graph),
            incomplete=tuple(f"{model.name}: {why}" for model in graph.models for why in model.incomplete),
            failures=tuple(noted.failures),
        ), graph

    def _graph(self, source: SourceFile, noted: _FailureLog) -> FileGraph | None:
        with noted.catch("the tracer", source.path):
            graph = self.project.graph(source)
            return graph if self.refine is None else self.refine(graph, self.project)
        return None

    def _apply_rules(self, graph: FileGraph, noted: _FailureLog) -> Iterator[Finding]:
        models = tuple(enumerate(graph.models))
        rules = [rule for rule in self.rules if rule.in_tests or not graph.source.holds_tests]
        for rule in rules:
            for owner, subject in models if rule.scope == "model" else [(None, graph)]:
                with noted.catch(rule.code, graph.source.path):
                    for violation in rule.check(subject):
                        yield Finding(rule.diagnostic(violation), violation.location.key, owner, violation.layers)


def _part_classes(graph: FileGraph) -> frozenset[str]:
    """The classes that need not be judged by themselves, for a model tells more of them; one in a test does not."""
    if graph.source.holds_tests:
        return frozenset()
    return graph.bases.union(*(model.parts for model in graph.models))


@dataclass
class _FailureLog:
    failures: list[Failure] = field(default_factory=list)

    @contextmanager
    def catch(self, part: str, file: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            summary = f"{type(error).__name__}: {error}"
            self.failures.append(Failure(part, file, summary, traceback.format_exc()))


def _unreadable(file: Path, error: SourceError) -> Diagnostic:
    rule = rule_for("unreadable file")
    (violation,) = rule.check(UnreadableFile(str(file), error))
    return rule.diagnostic(violation)


def _add_usages(uses: dict[str, dict[LocationKey, CallUsage]], model: ModelGraph, number: int) -> None:
    """Add the init calls of `model`, the model with that number, to `uses`, which are by file."""

    def use_of(place: Location) -> CallUsage:
        return uses.setdefault(str(place.key[0]), {}).setdefault(place.key, CallUsage())

    for place in model.by_call:
        use_of(place).set_weights_in.add(number)
    for place, call in asked(model):
        use_of(place).wanted_calls.setdefault(call, model.name)
    for init in model.calls:
        if init.targets:
            use = use_of(init.location)
            use.called_in.add(number)
            use.on_vectors = use.on_vectors or any(map(_is_vector, init.targets))


def _is_vector(target: Target) -> bool:
    return target.parameter == "bias" if target.shape is None else len(target.shape) < 2
