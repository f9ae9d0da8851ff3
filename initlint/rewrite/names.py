"""What the names of a file stand for, and how the file itself would spell a function of `torch.nn.init`."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import libcst as cst

from initlint.facts.initializer_formulas import DEPRECATED, INITIALIZERS
from initlint.project.source import SourceFile
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.scopes import Binding, FileScopes, Scope, dotted_name

MODULE = "torch.nn.init"
_DEPTH = 8
_EXPORTED = frozenset({f"{MODULE}.calculate_gain", *INITIALIZERS, *DEPRECATED})


@dataclass(frozen=True, eq=False)
class NameResolver:
    """Answers are certain or None: a name with two different meanings has none here."""

    scopes: FileScopes

    @classmethod
    @functools.lru_cache(maxsize=4)
    def of(cls, source: SourceFile) -> NameResolver:
        return cls(FileScopes.of(source))

    def scope(self, node: cst.CSTNode) -> Scope:
        """The scope of a name, an attribute, a call or an imported name."""
        try:
            return self.scopes.of_node[id(node)]
        except KeyError:
            raise CannotRewrite from None

    def resolve(self, node: cst.BaseExpression, depth: int = 0) -> str | None:
        """The full dotted name of what `node` stands for: `torch.nn.init.zeros_` for `init.zeros_`."""
        if isinstance(node, cst.Attribute):
            left = self.resolve(node.value, depth)
            return None if left is None else f"{left}.{node.attr.value}"
        if isinstance(node, cst.Name) and id(node) in self.scopes.of_node:
            return self.meaning(node.value, self.scopes.of_node[id(node)], depth)
        return None

    def meaning(self, name: str, scope: Scope, depth: int = 0) -> str | None:
        """The full dotted name of what `name` stands for in `scope`."""
        holder = scope.holder(name)
        if holder is None:
            return self._starred(name)
        meanings = {self._bound(binding, depth) for binding in holder.bindings[name]}
        return meanings.pop() if len(meanings) == 1 else None

    def _bound(self, binding: Binding, depth: int) -> str | None:
        if binding.value is not None and depth < _DEPTH:
            return self.resolve(binding.value, depth + 1)
        return binding.dotted

    def _starred(self, name: str) -> str | None:
        """What an unbound name is, if the last `import *` decides it."""
        last = self.scopes.stars[-1] if self.scopes.stars else None
        dotted = f"{last}.{name}"
        return dotted if dotted == MODULE or dotted in _EXPORTED else None

    def imported(self, name: str, scope: Scope) -> tuple[cst.ImportFrom, cst.ImportAlias]:
        """The one `from` import that gives `name` its value in `scope`."""
        holder = scope.holder(name)
        bindings = holder.bindings[name] if holder is not None else []
        if len(bindings) != 1 or bindings[0].alias is None or not isinstance(bindings[0].statement, cst.ImportFrom):
            raise CannotRewrite
        return bindings[0].statement, bindings[0].alias

    def uses(self, name: str, holder: Scope) -> list[cst.Name]:
        """Where the value that `holder` gives to `name` is read."""
        nodes = self.scopes.uses.get(name, ())
        return [node for node in nodes if self.scopes.of_node[id(node)].holder(name) is holder]

    def visible(self, dotted: str, scope: Scope) -> str | None:
        """A plain name that stands for `dotted` in `scope`."""
        for seen in scope.visible():
            for name in seen.bindings:
                if scope.holder(name) is seen and self.meaning(name, scope) == dotted:
                    return name
        name = dotted.rpartition(".")[2]
        return name if scope.holder(name) is None and self._starred(name) == dotted else None

    def is_free(self, name: str) -> bool:
        """Whether nothing in the file gives `name` a value or reads it."""
        return name not in self.scopes.uses and not any(name in scope.bindings for scope in self.scopes.all)

    def mentioned(self, name: str) -> bool:
        """Whether a string of the file is this name, as in `__all__`."""
        return any(string.raw_value == name for string in self.scopes.strings)


def module_prefix(callee: cst.BaseExpression, names: NameResolver) -> str | None:
    """`nn.init` for the callee `nn.init.zeros_`, if that is torch's; None for any other callee."""
    if isinstance(callee, cst.Attribute) and names.resolve(callee.value) == MODULE:
        return dotted_name(callee.value)
    return None
