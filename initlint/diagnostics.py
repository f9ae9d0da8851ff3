"""Findings and fixes as frozen values: spans, edits, fixes, severities and diagnostics."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, field, replace
from typing import Any

from initlint._records import dataclass


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
        """The same span with rows that count from the top of the cell; outside of notebooks the span itself."""
        if self.cell is None:
            return self
        above = self.cell.row - 1
        return replace(
            self, row=max(self.row - above, 1), end_row=max(self.end_row - above, 1), cell=Cell(self.cell.number, 1)
        )

    @property
    def key(self) -> tuple[str | int, ...]:
        """A key for tables."""
        return (self.file, self.row, self.column, self.end_row, self.end_column)

    @property
    def cell_number(self) -> dict[str, Any]:
        """The key `cell` of locations in notebooks, which others do not have."""
        return {"cell": self.cell.number} if self.cell else {}

    @property
    def span(self) -> Span:
        """Itself: a span is used like a lazy location (`source.SourceLocation`)."""
        return self


class Severity(enum.IntEnum):
    """How bad a finding is. Ordered: `--fail-on` compares."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        return self.name.lower()

    @property
    def kind(self) -> str:
        """How people read it in text output: `note`, `warning` or `error`."""
        return "note" if self is Severity.INFO else self.label


class Applicability(enum.Enum):
    """`SAFE`: right for every layer that the call initializes. `UNSAFE`: it affects others, or rests on a default."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text at `span` by `replacement`. An empty span inserts."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class FixRequest:
    """A change of the source at `place`, from which edits can be computed; the kinds are in `rewrite.requests`."""

    place: Span

    @property
    def spans(self) -> Iterator[Span]:
        """The locations that the edits are computed from."""
        yield self.place


class FixCondition(enum.Enum):
    """What other models that run the same call must agree on for a fix to be offered."""

    NONE = "none"
    ACTIVATION = "activation"
    """The fix is right for one activation: no model may need another call, and no bias be initialized by this one."""
    EVERY_USE = "every-use"
    """The fix breaks the call where it works: it must fail in every model."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that resolves a finding. `message` is an imperative: "Use `kaiming_normal_`".

    `change`: as the rule requests it, or as edits, which are applied together or not at all.
    """

    message: str
    change: FixRequest | tuple[Edit, ...]
    applicability: Applicability
    condition: FixCondition = FixCondition.NONE

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits, if they have been computed: see `initlint.linter.fix_edits`."""
        if isinstance(self.change, FixRequest):
            raise ValueError(f"the edits of {self.change} have not been computed")
        return self.change

    @property
    def spans(self) -> Iterator[Span]:
        """The locations that it changes, or is computed from."""
        if isinstance(self.change, FixRequest):
            yield from self.change.spans
        else:
            yield from (edit.span for edit in self.change)


@dataclass(frozen=True, slots=True)
class Related:
    """A related location of a finding: the layer, the activation, the other write."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class SignalNumbers:
    """The numbers that the message of a finding states, so that no program needs to read the message.

    `factor`, `gradient`: the smallest factors of its layers on the mean square of the signal, and of the gradient;
    those with `_max` are the largest. `product`: of the factors over the layers in a row. None: it is not stated.
    """

    factor: float | None = None
    factor_max: float | None = None
    product: float | None = None
    gradient: float | None = None
    gradient_max: float | None = None

    @classmethod
    def of(
        cls, factors: Iterable[float] = (), *, product: float | None = None, gradients: Iterable[float] = ()
    ) -> SignalNumbers:
        """The numbers of several layers, each with its factors."""
        (least, greatest), (least_gradient, greatest_gradient) = _bounds(factors), _bounds(gradients)
        return cls(least, greatest, product, least_gradient, greatest_gradient)

    @property
    def distance(self) -> float:
        """How far the worst number is from 1, in powers of e: that of the product if there is one."""
        factors = (self.factor, self.factor_max, self.gradient, self.gradient_max)
        numbers = [self.product] if self.product is not None else [number for number in factors if number is not None]
        return max((abs(math.log(n)) if 0 < n < math.inf else math.inf for n in numbers), default=0.0)


def _bounds(values: Iterable[float]) -> tuple[float | None, float | None]:
    ordered = sorted(values)
    return (ordered[0], ordered[-1]) if ordered else (None, None)


NO_NUMBERS = SignalNumbers()


def rule_url(name: str) -> str:
    """The manual page of the rule called `name`."""
    return f"https://initlint.readthedocs.io/rules/{name}/"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding as it is shown: one for each rule and location, with rows and columns.

    `Rule.diagnostic` makes it from a violation, and `linter.merge` joins those of all models. Formats, the language
    server and users of the Python API read it.
    """

    code: str
    name: str
    message: str
    severity: Severity
    span: Span
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    engines: tuple[str, ...] = ()
    """Which tracers see it, `static` and `fx`; empty where only one was asked."""
    origin: Span | None = None
    """The init call, if that is in a file that is not linted: `span` is then the call that leads there."""
    chain: tuple[str, ...] = ()
    """A line for each layer behind the numbers of the message, in the order of the signal."""
    model: str | None = None
    """The name of the model; None for a finding about a whole file."""
    layers: tuple[str, ...] = ()
    """The paths of the layers in that model."""
    numbers: SignalNumbers = NO_NUMBERS

    @property
    def url(self) -> str:
        return rule_url(self.name)

    def to_dict(self) -> dict[str, Any]:
        """The finding as `--output-format json` prints it, in a documented shape. Its fix must have edits.

        Rows and columns count from 1, columns in characters; ends are exclusive. In a notebook rows count from the top
        of a cell, and `cell` is its number. Numbers that the message does not state are None.
        """
        related = [
            {"file": r.span.file, **r.span.cell_number, "row": r.span.local.row, "message": r.message}
            for r in self.related
        ]
        return {
            "code": self.code,
            "name": self.name,
            "message": self.message,
            "severity": self.severity.label,
            **_span_to_dict(self.span),
            "fix": _fix_to_dict(self.fix) if self.fix else None,
            "related": related,
            "url": self.url,
            "model": self.model,
            "layers": list(self.layers),
            **asdict(self.numbers),
            **({"engines": list(self.engines)} if self.engines else {}),
        }

    @property
    def spans(self) -> Iterator[Span]:
        """Its own location, the related ones and those of its fix."""
        yield self.span
        yield from (related.span for related in self.related)
        yield from self.fix.spans if self.fix else ()

    @property
    def sort_key(self) -> tuple[object, ...]:
        return (self.span, self.code, self.message)


def _span_to_dict(span: Span) -> dict[str, Any]:
    local = span.local
    start = {"file": span.file, **span.cell_number, "row": local.row, "column": span.column}
    return {**start, "end_row": local.end_row, "end_column": span.end_column}


def _fix_to_dict(fix: Fix) -> dict[str, Any]:
    edits = [{**_span_to_dict(edit.span), "replacement": edit.replacement} for edit in fix.edits]
    return {"applicability": fix.applicability.value, "message": fix.message, "edits": edits}
