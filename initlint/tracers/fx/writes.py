"""What the worker recorded of each write and of each init call, in the words of the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from initlint.facts.canonical_names import canonical
from initlint.facts.initializer_formulas import (
    CONSTRUCTORS,
    DEPRECATED,
    INITIALIZERS,
    METHOD_PARAMETERS,
    METHODS,
    RELATIVE_METHODS,
    UNINITIALIZED,
    scaled,
)
from initlint.facts.library_initializers import effect
from initlint.graph.model import UNDETERMINED, InitCall, Location, Target, Write
from initlint.project.source import SourceLocation
from initlint.project.user_tables import UserTables
from initlint.tracers.fx.json_values import Raw, bound, literal
from initlint.tracers.fx.modules import TracedModule, TracedParameter
from initlint.tracers.fx.source_locations import SourceLocations

_METHOD = "torch.Tensor."
_INIT = "torch.nn.init."
_OPERATIONS = {"add": "add", "mul": "mul", "sub": "sub", "div": "div", "true_divide": "div", "neg": "neg"}
_IN_PLACE = {"multiply_": "mul_", "subtract_": "sub_", "divide_": "div_", "true_divide_": "div_"}


class Writes:
    """Reads the writes of one model."""

    def __init__(self, places: Sequence[Location], additions: UserTables) -> None:
        self._places = places
        self._additions = additions

    def of(self, recorded: Iterable[Raw], parameter: str) -> list[Write]:
        """The writes to `parameter` since torch last gave it its default, in order."""
        made: list[Write] = []
        for raw in recorded:
            if raw["default"]:
                made.clear()
            elif raw["derived"]:
                made = self._derived(made, raw, parameter)
            elif (write := self._write(raw, parameter)) is not None:
                made.append(write)
        return made

    def _derived(self, before: list[Write], raw: Raw, parameter: str) -> list[Write]:
        """A new tensor made from one that was filled: `torch.randn(3, 4) * 0.02`."""
        operation = _OPERATIONS.get(raw["function"].rpartition(".")[2])
        if not before:
            return []
        if operation is not None and len(before) == 1 and not before[0].reads_old_value:
            number = raw["args"][0] if raw["args"] else None
            combined = scaled(before[0].initializer, before[0].arguments, operation, number, UNDETERMINED)
            if combined is not None:
                return [self._made(raw, parameter, *combined, place=before[0].location)]
        return [*before, self._made(raw, parameter, f"{_METHOD}{operation or 'sub'}_", {}, relative=True)]

    def _write(self, raw: Raw, parameter: str) -> Write | None:
        function = raw["function"]
        helper = self._additions.helper(function)
        if helper is not None:
            given = bound(helper.signature[1:], raw["args"], raw["kwargs"])
            given.pop("generator", None)
            made = effect(helper, given)
            if helper.takes == "module" and parameter == "bias":
                return self._made(raw, parameter, f"{_INIT}constant_", {"val": made.bias}, method=False)
            return self._made(raw, parameter, made.initializer, made.arguments, method=False)
        if function.startswith(_INIT):
            name = DEPRECATED.get(function, function)
            if name not in INITIALIZERS:
                return self._made(raw, parameter, f"{_METHOD}copy_", {})
            return self._made(raw, parameter, name, _arguments(name, raw), method=False)
        if function.startswith(_METHOD):
            return self._method(raw, parameter, function[len(_METHOD) :])
        known = CONSTRUCTORS.get(canonical(function))
        if known is None:
            return self._made(raw, parameter, f"{_METHOD}copy_", {})
        if known.initializer == UNINITIALIZED:
            return None
        given = bound(known.signature, raw["args"], raw["kwargs"])
        values = {theirs: given.get(own, UNDETERMINED) for own, theirs in known.values}
        return self._made(raw, parameter, known.initializer, {**known.arguments, **values})

    def _method(self, raw: Raw, parameter: str, name: str) -> Write:
        """An in-place method."""
        if name == "__setitem__":
            value = literal(raw["args"][1]) if len(raw["args"]) > 1 else UNDETERMINED
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            initializer = f"{_INIT}constant_" if is_number else f"{_METHOD}copy_"
            return self._made(raw, parameter, initializer, {"val": value} if is_number else {})
        if name in METHODS:
            names = METHOD_PARAMETERS[name]
            given = bound(tuple((own, None) for own, _ in names), raw["args"], raw["kwargs"])
            arguments = {theirs: given[own] for own, theirs in names if own in given}
            return self._made(raw, parameter, METHODS[name], arguments)
        if name in RELATIVE_METHODS:
            value = raw["args"][0] if raw["args"] else None
            arguments = {"value": value} if isinstance(value, (int, float)) else {}
            return self._made(raw, parameter, _METHOD + _IN_PLACE.get(name, name), arguments, relative=True)
        return self._made(raw, parameter, _METHOD + name, {})

    def _made(
        self,
        raw: Raw,
        parameter: str,
        initializer: str,
        arguments: Mapping[str, Any],
        place: Location | None = None,
        method: bool = True,
        relative: bool = False,
    ) -> Write:
        at = raw["place"]
        return Write(
            parameter=parameter,
            initializer=initializer,
            arguments=arguments,
            location=place or self._places[at],
            via=tuple(self._places[number] for number in raw["via"]),
            method=method,
            covers_tensor=raw["whole"],
            reads_old_value=relative,
            helpers=tuple(raw["helpers"]),
            no_grad=raw["no_grad"],
        )


def _arguments(initializer: str, raw: Raw) -> dict[str, Any]:
    """The arguments of a call of a function of `torch.nn.init`, without the tensor."""
    given = bound(INITIALIZERS[initializer].signature[1:], raw["args"], raw["kwargs"])
    given.pop("generator", None)
    return given


class Calls:
    """Collects the init calls of one model, one for each place."""

    def __init__(
        self,
        numbered: Sequence[Location],
        places: SourceLocations,
        modules: Mapping[str, TracedModule],
        parameters: Iterable[TracedParameter],
    ) -> None:
        self._numbered = numbered
        self._places = places
        self._modules = modules
        self._parameters = {parameter.storage: parameter for parameter in parameters}

    def read(self, recorded: Iterable[Raw]) -> tuple[InitCall, ...]:
        """The calls in the order in which they were first made, each with the arguments that all its runs agree on."""
        groups: dict[tuple[Location, str], list[Raw]] = {}
        for raw in recorded:
            if not raw["default"] and raw["place"] is not None:
                groups.setdefault((self._numbered[raw["place"]], raw["function"]), []).append(raw)
        made = (self._call(place, function, group) for (place, function), group in groups.items())
        return tuple(call for call in made if call is not None)

    def _call(self, place: Location, function: str, group: list[Raw]) -> InitCall | None:
        initializer = DEPRECATED.get(function, function)
        if initializer not in INITIALIZERS or not isinstance(place, SourceLocation):
            return None
        given = [_arguments(initializer, raw) for raw in group]
        names = dict.fromkeys(name for arguments in given for name in arguments)
        agreed = {name: _agreed([arguments.get(name, UNDETERMINED) for arguments in given]) for name in names}
        gains = [value.get("nonlinearity") for raw in group for value in _gains(raw)]
        return InitCall(
            name=function.rpartition(".")[2],
            initializer=initializer,
            location=place,
            arguments=agreed,
            targets=tuple(dict.fromkeys(self._target(raw) for raw in group)),
            guarded=self._places.is_guarded(place),
            gain=gains[0] if gains else None,
        )

    def _target(self, raw: Raw) -> Target:
        if raw["kind"] != "tensor":
            return Target({"NoneType": "none", "module": "module"}.get(raw["kind"], "unknown"))
        shape = tuple(raw["shape"])
        parameter = self._parameters.get(raw["storage"])
        if parameter is None:
            return Target("tensor", shape=shape)
        layer = self._modules[parameter.module]
        leaf = raw["leaf"] and not raw["no_grad"]
        return Target("parameter", layer.type, parameter.name, shape, leaf)


def _agreed(values: Sequence[Any]) -> Any:
    return values[0] if all(value == values[0] for value in values[1:]) else UNDETERMINED


def _gains(raw: Raw) -> list[Raw]:
    """The arguments that came from `calculate_gain`."""
    return [value for value in (*raw["args"], *raw["kwargs"].values()) if isinstance(value, dict) and "gain" in value]
