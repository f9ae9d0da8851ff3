"""What a run of initlint says: places, edits, fixes and diagnostics, all frozen."""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A range in a file. Rows and columns count from 1, columns in characters; the end is exclusive."""

    file: str
    row: int
    column: int
    end_row: int
    end_column: int

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
class Related:
    """Another place that a finding speaks of: the layer, the activation, the other write."""

    span: Span
    message: str


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

    @property
    def url(self) -> str:
        return f"https://initlint.readthedocs.io/rules/{self.name}/"

    @property
    def sort_key(self) -> tuple[object, ...]:
        return (self.span, self.code, self.message)
