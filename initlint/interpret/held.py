"""The parameters of a module as graphs show them: what is behind a parametrization stands under its old name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from initlint.flow import Condition
from initlint.graph import LostWrite, Write
from initlint.interpret.objects import Instance
from initlint.interpret.storage import Derived, Storage, Tensor
from initlint.interpret.tree import materialize, own_parameters
from initlint.interpret.values import options


@dataclass(frozen=True, slots=True)
class Held:
    """A parameter of a module, and what was written to it as that parameter."""

    name: str
    storage: Storage
    writes: tuple[Write, ...]
    lost: tuple[LostWrite, ...] = ()
    parametrized: bool = False


def held(module: Instance, called: str | None = None) -> Iterator[Held]:
    """The module's own parameters; `called`: the name under which writes to any of them are shown.

    One that is parametrized comes with the writes from before, and then, under their own names, those that it is
    computed from with the writes from after.
    """
    materialize(module)
    behind: set[int] = set()
    for name, value in list(module.fields.items()):
        for option, condition in options(value):
            if isinstance(option, Tensor) and option.storage is not None and option.storage.derived is not None:
                found = list(_parametrized(name, called or name, option.storage.derived, condition))
                behind.update(id(one.storage) for one in found)
                yield from found
    for name, tensor, condition in own_parameters(module):
        storage = tensor.storage
        assert storage is not None
        if id(storage) not in behind:
            # Old spectral norm: until the first call, `weight` and `weight_orig` are one memory.
            shown = storage.name if name == f"{storage.name}_orig" else name
            writes, lost = _writes(storage, called or shown, condition), _lost(storage, shown, condition)
            yield Held(shown, storage, writes, lost, parametrized=storage.computed)


def _parametrized(name: str, called: str, by: Derived, condition: Condition) -> Iterator[Held]:
    if not by.names:
        return
    before = _writes(by.original, called, condition)[: by.earlier]
    yield Held(name, by.original, before, _lost(by.original, name, condition), parametrized=True)
    for part, storage in zip(by.names, by.originals, strict=True):
        yield Held(part, storage, _writes(storage, part, condition)[by.earlier if storage is by.original else 0 :])


def _writes(storage: Storage, parameter: str, condition: Condition) -> tuple[Write, ...]:
    existing = condition | storage.condition
    return tuple(write.as_write(parameter, existing) for write in storage.writes)


def _lost(storage: Storage, parameter: str, condition: Condition) -> tuple[LostWrite, ...]:
    existing = condition | storage.condition
    return tuple(
        LostWrite(made.as_write(parameter, existing), by.cause, by.place, by.names) for made, by in storage.lost
    )
