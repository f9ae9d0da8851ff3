"""What a rule is: its registration, and what it yields.

Declaring stands here, loading in `initlint.rules`: a rule module imports this file and nothing imports a rule.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

from initlint.diagnostics import Fix, Severity
from initlint.graph.model import Location

Scope: TypeAlias = Literal["model", "file"]


@dataclass(frozen=True, slots=True)
class Violation:
    """What a rule yields. `place` is where the user must act: the init call. `related`: the layer, the activation.

    `layers`: the paths of all layers that it speaks of, so that a picture of the model can mark them. `chain`: a line
    for each layer behind the numbers of the message.
    """

    message: str
    location: Location
    severity: Severity
    related: tuple[tuple[Location, str], ...] = ()
    fix: Fix | None = None
    layers: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A registered rule. `check` takes a `ModelGraph` or, if `scope` is `file`, a `FileGraph`.

    `in_tests`: whether it speaks in files of tests, whose nets have weights that make their results predictable.
    """

    code: str
    name: str
    check: Callable[[Any], Iterable[Violation]]
    scope: Scope
    default: bool
    fixable: bool
    in_tests: bool
    documentation: str
    """The docstring of the rule's module: its manual page, in Markdown."""

    @property
    def summary(self) -> str:
        """The first line of the page."""
        return self.documentation.partition("\n")[0]


_registry: dict[str, Rule] = {}
Check = TypeVar("Check", bound=Callable[..., Iterable[Violation]])


def rule(
    code: str,
    name: str,
    *,
    scope: Scope = "model",
    default: bool = True,
    fixable: bool = False,
    in_tests: bool = False,
) -> Callable[[Check], Check]:
    """Register the decorated function as the check of rule `code`; its module's docstring is the manual page.

    Raises ValueError if the code is taken.
    """

    def register(check: Check) -> Check:
        if code in _registry:
            raise ValueError(f"{code} is registered twice")
        page = inspect.cleandoc(inspect.getmodule(check).__doc__ or "")
        _registry[code] = Rule(code, name, check, scope, default, fixable, in_tests, page)
        return check

    return register


def registered() -> Iterator[Rule]:
    """All rules registered so far, by code. `initlint.rules.all_rules` loads them first."""
    return iter(sorted(_registry.values(), key=lambda r: r.code))
