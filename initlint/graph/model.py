"""The model of a network: what the tracers produce and all that the rules see."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, Literal, TypeAlias, TypeVar

from initlint.diagnostics import Span
from initlint.facts.fans import AxisRoles
from initlint.project.source import SourceFile, SourceLocation


@dataclass(frozen=True, slots=True)
class UnappliedInit:
    """An init function that nothing calls, or an init behind a test that never holds.

    `reason`: `uncalled`; `named` (it stands as a statement, without being called); or what a loop or `apply` hands
    out, of which the test cannot hold: `parameters`, `modules`, `pairs`, `self`. `name` is the function's or, for a
    test, the method that hands it out. `owner` is the class that it stands in.
    """

    reason: str
    name: str
    owner: str | None
    location: SourceLocation


@dataclass(frozen=True, slots=True)
class UnwrittenParameter:
    """A parameter of the class `owner` made of memory as it was, which nothing in the project writes to.

    `fate`: `used`; `loaded`, if code that builds the model, or a base class, may load a checkpoint; `unused`.
    """

    attribute: str
    owner: str
    fate: str
    location: SourceLocation


Location: TypeAlias = "SourceLocation | Span"
"""Where something stands: both have `.span`; a `Site` computes it when asked."""


class Undetermined(enum.Enum):
    """The value of an argument that is given but that the tracer could not determine."""

    UNDETERMINED = "?"

    def __repr__(self) -> str:
        return "UNDETERMINED"

    def __bool__(self) -> bool:
        raise TypeError("an undetermined value is neither true nor false; compare with `is UNDETERMINED`")


UNDETERMINED = Undetermined.UNDETERMINED

Arguments: TypeAlias = Mapping[str, Any]
"""By torch's name: str, int, float, bool, None, a tuple of these, or `UNDETERMINED`; absent if left to its default."""


@dataclass(frozen=True, slots=True)
class NextLayer:
    """How the signal goes on behind an activation: the next weighted layer, or the end.

    `layer` is the path of the layer that consumes it, None where `op` is no layer; `between` as in `Consumer`.
    """

    op: str
    layer: str | None
    between: tuple[str, ...]
    certain: bool


@dataclass(frozen=True, slots=True)
class Consumer:
    """What consumes a layer's output first.

    `op`: an activation (`relu`, `tanh`, ...), `layer` (another weighted layer), `output`, `softmax`, `matmul`,
    `sdpa`, another noted operator (`grid_sample`, `clamp`, ...), or `unknown`.
    `between`: what lies on the way, in order: `batch_norm`, `layer_norm`, `group_norm`, `instance_norm`,
    `rms_norm`, `local_response_norm`, `weight_norm`, `add` (another tensor is added), `mul` (it is multiplied
    by another tensor), `concat`, `pool`, `chunk` (it is split or indexed along the channels), `scale` (it is
    multiplied by a number or a parameter), `shift` (a number or a parameter is added).
    `certain` is False where the path runs only under an undecided condition or through an unknown value.
    `layer` is the path of the layer that consumes it if `op` is `layer`. `onward`: where the signal goes behind
    an activation; empty for the other ops. `arguments` are the activation's own (`negative_slope`).
    """

    op: str
    between: tuple[str, ...]
    location: Location
    certain: bool
    layer: str | None = None
    arguments: Arguments = field(default_factory=dict)
    onward: tuple[NextLayer, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplyCall:
    """One call that an `apply` makes, on the module of that `number` in its order."""

    location: Location
    number: int


@dataclass(frozen=True, slots=True)
class Write:
    """One write to a parameter.

    `initializer` is canonical: `torch.nn.init.xavier_uniform_`; a deprecated name is resolved to the current
    one, `w.data.normal_(0, .02)` is `torch.nn.init.normal_` with `method` True. A write that is no known
    initializer (`copy_`, `w *= k`, an assignment) is `torch.Tensor.copy_`, `torch.Tensor.mul_`, ...
    `place` is the call, `via` the call sites that led there, the outermost first (`self.apply(init_weights)`).
    `whole` is False for a write to a slice of the parameter. `relative` marks writes that keep part of the old value.
    `helpers`: functions between the model's class and the write, innermost last. `visit`: the innermost `apply`.
    """

    parameter: str
    initializer: str
    arguments: Arguments
    location: Location
    via: tuple[Location, ...] = ()
    certain: bool = True
    method: bool = False
    covers_tensor: bool = True
    reads_old_value: bool = False
    helpers: tuple[str, ...] = ()
    no_grad: bool = False
    visit: ApplyCall | None = None


@dataclass(frozen=True, slots=True)
class IneffectiveWrite:
    """A write to what `cause` (`weight norm`, `a copy`, ...), at `derived`, made of a parameter: that stays as it is.

    `originals`: the names of the parameters that do count, empty for a copy.
    """

    write: Write
    cause: str
    derived: Location
    originals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """A module that owns a weight, or a raw `nn.Parameter` used as one (`type` is then `Parameter`).

    `path` is the attribute path in the model (`features.0`); `owner` the class whose source assigns it, and
    `attribute` the path below that owner. `type` is torch's class name (`Linear`, `Conv2d`, `BatchNorm2d`,
    `LSTM`), also for a subclass, whose own name is `subclass`. `arguments` are those of the constructor,
    determined or `UNDETERMINED`. `place` stands in the owner's file: its constructor's call, or else the assignment.

    `residual`: it lies on a branch that a skip connection runs around. `frozen`: `requires_grad` is off.
    `parametrized`: weight norm or its like, or `forward` itself, recomputes the weight; writes from after such a norm
    are `lost`, or stand under the names of what it computes from (`weight_v`).
    `fed_by`: paths of the layers whose outputs it consumes with nothing but transparent operators on the way.
    `called` is False if no traced forward uses it. `product`: how a raw parameter is used, if known.
    `uninitialized`: it is made of memory as it was (`torch.empty`).
    """

    path: str
    type: str
    arguments: Arguments
    owner: str
    attribute: str
    location: Location
    followed_by: tuple[Consumer, ...] = ()
    writes: tuple[Write, ...] = ()
    subclass: str | None = None
    residual: bool = False
    frozen: bool = False
    parametrized: bool = False
    fed_by: tuple[str, ...] = ()
    called: bool = False
    ineffective_writes: tuple[IneffectiveWrite, ...] = ()
    shapes: Mapping[str, tuple[int | None, ...] | None] = field(default_factory=dict)
    """Parameter name to shape, None where a size or the rank is not known; a parameter it does not have is absent."""
    product: AxisRoles | None = None
    uninitialized: bool = False

    def effective_write(self, parameter: str = "weight") -> Write | None:
        """The last certain whole write to `parameter`; None: torch's default stands."""
        return next(
            (w for w in reversed(self.writes) if w.parameter == parameter and w.certain and w.covers_tensor), None
        )

    def last_write_is_certain(self, parameter: str = "weight") -> bool:
        """Whether the last write to `parameter` is certain, whole and not relative: nothing blurs `effective_write`."""
        last = next((w for w in reversed(self.writes) if w.parameter == parameter), None)
        return last is None or (last.certain and last.covers_tensor and not last.reads_old_value)


@dataclass(frozen=True, slots=True)
class InitCall:
    """A call of a `torch.nn.init` function or of an in-place initializer method, wherever it stands.

    Also those that no model reaches, for the tracer runs every function that nothing calls on unknown arguments.
    `targets`: what it writes to, one entry for each execution that could be told apart. `name` is as written,
    `xavier_uniform` for a deprecated one. `guarded`: it stands in a `try` or `contextlib.suppress`.
    """

    name: str
    initializer: str
    location: Location
    arguments: Arguments
    targets: tuple[Target, ...]
    guarded: bool
    method: bool = False
    gain: str | None = None
    """The nonlinearity named by `calculate_gain` where the gain, or Kaiming's `a`, came from it."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an init call is handed.

    `kind`: `parameter` (with `layer` type, `parameter` name and `shape` as far as known), `module`, `none` (the bias of
    a layer built without one), `tensor` (some tensor), `unknown`. `leaf`: a parameter that requires grad, not `.data`,
    not detached, not under `no_grad`. `certain`: False under an undecided condition.
    """

    kind: str
    layer: str | None = None
    parameter: str | None = None
    shape: tuple[int | None, ...] | None = None
    leaf: bool = False
    certain: bool = True


@dataclass(frozen=True, slots=True)
class DeprecatedUse:
    """A use of a `torch.nn.init` name in the source. `canonical`: the dotted name behind aliases. `kind`: `call`,
    `reference` or `import`."""

    canonical: str
    kind: str
    location: SourceLocation


class Forward(enum.Enum):
    """What is known of a model's `forward`."""

    RUN = "run"
    """It was traced (perhaps with unknown values in it)."""
    MISSING = "missing"
    """Neither the class nor any of its bases defines one, and all bases are known."""
    UNKNOWN = "unknown"
    """It is inherited from a class that cannot be read, or the model's class has several entry points."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on data in a `forward`.

    `kind`: `input`, `layer`, `activation`, `noted` (`op` is a word of `Consumer.between`), `end` (`matmul`,
    `unknown`, ...: nothing is known of what comes out) or `output`. `inputs` are the numbers of the operations that
    it takes its data from. `layer` is the path of the layer or norm that it is a call of. `certain` is False under an
    undecided condition.
    """

    kind: str
    op: str
    inputs: tuple[int, ...]
    layer: str | None = None
    arguments: Arguments = field(default_factory=dict)
    certain: bool = True


@dataclass(frozen=True)
class ModelGraph:
    """One model as one entry point builds it. `place` is the class, the function or the file it stands in.

    `incomplete`: why something could not be followed. `root`: the qualified name of its class, None for layers outside
    of any; `parts`: those of the submodules whose layers `forward` uses. `stalled`: groups of layers whose zero weights
    hold each other, see `initlint.graph.zero_stalls`.
    """

    name: str
    location: Location
    engine: str
    layers: tuple[Layer, ...]
    calls: tuple[InitCall, ...] = ()
    forward: Forward = Forward.RUN
    incomplete: tuple[str, ...] = ()
    root: str | None = None
    stalled: tuple[tuple[str, ...], ...] = ()
    parts: frozenset[str] = frozenset()
    operations: tuple[Operation, ...] = ()
    """The whole data flow of its `forward`, in order; filled on demand only, see `interpret.Project`."""
    returned: bool = False
    """The function that `place` is returns the model."""
    trace_method: str | None = None
    """How the engine `fx` followed the signal: `fx`, `run` or `run on cpu`; None if it could not."""

    @cached_property
    def memo(self) -> dict[object, Any]:
        """Results of the functions with `@memoize`, by function."""
        return {}

    @cached_property
    def by_path(self) -> dict[str, Layer]:
        return {layer.path: layer for layer in self.layers}

    @cached_property
    def by_call(self) -> dict[Location, list[tuple[Layer, Write]]]:
        """The layers whose weight each call sets in effect, by the place of the call, in order of the model."""
        found: dict[Location, list[tuple[Layer, Write]]] = {}
        for layer in self.layers:
            write = layer.effective_write()
            if write is not None:
                found.setdefault(write.location, []).append((layer, write))
        return found


Result = TypeVar("Result")


def memoize(function: Callable[[ModelGraph], Result]) -> Callable[[ModelGraph], Result]:
    """Compute `function` once per model. Callers must not change the result."""

    @wraps(function)
    def memoized(model: ModelGraph) -> Result:
        if function not in model.memo:
            model.memo[function] = function(model)
        result: Result = model.memo[function]
        return result

    return memoized


ProjectSearch: TypeAlias = Literal["unapplied", "unwritten"]
"""A field of a `FileGraph` that only a search of the whole project can fill."""


@dataclass(frozen=True, slots=True)
class FileGraph:
    """All that was found in one file. `bases`: the qualified names of the classes that classes of it derive from."""

    source: SourceFile
    models: tuple[ModelGraph, ...]
    references: tuple[DeprecatedUse, ...]
    bases: frozenset[str] = frozenset()
    unapplied: tuple[UnappliedInit, ...] = ()
    unwritten: tuple[UnwrittenParameter, ...] = ()
