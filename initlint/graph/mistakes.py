"""Records of code that is a mistake by itself, whatever the signal does. Tracers make them, and a rule reports each."""

from __future__ import annotations

from typing import Literal, TypeAlias

from initlint._records import dataclass
from initlint.diagnostics import Span
from initlint.project.source import Location, SourceLocation

UnappliedReason: TypeAlias = Literal[
    "uncalled",
    "named",
    "parameters",
    "modules",
    "pairs",
    "self",
    "constant",
    "unreached",
    "attribute",
    "always",
    "argument",
]
"""`uncalled`: nothing uses the function. `named`: a statement names it without a call. `unreached`: a loop or `apply`
over a known model in which no init call runs. `constant`: a name that is always False. `attribute`: one that is set on
a module, but read only from the layers inside. `always`: a test that always holds, so that the other branch never runs.
`argument`: a callback that fills another tensor than its argument. The others are the objects for which a test never
holds: the parameters, modules or pairs of a loop or an `apply`, or `self`."""


@dataclass(frozen=True, slots=True)
class UnappliedInit:
    """An init function that nothing calls, or an init behind a test that never holds.

    `name`: of the function or, for a test, of the method that yields the tested objects. `owner`: the class around it.
    Of an unreached init, `layers` are the layers of the model by type and number, and `cause` says why none is reached.
    Of an uncalled function, `cause` lists its callers, which nothing calls, `call` is a call that would run it,
    `failure` says why that would raise, and `overwrites` names classes whose own init it would replace.
    """

    reason: UnappliedReason
    name: str
    owner: str | None
    location: SourceLocation
    layers: tuple[tuple[str, int], ...] = ()
    cause: str = ""
    call: str = ""
    failure: str = ""
    overwrites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UninitializedParameter:
    """A parameter of a model that is made of uninitialized memory (`torch.empty`).

    `attribute`: its path below the class `owner`; that of an item of a ParameterList begins with the list's name.
    `sites`: where its memory is created, and where the parameter or its list is assigned. `filled`: the code that
    builds the model may write to it.
    """

    attribute: str
    owner: str
    location: Location
    sites: tuple[Location, ...]
    shape: tuple[int | None, ...] | None
    frozen: bool
    filled: bool

    @property
    def name(self) -> str:
        """The attribute of the owner that is or holds it."""
        return self.attribute.partition(".")[0]

    @property
    def is_item(self) -> bool:
        """Whether the owner holds it in a ParameterList or ParameterDict."""
        return "." in self.attribute


ParameterFate: TypeAlias = Literal["used", "loaded", "unused"]
"""`loaded`: a base class, or code that constructs the model, may load a checkpoint."""


@dataclass(frozen=True, slots=True)
class UnwrittenParameter:
    """A parameter of the class `owner`, made of uninitialized memory, that nothing in the project writes to.

    `layers`: those whose values a call at `location` discards; `attribute` is then the name of its function.
    `in_container`: `attribute` is a ParameterList or ParameterDict that holds it.
    """

    attribute: str
    owner: str
    fate: ParameterFate
    location: SourceLocation
    layers: tuple[str, ...] = ()
    in_container: bool = False


MisuseKind: TypeAlias = Literal[
    "tensor", "leaf", "absent", "missing", "dropped", "returned", "method", "entry", "rebound", "misspelled"
]
"""`tensor`: a plain tensor is assigned to the name of a parameter. `leaf`: a parameter is changed in place while
gradients are recorded. `absent`: an attribute or item of a parameter that is None, or an operation on one.
`missing`: the attribute `weight` or `bias` of a module that sets none.

Those that have no effect: `dropped`: the result of a statement. `returned`: a new tensor that a callback of `apply`
returns. `method`: an assignment to the name of a method. `entry`: a tensor stored in the result of a `state_dict()`
that is never loaded. `rebound`: a new tensor bound to the variable of a loop over parameters.
`misspelled`: an assignment to an attribute that is almost `requires_grad`."""


@dataclass(frozen=True, slots=True)
class ParameterMisuse:
    """A statement that raises for the parameter it is about, or changes nothing. Those in a `try` are left out.

    `location`: the target of an assignment, an augmented assignment, a call, or an attribute. `text`: its source.
    `layer` and `parameter`: the type of the module that lacks the parameter, and its name.
    """

    kind: MisuseKind
    text: str
    location: SourceLocation
    layer: str = ""
    parameter: str = ""


UnregisteredKind: TypeAlias = Literal["container", "device", "copy", "tensor", "forward"]
"""`container`: layers in a list, tuple or dict. `device`: a Parameter after `.to(...)`, a plain tensor if that moved
it. `copy`: a Parameter after a method that surely returns another tensor, as `.half()`. `tensor`: one that requires
grad. `forward`: a layer that `forward` constructs and initializes."""


@dataclass(frozen=True, slots=True)
class UnregisteredParameters:
    """Layers or a tensor that a module uses as its parameters, but does not register.

    `attribute`: of the class `owner`; both are empty for a layer that `forward` constructs. `location`: the target of
    the assignment, or the constructor. `layers`: the types of the layers. `exact`: there are no others. `container`:
    `list`, `tuple`, `dict`, ... `nested`: it contains further containers.
    """

    kind: UnregisteredKind
    attribute: str
    owner: str
    location: SourceLocation | Span
    layers: tuple[str, ...] = ()
    exact: bool = True
    container: str = ""
    nested: bool = False


UseKind: TypeAlias = Literal["call", "reference", "import"]


@dataclass(frozen=True, slots=True)
class DeprecatedUse:
    """A use of a deprecated `torch.nn.init` name in the source. `canonical`: the dotted name without aliases.

    `from_project`: the name comes from another file of the project (`from parts import *`).
    """

    canonical: str
    kind: UseKind
    location: SourceLocation
    from_project: bool = False


CopyKind: TypeAlias = Literal["repeated", "series", "parallel"]
"""`repeated`: one module several times, as by `[layer] * n`. `series`: copies, one after the other. `parallel`: copies
on one input, whose outputs have no user but one symmetric operation."""


@dataclass(frozen=True, slots=True)
class IdenticalModules:
    """Modules that start equal. `location`: where they are copied. `type`: the name of their class.

    `paths`: of the modules, or of the container of a repeated one. `count`: how many there are; None if unknown.
    `parameters`: how many tensors one of them has. `constructed`: a repeated module is constructed in the list itself.
    """

    kind: CopyKind
    location: SourceLocation | Span
    type: str
    paths: tuple[str, ...]
    count: int | None
    parameters: int = 0
    constructed: bool = False
