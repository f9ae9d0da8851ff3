"""Dataclasses that are fast to define and to make: type checkers keep them frozen.

The methods that refuse an assignment and the one for `repr` would take half of the time that a dataclass needs to be
defined, and with the first each instance takes longer to be made. Start-up is a part of each run in an editor or hook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, eq: bool = True, **options: Any) -> Any:
        """As `dataclasses.dataclass`. A frozen class can be hashed, and nothing checks that it is not changed."""

        def decorated(cls: type) -> type:
            can_be_hashed = frozen and eq and "__hash__" not in cls.__dict__
            if "__repr__" not in cls.__dict__:
                cls.__repr__ = _repr
            return dataclasses.dataclass(eq=eq, repr=False, unsafe_hash=can_be_hashed, **options)(cls)

        return decorated if cls is None else decorated(cls)

    def _repr(record: object) -> str:
        fields = (f"{field.name}={getattr(record, field.name)!r}" for field in dataclasses.fields(record) if field.repr)
        return f"{type(record).__qualname__}({', '.join(fields)})"
