"""What is known of the base classes of a class: whether one of them may call a method by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from initlint.facts.fans import MODULES
from initlint.facts.frameworks import framework_class, has_kind

_BY_CONSTRUCTORS = frozenset({"reset_parameters", "_reset_parameters"})
"""What the constructors of torch's layers call."""


@dataclass(frozen=True, slots=True)
class BaseClassInfo:
    """The base classes of one class of the project, all of them.

    `names`: of those of the project. `methods`: what these define. `externals`: dotted names of the others.
    `readable` is False if something is no class that is known by name. `calls`: what the user says of some of them:
    the methods that they call.
    """

    names: frozenset[str]
    methods: frozenset[str]
    externals: tuple[str, ...]
    readable: bool
    calls: Mapping[str, frozenset[str]]

    @property
    def is_module(self) -> bool:
        return any(name in MODULES for name in self.externals) or has_kind(self.externals, "module")

    @property
    def loads(self) -> bool:
        """Whether a base class has a `from_pretrained`."""
        return "from_pretrained" in self.methods or any(
            (described := framework_class(name)) is not None and described.loads for name in self.externals
        )

    @property
    def is_known(self) -> bool:
        """Whether all of them are of the project, or known for what they call."""
        return self.readable and all(name in MODULES or self._hooks(name) is not None for name in self.externals)

    def may_call(self, method: str) -> bool:
        """Whether a base class defines the method too, or may call it."""
        if not self.readable or method in self.methods:
            return True
        return any(self._external_may_call(name, method) for name in self.externals)

    def _external_may_call(self, name: str, method: str) -> bool:
        if name in MODULES:
            return method in _BY_CONSTRUCTORS and MODULES[name].role != "container"
        hooks = self._hooks(name)
        return hooks is None or method in hooks

    def _hooks(self, name: str) -> frozenset[str] | None:
        """The methods that a class outside the project calls by itself; None if that is not known."""
        described = framework_class(name)
        return self.calls.get(name, None if described is None else described.hooks)
