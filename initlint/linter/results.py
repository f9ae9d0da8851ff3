"""What linting one file gives: plain data, which may come from another process or from an earlier run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

from initlint.diagnostics import Diagnostic
from initlint.graph.model import ModelGraph
from initlint.project.dependencies import Question

Key: TypeAlias = "tuple[str | int, ...]"
"""Stands for a place: the path of its file and what tells it apart there."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A defect of initlint itself: the part that broke, the file it broke on, and the traceback."""

    part: str
    file: str
    error: str
    traceback: str


@dataclass(frozen=True, slots=True)
class ModelFinding:
    """A violation as a diagnostic, and whose it is.

    `model` is the number of a model, of the file's or of the run's; None: it speaks of a whole file.
    `layers` are the violation's.
    """

    diagnostic: Diagnostic
    location: Key
    model: int | None
    layers: tuple[str, ...] = ()


@dataclass(slots=True)
class CallUsage:
    """What an init call does in all models of a file, or of a run.

    `models`: the numbers of those in which it sets a weight in effect. `asked`: what the activations there ask for, and
    for each call the first model in which one does. `called`: the numbers of the models in which it runs on anything.
    `on_vectors`: whether it runs on a bias or another tensor that xavier and kaiming do not take.
    """

    models: set[int] = field(default_factory=set)
    asked: dict[str, str] = field(default_factory=dict)
    called: set[int] = field(default_factory=set)
    on_vectors: bool = False

    def add(self, other: CallUsage, first: int) -> None:
        """Add what the call does in further models, whose numbers begin at `first`."""
        self.models.update(first + number for number in other.models)
        self.called.update(first + number for number in other.called)
        self.on_vectors = self.on_vectors or other.on_vectors
        for call, model in other.asked.items():
            self.asked.setdefault(call, model)


class Timings(NamedTuple):
    """CPU seconds: what the parser took, for this file and for those that it imports, the tracer, and the rest."""

    parse: float = 0.0
    interpret: float = 0.0
    rest: float = 0.0

    @property
    def total(self) -> float:
        return self.parse + self.interpret + self.rest


@dataclass(frozen=True, slots=True)
class FileResult:
    """What one file says, before it is merged with what others say of the same places. Numbers of models are its own.

    `unreadable` excludes the rest. `uses` are by file, then by place.
    `incomplete`: one line for each model of which something could not be followed.
    `roots`: by the number of a model its class. `part_classes`: the classes that are parts or bases of others.
    `asked`: the questions to the disk that all this rests on.
    """

    unreadable: Diagnostic | None = None
    found: tuple[ModelFinding, ...] = ()
    uses: Mapping[str, Mapping[Key, CallUsage]] = field(default_factory=dict)
    roots: tuple[str | None, ...] = ()
    part_classes: frozenset[str] = frozenset()
    incomplete: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    asked: Collection[Question] = ()
    has_noqa: bool = False
    """Whether the file may hold a directive for a code of ours."""
    cost: Timings | None = field(default=None, compare=False)
    """None for what an earlier run has found."""

    @property
    def mentioned(self) -> set[str]:
        """The files, as they are shown, of the places that it speaks of."""
        found = {span.file for found in self.found for span in found.diagnostic.spans}
        return {*self.uses, *(str(found.location[0]) for found in self.found), *found}


NOTHING = FileResult()
"""What most files of a project say."""


@dataclass
class RunResults:
    """The outcomes of many files put together, in the order in which they are added."""

    unreadable: list[Diagnostic] = field(default_factory=list)
    found: list[ModelFinding] = field(default_factory=list)
    uses: dict[Key, CallUsage] = field(default_factory=dict)
    roots: list[str | None] = field(default_factory=list)
    part_classes: set[str] = field(default_factory=set)
    incomplete: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    directed: set[Path] = field(default_factory=set)
    costs: list[tuple[Path, Timings]] = field(default_factory=list)

    @classmethod
    def of(cls, outcomes: Iterable[tuple[Path, FileResult]]) -> RunResults:
        """Each with its file."""
        collected, outcomes = cls(), tuple(outcomes)
        places: dict[str, set[Key]] = {}
        for found in (found for _, outcome in outcomes for found in outcome.found):
            places.setdefault(str(found.location[0]), set()).add(found.location)
        for file, outcome in outcomes:
            collected.add(file, outcome, places)
        return collected

    def add(self, file: Path, outcome: FileResult, places: Mapping[str, Set[Key]]) -> None:
        """Add one file, whose models get the next numbers; of the uses those at `places`, where something is found."""
        if outcome is NOTHING:
            return
        first = len(self.roots)
        if outcome.unreadable is not None:
            self.unreadable.append(outcome.unreadable)
        for found in outcome.found:
            self.found.append(found if found.model is None else replace(found, model=first + found.model))
        for where in outcome.uses.keys() & places.keys() if outcome.uses else ():
            for place in places[where] & outcome.uses[where].keys():
                self.uses.setdefault(place, CallUsage()).add(outcome.uses[where][place], first)
        self.roots += outcome.roots
        self.part_classes |= outcome.part_classes
        self.incomplete += (f"{file}: {line}" for line in outcome.incomplete)
        self.failures += outcome.failures
        if outcome.has_noqa:
            self.directed.add(file)
        if outcome.cost is not None:
            self.costs.append((file, outcome.cost))

    @property
    def parts(self) -> frozenset[int]:
        """The numbers of the models that are parts of others."""
        return frozenset(number for number, root in enumerate(self.roots) if root in self.part_classes)


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
    not_followed: tuple[str, ...] = ()
    """One line for each model that was analysed in part only."""
    warnings: tuple[str, ...] = ()
    """Warnings about the run, one per line."""
    verbose_notes: tuple[str, ...] = ()
    """Extra messages shown with `--verbose`."""
    models: tuple[ModelGraph, ...] = ()
    """Filled by `trace` only."""
    baseline_count: int = 0
    """The number of findings that are hidden because the baseline contains them."""
    baseline_removed: tuple[str, ...] = ()
    """Findings of the baseline that are no longer found, one per line."""
    costs: tuple[tuple[Path, Timings], ...] = field(default=(), compare=False)
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
