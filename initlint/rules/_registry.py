"""What a rule is: its declaration with `@rule(...)`, and what it yields.

Rule modules import this file. It imports none of them: `initlint.rules` loads them all.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeAlias, TypeVar

from initlint._records import dataclass
from initlint.diagnostics import NO_NUMBERS, Diagnostic, Fix, Related, Severity, SignalNumbers
from initlint.graph.model import ProjectSearch
from initlint.project.source import Location

Scope: TypeAlias = Literal["model", "file", "unreadable file", "unused noqa"]
Tag: TypeAlias = Literal["deprecated"]

_MODEL_SCOPES = ("model", "file")


@dataclass(frozen=True, slots=True)
class Violation:
    """What a rule yields, for one model; `linter.lint_file` reads it.

    `location` is where the user must act: the init call. `related`: the layer, the activation. `layers`: the paths of
    all affected layers, which are marked in a drawing of the model. `chain`: a line for each layer behind the numbers
    of the message. `numbers`: those numbers as data. `owner`: the class around a violation of a whole file.
    """

    message: str
    location: Location
    severity: Severity
    related: tuple[tuple[Location, str], ...] = ()
    fix: Fix | None = None
    layers: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    numbers: SignalNumbers = NO_NUMBERS
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A registered rule: its check, its manual page, and what `@rule(...)` declares of it."""

    code: str
    name: str
    check: Callable[[Any], Iterable[Violation]]
    documentation: str
    """The docstring of the rule's module: its manual page, in Markdown."""
    severities: tuple[Severity, ...]
    scope: Scope = "model"
    default: bool = True
    fixable: bool = False
    in_tests: bool = False
    needs_context: bool = True
    whole_models: Severity | None = None
    silent_if_residual: bool = False
    silent_if_redrawn: bool = False
    reports_errors: bool = False
    silent_if_loaded: bool = False
    searches: ProjectSearch | None = None
    tags: tuple[Tag, ...] = ()
    always_on: bool = False

    @property
    def summary(self) -> str:
        """The first line of the page."""
        return self.documentation.partition("\n")[0]

    @property
    def checks_models(self) -> bool:
        """Whether the check runs on what the tracers found in a file, and `noqa` suppresses its findings."""
        return self.scope in _MODEL_SCOPES

    @property
    def judges_values(self) -> bool:
        """Whether it judges what an init writes, which does not matter for a model that never trains."""
        return _judges_values(self.code)

    def diagnostic(self, violation: Violation, model: str | None = None) -> Diagnostic:
        """The finding that is reported for `violation` in the model of that name, with rows and columns."""
        return Diagnostic(
            code=self.code,
            name=self.name,
            message=violation.message,
            severity=violation.severity,
            span=violation.location.span,
            related=tuple(Related(location.span, message) for location, message in violation.related),
            fix=violation.fix,
            chain=violation.chain,
            model=model,
            layers=violation.layers,
            numbers=violation.numbers,
        )


def _judges_values(code: str) -> bool:
    return "INI2" <= code < "INI5"


_registry: dict[str, Rule] = {}
Check = TypeVar("Check", bound=Callable[..., Iterable[Violation]])


def rule(
    code: str,
    name: str,
    *,
    severities: tuple[Severity, ...],
    scope: Scope = "model",
    default: bool = True,
    fixable: bool = False,
    in_tests: bool = False,
    needs_context: bool = True,
    whole_models: Severity | None = None,
    silent_if_residual: bool = False,
    silent_if_redrawn: bool = False,
    reports_errors: bool = False,
    silent_if_loaded: bool | None = None,
    searches: ProjectSearch | None = None,
    tags: tuple[Tag, ...] = (),
    always_on: bool = False,
) -> Callable[[Check], Check]:
    """Register the decorated function as the check of rule `code`; its module's docstring is the manual page.

    - `severities`: all that its violations may have, the highest first. The user's settings may replace them.
    - `scope`: what the check is called with. `"model"`: each `ModelGraph` of a file. `"file"`: the `FileGraph`.
      `"unreadable file"`: an `UnreadableFile`. `"unused noqa"`: an `UnusedNoqa`, after all other rules have run.
    - `default`: whether the rule is on by default.
    - `fixable`: whether some of its violations have a fix.
    - `in_tests`: whether it also runs on test files, whose models often have weights set for predictable results.
    - `needs_context`: whether a violation depends on what follows the layer, as an activation. False for a call that
      always raises. A drawing of the model shows such a finding between two layers.
    - `whole_models`: up to this severity it does not report on a model that is a part of another one, which may scale
      what the part returns, or draw its weights again.
    - `silent_if_residual`: it does not report on layers in skip connections, nor on those of a part that are in one in
      the model that contains it.
    - `silent_if_redrawn`: it does not report on a class alone if all code that builds it draws one of the zero weights
      of the violation again.
    - `reports_errors`: it reports code that raises, which is so too where the constructor of the model raises anyway.
      All other rules are silent then: there is no such model.
    - `silent_if_loaded`: it does not report on a model that the project never uses without a checkpoint. By default,
      this is so for the rules that judge what an init writes.
    - `searches`: the field of the `FileGraph` that the check reads and that is filled by a search of the whole project.
    - `tags`: how editors show the findings; they strike deprecated names through.
    - `always_on`: the rule can be neither deselected nor ignored, and its findings never enter a baseline.

    Raises ValueError if the code is taken.
    """

    def register(check: Check) -> Check:
        if code in _registry:
            raise ValueError(f"{code} is registered twice")
        _registry[code] = Rule(
            code,
            name,
            check,
            documentation=inspect.cleandoc(inspect.getmodule(check).__doc__ or ""),
            severities=severities,
            scope=scope,
            default=default,
            fixable=fixable,
            in_tests=in_tests,
            needs_context=needs_context,
            whole_models=whole_models,
            silent_if_residual=silent_if_residual,
            silent_if_redrawn=silent_if_redrawn,
            reports_errors=reports_errors,
            silent_if_loaded=_judges_values(code) if silent_if_loaded is None else silent_if_loaded,
            searches=searches,
            tags=tags,
            always_on=always_on,
        )
        return check

    return register


def registered() -> Iterator[Rule]:
    """All rules registered so far, by code. `initlint.rules.all_rules` loads them first."""
    return iter(sorted(_registry.values(), key=lambda r: r.code))
