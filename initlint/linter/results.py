"""The types that hold findings after the rules: `Finding` -> `FileResult` -> (merge, filter) -> `CheckResult`.

A rule yields a `Violation`. `lint_file` turns it into a `Finding` and returns the findings of a file as a `FileResult`,
which is plain data, because it may come from another process or from the cache. `merge` joins the findings of all files
into one `Diagnostic` for each location and rule, and `pipeline` returns those that are shown in a `CheckResult`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

from initlint._records import dataclass
from initlint.diagnostics import Diagnostic, Span
from initlint.graph.model import ModelGraph
from initlint.project.tracking import NO_DEPENDENCIES, RecordedDependencies

LocationKey: TypeAlias = "tuple[str | int, ...]"
"""Identifies a location: the path of its file, and what tells it apart in that file."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An internal error of initlint: the part that raised it, the file it was working on, and the traceback.

    `lint_file` and `process_pool` make it, so that one file does not end the run. The command line reports it.
    """

    part: str
    file: str
    error: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation as a diagnostic, with the model it belongs to.

    `lint_file` makes it; `merge` and the HTML report, which draws each model with its findings, read it. `model` is the
    number of the model in its file, or in the run after `merge.combine`; None for a finding about a whole file.
    `layers` are those of the violation. `calls`: for each way to a location in another file, the calls that may be
    reported in its place, one in each file, the outermost first. `owner`: the class around a finding about a file.
    `attributes`: of its layers, with the class that assigns them. `assumes_sizes`: those of one are not known.
    """

    diagnostic: Diagnostic
    location: LocationKey
    model: int | None
    layers: tuple[str, ...] = ()
    calls: tuple[tuple[Span, ...], ...] = ()
    owner: str | None = None
    attributes: tuple[str, ...] = ()
    assumes_sizes: bool = False


@dataclass(slots=True)
class CallUsage:
    """What an init call does in all models of a file, or of a run.

    `set_weights_in`: the numbers of the models in which it makes the last write to a weight. `wanted_calls`: the init
    calls that fit the activations there, each with the first model that needs it. `called_in`: the numbers of the
    models in which it runs on any parameter. `on_vectors`: whether it runs on a bias or another tensor that xavier and
    kaiming reject. `residual_in`: for the attribute of each layer in a skip connection, the numbers of the models.
    `sized_in` and `unsized_in`: for the attribute of each layer whose sizes decide what the call does, the numbers of
    the models that use it and give these, except those of tests, and of the models that do not give them.
    """

    set_weights_in: set[int] = field(default_factory=set)
    wanted_calls: dict[str, str] = field(default_factory=dict)
    called_in: set[int] = field(default_factory=set)
    on_vectors: bool = False
    residual_in: dict[str, set[int]] = field(default_factory=dict)
    sized_in: dict[str, set[int]] = field(default_factory=dict)
    unsized_in: dict[str, set[int]] = field(default_factory=dict)

    def add(self, other: CallUsage, first: int) -> None:
        """Add the usage in other models, whose numbers begin at `first`."""
        self.set_weights_in.update(first + number for number in other.set_weights_in)
        self.called_in.update(first + number for number in other.called_in)
        self.on_vectors = self.on_vectors or other.on_vectors
        for call, model in other.wanted_calls.items():
            self.wanted_calls.setdefault(call, model)
        for name in BY_ATTRIBUTE:
            own: dict[str, set[int]] = getattr(self, name)
            for attribute, numbers in getattr(other, name).items():
                own.setdefault(attribute, set()).update(first + number for number in numbers)


BY_ATTRIBUTE = ("residual_in", "sized_in", "unsized_in")
"""The fields of a `CallUsage` that hold numbers of models by attribute."""


class Timings(NamedTuple):
    """CPU seconds spent on a file: parsing (of the files it imports as well), interpreting, and the rest."""

    parse: float = 0.0
    interpret: float = 0.0
    rest: float = 0.0

    @property
    def total(self) -> float:
        return self.parse + self.interpret + self.rest


@dataclass(frozen=True, slots=True)
class FileResult:
    """The result of linting one file, before it is merged with those of other files. Models have the file's numbers.

    `lint_file` makes it, and the cache stores it; `pipeline` and `merge` read it. If `unreadable` is set, the rest is
    empty. `uses` are by file, then by location. `incomplete`: one line for each model that was analysed in part only.
    `roots`: the class of each model, by number. `part_classes`: classes that are parts or bases of other models.
    `redrawn`: the class of a model, with the location of copies of which it draws the weights again.
    `zeroed`: the weights that code which builds a model has zero at first: the class of the model, the weight by its
    owner and attribute, and whether that code draws it again. `alone`: the numbers of the models that were built as
    their class alone. `dependencies`: empty in a run without a cache.
    """

    unreadable: Diagnostic | None = None
    findings: tuple[Finding, ...] = ()
    uses: Mapping[str, Mapping[LocationKey, CallUsage]] = field(default_factory=dict)
    roots: tuple[str | None, ...] = ()
    part_classes: frozenset[str] = frozenset()
    redrawn: frozenset[tuple[str, LocationKey]] = frozenset()
    zeroed: frozenset[tuple[str, str, bool]] = frozenset()
    alone: frozenset[int] = frozenset()
    incomplete: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    dependencies: RecordedDependencies = NO_DEPENDENCIES
    has_noqa: bool = False
    """Whether the file may contain a `noqa` comment with a code of initlint."""
    timings: Timings | None = field(default=None, compare=False)
    """None for a cached result."""

    @property
    def mentioned_files(self) -> set[str]:
        """The display paths of all files in which a finding or an init call has a location."""
        span_files = {span.file for finding in self.findings for span in finding.diagnostic.spans}
        calls = {call.file for finding in self.findings for chain in finding.calls for call in chain}
        return {*self.uses, *(str(finding.location[0]) for finding in self.findings), *span_files, *calls}


NOTHING = FileResult()
"""The result of most files of a project: they define no model."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a run, and what the run changed in memory if it applied fixes or added `noqa` comments.

    `linter.pipeline` makes it; the baseline, the fixer and `--add-noqa` return changed copies. Users of the Python
    API, the command line and the language server read it.
    """

    diagnostics: tuple[Diagnostic, ...]
    """Sorted by location."""
    files: tuple[Path, ...]
    """The files that were linted."""
    failures: tuple[Failure, ...] = ()
    ignored: tuple[str, ...] = ()
    """One line for each file that cannot be parsed and does not mention torch. Such a file is no finding."""
    not_followed: tuple[str, ...] = ()
    """One line for each model that was analysed in part only."""
    warnings: tuple[str, ...] = ()
    """Warnings about the run, one per line."""
    verbose_notes: tuple[str, ...] = ()
    """Extra messages shown with `--verbose`."""
    models: tuple[ModelGraph, ...] = ()
    """Filled by `pipeline.check_models` only."""
    findings_by_model: tuple[tuple[Finding, ...], ...] = ()
    """For each of `models`, the findings on it whose diagnostics are reported."""
    file_findings: tuple[Finding, ...] = ()
    """The reported findings about whole files. Filled by `pipeline.check_models` only."""
    baseline_count: int = 0
    """The number of findings that are hidden because the baseline contains them."""
    baseline_removed: tuple[str, ...] = ()
    """Findings of the baseline that are no longer found, one per line."""
    timings: tuple[tuple[Path, Timings], ...] = field(default=(), compare=False)
    """CPU time by file, without files whose result was cached."""
    changed: Mapping[str, tuple[bytes, bytes]] = field(default_factory=dict)
    """Old and new bytes of each changed file, by path. The diagnostics are those of the new bytes."""
    fixed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """The number of findings fixed (or suppressed, by `--add-noqa`) by path and code."""
    errors: tuple[str, ...] = ()
    """One line for each file that could not be changed."""

    @property
    def fixed_count(self) -> int:
        return sum(number for codes in self.fixed.values() for number in codes.values())

    def without_changes_in(self, paths: Collection[str], result: CheckResult) -> CheckResult:
        """`result`, a later lint of the files on disk, with the changes made here except those in `paths`."""
        return replace(
            result,
            changed={path: versions for path, versions in self.changed.items() if path not in paths},
            fixed={path: codes for path, codes in self.fixed.items() if path not in paths},
            errors=self.errors,
        )
