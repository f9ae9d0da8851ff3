"""The model of a network, as tracers produce it and rules read it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property, wraps
from typing import Any, Literal, TypeAlias, TypeVar

from initlint._records import dataclass
from initlint.facts.fans import AxisRoles, Rows
from initlint.graph.mistakes import (
    DeprecatedUse,
    IdenticalModules,
    ParameterMisuse,
    UnappliedInit,
    UninitializedParameter,
    UnregisteredParameters,
    UnwrittenParameter,
)
from initlint.graph.words import UNDETERMINED as UNDETERMINED  # a part of the Python API
from initlint.graph.words import Arguments, OperationKind
from initlint.project.source import Location, SourceFile, SourceLocation


@dataclass(frozen=True, slots=True)
class NextLayer:
    """The next consumer after an activation: a layer with a weight, or a sink.

    `layer`: the path of that layer, None for other consumers. `between`: as in `Consumer`.
    """

    op: str
    layer: str | None
    between: tuple[str, ...]
    certain: bool


@dataclass(frozen=True, slots=True)
class Consumer:
    """The first consumer of a layer's output.

    `op`: an activation (`relu`, `tanh`, ...), `layer` (another layer with a weight), `output`, `softmax`, `matmul`,
    `sdpa`, another sink (`grid_sample`, `clamp`, ...), or `unknown`.
    `between`: the modifiers on the path to it, in order: `batch_norm`, `layer_norm`, `group_norm`, `instance_norm`,
    `rms_norm`, `local_response_norm`, `weight_norm`, `add` (another tensor is added), `mul` (it is multiplied
    by another tensor), `concat`, `pool`, `chunk` (it is split or indexed along the channels), `scale` (it is
    multiplied by a number or a parameter), `shift` (a number or a parameter is added).
    `certain`: False if the path runs only under an undecided condition, or through an unknown value.
    `layer`: the path of the consuming layer, if `op` is `layer`. `onward`: the consumers after an activation; empty
    for other ops. `arguments`: those of the activation (`negative_slope`).
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
    """One call by `apply`: on the module with that `number` in its order."""

    location: Location
    number: int


@dataclass(frozen=True, slots=True)
class Write:
    """One write to a parameter.

    `initializer`: the canonical name, `torch.nn.init.xavier_uniform_`, also for a deprecated one. `method`: it is
    written as `w.data.normal_(0, .02)`. A write by no known initializer (`copy_`, `w *= k`, an assignment) is
    `torch.Tensor.copy_`, `torch.Tensor.mul_`, ...
    `location`: the call. `via`: the call sites that lead there, the outermost first (`self.apply(init_weights)`).
    `covers_tensor`: False for a write to a slice of the parameter. `rows`: the start and end of that slice along the
    first axis, as parts of its size; None if unknown. `axes`: the parameter's axes in the order of the written view,
    without those of numbers in an index, as in `w[0]`; None if unknown, and for the whole parameter in its own order.
    `shape`: that of a written view of the whole parameter with other axes, as `w.view(8, -1)`, empty if unknown; None
    for any other.
    `reads_old_value`: it keeps part of the old value.
    `shape_read`: the sizes of the parameter were read before.
    `helpers`: the functions between the model's class and the write, the innermost last. `visit`: the innermost
    `apply`.
    """

    parameter: str
    initializer: str
    arguments: Arguments
    location: Location
    via: tuple[Location, ...] = ()
    certain: bool = True
    method: bool = False
    covers_tensor: bool = True
    rows: Rows | None = None
    axes: tuple[int, ...] | None = None
    shape: tuple[int | None, ...] | None = None
    shape_read: bool = False
    reads_old_value: bool = False
    helpers: tuple[str, ...] = ()
    no_grad: bool = False
    visit: ApplyCall | None = None


@dataclass(frozen=True, slots=True)
class IneffectiveWrite:
    """A write to a tensor computed from a parameter, which does not change the parameter.

    `derived`: where the tensor is computed. `cause`: `weight norm`, `a copy`, ... `originals`: the names of the
    parameters that it is computed from, empty for a copy.
    """

    write: Write
    cause: str
    derived: Location
    originals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckpointLoad:
    """A load of pretrained weights that fills a layer.

    `source`: the function that loads them, as called: `load_state_dict`, `resnet18`. `overwritten_by`: the last write
    to the weight after it, if that follows the load for certain and replaces the whole weight. `part`: the path to the
    layer in a model of another library, if code overwrites single layers of it.
    """

    source: str
    location: Location
    overwritten_by: Write | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """A module that owns a weight, or a raw `nn.Parameter` used as one (`type` is then `Parameter`).

    `path`: its attribute path in the model (`features.0`). `owner`: the class whose source assigns it. `attribute`: the
    path below that owner. `type`: torch's class name (`Linear`, `Conv2d`, `BatchNorm2d`, `LSTM`), also for a subclass.
    `subclass`: the name of that subclass. `arguments`: those of torch's constructor. `location`: the constructor's call
    in the owner's file, or else the assignment.

    `residual`: a skip connection runs around it. `frozen`: `requires_grad` is off.
    `parametrized`: weight norm, another parametrization or `forward` recomputes the weight. Later writes are
    `ineffective_writes`, or have the name of a parameter that it is computed from (`weight_v`).
    `fed_by`: the paths of the layers whose outputs reach it unmodified.
    `called`: whether a traced forward uses it. `product`: how a raw parameter is multiplied with data, if known.
    `uninitialized`: it is made of uninitialized memory (`torch.empty`).
    `tied`: the path of the layer whose weight it shares.
    `left_by_init_weights`: a raw parameter of a PreTrainedModel that its class uses and `_init_weights` never writes.
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
    """By parameter name; None for an unknown size or rank. Parameters that the layer does not have are absent."""
    product: AxisRoles | None = None
    uninitialized: bool = False
    load: CheckpointLoad | None = None
    """The last load of pretrained weights that fills its weight, if any."""
    tied: str | None = None
    left_by_init_weights: bool = False
    emptied: Location | None = None
    """The call of `to_empty` or `skip_init` that discards the values of its weight, if nothing writes it later."""
    repeated: bool = False
    """It is constructed in a loop of unknown length: there may be any number of such layers."""
    map_size: tuple[int, ...] | None = None
    """The height and width of the feature map that reaches it, if known and the same in all calls."""
    without_gradient: bool = False
    """Each use is under `no_grad`, in a model that computes gradients for other layers: this one is never trained."""
    outputs_per_input: float | None = None
    """The number of its outputs for each input, if that is known although its sizes are not."""
    starts_stream: bool = False
    """It is a norm whose output reaches sums, and all that is added there comes from that output."""
    keeps_init: bool = False
    """It is `parametrized` by a weight norm that leaves its weight as the last of `writes` made it."""

    def effective_write(self, parameter: str = "weight") -> Write | None:
        """The last certain write to the whole `parameter`; None if it keeps torch's default."""
        return next(
            (w for w in reversed(self.writes) if w.parameter == parameter and w.certain and w.covers_tensor), None
        )

    def last_write_is_certain(self, parameter: str = "weight") -> bool:
        """Whether the last write to `parameter` is the `effective_write`, independent of the old value.

        True if there is no write.
        """
        last = next((w for w in reversed(self.writes) if w.parameter == parameter), None)
        return last is None or (last.certain and last.covers_tensor and not last.reads_old_value)


@dataclass(frozen=True, slots=True)
class InitCall:
    """A call of a `torch.nn.init` function or of an in-place initializer method.

    Calls that no model reaches are included: the tracer runs functions without callers on unknown arguments.
    `name`: as written, `xavier_uniform` for a deprecated one; the text of a parameter whose truth value is tested.
    `targets`: its first argument in each distinct execution. `guarded`: it is inside a `try` or `contextlib.suppress`.
    `via`: the call sites that lead to its first execution, the outermost first.
    """

    name: str
    initializer: str
    location: Location
    arguments: Arguments
    targets: tuple[Target, ...]
    guarded: bool
    method: bool = False
    takes_module: bool = False
    """It is the function of a library that takes a module. Its `initializer` is the name of that function."""
    gain: str | None = None
    """The nonlinearity that `calculate_gain` was called with, if the gain or Kaiming's `a` is its result."""
    via: tuple[Location, ...] = ()


TargetKind: TypeAlias = Literal["parameter", "module", "none", "tensor", "lazy", "unknown"]
"""`none`: the bias of a layer built without one. `tensor`: a tensor that is no known parameter. `lazy`: a parameter of
a lazy layer, before its first forward."""


@dataclass(frozen=True, slots=True)
class Target:
    """The first argument of an init call.

    `layer`: the type of the layer. `parameter`: the name of the parameter. `shape`: as far as known. `leaf`: a
    parameter that requires grad, or a view of one: not `.data`, not detached, not under `no_grad`. `certain`: False
    under an undecided condition.
    """

    kind: TargetKind
    layer: str | None = None
    parameter: str | None = None
    shape: tuple[int | None, ...] | None = None
    leaf: bool = False
    certain: bool = True


class Forward(enum.Enum):
    """The state of a model's `forward`."""

    RUN = "run"
    """It was traced, perhaps with unknown values in it."""
    MISSING = "missing"
    """Neither the class nor any of its bases defines one, and all bases are known."""
    UNKNOWN = "unknown"
    """It is inherited from a class that cannot be read, or the model's class has several entry points."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on data in a `forward`, neither an `identity` nor a `join`.

    `inputs`: the numbers of the operations that its data comes from. `layer`: the path of the layer or norm that it
    calls. `certain`: False under an undecided condition. `repeated`: a further iteration of a loop of unknown length.
    `factors`: the paths of the raw parameters that a `scale`, or a norm, multiplies by.
    """

    kind: OperationKind
    op: str
    inputs: tuple[int, ...]
    layer: str | None = None
    arguments: Arguments = field(default_factory=dict)
    certain: bool = True
    repeated: bool = False
    factors: tuple[str, ...] = ()


Engine: TypeAlias = Literal["static", "fx"]

Flow: TypeAlias = Callable[[], tuple[Operation, ...]]


@dataclass(frozen=True)
class ModelGraph:
    """One model as one entry point builds it.

    `location`: the class, the function or the file of the entry point. `incomplete`: why a part could not be traced.
    `root`: the qualified name of its class, None for layers outside of any class; `root_class`: where it is defined.
    `parts`: those of the submodules whose layers `forward` uses. `stalled`: groups of layers whose zero weights keep
    each other at zero, see `initlint.graph.zero_stalls`.
    """

    name: str
    location: Location
    engine: Engine
    layers: tuple[Layer, ...]
    calls: tuple[InitCall, ...] = ()
    forward: Forward = Forward.RUN
    incomplete: tuple[str, ...] = ()
    root: str | None = None
    root_class: SourceLocation | None = None
    stalled: tuple[tuple[str, ...], ...] = ()
    parts: frozenset[str] = frozenset()
    identical: tuple[IdenticalModules, ...] = ()
    redrawn: tuple[SourceLocation, ...] = ()
    """Where modules are copied whose weights the model draws again."""
    flow: Flow = field(default=tuple, compare=False, repr=False)
    """Lists `operations`, which few models need."""
    pretrained: tuple[CheckpointLoad, ...] = ()
    """The models of other libraries that come with pretrained weights: one load for each type of their layers."""
    returned: bool = False
    """The function at `location` returns the model."""
    unused: bool = False
    """The entry point at `location` is a method that nothing in the project runs."""
    alone: bool = False
    """Its entry point is its class, which was built without knowing its arguments."""
    fails: bool = False
    """Its constructor surely raises, so that it is never trained."""
    is_loaded: Callable[[], bool] = field(default=bool, compare=False, repr=False)
    """Whether the project loads a checkpoint right where it builds such a model, each time. It searches the project."""
    trace_method: str | None = None
    """How the engine `fx` traced the signal: `fx`, `run` or `run on cpu`; None if it could not."""
    misuses: tuple[ParameterMisuse, ...] = ()
    """Of the whole entry point, as `calls`, without those that only methods of its other models run."""
    uninitialized: tuple[UninitializedParameter, ...] = ()
    unregistered: tuple[UnregisteredParameters, ...] = ()
    """Of its modules, and of the layers that its `forward` makes."""

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """The whole data flow of its `forward`, in order."""
        return self.flow()

    @cached_property
    def memo(self) -> dict[object, Any]:
        """Results of the functions with `@memoize`, by function."""
        return {}

    @cached_property
    def by_path(self) -> dict[str, Layer]:
        return {layer.path: layer for layer in self.layers}

    @cached_property
    def by_call(self) -> dict[Location, list[tuple[Layer, Write]]]:
        """The layers whose weight each call sets, by the location of the call, in order of the model."""
        layers_by_call: dict[Location, list[tuple[Layer, Write]]] = {}
        for layer in self.layers:
            write = layer.effective_write()
            if write is not None:
                layers_by_call.setdefault(write.location, []).append((layer, write))
        return layers_by_call


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


ProjectSearch: TypeAlias = Literal["unapplied", "unwritten", "unused"]
"""A field of a `FileGraph` that only a search of the whole project can fill; `unused`: that of its models."""


@dataclass(frozen=True, slots=True)
class FileGraph:
    """The models and other findings of one file. `bases`: the qualified names of the base classes of its classes."""

    source: SourceFile
    models: tuple[ModelGraph, ...]
    references: tuple[DeprecatedUse, ...]
    bases: frozenset[str] = frozenset()
    unapplied: tuple[UnappliedInit, ...] = ()
    unwritten: tuple[UnwrittenParameter, ...] = ()
