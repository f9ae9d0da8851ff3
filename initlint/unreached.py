"""What of a file is never reached: init code that nothing runs, parameters that nothing writes."""

from __future__ import annotations

from dataclasses import dataclass

from initlint.source import Site


@dataclass(frozen=True, slots=True)
class Unapplied:
    """An init function that nothing calls, or an init behind a test that never holds.

    `reason`: `uncalled`; `named` (it stands as a statement, without being called); or what a loop or `apply` hands
    out, of which the test cannot hold: `parameters`, `modules`, `pairs`, `self`. `name` is the function's or, for a
    test, the method that hands it out. `owner` is the class that it stands in.
    """

    reason: str
    name: str
    owner: str | None
    place: Site


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A parameter of the class `owner` made of memory as it was, which nothing in the project writes to.

    `fate`: `used`; `loaded`, if code that builds the model, or a base class, may load a checkpoint; `unused`.
    """

    attribute: str
    owner: str
    fate: str
    place: Site
