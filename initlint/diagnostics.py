"""What a run of initlint says: places, edits, fixes and diagnostics, all frozen."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a notebook: its number among all cells, from 1, and the row at which it begins."""

    number: int
    row: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A range in a file. Rows and columns count from 1, columns in characters; the end is exclusive.

    In a notebook rows count through all cells, as if they were one file: `local` has them as a user sees them.
    """

    file: str
    row: int
    column: int
    end_row: int
    end_column: int
    cell: Cell | None = field(default=None, compare=False)
    """The cell of a notebook that it begins in."""

    @property
    def local(self) -> Span:
        """The same with rows that count from the top of the cell; outside of notebooks itself."""
        if self.cell is None:
            return self
        above = self.cell.row - 1
        return replace(
            self, row=max(self.row - above, 1), end_row=max(self.end_row - above, 1), cell=Cell(self.cell.number, 1)
        )

    @property
    def key(self) -> tuple[str | int, ...]:
        """Stands for the place in a table."""
        return (self.file, self.row, self.column, self.end_row, self.end_column)

    @property
    def span(self) -> Span:
        """Itself, so that a resolved place can stand wherever a lazy one (`source.Site`) can."""
        return self


class Severity(enum.IntEnum):
    """How bad a finding is; ordered, so that `--fail-on` is a comparison."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Applicability(enum.Enum):
    """`SAFE`: certain for all that the call initialises. `UNSAFE`: it reaches further, or rests on a default."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text at `span` by `replacement`. An empty span inserts."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that are applied together or not at all. `message` is an imperative: "Use `kaiming_normal_`"."""

    message: str
    edits: tuple[Edit, ...]
    applicability: Applicability


@dataclass(frozen=True, slots=True)
class FixByActivation(Fix):
    """A fix that is right for the activation that follows: another model, with another activation, forbids it."""


@dataclass(frozen=True, slots=True)
class FixOfEveryUse(Fix):
    """A fix that is wrong wherever the call was right: a model in which it was forbids it."""


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that a finding speaks of: the layer, the activation, the other write."""

    span: Span
    message: str


def rule_url(name: str) -> str:
    """The manual page of the rule called `name`."""
    return f"https://initlint.readthedocs.io/rules/{name}/"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding, resolved to rows and columns; the only thing that leaves the linter."""

    code: str
    name: str
    message: str
    severity: Severity
    span: Span
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    engines: tuple[str, ...] = ()
    """Which tracers see it, `static` and `fx`; empty where only one was asked."""
    chain: tuple[str, ...] = ()
    """A line for each layer behind the numbers of the message, in the order of the signal."""

    @property
    def url(self) -> str:
        return rule_url(self.name)

    @property
    def spans(self) -> Iterator[Span]:
        """All places that it speaks of, and those that its fix rewrites."""
        yield self.span
        yield from (related.span for related in self.related)
        yield from (edit.span for edit in self.fix.edits) if self.fix else ()

    @property
    def sort_key(self) -> tuple[object, ...]:
        return (self.span, self.code, self.message)
