"""The base classes of a class, and whether one of them may call a method by name."""

from __future__ import annotations

from collections.abc import Mapping

from initlint._records import dataclass
from initlint.facts.fans import MODULES
from initlint.facts.frameworks import framework_class, has_kind

_BY_CONSTRUCTORS = frozenset({"reset_parameters", "_reset_parameters"})
"""The methods that the constructors of torch's layers call."""


@dataclass(frozen=True, slots=True)
class BaseClassInfo:
    """All direct and indirect base classes of one class of the project.

    `names`: the base classes in the project; `methods`: the methods that these define. `externals`: dotted names of
    the others. `readable`: False if a base is an expression other than a name. `calls`: the methods that an external
    class calls, from the user's settings.
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
        """Whether a base class has a method `from_pretrained`."""
        return "from_pretrained" in self.methods or any(
            (framework := framework_class(name)) is not None and framework.loads for name in self.externals
        )

    @property
    def is_known(self) -> bool:
        """Whether each base class is in the project, or its calls are known."""
        return self.readable and all(name in MODULES or self._hooks(name) is not None for name in self.externals)

    def may_call(self, method: str) -> bool:
        """Whether a base class defines the method, too, or may call it."""
        if not self.readable or method in self.methods:
            return True
        return any(self._external_may_call(name, method) for name in self.externals)

    def _external_may_call(self, name: str, method: str) -> bool:
        if name in MODULES:
            return method in _BY_CONSTRUCTORS and MODULES[name].role != "container"
        hooks = self._hooks(name)
        return hooks is None or method in hooks

    def _hooks(self, name: str) -> frozenset[str] | None:
        """The methods that a class outside the project calls; None if unknown."""
        framework = framework_class(name)
        return self.calls.get(name, None if framework is None else framework.hooks)
