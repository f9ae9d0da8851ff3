"""The whole pipeline: files to graphs, graphs to violations, violations to the diagnostics that are shown."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from initlint import unused
from initlint.diagnostics import Diagnostic, Severity, Span
from initlint.discover import discover, excluded, matches
from initlint.graph import FileGraph, ModelGraph
from initlint.interpret import Project
from initlint.merge import Found, Key, Use, merge, note_uses, resolve
from initlint.rule import Rule
from initlint.rules import all_rules
from initlint.settings import ALWAYS_ON, Selection, Settings
from initlint.source import SourceError, SourceFile, python_in
from initlint.suppress import Directive, Suppressions
from initlint.suppress import parse as parse_suppressions
from initlint.syntax import can_matter, check_syntax


@dataclass(frozen=True, slots=True)
class Failure:
    """A defect of initlint itself: the part that broke, the file it broke on, and the traceback."""

    part: str
    file: str
    error: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found. `incomplete`: one line for each model of which something could not be followed."""

    diagnostics: tuple[Diagnostic, ...]
    files: tuple[Path, ...]
    failures: tuple[Failure, ...] = ()
    incomplete: tuple[str, ...] = ()
    models: tuple[ModelGraph, ...] = ()
    """Filled by `trace` only."""
    known: int = 0
    """How many further findings the baseline holds."""
    gone: tuple[str, ...] = ()
    """What the baseline holds and is found no more, a line for each."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A reported finding as it concerns one model: the layers that it speaks of."""

    code: str
    span: Span
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """A run with its models, each with the whole data flow and the findings on it.

    Classes that are parts of other models of the run are not among them: they are drawn where they are used.
    """

    result: Result
    models: tuple[tuple[ModelGraph, tuple[Mark, ...]], ...]


Contents = Mapping[str, bytes]
"""By path: what is linted in place of what the disk holds there, if it holds anything."""


def check(paths: Iterable[Path], settings: Settings, contents: Contents = MappingProxyType({})) -> Result:
    """Lint `paths`. Raises `DiscoveryError` for a path that does not exist, `ConfigurationError` for such a rule."""
    run = _start(paths, settings, contents, rules=_enabled(settings))
    for graph in run.graphs():
        run.apply(graph)
    return run.result((*run.unreadable, *run.reported()))


def trace(paths: Iterable[Path], settings: Settings, contents: Contents = MappingProxyType({})) -> Result:
    """The models in `paths`, without applying a rule. Raises `DiscoveryError`."""
    run = _start(paths, settings, contents)
    models = tuple(model for graph in run.graphs() for model in graph.models)
    return replace(run.result(run.unreadable), models=models)


def survey(paths: Iterable[Path], settings: Settings, contents: Contents = MappingProxyType({})) -> Survey:
    """As `check`, with the models that were found. Raises as `check` does."""
    run = _start(paths, settings, contents, rules=_enabled(settings), operations=True)
    models: list[ModelGraph] = []
    for graph in run.graphs():
        run.apply(graph)
        models += graph.models
    result = run.result((*run.unreadable, *run.reported()))
    marks: dict[int | None, list[Mark]] = {}
    shown = {(diagnostic.code, diagnostic.span) for diagnostic in result.diagnostics}
    for found in run.found:
        if (found.diagnostic.code, found.diagnostic.span) in shown:
            marks.setdefault(found.model, []).append(Mark(found.diagnostic.code, found.diagnostic.span, found.layers))
    whole = [(number, model) for number, model in enumerate(models) if model.root not in run.part_classes]
    return Survey(result, tuple((model, tuple(marks.get(number, ()))) for number, model in whole if model.layers))


def files(paths: Iterable[Path], settings: Settings, contents: Contents = MappingProxyType({})) -> tuple[Path, ...]:
    """The files that `check` would lint. Raises `DiscoveryError`."""
    paths = tuple(paths)
    given = {path for path in paths if str(path) in contents and not excluded(path, settings)}
    on_disk = discover((path for path in paths if str(path) not in contents), settings)
    return tuple(sorted(given.union(on_disk)))


def _enabled(settings: Settings) -> Sequence[Rule]:
    settings.check_selectors(rule.code for rule in all_rules())
    return [rule for rule in all_rules() if settings.enabled(rule.code, rule.default)]


def _start(
    paths: Iterable[Path],
    settings: Settings,
    contents: Contents,
    rules: Sequence[Rule] = (),
    operations: bool = False,
) -> _Run:
    paths = tuple(paths)
    found = files(paths, settings, contents)
    roots = [settings.root / folder for folder in settings.src]
    project = Project(found, contents, roots, settings.additions, operations)
    return _Run(settings, found, contents, project, rules, any(path.is_dir() for path in paths))


@dataclass
class _Run:
    """What accumulates while files pass through. A file or a rule that breaks is noted, and the rest goes on."""

    settings: Settings
    files: tuple[Path, ...]
    contents: Contents
    project: Project
    rules: Sequence[Rule]
    """Those that are on."""
    whole: bool
    """Whether folders were asked for, and not some files one by one."""
    unreadable: list[Diagnostic] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    uses: dict[Key, Use] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    roots: list[str | None] = field(default_factory=list)
    """By the number of the model: its class."""
    part_classes: set[str] = field(default_factory=set)
    """The classes that are parts or bases of others in this run."""
    suppressions: dict[str, Suppressions] = field(default_factory=dict)
    used: set[tuple[Directive, str, str]] = field(default_factory=set)
    """The directives that suppress something, with the code and the file."""

    def result(self, diagnostics: Iterable[Diagnostic]) -> Result:
        ordered = tuple(sorted(diagnostics, key=lambda diagnostic: diagnostic.sort_key))
        return Result(ordered, self.files, tuple(self.failures), tuple(self.incomplete))

    def graphs(self) -> Iterator[FileGraph]:
        """One for each file that can be read and that may matter."""
        for file in self.files:
            try:
                source = self._load(file)
            except SourceError as error:
                self.unreadable.append(_unreadable(file, error))
                continue
            graph = self._graph(source) if source else None
            if graph is not None:
                self.incomplete += (f"{file}: {m.name}: {reason}" for m in graph.models for reason in m.incomplete)
                yield graph

    def _load(self, file: Path) -> SourceFile | None:
        """None for a file that is Python and in which nothing can matter."""
        try:
            data = self._data(file)
        except OSError:
            return self.project.load(file)  # which says what is wrong with it
        if can_matter(python_in(str(file), data)):
            return self.project.load(file)
        check_syntax(str(file), data)
        return None

    def _graph(self, source: SourceFile) -> FileGraph | None:
        with self._noting("the tracer", source.path):
            return self.project.graph(source)
        return None

    @property
    def enabled(self) -> frozenset[str]:
        return frozenset(rule.code for rule in self.rules)

    def apply(self, graph: FileGraph) -> None:
        """Collect what the rules find in the models of `graph` and in its file."""
        models = list(enumerate(graph.models, len(self.roots)))
        self.part_classes |= graph.bases
        for number, model in models:
            self.roots.append(model.root)
            self.part_classes |= model.parts
            note_uses(self.uses, model, number)
        # Whether a directive is of use is asked of the rules that are off as well.
        for rule in all_rules() if unused.CODE in self.enabled else self.rules:
            for owner, subject in models if rule.scope == "model" else [(None, graph)]:
                with self._noting(rule.code, graph.source.path):
                    for violation in rule.check(subject, self.settings):
                        self.found.append(resolve(rule, violation, owner))

    def reported(self) -> Iterator[Diagnostic]:
        """What was found, one for each place, without what the settings or the source silence."""
        found = [diagnostic for diagnostic in self._found_in_files() if not self._silenced(diagnostic)]
        if unused.CODE in self.enabled:
            found += (diagnostic for diagnostic in self._unused_suppressions() if not self._silenced(diagnostic))
        for diagnostic in found:
            if diagnostic.code in self.enabled:
                yield diagnostic if self.settings.may_fix(diagnostic.code) else replace(diagnostic, fix=None)

    def _found_in_files(self) -> Iterator[Diagnostic]:
        """A rule may point into a helper's file that is read but not linted: nothing is said about that one."""
        linted = {str(file) for file in self.files}
        parts = {number for number, root in enumerate(self.roots) if root in self.part_classes}
        merged = merge(self.found, self.uses, parts)
        return (diagnostic for diagnostic in merged if diagnostic.span.file in linted)

    def _silenced(self, diagnostic: Diagnostic) -> bool:
        code, span = diagnostic.code, diagnostic.span
        covering = list(self._suppressions(span.file).covering(code, span.row, span.end_row))
        self.used.update((directive, code, span.file) for directive in covering)
        return bool(covering) or _ignored_in(Path(span.file), code, self.settings)

    def _suppressions(self, file: str) -> Suppressions:
        if file not in self.suppressions:
            self.suppressions[file] = parse_suppressions(self.project.load(Path(file)).code)
        return self.suppressions[file]

    def _unused_suppressions(self) -> Iterator[Diagnostic]:
        """None where a part of the picture is missing. To be asked when `used` is complete."""
        if self.failures or self.unreadable:
            return
        unknown = set() if self.whole else unused.reached_from_elsewhere(self.files, self.settings)
        for file in self.files:
            if file not in unknown and unused.names_our_codes(self._data(file)):
                used = {(directive, code) for directive, code, where in self.used if where == str(file)}
                directives = self._suppressions(str(file)).directives
                yield from unused.unused(self.project.load(file), directives, used)

    def _data(self, file: Path) -> bytes:
        return self.contents[str(file)] if str(file) in self.contents else file.read_bytes()

    @contextmanager
    def _noting(self, part: str, file: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            summary = f"{type(error).__name__}: {error}"
            self.failures.append(Failure(part, file, summary, traceback.format_exc()))


def _ignored_in(file: Path, code: str, settings: Settings) -> bool:
    ignoring = (p for p, selectors in settings.per_file_ignores.items() if Selection(selectors).decide(code, False))
    return any(matches(file, pattern, settings.root) for pattern in ignoring)


def _unreadable(file: Path, error: SourceError) -> Diagnostic:
    span = Span(str(file), error.row, error.column, error.row, error.column, error.cell)
    return Diagnostic(ALWAYS_ON, "unreadable-file", error.message, Severity.ERROR, span)
