"""Translates the worker's records of parameter writes and init calls into `Write` and `InitCall`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from initlint.facts.canonical_names import canonical
from initlint.facts.initializer_formulas import (
    CONSTRUCTORS,
    DEPRECATED,
    INITIALIZERS,
    METHOD_PARAMETERS,
    METHODS,
    UNINITIALIZED,
    constant_value,
    scaled,
)
from initlint.facts.library_initializers import init_effect
from initlint.facts.operators import RELATIVE_METHODS
from initlint.graph.model import InitCall, Target, TargetKind, Write
from initlint.graph.words import UNDETERMINED
from initlint.project.source import Location, SourceLocation
from initlint.project.user_tables import UserTables
from initlint.tracers.fx.json_values import JsonObject, as_constant, bind_arguments
from initlint.tracers.fx.module_tree import TracedModule, TracedParameter
from initlint.tracers.fx.source_locations import SourceLocations

_METHOD = "torch.Tensor."
_INIT = "torch.nn.init."
_OPERATIONS = {"add": "add", "mul": "mul", "sub": "sub", "div": "div", "true_divide": "div", "neg": "neg"}
_IN_PLACE = {"multiply_": "mul_", "subtract_": "sub_", "divide_": "div_", "true_divide_": "div_"}
_TARGET_KINDS: Mapping[str, TargetKind] = {"NoneType": "none", "module": "module"}


class WriteReader:
    """Reads the parameter writes of one model."""

    def __init__(self, locations: Sequence[Location], user_tables: UserTables) -> None:
        self._locations = locations
        self._user_tables = user_tables

    def read(self, records: Iterable[JsonObject], parameter: str) -> list[Write]:
        """The writes to `parameter` after torch's default init, in order."""
        writes: list[Write] = []
        has_default = False
        for record in records:
            if record["default"]:
                writes.clear()
                has_default = True
            elif record["derived"]:
                writes = self._read_derived(writes, record, parameter, has_default)
            elif (write := self._read_write(record, parameter)) is not None:
                writes.append(write)
        return writes

    def _read_derived(
        self, writes_before: list[Write], record: JsonObject, parameter: str, has_default: bool
    ) -> list[Write]:
        """The writes of a tensor that was computed from an initialized one: `torch.randn(3, 4) * 0.02`.

        `has_default`: torch's default init came before all of them.
        """
        operation = _OPERATIONS.get(record["function"].rpartition(".")[2])
        if not writes_before and not has_default:
            return []
        number = record["args"][0] if record["args"] else None
        if operation is not None and len(writes_before) == 1 and not writes_before[0].reads_old_value:
            combined = scaled(writes_before[0].initializer, writes_before[0].arguments, operation, number, UNDETERMINED)
            if combined is not None:
                return [self._new_write(record, parameter, *combined, location=writes_before[0].location)]
        arguments = {"value": number} if isinstance(number, (int, float)) and operation is not None else {}
        return [
            *writes_before,
            self._new_write(record, parameter, f"{_METHOD}{operation or 'sub'}_", arguments, reads_old_value=True),
        ]

    def _read_write(self, record: JsonObject, parameter: str) -> Write | None:
        function = record["function"]
        library_init = self._user_tables.library_initializer(function)
        if library_init is not None:
            arguments = bind_arguments(library_init.signature[1:], record["args"], record["kwargs"])
            arguments.pop("generator", None)
            effect_of_call = init_effect(library_init, arguments)
            if library_init.takes == "module" and parameter == "bias":
                return self._new_write(
                    record, parameter, f"{_INIT}constant_", {"val": effect_of_call.bias}, method=False
                )
            return self._new_write(
                record, parameter, effect_of_call.initializer, effect_of_call.arguments, method=False
            )
        if function.startswith(_INIT):
            name = DEPRECATED.get(function, function)
            if name not in INITIALIZERS:
                return self._new_write(record, parameter, f"{_METHOD}copy_", {})
            return self._new_write(record, parameter, name, _init_arguments(name, record), method=False)
        if function.startswith(_METHOD):
            return self._read_method(record, parameter, function[len(_METHOD) :])
        constructor = CONSTRUCTORS.get(canonical(function))
        if constructor is None:
            return self._new_write(record, parameter, f"{_METHOD}copy_", {})
        if constructor.initializer == UNINITIALIZED:
            return None
        arguments = bind_arguments(constructor.signature, record["args"], record["kwargs"])
        values = {name: arguments.get(own_name, UNDETERMINED) for own_name, name in constructor.values}
        return self._new_write(record, parameter, constructor.initializer, {**constructor.arguments, **values})

    def _read_method(self, record: JsonObject, parameter: str, name: str) -> Write:
        """The write of an in-place method of a tensor. One that copies a constant is a write of that constant."""
        copied = self._read_write(record["copied"], parameter) if record["copied"] is not None else None
        if copied is not None and constant_value(copied.initializer, copied.arguments, UNDETERMINED) is not None:
            return self._new_write(record, parameter, copied.initializer, copied.arguments)
        if name == "__setitem__":
            value = as_constant(record["args"][1]) if len(record["args"]) > 1 else UNDETERMINED
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            initializer = f"{_INIT}constant_" if is_number else f"{_METHOD}copy_"
            return self._new_write(record, parameter, initializer, {"val": value} if is_number else {})
        if name in METHODS:
            names = METHOD_PARAMETERS[name]
            arguments_of_call = bind_arguments(tuple((own, None) for own, _ in names), record["args"], record["kwargs"])
            arguments = {init_name: arguments_of_call[own] for own, init_name in names if own in arguments_of_call}
            return self._new_write(record, parameter, METHODS[name], arguments)
        if name in RELATIVE_METHODS:
            value = record["args"][0] if record["args"] else None
            arguments = {"value": value} if isinstance(value, (int, float)) else {}
            name = _METHOD + _IN_PLACE.get(name, name)
            reads_old_value = constant_value(name, arguments, UNDETERMINED) is None
            return self._new_write(record, parameter, name, arguments, reads_old_value=reads_old_value)
        return self._new_write(record, parameter, _METHOD + name, {})

    def _new_write(
        self,
        record: JsonObject,
        parameter: str,
        initializer: str,
        arguments: Mapping[str, Any],
        location: Location | None = None,
        method: bool = True,
        reads_old_value: bool = False,
    ) -> Write:
        number = record["location"]
        return Write(
            parameter=parameter,
            initializer=initializer,
            arguments=arguments,
            location=location or self._locations[number],
            via=tuple(self._locations[number] for number in record["via"]),
            method=method,
            covers_tensor=record["covers_storage"],
            shape=tuple(record["shape"]) if record["function"].startswith(_INIT) else None,
            reads_old_value=reads_old_value,
            helpers=tuple(record["helpers"]),
            no_grad=record["no_grad"],
        )


def with_view(write: Write, shape: Sequence[int | None] | None) -> Write:
    """The write to a parameter of this shape, with a `shape` of its own only if it got a view with another one."""
    is_own = shape is None or not write.covers_tensor or write.shape == tuple(shape)
    return replace(write, shape=None) if write.shape is not None and is_own else write


def _init_arguments(initializer: str, record: JsonObject) -> dict[str, Any]:
    """The arguments of a call to a function of `torch.nn.init`, without the tensor."""
    arguments = bind_arguments(INITIALIZERS[initializer].signature[1:], record["args"], record["kwargs"])
    arguments.pop("generator", None)
    return arguments


def is_allocation(record: JsonObject) -> bool:
    """Whether the record is of a constructor that leaves memory uninitialized, such as `torch.empty`."""
    constructor = CONSTRUCTORS.get(canonical(record["function"]))
    return constructor is not None and constructor.initializer == UNINITIALIZED and not record["derived"]


class InitCallReader:
    """Reads the init calls of one model, one for each location."""

    def __init__(
        self,
        locations_by_number: Sequence[Location],
        locations: SourceLocations,
        modules: Mapping[str, TracedModule],
        parameters: Iterable[TracedParameter],
    ) -> None:
        self._locations_by_number = locations_by_number
        self._locations = locations
        self._modules = modules
        self._parameters = {parameter.storage: parameter for parameter in parameters}

    def read(self, records: Iterable[JsonObject]) -> tuple[InitCall, ...]:
        """The calls in order of their first run. An argument that differs between runs is undetermined."""
        groups: dict[tuple[Location, str], list[JsonObject]] = {}
        for record in records:
            if not record["default"] and record["location"] is not None:
                groups.setdefault((self._locations_by_number[record["location"]], record["function"]), []).append(
                    record
                )
        calls = (self._read_call(location, function, group) for (location, function), group in groups.items())
        return tuple(call for call in calls if call is not None)

    def _read_call(self, location: Location, function: str, group: list[JsonObject]) -> InitCall | None:
        initializer = DEPRECATED.get(function, function)
        if initializer not in INITIALIZERS or not isinstance(location, SourceLocation):
            return None
        arguments_by_run = [_init_arguments(initializer, record) for record in group]
        names = dict.fromkeys(name for arguments in arguments_by_run for name in arguments)
        common_arguments = {
            name: _common_value([arguments.get(name, UNDETERMINED) for arguments in arguments_by_run]) for name in names
        }
        gains = [gain.get("nonlinearity") for record in group for gain in _gains(record)]
        return InitCall(
            name=function.rpartition(".")[2],
            initializer=initializer,
            location=location,
            arguments=common_arguments,
            targets=tuple(dict.fromkeys(self._read_target(record) for record in group)),
            guarded=self._locations.is_guarded(location),
            gain=gains[0] if gains else None,
        )

    def _read_target(self, record: JsonObject) -> Target:
        if record["kind"] != "tensor":
            return Target(_TARGET_KINDS.get(record["kind"], "unknown"))
        shape = tuple(record["shape"])
        parameter = self._parameters.get(record["storage"])
        if parameter is None:
            return Target("tensor", shape=shape)
        layer = self._modules[parameter.module]
        leaf = record["leaf"] and not record["no_grad"]
        return Target("parameter", layer.type, parameter.name, shape, leaf)


def _common_value(values: Sequence[Any]) -> Any:
    return values[0] if all(value == values[0] for value in values[1:]) else UNDETERMINED


def _gains(record: JsonObject) -> list[JsonObject]:
    """The arguments that `calculate_gain` computed."""
    return [
        value for value in (*record["args"], *record["kwargs"].values()) if isinstance(value, dict) and "gain" in value
    ]
