"""The changes that a rule can ask for, as plain data: nothing here imports libcst.

Each class has one function in this package that computes its edits: see `initlint.rewrite.compute`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TypeAlias

from initlint._records import dataclass
from initlint.diagnostics import FixRequest, Span


@dataclass(frozen=True, slots=True)
class GainExpression:
    """A call of `calculate_gain(nonlinearity, param)`, spelled according to the imports of the file."""

    nonlinearity: str
    param: float | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, word for word."""

    text: str


Value: TypeAlias = "str | int | float | bool | GainExpression | Expression | None"


@dataclass(frozen=True, slots=True)
class ReplaceCall(FixRequest):
    """Make the init call one of `function` (`kaiming_normal_`) of torch.nn.init, also if it is a method call.

    The tensor, `mode` and `generator` are kept, and arguments equal to the defaults of the new function. `arguments`
    are added in their order; all others are removed.
    """

    function: str
    arguments: Mapping[str, Value] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ReplaceMethodCall(FixRequest):
    """Make `self.fc.weight.normal_(0, 0.02)` a call of the equivalent function of torch.nn.init."""


@dataclass(frozen=True, slots=True)
class ReplaceArgument(FixRequest):
    """Set the argument `name` of the init call to `value`, or add it. The others are kept."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class MoveArgument(FixRequest):
    """Pass the argument `name` of the init call to the parameter `target` instead, by keyword: `mode='fan_out'`."""

    name: str
    target: str


@dataclass(frozen=True, slots=True)
class AppendAttribute(FixRequest):
    """Replace the tensor of the init call by its `attribute`, which begins with a dot: `.weight`.

    Any other expression at this place is itself the tensor.
    """

    attribute: str


@dataclass(frozen=True, slots=True)
class CompareWithNone(FixRequest):
    """Make the truth test of a name or an attribute one for `is not None`."""


@dataclass(frozen=True, slots=True)
class GuardAgainstNone(FixRequest):
    """Put a statement on one line under `if <tensor> is not None:`.

    `place` is the init call, which is the statement, or an attribute or item of the tensor in the statement.
    """


@dataclass(frozen=True, slots=True)
class AppendStatement(FixRequest):
    """Insert `statement` on a line of its own after the init call, which is a statement itself.

    `{tensor}` in it is replaced by the tensor of the call, without `.data`.
    """

    statement: str


@dataclass(frozen=True, slots=True)
class AppendLoop(FixRequest):
    """End the `__init__` of the class at `place` with a loop that calls `function` of torch.nn.init.

    The loop initializes the weights of all modules of the types that are constructed at `constructors`. `arguments`
    are plain values.
    """

    constructors: tuple[Span, ...]
    function: str
    arguments: Mapping[str, Value] = field(default_factory=dict, hash=False)

    @property
    def spans(self) -> Iterator[Span]:
        yield self.place
        yield from self.constructors


@dataclass(frozen=True, slots=True)
class RepeatConstruction(FixRequest):
    """Make the product `[layer()] * n` a comprehension, which calls the constructors n times."""


@dataclass(frozen=True, slots=True)
class WrapValue(FixRequest):
    """Wrap a value in `nn.Parameter(...)`, or a list in `nn.ModuleList(...)`: `class_name` is that of the wrapper.

    `place` is the target of an assignment with no other targets, or a call whose last argument is the value. For a
    `ModuleList` the value must be a list display or comprehension, for a `ModuleDict` a dict with strings as keys.
    """

    class_name: str


@dataclass(frozen=True, slots=True)
class MoveIntoParameter(FixRequest):
    """Make `nn.Parameter(x).to(device)` `nn.Parameter(x.to(device))`; `place` is the target of the assignment."""


@dataclass(frozen=True, slots=True)
class RenameDeprecated(FixRequest):
    """Replace the deprecated name `old` of torch.nn.init by `new`.

    `place` is a call, an attribute (`nn.init.xavier_uniform`), a plain name, a `from` import or a name in one. A name
    from a `from` import changes in the whole file, together with the import; an alias is kept. `from_project`: the name
    comes from another file, so this one does not show that it is torch's; only an attribute is replaced.
    """

    old: str
    new: str
    from_project: bool = False


ALL: tuple[type[FixRequest], ...] = (
    AppendAttribute,
    AppendLoop,
    AppendStatement,
    CompareWithNone,
    GuardAgainstNone,
    MoveArgument,
    MoveIntoParameter,
    RenameDeprecated,
    RepeatConstruction,
    ReplaceArgument,
    ReplaceCall,
    ReplaceMethodCall,
    WrapValue,
)
