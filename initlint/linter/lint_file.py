"""Lints one file: traces its models, applies the rules, and returns a `FileResult`."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from pathlib import Path
from typing import TypeAlias

from initlint._frames import with_room
from initlint._records import dataclass
from initlint.analysis.fix_offers import recommended_calls
from initlint.analysis.layer_activation import constant, initializer_family, is_matrix
from initlint.analysis.layer_outputs import assumes_equal_fans
from initlint.analysis.norms import NORM_TYPES, is_whole_signal
from initlint.diagnostics import Diagnostic
from initlint.graph.model import FileGraph, Layer, ModelGraph, ProjectSearch, Target, Write
from initlint.linter.calling_files import calls_to, with_leading_call
from initlint.linter.results import CallUsage, Failure, FileResult, Finding, LocationKey, Timings
from initlint.linter.unused_noqa import names_our_codes
from initlint.project.file_memory import FileMemory
from initlint.project.settings import Settings
from initlint.project.source import Location, SourceError, SourceFile, UnreadableFile
from initlint.rules import all_rules, rule_for
from initlint.rules._registry import Rule, Violation
from initlint.tracers.static.prefilter import may_contain_models
from initlint.tracers.static.project import Project


def start_linting(
    files: Mapping[str, Path],
    settings: Settings,
    contents: Mapping[str, bytes],
    codes: Collection[str],
    records: bool,
    has_disk: bool = True,
) -> Callable[[Path], FileResult]:
    """A function that lints one of `files` with the rules `codes`. The arguments can be sent to another process."""
    return FileLinter.start(files, settings, contents, codes, records=records, has_disk=has_disk).lint


Refine: TypeAlias = Callable[[FileGraph, Project], FileGraph]
"""Replaces the graph of a file before the rules see it."""


@dataclass
class FileLinter:
    """Lints files one by one. An exception in the tracer or in a rule becomes a `Failure` of the file."""

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
        refine: Refine | None = None,
        records: bool = False,
        has_disk: bool = True,
        memory: FileMemory | None = None,
        on_entry_point: Callable[[], None] | None = None,
    ) -> FileLinter:
        """`files` by real path; `codes` of the rules to apply. `records`: record dependencies, for the cache.

        `memory` and `on_entry_point`: see `Project`.
        """
        rules = [rule for rule in all_rules() if rule.code in codes and rule.checks_models]
        searches: set[ProjectSearch] = {rule.searches for rule in rules if rule.searches is not None}
        searches |= {"unused" for rule in rules if rule.judges_values}
        project = Project(
            files,
            contents,
            settings.module_roots,
            settings.additions,
            searches,
            records,
            has_disk,
            memory,
            on_entry_point,
        )
        return cls(settings, project, rules, refine)

    def lint(self, file: Path) -> FileResult:
        """The result, with its dependencies and timings."""
        self.project.start_recording()
        with self.project.stopwatch.on("rest"):
            result, _ = self.lint_with_graph(file)
            for path in result.mentioned_files:
                self.project.record_dependency(Path(path))
        timings = Timings(**self.project.stopwatch.seconds)
        return replace(result, dependencies=self.project.recorded_dependencies(), timings=timings)

    @with_room
    def lint_with_graph(self, file: Path) -> tuple[FileResult, FileGraph | None]:
        """The result, and the graph, which is None for an unreadable file and for one without models."""
        try:
            source = self.project.load(file)
        except SourceError as error:
            return FileResult(
                unreadable=_unreadable(file, error), has_noqa=names_our_codes(self.project.content(file))
            ), None
        is_traced = may_contain_models(source.code) or self.project.is_script(source)
        result, graph = self._lint_source(source) if is_traced else (FileResult(), None)
        return replace(result, has_noqa=names_our_codes(source.data)), graph

    def _lint_source(self, source: SourceFile) -> tuple[FileResult, FileGraph | None]:
        failures = _FailureLog()
        graph = self._graph(source, failures)
        if graph is None:
            return FileResult(failures=tuple(failures.entries)), None
        models = tuple(enumerate(graph.models))
        uses: dict[str, dict[LocationKey, CallUsage]] = {}
        for number, model in models:
            if not model.fails:
                _add_usages(uses, model, number, is_test=source.holds_tests)
        return FileResult(
            findings=tuple(self._apply_rules(graph, failures)),
            uses=uses,
            roots=tuple(model.root for model in graph.models),
            part_classes=_part_classes(graph),
            redrawn=frozenset((model.root, copy.key) for model in graph.models if model.root for copy in model.redrawn),
            zeroed=frozenset(_zeroed(graph)),
            alone=frozenset(number for number, model in models if model.alone),
            incomplete=tuple(f"{model.name}: {reason}" for model in graph.models for reason in model.incomplete),
            failures=tuple(failures.entries),
        ), graph

    def _graph(self, source: SourceFile, failures: _FailureLog) -> FileGraph | None:
        with failures.catch("the tracer", source.path):
            graph = self.project.graph(source)
            return graph if self.refine is None else self.refine(graph, self.project)
        return None

    def _apply_rules(self, graph: FileGraph, failures: _FailureLog) -> Iterator[Finding]:
        models = tuple(enumerate(graph.models))
        rules = [rule for rule in self.rules if rule.in_tests or not graph.source.holds_tests]
        for rule in rules:
            judged = [(n, m) for n, m in models if _is_judged(rule, m)]
            for number, subject in judged if rule.scope == "model" else [(None, graph)]:
                with failures.catch(rule.code, graph.source.path):
                    for violation in rule.check(subject):
                        if rule.silent_if_loaded and isinstance(subject, ModelGraph) and subject.is_loaded():
                            break
                        if rule.judges_values and isinstance(subject, ModelGraph) and _is_untrained(subject, violation):
                            continue
                        yield _finding(rule, violation, subject, number)


def _is_judged(rule: Rule, model: ModelGraph) -> bool:
    return (rule.reports_errors or not model.fails) and not (model.unused and rule.judges_values)


def _is_untrained(model: ModelGraph, violation: Violation) -> bool:
    """Whether none of the layers that the violation is about gets a gradient in the model."""
    paths = violation.layers or _initialized_at(model, violation.location)
    layers = [model.by_path[path] for path in paths if path in model.by_path]
    return bool(layers) and all(layer.without_gradient for layer in layers)


def _finding(rule: Rule, violation: Violation, subject: FileGraph | ModelGraph, number: int | None) -> Finding:
    """The violation in a file, or in its model of that number."""
    if not isinstance(subject, ModelGraph):
        return Finding(
            rule.diagnostic(violation), violation.location.key, None, violation.layers, owner=violation.owner
        )
    diagnostic = with_leading_call(rule.diagnostic(violation, subject.name), violation, subject)
    if not violation.layers:
        diagnostic = replace(diagnostic, layers=_initialized_at(subject, violation.location))
    layers = [subject.by_path[path] for path in violation.layers if path in subject.by_path]
    return Finding(
        diagnostic,
        violation.location.key,
        number,
        violation.layers,
        calls_to(violation, subject),
        attributes=tuple(map(_attribute, layers)),
        assumes_sizes=any(map(assumes_equal_fans, layers)),
    )


def _attribute(layer: Layer) -> str:
    """The same for a layer in a model and in another model that contains it."""
    return f"{layer.owner}.{layer.attribute}"


def _initialized_at(model: ModelGraph, location: Location) -> tuple[str, ...]:
    """The paths of the layers with a parameter that the call at `location` writes to."""
    return tuple(layer.path for layer in model.layers if any(write.location == location for write in layer.writes))


def _zeroed(graph: FileGraph) -> Iterator[tuple[str, str, bool]]:
    """The weights that start at zero, or would, where code builds a model: see `FileResult`. Tests do not count."""
    for model in () if graph.source.holds_tests else graph.models:
        if model.alone or model.fails or model.unused:
            continue
        for layer in model.layers:
            writes = [write for write in layer.writes if write.parameter == "weight"]
            if any(map(_is_zero, writes)):
                is_redrawn = layer.last_write_is_certain() and not _is_zero(writes[-1])
                yield model.root or "", _attribute(layer), is_redrawn


def _is_zero(write: Write) -> bool:
    return constant(write) == 0.0


def _part_classes(graph: FileGraph) -> frozenset[str]:
    """Classes that are parts or bases of the models, which tell more about them. Test models do not count."""
    if graph.source.holds_tests:
        return frozenset()
    return graph.bases.union(*(model.parts for model in graph.models if not model.fails))


@dataclass
class _FailureLog:
    entries: list[Failure] = field(default_factory=list)

    @contextmanager
    def catch(self, part: str, file: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            summary = f"{type(error).__name__}: {error}"
            self.entries.append(Failure(part, file, summary, traceback.format_exc()))


def _unreadable(file: Path, error: SourceError) -> Diagnostic:
    rule = rule_for("unreadable file")
    (violation,) = rule.check(UnreadableFile(str(file), error))
    return rule.diagnostic(violation)


def _add_usages(uses: dict[str, dict[LocationKey, CallUsage]], model: ModelGraph, number: int, is_test: bool) -> None:
    """Add the init calls of model `number` to `uses`, which are by file."""

    def usage(location: Location) -> CallUsage:
        return uses.setdefault(str(location.key[0]), {}).setdefault(location.key, CallUsage())

    for location, writes in model.by_call.items():
        usage(location).set_weights_in.add(number)
        for layer, write in writes:
            at_call = usage(location)
            if not is_whole_signal(layer) if layer.type in NORM_TYPES else layer.residual:
                at_call.residual_in.setdefault(_attribute(layer), set()).add(number)
            if initializer_family(write.initializer) == "xavier" and is_matrix(layer):
                if assumes_equal_fans(layer):
                    at_call.unsized_in.setdefault(_attribute(layer), set()).add(number)
                elif not is_test and layer.called and not layer.residual and all(f.certain for f in layer.followed_by):
                    at_call.sized_in.setdefault(_attribute(layer), set()).add(number)
    for location, call in recommended_calls(model):
        usage(location).wanted_calls.setdefault(call, model.name)
    for init in model.calls:
        if init.targets:
            at_call = usage(init.location)
            at_call.called_in.add(number)
            at_call.on_vectors = at_call.on_vectors or any(map(_is_vector, init.targets))


def _is_vector(target: Target) -> bool:
    return target.parameter == "bias" if target.shape is None else len(target.shape) < 2
